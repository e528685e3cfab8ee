"""Backups while the server runs, restores, and moves between databases, with the real program."""
import json
import shutil

import pytest

from installation import Installation
from people import WANTED
from postgres import PostgresServer


@pytest.fixture(scope="module")
def postgres_server():
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request, installation, people, postgres_server):
    """An installation with a person and her photos, on either database."""
    if request.param == "postgresql":
        installation.set("database", url=postgres_server.database().url)
    installation.setup_database()
    done = installation.run("enroll", WANTED, *people.train(WANTED), "--json")
    assert '"enrolled":true' in done.stdout, done
    return installation


@pytest.fixture
def elsewhere(tmp_path, resources, postgres_server, filled):
    """Another, empty place on the same kind of database."""
    other = Installation(tmp_path / "elsewhere")
    resources.callback(other.close)
    other.settings = {section: dict(values) for section, values in filled.settings.items()}
    if "database" in other.settings:
        other.set("database", url=postgres_server.database().url)
    return other


def finds_her(installation, photo):
    found = installation.run_json("search", photo, "--json")
    return WANTED in json.dumps(found)


def test_a_backup_of_a_running_server_is_restored(filled, elsewhere, people):
    server = filled.serve()
    backup = filled.folder / "backup"
    done = filled.run("backup", backup)
    assert done.returncode == 0 and "key is not in it" in done.stderr, done
    assert server.terminate()[0] == 0, server.explain()
    assert not list(backup.rglob("vigil.key"))

    refused = elsewhere.run("restore", backup)
    assert refused.returncode != 0 and "put the vigil.key" in refused.stderr, refused
    elsewhere.data.mkdir(exist_ok=True)
    shutil.copy(filled.data / "vigil.key", elsewhere.data)
    done = elsewhere.run("restore", backup)
    assert done.returncode == 0 and "vigil doctor" in done.stderr, done
    assert finds_her(elsewhere, people.train(WANTED)[0])
    again = elsewhere.run("restore", backup)
    assert again.returncode != 0 and ("not empty" in again.stderr or "exists already" in again.stderr), again


def test_a_damaged_backup_changes_nothing(filled, elsewhere):
    backup = filled.folder / "backup"
    assert filled.run("backup", backup, "--with-key").returncode == 0
    again = filled.run("backup", backup)
    assert again.returncode != 0 and "exists already" in again.stderr, again
    pictures = [file for file in (backup / "media").rglob("*") if file.is_file()]
    assert pictures
    for file in [pictures[0], backup / "tables" / "persons.rows"]:
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        refused = elsewhere.run("restore", backup)
        assert refused.returncode != 0 and file.name in refused.stderr, refused
        assert "nothing was changed" in refused.stderr
        assert {left.name for left in elsewhere.data.iterdir()} <= {"vigil.lock"}
        file.write_bytes(whole)
    done = elsewhere.run("restore", backup)
    assert done.returncode == 0, done


def test_a_backup_of_a_newer_version_is_refused(filled, elsewhere):
    backup = filled.folder / "backup"
    assert filled.run("backup", backup, "--with-key").returncode == 0
    manifest = backup / "manifest.json"
    told = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**told, "format": told["format"] + 1}))
    refused = elsewhere.run("restore", backup)
    assert refused.returncode != 0 and "newer version" in refused.stderr, refused


def test_an_interrupted_restore_begins_anew(filled, elsewhere):
    backup = filled.folder / "backup"
    assert filled.run("backup", backup, "--with-key").returncode == 0
    # What a kill between the pictures and the database leaves.
    (elsewhere.data / "restoring").mkdir(parents=True)
    shutil.copytree(backup / "media", elsewhere.data / "media")
    done = elsewhere.run("restore", backup)
    assert done.returncode == 0, done
    assert not (elsewhere.data / "restoring").exists()


def test_a_move_to_the_other_database_and_back(installation, people, postgres_server):
    installation.setup_database()
    assert installation.run("enroll", WANTED, *people.train(WANTED)).returncode in (0, 4)
    database = postgres_server.database()
    server = installation.serve()
    refused = installation.run("migrate", "--to", database.url)
    assert refused.returncode != 0 and "stop it" in refused.stderr, refused
    assert server.terminate()[0] == 0
    done = installation.run("migrate", "--to", database.url)
    assert done.returncode == 0 and "digest of every table is the same" in done.stderr, done
    repeated = installation.run("migrate", "--to", database.url)
    assert repeated.returncode == 0 and "already" in repeated.stderr, repeated

    (installation.data / "vigil.db").rename(installation.data / "former.db")
    installation.set("database", url=database.url)
    assert finds_her(installation, people.train(WANTED)[0])
    done = installation.run("migrate", "--to", "sqlite:vigil.db")
    assert done.returncode == 0, done
    installation.set("database", url="sqlite:vigil.db")
    assert finds_her(installation, people.train(WANTED)[0])

    database.query("DELETE FROM cooldowns; INSERT INTO setup_tokens VALUES ('x', 1)")
    other = installation.run("migrate", "--to", database.url)
    assert other.returncode != 0 and "not empty" in other.stderr, other
