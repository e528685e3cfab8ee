"""Reads models/manifest.toml."""
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .errors import ModelError

SCHEMA = 1


@dataclass(frozen=True)
class Source:
    archive: str
    sha256: str
    url: str = ""
    package: str = ""
    version: str = ""


@dataclass(frozen=True)
class WeightsFile:
    network: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Model:
    """One [[model]]; `converter` is empty when this version cannot install the model."""

    id: str
    kind: str
    summary: str
    converter: str
    source: Source
    files: tuple[WeightsFile, ...]
    input: dict
    output: dict
    calibration: tuple[dict, ...]
    typical_faces: dict | None = None  # {"sha256", "temperature", "faces"}, see README.md
    covered_head: dict | None = None  # {"sha256", "layer", "bias", "weights"}, see README.md


@dataclass(frozen=True)
class DemoPeople:
    """Photos in `folder` of the archive, as {train,val}/<person>/<photo>.jpg; `photos` is how many there must be."""

    source: Source
    folder: str
    photos: int


@dataclass(frozen=True)
class Manifest:
    """Models by id, in the order of the file."""

    models: dict
    demo_people: DemoPeople


def load_manifest(path):
    try:
        document = tomllib.loads(Path(path).read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"the model manifest {path} cannot be read: {error}") from error
    if document.get("schema") != SCHEMA:
        raise ModelError(f"the model manifest {path} has schema {document.get('schema')}; this version reads {SCHEMA}")
    try:
        models = [_model(entry, Path(path).parent) for entry in document["model"]]
        demo_people = _demo_people(dict(document["demo_people"]))
    except (KeyError, TypeError) as error:
        raise ModelError(f"the model manifest {path} is incomplete: {error}") from error
    return Manifest({model.id: model for model in models}, demo_people)


def _demo_people(entry):
    folder, photos = entry.pop("folder"), entry.pop("photos")
    return DemoPeople(Source(**entry), folder, photos)


def _checked_file(entry, folder, keys):
    """What the file that the manifest names, beside it, says under `keys`."""
    path = folder / entry["file"]
    try:
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 != entry["sha256"]:
            raise ModelError(f"{path} was altered: SHA-256 expected {entry['sha256']}, found {sha256}")
        content = json.loads(data)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    return {"sha256": sha256, **{key: content[key] for key in keys}}


def _model(entry, folder):
    def beside(name, *keys):
        return _checked_file(entry[name], folder, keys) if name in entry else None

    return Model(
        id=entry["id"],
        kind=entry["kind"],
        summary=entry["summary"],
        converter=entry.get("converter", ""),
        source=Source(**entry["source"]),
        files=tuple(WeightsFile(**file) for file in entry["file"]),
        input=entry["input"],
        output=entry.get("output", {}),
        calibration=tuple(entry.get("calibration", ())),
        typical_faces=beside("typical_faces", "temperature", "faces"),
        covered_head=beside("covered_head", "layer", "bias", "weights"),
    )
