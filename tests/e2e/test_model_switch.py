"""`vigil models switch`: another embedder, without anybody being lost on the way."""
import json
import shutil
import subprocess

import pytest

from installation import ADMIN
from people import STRANGER, WANTED
from waiting import wait_until

FORMER = "facenet-128"
NEW = "sface"


@pytest.fixture
def everybody(enrolled, people):
    """All people but one, with a few photos each, enrolled with the former embedder."""
    album = enrolled.folder / "album"
    for name in people.names():
        if name == STRANGER:
            continue
        (album / name).mkdir(parents=True)
        for number, photo in enumerate(people.train(name)[:5]):
            shutil.copy(photo, album / name / f"{number}.jpg")
    done = enrolled.run("enroll", "--from", album)
    # Some photos may be too poor to be enrolled.
    assert done.returncode in (0, 4), done
    return enrolled


def references(installation):
    """How many references each model made."""
    rows = installation.query("SELECT space_key, COUNT(*) AS number, COUNT(DISTINCT photo_id) AS "
                              "photos FROM reference_embeddings GROUP BY space_key")
    assert all(row["number"] == row["photos"] for row in rows), "one a photo and model"
    return {row["space_key"].split(":")[0]: row["number"] for row in rows}


def named(answer):
    """Who passes, by the first face."""
    return [candidate["name"] for candidate in answer["faces"][0]["candidates"]
            if candidate["passes"]]


def recognises(installation, people):
    wanted, = installation.run_json("search", people.val(WANTED)[0], "--json")
    stranger, = installation.run_json("search", people.val(STRANGER)[0], "--json")
    return named(wanted)[:1] == [WANTED] and named(stranger) == []


def test_a_server_searches_all_the_while_and_afterwards_with_the_new_embedder(everybody, people):
    server = everybody.serve()
    server.rest.login(*ADMIN)
    photos = references(everybody)[FORMER]
    switching = subprocess.Popen(everybody.command("models", "switch", NEW, "--json"),
                                 cwd=everybody.folder, stdout=subprocess.PIPE, text=True)
    searches = 0
    while switching.poll() is None:
        assert WANTED in server.rest.found_names(people.val(WANTED)[0].read_bytes())
        searches += 1
    assert switching.returncode == 0 and searches > 0
    told = json.loads(switching.stdout.read())
    assert told["serving"] == NEW and told["newest"]["state"] == "in_use"
    assert told["newest"]["embedded"] == photos and told["newest"]["failed"] == 0
    assert references(everybody) == {FORMER: photos, NEW: photos}
    assert server.rest.get("/system").json["embedder"]["id"] == NEW
    assert server.rest.get("/system").json["photo_embedder"]["id"] == NEW
    assert recognises(everybody, people)
    # Whoever is enrolled now is found by the new one.
    done = everybody.run("enroll", STRANGER, people.train(STRANGER)[0])
    assert done.returncode == 0, done
    assert references(everybody)[NEW] == photos + 1
    wait_until(lambda: STRANGER in server.rest.found_names(people.val(STRANGER)[0].read_bytes()),
               "the newly enrolled is found")

    # The next start serves it, too, from what was saved.
    assert server.terminate()[0] == 0
    server = everybody.serve()
    server.rest.login(*ADMIN)
    assert server.rest.get("/system").json["embedder"]["id"] == NEW
    assert WANTED in server.rest.found_names(people.val(WANTED)[0].read_bytes())
    assert "saved gallery is not used" not in everybody.log_tail()
    assert {row["action"] for row in everybody.query("SELECT action FROM audit_log")} >= {
        "model_switch.request"}

    # And back: only the photo that the former never saw is embedded.
    told, = everybody.run_json("models", "switch", FORMER, "--json")
    assert told["serving"] == FORMER
    assert references(everybody) == {FORMER: photos + 1, NEW: photos + 1}
    assert server.rest.get("/system").json["embedder"]["id"] == FORMER
    assert WANTED in server.rest.found_names(people.val(WANTED)[0].read_bytes())


