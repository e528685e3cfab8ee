"""The commands' output, as scripts rely on it."""
import json
import math
import shutil
import signal
import subprocess

import pytest

from installation import ADMIN
from people import STRANGER, WANTED


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def check_face(face, width, height):
    x1, y1, x2, y2 = face["box"]
    assert x1 < x2 and y1 < y2 and x2 > 0 and y2 > 0 and x1 < width and y1 < height
    assert 0.7 <= face["score"] <= 1
    left_eye, right_eye, nose, left_mouth, right_mouth = face["landmarks"]
    # Left as seen in the image.
    assert left_eye[0] < right_eye[0] and left_mouth[0] < right_mouth[0]
    assert left_eye[1] < left_mouth[1] and right_eye[1] < right_mouth[1]


def test_detect_prints_a_line_an_image(installation, people):
    photos = people.val(WANTED)
    lines = installation.run_json("detect", "--json", *photos)
    assert [line["path"] for line in lines] == [str(photo) for photo in photos]
    assert all(set(line) == {"path", "width", "height", "faces"} for line in lines)
    faces = [(face, line) for line in lines for face in line["faces"]]
    assert len(faces) >= len(photos)
    for face, line in faces:
        assert set(face) == {"box", "score", "landmarks"}
        check_face(face, line["width"], line["height"])


def test_detect_takes_folders_and_lists(installation, people):
    photos = people.val(WANTED)
    by_folder = installation.run_json("detect", "--json", photos[0].parent)
    by_list = installation.run_json("detect", "--json", "-", stdin="\n".join(map(str, photos)))
    assert by_folder == by_list and len(by_list) == len(photos)


def test_an_unreadable_file_is_told_and_the_others_are_done(installation, people, tmp_path):
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    lines = installation.run_json("detect", "--json", text, people.val(WANTED)[0], code=4)
    assert set(lines[0]) == {"path", "error"} and "not a JPEG" in lines[0]["error"]
    assert lines[1]["faces"]


def test_embeddings_are_unit_vectors_and_repeatable(installation, people):
    photos = people.val(WANTED)[:2]
    lines = installation.run_json("embed", "--json", photos[0], photos[0], photos[1])
    assert lines[0] == lines[1]
    assert lines == installation.run_json("embed", "--json", photos[0], photos[0], photos[1])
    for line in lines:
        areas = [(f["box"][2] - f["box"][0]) * (f["box"][3] - f["box"][1]) for f in line["faces"]]
        assert areas == sorted(areas, reverse=True), "faces largest first"
        for face in line["faces"]:
            assert len(face["embedding"]) == 128 and 0 <= face["quality"] <= 1
            assert math.isclose(math.hypot(*face["embedding"]), 1, abs_tol=1e-3)


def test_embeddings_tell_people_apart(installation, people):
    photos = [people.train(WANTED)[0], people.val(WANTED)[0], people.val(STRANGER)[0]]
    lines = installation.run_json("embed", "--largest", "--json", *photos)
    enrolled, same, other = (line["faces"][0]["embedding"] for line in lines)
    assert dot(enrolled, same) > dot(enrolled, other) + 0.1


def test_bench_embed_tells_what_it_measured(installation):
    line, = installation.run_json("bench", "embed", "--batch", 2, "--threads", 2, "--seconds", 0.2, "--precision", "f32", "--json")
    assert line["bench"] == "embed" and line["embedder"] == "facenet-128" and line["precision"] == "f32" and line["cpu"]
    assert line["batch"] == 2 and line["threads"] == 2 and line["batches"] >= 2
    assert 0 < line["p50_ms"] <= line["p99_ms"]
    assert math.isclose(line["embeddings_per_s"], 2 * 2 * 1000 / line["p50_ms"], rel_tol=0.01)


def test_search_names_the_enrolled_and_nobody_else(enrolled, people):
    answer, = enrolled.run_json("search", people.val(WANTED)[0], "--top", 3, "--json")
    face = answer["faces"][0]
    best = face["candidates"][0]
    assert face["outcome"] == "match" and best["name"] == WANTED and best["passes"]
    assert best["similarity"] >= face["threshold"] and len(face["candidates"]) <= 3
    assert set(answer["gallery"]) == {"sequence", "references", "persons"}
    stranger, = enrolled.run_json("search", people.val(STRANGER)[0], "--json")
    assert not any(c["passes"] for face in stranger["faces"] for c in face["candidates"])


def test_enroll_gives_a_verdict_for_every_file(installation, people, tmp_path):
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    photo = people.train(STRANGER)[0]
    told = installation.run_json("enroll", STRANGER, photo, text, "--json", code=4)
    good, bad = sorted(told, key=lambda verdict: not verdict["enrolled"])
    assert good["enrolled"] and good["path"] == str(photo) and good["photo"]["quality"]["score"] > 0
    assert not bad["enrolled"] and "not a JPEG" in bad["error"]
    answer, = installation.run_json("search", photo, "--json")
    assert answer["faces"][0]["candidates"][0]["name"] == STRANGER


