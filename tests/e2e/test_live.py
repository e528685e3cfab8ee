"""Live video from a real camera to a real player: through the WebSocket, never transcoded."""
import json
import re
import subprocess
import time

import pytest

from installation import ADMIN
from rest import Rest
from waiting import wait_until
from web_socket import BINARY, TEXT, WebSocket

PASSWORD = "a-long-password-2"


@pytest.fixture
def server(enrolled):
    served = enrolled.serve()
    served.rest.login(*ADMIN)
    return served


def add_camera(server, url, name="gate"):
    added = server.rest.post("/cameras", {"name": name, "url": url})
    assert added.status == 201, added
    camera_id = added.json["id"]
    wait_until(lambda: server.rest.get(f"/cameras/{camera_id}/snapshot.jpg").status == 200,
               "the camera gives pictures", 30, server.explain)
    return camera_id


@pytest.fixture
def camera_id(server, scene, start_camera):
    return add_camera(server, start_camera("--scene", scene).url)


def watch(server, camera_id, headers=None):
    headers = {"Authorization": f"Bearer {server.rest.token}"} if headers is None else headers
    return WebSocket(server.address, f"/api/v1/cameras/{camera_id}/live", headers)


def read_video(viewer, fragments):
    """(what the first message tells, header and fragments as one file, the faces that were told)"""
    kind, first = viewer.read()
    assert kind == TEXT
    video, faces, count = b"", [], -1  # the header is no fragment
    while count < fragments:
        message = viewer.read()
        assert message is not None, f"{viewer.close_code} after {count} fragments"
        kind, payload = message
        if kind == BINARY:
            assert payload[4:8] == (b"ftyp" if count < 0 else b"moof")
            video += payload
            count += 1
        else:
            faces.append(json.loads(payload))
    return json.loads(first), video, faces


def decode(video, tmp_path):
    """Frames as ffprobe decodes them; fails on any complaint."""
    file = tmp_path / "live.mp4"
    file.write_bytes(video)
    probed = subprocess.run(["ffprobe", "-v", "error", "-show_entries",
                             "frame=pts_time,key_frame:stream=codec_name,width,height",
                             "-of", "json", file], capture_output=True, text=True, timeout=60)
    assert probed.returncode == 0 and probed.stderr == "", probed
    told = json.loads(probed.stdout)
    return told["streams"][0], told["frames"]


def test_a_program_plays_the_cameras_own_video(server, camera_id, tmp_path, figure):
    begun = time.monotonic()
    with watch(server, camera_id) as viewer:
        assert viewer.status == 101, viewer.head
        told, video, faces = read_video(viewer, 60)
    figure(f"live video: 60 fragments in {time.monotonic() - begun:.2f} s")
    assert re.fullmatch(r"avc1\.[0-9A-F]{6}", told["codec"]), told
    stream, frames = decode(video, tmp_path)
    assert stream["codec_name"] == "h264"
    assert (stream["width"], stream["height"]) == (told["width"], told["height"])
    assert len(frames) == 60 and frames[0]["key_frame"] == 1
    times = [float(frame["pts_time"]) for frame in frames]
    assert times == sorted(set(times)) and times[-1] - times[0] < 10, times
    assert faces and {"media_time", "time", "width", "height", "faces"} <= set(faces[0])
    # A face belongs to a frame: the times are of one timeline.
    assert any(abs(one["media_time"] - each) < 0.002 for one in faces for each in times), (faces, times)
    assert server.rest.get(f"/cameras/{camera_id}/live").json == told


def test_everybody_gets_the_same_and_the_last_leaves_nothing(server, camera_id, tmp_path):
    for _ in range(3):
        with watch(server, camera_id) as one, watch(server, camera_id) as other:
            videos = [read_video(viewer, 30)[1] for viewer in (one, other)]
        for video in videos:
            assert len(decode(video, tmp_path)[1]) == 30
    assert server.alive


def test_another_site_is_refused(server, camera_id):
    token = server.rest.token
    own = server.address
    cookie = {"Cookie": f"__Host-vigil={token}"}
    bearer = {"Authorization": f"Bearer {token}"}

    def status(headers):
        with watch(server, camera_id, headers) as viewer:
            return viewer.status

    assert status({**cookie, "Origin": own}) == 101
    assert status({**bearer, "Origin": own}) == 101
    assert status(bearer) == 101
    assert status(cookie) == 403
    for foreign in ("http://evil.example", own + "0", "http://127.0.0.1", "null"):
        assert status({**cookie, "Origin": foreign}) == 403, foreign
        assert status({**bearer, "Origin": foreign}) == 403, foreign
    assert status({}) == 401


def test_it_ends_with_the_access_and_with_the_camera(server, camera_id):
    made = server.rest.post("/users", {"name": "guard", "password": PASSWORD, "role": "operator"})
    guard = Rest(server.address).login("guard", PASSWORD)
    with watch(server, camera_id, {"Authorization": f"Bearer {guard.token}"}) as viewer:
        read_video(viewer, 5)
        assert server.rest.patch(f"/users/{made.json['id']}", {"enabled": False}).status == 200
        begun = time.monotonic()
        while viewer.read():
            pass
        assert time.monotonic() - begun < 3
        assert viewer.close_code == 1008
    with watch(server, camera_id) as viewer:
        read_video(viewer, 5)
        assert server.rest.delete(f"/cameras/{camera_id}").status == 204
        begun = time.monotonic()
        while viewer.read():
            pass
        assert time.monotonic() - begun < 5
        assert viewer.close_code == 1012


def test_stopping_does_not_wait_for_viewers(server, camera_id):
    with watch(server, camera_id) as viewer:
        read_video(viewer, 5)
        code, seconds = server.terminate()
        assert code == 0, server.explain()
        assert seconds < 5
