"""Where faces are looked for: areas and exclusions of a camera, from the file, through the API and for one run."""
import shutil

import pytest
from installation import ADMIN
from people import WANTED
from waiting import wait_until

EVERYWHERE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.fixture
def people_folder(people, tmp_path):
    folder = tmp_path / "people" / WANTED
    folder.mkdir(parents=True)
    for photo in people.train(WANTED):
        shutil.copy(photo, folder)
    return folder.parent


def test_a_camera_sees_nobody_outside_its_area_until_the_area_is_lifted(enrolled, scene, start_camera):
    camera = start_camera("--scene", scene)
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    made = server.rest.post("/cameras", {"name": "door", "url": camera.url, "excluded_areas": [EVERYWHERE]})
    assert made.status == 201, made
    camera_id = made.json["id"]
    wait_until(lambda: server.metric("vigil_faces_outside_total", camera=camera_id) > 0, "faces outside are counted", 60, server.explain)
    assert server.metric("vigil_faces_total", camera=camera_id) == 0
    assert server.rest.get("/incidents").json["items"] == []
    assert server.rest.patch(f"/cameras/{camera_id}", {"excluded_areas": [], "areas": [EVERYWHERE]}).status == 200
    wait_until(lambda: server.rest.get("/incidents").json["items"], "the person is matched", 60, server.explain)


def test_a_wrong_area_is_refused_by_name(enrolled):
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    answer = server.rest.post("/cameras", {"name": "door", "url": "rtsp://127.0.0.1/x", "areas": [EVERYWHERE, [[0, 0], [1, 1]]]})
    assert answer.status == 400, answer
    [error] = answer.json["errors"]
    assert error["field"] == "areas" and "area 2" in error["message"]


def test_a_run_can_be_limited_to_an_area(installation, test_data, people_folder):
    clip = test_data / "video" / "obama.mp4"
    def outcomes(*arguments):
        lines = installation.run_json("watch", clip, "--people", people_folder, "--json", *arguments, seconds=240)
        return [(line["pts_ms"], line["outcome"], line["box"]) for line in lines]
    everything = outcomes("--area", "0 0; 1 0; 1 1; 0 1")
    assert everything and outcomes("--keyframes-when-idle") == everything, "somebody moves all the time"
    assert outcomes("--area", "0 0; 1 0; 1 0.02; 0 0.02") == []
    assert outcomes("--exclude", "0 0; 1 0; 1 1; 0 1") == []
    refused = installation.run("watch", clip, "--area", "0 0; 1 1")
    assert refused.returncode == 2 and "2 corners" in refused.stderr
