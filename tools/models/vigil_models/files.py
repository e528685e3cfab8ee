"""Files that are whole or absent: hashes, and writing under a temporary name."""
import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path

from .errors import ModelError


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def require_sha256(path, expected, what):
    """Raises with both hashes unless `path` hashes to `expected`."""
    actual = sha256_of(path)
    if actual != expected:
        raise ModelError(
            f"{what}: {path} is not the file that the manifest names: SHA-256 expected {expected}, found {actual}. "
            "Delete it and install again; if the hash stays different, the source has changed and must not be used."
        )


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def whole_file(path):
    """Yields a temporary path beside `path`; renames it over `path` only if the body succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path, value):
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n")
