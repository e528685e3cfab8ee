"""The models directory: which derived files are there and intact. installed.json is described in README.md."""
import fcntl
import json
from contextlib import contextmanager
from pathlib import Path

from .errors import ModelError
from .files import sha256_of, sync, whole_file, write_json

SCHEMA = 1

# Raise when the same weights give other derived files: a changed network, quantisation or library.
RECIPE = 1

# Converters whose networks are so small that 8-bit numbers gain nothing.
FP32_ONLY = ("mtcnn", "minifasnet")


def derived_name(source_sha256, precision):
    return f"{source_sha256[:12]}-r{RECIPE}-{precision}"


def wanted(model):
    """The (weights file, precision) pairs that make the model complete."""
    precisions = ("fp32",) if model.converter in FP32_ONLY else ("fp32", "int8")
    return [(file, precision) for precision in precisions for file in model.files]


class Store:
    def __init__(self, directory):
        self.directory = Path(directory)

    def folder(self, model):
        return self.directory / model.id

    @contextmanager
    def locked(self):
        """One installation at a time on this directory; a second one waits."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _record(self, model):
        path = self.folder(model) / "installed.json"
        try:
            record = json.loads(path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ModelError(f"{path} cannot be read: {error}. Delete it and install {model.id} again.") from error
        return record if record.get("schema") == SCHEMA and record.get("recipe") == RECIPE else None

    def path_of(self, model, network, precision):
        """The .xml of a derived network, or None."""
        for entry in (self._record(model) or {}).get("networks", []):
            if (entry["network"], entry["precision"]) == (network, precision):
                return self.folder(model) / entry["xml"]
        return None

    def problem(self, model, file, precision):
        """What is wrong with a derived network, in words; None when it is there and intact."""
        record = self._record(model)
        what = f"{model.id}: {file.network} {precision}"
        for entry in (record or {}).get("networks", []):
            if (entry["network"], entry["precision"], entry["source_sha256"]) != (file.network, precision, file.sha256):
                continue
            for part in ("xml", "bin"):
                path = self.folder(model) / entry[part]
                if not path.exists():
                    return f"{what}: {path} is missing"
                actual = sha256_of(path)
                if actual != entry[f"{part}_sha256"]:
                    return f"{what}: {path} was altered: SHA-256 expected {entry[f'{part}_sha256']}, found {actual}"
            return None
        return f"{what} is not installed"

    def add(self, model, file, precision, save):
        """Stores a derived network, which `save(path of the .xml)` writes together with its .bin, and records it."""
        folder = self.folder(model)
        name = derived_name(file.sha256, precision)
        xml, weights = folder / f"{name}.xml", folder / f"{name}.bin"
        with whole_file(xml) as temporary:
            temporary_weights = temporary.with_suffix(".bin")
            try:
                save(temporary)
                sync(temporary_weights)
                temporary_weights.replace(weights)
            finally:
                temporary_weights.unlink(missing_ok=True)
        self._add_record(model, file, precision, xml, weights)

    def _add_record(self, model, file, precision, xml, weights):
        entry = {
            "network": file.network,
            "precision": precision,
            "source_sha256": file.sha256,
            "xml": xml.name,
            "xml_sha256": sha256_of(xml),
            "bin": weights.name,
            "bin_sha256": sha256_of(weights),
        }
        others = [
            other
            for other in (self._record(model) or {}).get("networks", [])
            if (other["network"], other["precision"]) != (file.network, precision)
        ]
        self._write_record(model, [*others, entry])

    def refresh(self, model):
        """Copies what the manifest says now into the record of an installed model."""
        record = self._record(model)
        if record is not None:
            self._write_record(model, record["networks"])

    def _write_record(self, model, networks):
        record = {
            "schema": SCHEMA,
            "id": model.id,
            "kind": model.kind,
            "recipe": RECIPE,
            "source_archive": model.source.archive,
            "source_archive_sha256": model.source.sha256,
            "networks": networks,
            "input": model.input,
            "output": model.output,
            "calibration": model.calibration,
        }
        if model.typical_faces is not None:
            record["typical_faces"] = model.typical_faces
        if model.covered_head is not None:
            record["covered_head"] = model.covered_head
        write_json(self.folder(model) / "installed.json", record)