def test_a_killed_switch_goes_on_where_it_was(everybody, people):
    photos = references(everybody)[FORMER]
    switching = subprocess.Popen(everybody.command("models", "switch", NEW), cwd=everybody.folder,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: references(everybody).get(NEW, 0) > 0, "the first photo is embedded")
    switching.kill()
    switching.wait()
    done_before = references(everybody)[NEW]
    assert 0 < done_before < photos, "killed in the middle"
    assert recognises(everybody, people), "the former serves"
    status = everybody.run("models", "switch", "--status")
    assert "running" in status.stdout and f"recognised with {FORMER}" in status.stdout, status

    first_ids = {row["id"] for row in everybody.query("SELECT id FROM reference_embeddings")}
    told, = everybody.run_json("models", "switch", NEW, "--json")
    assert told["serving"] == NEW
    assert references(everybody) == {FORMER: photos, NEW: photos}
    assert first_ids <= {row["id"] for row in everybody.query("SELECT id FROM reference_embeddings")}
    assert recognises(everybody, people)
    listing = everybody.run("models", "list").stdout
    assert any(NEW in line and "in use" in line for line in listing.splitlines()), listing

    done = everybody.run("models", "switch", "--forget-former")
    assert done.returncode == 0 and references(everybody) == {NEW: photos}, done
    assert recognises(everybody, people)


def system(server):
    """What serves now: (embedder of cameras, embedder of photos, what decides)."""
    told = server.rest.get("/system").json
    return told["embedder"]["id"], told["photo_embedder"]["id"], told["decision"]


def finds_the_wanted_only(server, people):
    return (WANTED in server.rest.found_names(people.val(WANTED)[0].read_bytes())
            and not server.rest.found_names(people.val(STRANGER)[0].read_bytes()))


def test_a_killed_server_goes_on_by_itself(everybody, people):
    photos = references(everybody)[FORMER]
    server = everybody.serve()
    server.rest.login(*ADMIN)
    former_decision = system(server)[2]
    asked = server.rest.post("/models/switch", {"embedder": NEW})
    assert asked.status == 202, asked
    wait_until(lambda: references(everybody).get(NEW, 0) > 0, "the first photos are embedded")
    server.kill()
    assert 0 < references(everybody)[NEW] < photos, "killed in the middle"
    first_ids = {row["id"] for row in everybody.query("SELECT id FROM reference_embeddings")}

    # Nobody asks again.
    server = everybody.serve()
    server.rest.login(*ADMIN)
    searches = 0
    while server.rest.get("/models/switch").json["newest"]["state"] == "running":
        assert WANTED in server.rest.found_names(people.val(WANTED)[0].read_bytes())
        searches += 1
    assert searches > 0
    wait_until(lambda: system(server)[:2] == (NEW, NEW), "the new one serves", 60, server.explain)
    assert references(everybody) == {FORMER: photos, NEW: photos}
    assert first_ids <= {row["id"] for row in everybody.query("SELECT id FROM reference_embeddings")}
    decision = system(server)[2]
    assert decision["calibrated"] and decision["threshold"] != former_decision["threshold"]
    assert finds_the_wanted_only(server, people)

    # Killed before or while the new gallery is saved: what lies there may be the former one's.
    server.kill()
    server = everybody.serve()
    server.rest.login(*ADMIN)
    # This start took its thresholds from the model alone.
    assert system(server) == (NEW, NEW, decision)
    assert finds_the_wanted_only(server, people)
    assert server.terminate()[0] == 0
    server = everybody.serve()
    server.rest.login(*ADMIN)
    assert system(server) == (NEW, NEW, decision)
    assert finds_the_wanted_only(server, people)


def test_doctor_judges_the_embedder_in_use(everybody):
    told, = everybody.run_json("models", "switch", NEW, "--json")
    assert told["serving"] == NEW
    about = [finding["what"] for finding in map(json.loads, everybody.run("doctor", "--json")
                                                .stdout.splitlines())
             if finding["check"] == "models"]
    assert any(NEW in what for what in about), about
    assert not any(FORMER in what for what in about), about


def test_what_cannot_be_switched_is_said(everybody):
    done = everybody.run("models", "switch", "nosuch")
    assert done.returncode != 0 and "nosuch" in done.stderr, done
    assert everybody.run("models", "switch").returncode == 2
    assert everybody.run("models", "switch", NEW, "--status").returncode == 2
    done = everybody.run("models", "switch", "--cancel")
    assert done.returncode != 0 and "switch" in done.stderr, done
    assert everybody.run("models", "switch", "--status").returncode == 0
