#!/usr/bin/env python3
"""Installs, lists and verifies the models of models/manifest.toml. See README.md beside this file."""
import argparse
import errno
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from vigil_models.errors import ModelError
from vigil_models.install import Installer
from vigil_models.manifest import load_manifest
from vigil_models.progress import say
from vigil_models.store import Store, wanted

MANIFEST = Path(__file__).resolve().parents[2] / "models" / "manifest.toml"
CACHE = Path.home() / ".cache" / "vigil"


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["list", "install", "verify", "demo-people"])
    parser.add_argument("id", nargs="*", help="models to install or verify; verify without one checks what is installed")
    parser.add_argument("--models-directory", type=Path, default=os.environ.get("VIGIL_MODELS_DIRECTORY") or CACHE / "models")
    parser.add_argument("--downloads-directory", type=Path, default=CACHE / "downloads")
    parser.add_argument("--manifest", type=Path, default=MANIFEST)
    options = parser.parse_args(arguments)
    if options.command == "install" and not options.id:
        parser.error("install needs the id of a model; `list` shows them")
    return options


def list_models(installer):
    for model in installer.manifest.models.values():
        problems = [installer.store.problem(model, *pair) for pair in wanted(model)]
        state = "installed" if not any(problems) else "not installed" if model.converter else "known only"
        print(f"{model.id:18} {model.kind:9} {state:14} {model.summary}")
    return 0


def verify(installer, ids):
    """Checks every derived file's hash; without ids, of all models that have a folder."""
    models = [installer.model(model_id) for model_id in ids] or [
        model for model in installer.manifest.models.values() if installer.store.folder(model).exists()
    ]
    failed = False
    for model in models:
        problems = [problem for pair in wanted(model) if (problem := installer.store.problem(model, *pair))]
        for problem in problems:
            say(f"{problem}. Mend: models.py install {model.id}")
        if not problems:
            say(f"{model.id}: intact")
        failed = failed or bool(problems)
    return 5 if failed else 0


def run(options):
    installer = Installer(load_manifest(options.manifest), Store(options.models_directory), options.downloads_directory)
    if options.command == "list":
        return list_models(installer)
    if options.command == "verify":
        return verify(installer, options.id)
    with installer.store.locked():
        if options.command == "demo-people":
            installer.install_demo_people()
        for model_id in options.id:
            installer.install(model_id)
    return 0


def main(arguments):
    options = parse(arguments)
    try:
        return run(options)
    except ModelError as error:
        say(f"error: {error}")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            say(f"error: the disk is full: {error}. Free 1 GB under {options.models_directory} and run this again.")
        else:
            say(f"error: {error}. Check that {options.models_directory} and {options.downloads_directory} can be written.")
    except KeyboardInterrupt:
        say("interrupted; run the same command again to go on")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
