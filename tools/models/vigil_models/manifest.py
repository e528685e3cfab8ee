"""Reads models/manifest.toml."""
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
        models = [_model(entry) for entry in document["model"]]
        demo_people = _demo_people(dict(document["demo_people"]))
    except (KeyError, TypeError) as error:
        raise ModelError(f"the model manifest {path} is incomplete: {error}") from error
    return Manifest({model.id: model for model in models}, demo_people)


def _demo_people(entry):
    folder, photos = entry.pop("folder"), entry.pop("photos")
    return DemoPeople(Source(**entry), folder, photos)


def _model(entry):
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
    )
