"""What surrounds vigil and is wrong: configuration, ports, disks, models, cameras, videos."""
import json
import os
import shutil
import socket
import subprocess

import pytest

import photos
from installation import ADMIN
from people import STRANGER, WANTED
from waiting import wait_until


def check_failure(done, code, *words):
    assert done.returncode == code, done
    assert all(word in done.stderr for word in words), done.stderr
    assert "terminate called" not in done.stderr


@pytest.mark.parametrize("toml, words", [
    ("[recognition]\nmin_face = 40\n", ["recognition.min_face", "min_face_px"]),
    ("[recogniton]\nmin_face_px = 40\n", ["recogniton", "recognition"]),
    ("[recognition]\nmin_face_px = 'small'\n", ["recognition.min_face_px"]),
    ("[recognition]\nmin_face_px = 1\n", ["recognition.min_face_px", "12"]),
    ("[models]\nprecision = 'f16'\n", ["models.precision", "auto, f32, bf16, i8"]),
    ("no toml at all", ["vigil.toml"]),
])
@pytest.mark.parametrize("command", ["serve", "setup-database"])
def test_a_wrong_configuration_exits_with_3(installation, command, toml, words):
    installation.settings = {}
    installation.extra_toml = toml
    check_failure(installation.run(command), 3, *words)
    assert not installation.data.exists()


def test_an_unknown_key_in_the_environment_exits_with_3(installation, monkeypatch):
    monkeypatch.setenv("VIGIL__RECOGNITION__MIN_FACE", "40")
    check_failure(installation.run("setup-database"), 3, "min_face_px")


@pytest.mark.parametrize("key", ["port", "metrics_port"])
def test_a_port_in_use_exits_with_5(enrolled, key):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        enrolled.set("api", **{key: port})
        check_failure(enrolled.run("serve"), 5, str(port), "in use")


def test_a_file_in_place_of_the_data_directory_exits_with_5(installation):
    installation.data.write_text("")
    for command in ("setup-database", "serve"):
        check_failure(installation.run(command), 5, "data directory", "--data")


class Mount:
    """A small file system of memory, where this machine permits it."""

    def __init__(self, folder, options):
        folder.mkdir(parents=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder],
                              capture_output=True)
        if done.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
        self.folder = folder

    def remount(self, options):
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True)

    def close(self):
        subprocess.run(["umount", "--lazy", self.folder], check=True)


@pytest.fixture
def mount(tmp_path, resources):
    def at(folder, options):
        if os.geteuid() != 0:
            pytest.skip("mounting a file system needs root")
        made = Mount(folder, options)
        resources.callback(made.close)
        return made

    return at


def test_a_read_only_data_directory_exits_with_5(installation, mount):
    mount(installation.data, "ro,size=1m")
    for command in ("setup-database", "serve"):
        check_failure(installation.run(command), 5, "data directory", "Read-only", "--data")


def fill(folder):
    """Leaves not a byte on the file system of `folder`."""
    with open(folder / "filler", "wb", buffering=0) as filler:
        for block in (65_536, 4_096, 1):
            try:
                while True:
                    filler.write(bytes(block))
            except OSError:
                pass


@pytest.fixture
def on_small_disk(enrolled_template, tmp_path, mount, resources):
    """The enrolled installation on a disk of 24 MB, serving."""
    folder = tmp_path / "vigil"
    mount(folder / "data", "size=24m")
    shutil.copytree(enrolled_template.data, folder / "data", dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("*.sock"))
    installation = type(enrolled_template)(folder)
    resources.callback(installation.close)
    return installation


def test_a_full_disk_loses_nothing_acknowledged_and_passes(on_small_disk, people):
    server = on_small_disk.serve()
    server.rest.login(*ADMIN)
    photo = people.train(STRANGER)[0].read_bytes()
    fill(on_small_disk.data)
    acknowledged, refused = [], []
    for number in range(200):  # room in the write-ahead log may take a few
        answer = server.rest.post("/criminals", {"name": f"person {number}", "notes": "n" * 5_000})
        (acknowledged if answer.status == 201 else refused).append(answer)
        if len(refused) == 3:
            break
    assert len(refused) == 3, "the disk never became full"
    for answer in refused:
        assert answer.status == 503 and "full" in answer.json["detail"], answer
    person_id = server.rest.get("/criminals").json["items"][0]["id"]
    upload = server.rest.upload_photo(person_id, photo)
    assert upload.status == 503 and "free space" in upload.json["detail"], upload
    assert server.alive and server.monitor("/livez").status == 200

    (on_small_disk.data / "filler").unlink()
    later = server.rest.post("/criminals", {"name": "later"})
    assert later.status == 201, "writing works again at once"
    assert server.rest.upload_photo(later.json["id"], photo).status == 201
    server.kill()
    server = on_small_disk.serve()
    server.rest.login(*ADMIN)
    stored = {person["id"] for person in server.rest.get("/criminals?limit=200").json["items"]}
    assert {answer.json["id"] for answer in acknowledged} | {later.json["id"]} <= stored
    assert on_small_disk.query("PRAGMA integrity_check")[0]["integrity_check"] == "ok"


def test_recognition_outlives_a_full_disk(on_small_disk, scene, start_camera, webhook,
                                          webhook_channel):
    on_small_disk.channels = [webhook_channel]
    server = on_small_disk.serve()
    server.rest.login(*ADMIN)
    camera = start_camera("--scene", scene)
    added = server.rest.post("/cameras", {"name": "gate", "url": camera.url})
    assert added.status == 201, added
    fill(on_small_disk.data)
    wait_until(lambda: "No space left" in on_small_disk.log_tail(),
               "the log tells of the full disk", 60, server.explain)
    assert server.alive and server.monitor("/livez").status == 200
    assert webhook.attempts == [], "no alert without its incident"
    (on_small_disk.data / "filler").unlink()
    wait_until(lambda: webhook.accepted, "alerts are sent again", 60, server.explain)


