"""No alert is lost and none is doubled: kills and stops at the worst moment."""
import sqlite3
import urllib.request

import pytest

from installation import ADMIN
from waiting import PATIENCE, stays_true, wait_until


def add_camera(server, name, url):
    added = server.rest.post("/cameras", {"name": name, "url": url})
    assert added.status == 201, added
    return added.json["id"]


def wait_for_attempt(server, webhook):
    return wait_until(lambda: webhook.attempts, "an alert is tried", 60, server.explain)[0]


@pytest.mark.parametrize("behaviour", ["refuse", "hang"])
def test_an_alert_survives_kill_9(enrolled, scene, start_camera, webhook, webhook_channel,
                                  behaviour):
    enrolled.channels = [webhook_channel]
    webhook.behave(behaviour)
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    camera = start_camera("--scene", scene)
    camera_id = add_camera(server, "gate", camera.url)
    first = wait_for_attempt(server, webhook)
    server.kill()
    camera.kill()  # nobody can be seen again: what arrives was waiting
    committed = {attempt["id"] for attempt in webhook.attempts}
    assert committed == {first["id"]}

    webhook.behave("accept")
    server = enrolled.serve()
    wait_until(lambda: webhook.accepted, "the alert arrives after all", 60, server.explain)
    row = wait_until(lambda: enrolled.query("SELECT * FROM outbox WHERE state = 'sent'"),
                     "the delivery is recorded", 20)
    assert stays_true(lambda: len(webhook.accepted) == 1, 3), "once by id"
    assert [attempt["id"] for attempt in webhook.accepted] == [first["id"]]
    assert [r["id"] for r in row] == [first["id"]]
    assert webhook.accepted[0]["signed"]
    data = webhook.accepted[0]["body"]["data"]
    assert data["event_time"] == first["body"]["data"]["event_time"]
    assert data["camera"]["id"] == camera_id
    assert enrolled.query("PRAGMA integrity_check")[0]["integrity_check"] == "ok"


def test_kill_9_during_enrolment_loses_nothing_acknowledged(enrolled):
    acknowledged = []
    for turn in range(3):
        server = enrolled.serve()
        server.rest.login(*ADMIN)
        for number in range(5):
            made = server.rest.post("/criminals", {"name": f"person {turn}-{number}"})
            assert made.status == 201, made
            acknowledged.append(made.json["id"])
        server.kill()
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    stored = {person["id"] for person in server.rest.get("/criminals?limit=200").json["items"]}
    assert set(acknowledged) <= stored


def open_live(server, camera_id):
    """A viewer who reads slowly."""
    request = urllib.request.Request(f"{server.address}/api/v1/cameras/{camera_id}/live.mjpeg",
                                     headers={"Authorization": f"Bearer {server.rest.token}"})
    return urllib.request.urlopen(request, timeout=10)


def test_sigterm_under_load_ends_within_5_s(enrolled, scene, start_camera, webhook,
                                            webhook_channel, figure):
    enrolled.channels = [webhook_channel]
    webhook.behave("hang")
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    camera_id = add_camera(server, "gate", start_camera("--scene", scene).url)
    for name in ("mute-1", "mute-2"):
        add_camera(server, name, start_camera("--mute").url)
    add_camera(server, "dead", "rtsp://127.0.0.1:1/none")
    first = wait_for_attempt(server, webhook)
    with open_live(server, camera_id) as viewer:
        viewer.read(1000)
        code, seconds = server.terminate()
    figure(f"SIGTERM with a hung webhook, mute cameras and a viewer: ended after {seconds:.2f} s")
    assert code == 0, server.explain()
    assert seconds < 5

    webhook.behave("accept")
    enrolled.serve()
    wait_until(lambda: webhook.accepted, "the alert cut short arrives after the restart", 60)
    assert webhook.accepted[0]["id"] == first["id"]


def test_stopping_takes_five_seconds_though_the_database_is_locked(enrolled, scene, start_camera):
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    camera = start_camera("--scene", scene)
    add_camera(server, "gate", camera.url)
    wait_until(lambda: enrolled.query("SELECT 1 FROM incidents"), "an incident", 60, server.explain)
    foreign = sqlite3.connect(enrolled.data / "vigil.db", isolation_level=None)
    try:
        foreign.execute("BEGIN IMMEDIATE")
        code, seconds = server.terminate()
    finally:
        foreign.close()
    assert code == 0 and seconds < 5 * PATIENCE, server.explain()
    assert enrolled.query("PRAGMA integrity_check")[0]["integrity_check"] == "ok"


def test_cameras_of_the_file_leave_with_it(enrolled):
    enrolled.extra_toml = ('[[cameras]]\nname = "door"\nurl = "rtsp://127.0.0.1:9/a"\n'
                           '[[cameras]]\nname = "yard"\nurl = "rtsp://127.0.0.1:9/b"\n')
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    door, yard = sorted(server.rest.get("/cameras").json["items"], key=lambda one: one["name"])
    assert door["from_file"] and yard["from_file"]
    refused = server.rest.patch(f"/cameras/{door['id']}", {"enabled": False})
    assert refused.status == 409 and str(enrolled.folder / "vigil.toml") in refused.body.decode()
    assert server.rest.delete(f"/cameras/{door['id']}").status == 409
    assert server.terminate()[0] == 0

    enrolled.extra_toml = '[[cameras]]\nname = "gate"\nurl = "rtsp://127.0.0.1:9/a"\n'
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    left = server.rest.get("/cameras").json["items"]
    assert [(one["id"], one["name"]) for one in left] == [(door["id"], "gate")], "renamed, not doubled"
    assert "yard is no longer watched" in enrolled.log_tail(200)