def test_enroll_without_a_usable_photo_leaves_nobody_behind(installation, tmp_path):
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    done = installation.run("enroll", STRANGER, text)
    assert done.returncode == 4 and "was not enrolled" in done.stderr
    assert installation.query("SELECT id FROM persons") == []


def test_commands_go_through_the_running_server(enrolled, people):
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    verdicts = enrolled.run_json("enroll", STRANGER, *people.train(STRANGER)[:3], "--json")
    assert all(verdict["enrolled"] for verdict in verdicts)
    assert STRANGER in server.rest.found_names(people.train(STRANGER)[0].read_bytes())
    answer, = enrolled.run_json("search", people.val(WANTED)[0], "--json")
    assert answer["faces"][0]["candidates"][0]["name"] == WANTED
    assert server.alive


def test_users_need_no_models(installation, tmp_path):
    installation.set("models", directory=str(tmp_path / "none"))
    installation.setup_database()
    assert installation.run("users", "add", "guard", "--role", "admin").returncode == 0
    assert [user["name"] for user in installation.run_json("users", "list", "--json")] == ["guard"]


def test_setup_database_beside_a_server_says_what_to_do(installation):
    server = installation.serve()
    done = installation.run("setup-database")
    assert done.returncode == 0, done
    assert "up to date" in done.stderr and "vigil users add NAME --role admin" in done.stderr
    assert installation.run("users", "add", "guard", "--role", "admin").returncode == 0
    assert "administrator" not in installation.run("setup-database").stderr
    assert server.alive


def test_users_come_and_go(enrolled):
    server = enrolled.serve()
    added = enrolled.run("users", "add", "guard")
    assert added.returncode == 0, added
    password = added.stdout.strip()
    assert len(password) >= 12
    server.rest.login("guard", password)
    assert server.rest.get("/incidents").status == 200
    assert server.rest.get("/users").status == 403
    users = {user["name"]: user for user in enrolled.run_json("users", "list", "--json")}
    assert users["guard"]["role"] == "operator" and users[ADMIN[0]]["role"] == "admin"

    changed = enrolled.run("users", "reset-password", "guard").stdout.strip()
    assert changed != password
    assert server.rest.get("/incidents").status == 401, "the old session ended"
    server.rest.login("guard", changed)
    assert enrolled.run("users", "disable", "guard").returncode == 0
    assert server.rest.get("/incidents").status == 401
    assert server.rest.post("/auth/login", {"name": "guard", "password": changed}).status == 401
    missing = enrolled.run("users", "disable", "nobody")
    assert missing.returncode == 1 and "nobody" in missing.stderr


def test_models_are_listed_and_verified(installation):
    models = {model["id"]: model for model in installation.run_json("models", "list", "--json")}
    assert models["mtcnn"]["kind"] == "detector" and models["facenet-128"]["dimension"] == 128
    networks = {network["network"] for network in models["mtcnn"]["networks"]}
    assert networks == {"pnet", "rnet", "onet"}
    verified = installation.run("models", "verify")
    assert verified.returncode == 0, verified
    assert verified.stdout.splitlines() == ["mtcnn: intact", "facenet-128: intact"]


def test_watch_prints_outcomes(installation, people, scene, start_camera, tmp_path):
    folder = tmp_path / "people" / WANTED
    folder.mkdir(parents=True)
    for photo in people.train(WANTED):
        shutil.copy(photo, folder)
    camera = start_camera("--scene", scene)
    command = installation.command("watch", camera.url, "--people", folder.parent, "--json")
    process = subprocess.Popen(command, cwd=installation.folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        line = json.loads(process.stdout.readline())
        while line["outcome"] != "match":
            line = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, messages
    assert set(line) == {"time", "pts_ms", "track", "outcome", "person", "similarity", "threshold",
                         "calibrated", "stranger_odds", "reason", "covered", "live", "box", "frame_faces",
                         "first_pts_ms", "last_pts_ms"}
    assert line["person"] == WANTED and line["similarity"] >= line["threshold"]
    assert line["reason"] is None and line["frame_faces"] == 1 and len(line["box"]) == 4


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["detect"], ["search"],
                                       ["detect", "--min-face", "x", "y"]])
def test_wrong_usage_exits_with_2(installation, arguments):
    assert installation.run(*arguments).returncode == 2


def test_help_and_version(installation):
    assert installation.run("--help").returncode == 0
    version = installation.run("--version")
    assert version.returncode == 0 and version.stdout.strip()