@pytest.fixture
def own_models(installation, models_directory, tmp_path):
    """A copy of the models that may be damaged."""
    folder = tmp_path / "models"
    folder.mkdir()
    for model in ("mtcnn", "facenet-128"):
        shutil.copytree(models_directory / model, folder / model)
    installation.set("models", directory=folder)
    return folder


def network_file(folder, suffix):
    record = json.loads((folder / "installed.json").read_text())
    network = next(n for n in record["networks"] if n["precision"] in ("fp32", "f32"))
    return folder / network[suffix], network[f"{suffix}_sha256"]


@pytest.mark.parametrize("model", ["mtcnn", "facenet-128"])
@pytest.mark.parametrize("suffix", ["bin", "xml"])
def test_an_altered_model_exits_with_5(installation, own_models, people, model, suffix):
    file, expected = network_file(own_models / model, suffix)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    found = photos.sha256(content)
    words = [str(file), expected, found, f"vigil models install {model}"]
    installation.set("models", precision="f32")
    for command in (["embed", people.val(WANTED)[0]], ["models", "verify"], ["serve"]):
        check_failure(installation.run(*command), 5, *words)


@pytest.mark.parametrize("what", ["file", "folder", "record"])
def test_a_missing_model_exits_with_5(installation, own_models, people, what):
    folder = own_models / "facenet-128"
    if what == "file":
        network_file(folder, "bin")[0].unlink()
    elif what == "folder":
        shutil.rmtree(folder)
    else:
        (folder / "installed.json").write_text("{")
    for command in (["embed", "--precision", "f32", people.val(WANTED)[0]], ["models", "verify"]):
        check_failure(installation.run(*command), 5, "vigil models install facenet-128")


def test_an_unknown_model_is_named(installation, people):
    done = installation.run("embed", "--embedder", "no-such-net", people.val(WANTED)[0])
    assert done.returncode != 0 and "no-such-net" in done.stderr and "facenet-128" in done.stderr


@pytest.mark.parametrize("kind, cause", [
    ("closed port", "refused"), ("mute", "stalled"), ("wrong password", "unauthorised"),
    ("wrong path", "not_found")])
def test_a_dead_camera_is_told_with_its_mend(enrolled, scene, start_camera, kind, cause):
    if kind == "closed port":
        url = "rtsp://127.0.0.1:1/stream"
    elif kind == "mute":
        url = start_camera("--mute").url
    elif kind == "wrong password":
        url = start_camera("--scene", scene, "--user", "viewer", "--password", "right").url
        url = url.replace("rtsp://", "rtsp://viewer:wrong@")
    else:
        url = start_camera("--scene", scene).url + "-elsewhere"
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    camera_id = server.rest.post("/cameras", {"name": "gate", "url": url}).json["id"]
    wait_until(lambda: server.cameras().get(camera_id, {}).get("cause"),
               "the fault is told", 40, server.explain)
    state = server.cameras()[camera_id]
    assert state["cause"] == cause and state["mend"] and not state["up"]
    labels = {"camera": camera_id, "cause": cause}
    wait_until(lambda: server.metric("vigil_camera_reconnects_total", **labels) >= 2,
               "it is tried again", 60)
    snapshot = server.rest.get(f"/cameras/{camera_id}/snapshot.jpg")
    assert snapshot.status == 503 and "/system" in snapshot.json["detail"]
    assert "wrong@" not in enrolled.log_tail(1000) and server.monitor("/readyz").status == 200


def test_a_camera_may_not_read_files_of_the_machine(enrolled):
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    for url in ("/etc/passwd", "file:///etc/passwd", "http://127.0.0.1/x", "concat:a|b"):
        answer = server.rest.post("/cameras", {"name": "gate", "url": url})
        assert answer.status == 400 and "rtsp://" in str(answer.json["errors"]), answer


@pytest.mark.parametrize("name, content, mend", [
    ("empty.mp4", b"", "give a video file"),
    ("text.mp4", b"no video " * 100, "give a video file"),
    ("no-frames.avi", photos.video_without_frames(), "choose one that carries video"),
])
def test_a_video_without_frames_exits_with_4(enrolled, tmp_path, name, content, mend):
    file = tmp_path / name
    file.write_bytes(content)
    done = enrolled.run("watch", file)
    check_failure(done, 4, name, mend)
    assert done.stdout == "" and "camera" not in done.stderr, done


def test_a_missing_video_exits_with_4(enrolled):
    check_failure(enrolled.run("watch", "none.mp4"), 4, "none.mp4: no such file; check the path")


def test_a_second_serve_exits_with_5_and_names_the_first(enrolled):
    server = enrolled.serve()
    check_failure(enrolled.run("serve"), 5, f"process {server.process.pid}", "data directory")
    assert server.alive and server.monitor("/livez").status == 200


@pytest.mark.parametrize("command", ["api", "start"])
def test_api_and_start_name_serve_on_sqlite(installation, command):
    check_failure(installation.run(command), 5, "vigil serve", "PostgreSQL")


def test_a_wrong_key_is_told(enrolled):
    (enrolled.data / "vigil.key").write_text("00" * 32 + "\n")
    done = enrolled.run("serve")
    assert done.returncode == 5 and "key" in done.stderr, done
