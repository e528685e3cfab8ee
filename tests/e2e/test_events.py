"""Events over the real server: nobody misses one, however often the connection or the server dies."""
import http.client
import json
import random
import sqlite3
import threading
import time
import urllib.parse

from event_stream import EventStream
from installation import ADMIN
from waiting import free_port

EVENTS = 10_000
CUTS = 100
POSTERS = 4
INCIDENT = "0193a000-0000-7000-8000-000000000001"


def plant_incident(installation):
    """An incident to be judged again and again: each verdict is one event."""
    connection = sqlite3.connect(installation.data / "vigil.db")
    with connection:
        connection.execute(
            "INSERT INTO incidents (id, person_id, person_name, severity, camera_group_id, "
            "visit_open, outcome, state, first_seen, last_seen, sighting_count, best_sighting_id, "
            "acknowledged_by) VALUES (?, 'p', 'Somebody', 1, 'g', 0, 'match', 'open', 1, 1, 1, "
            "'s', '')", (INCIDENT,))
        connection.execute(
            "INSERT INTO sightings (id, incident_id, camera_id, camera_name, seen_at, track_id, "
            "face_count, box_x1, box_y1, box_x2, box_y2, frame_width, frame_height, quality, "
            "crop_media_id, frame_media_id, outcome, similarity, threshold, stranger_odds, "
            "candidates, gallery_sequence, gallery_references, gallery_persons, detector, "
            "embedder) VALUES ('s', ?, 'c', 'door', 1, 1, 1, 0, 0, 9, 9, 99, 99, 0.9, '', '', "
            "'match', 0.9, 0.5, 0.001, '[]', 1, 1, 1, 'd', 'e')", (INCIDENT,))
    connection.close()


def judge(server, count, done):
    """Posts `count` verdicts over one connection."""
    place = urllib.parse.urlsplit(server.address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    headers = {"Authorization": f"Bearer {server.rest.token}", "Content-Type": "application/json"}
    for number in range(count):
        body = json.dumps({"verdict": "unsure", "note": f"{number}"})
        connection.request("POST", f"/api/v1/incidents/{INCIDENT}/verdict", body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        done.append(number)
    connection.close()


def cut_stream(server, last, length):
    """The events after number `last` that come whole before the connection is cut."""
    with EventStream(server.address, server.rest.token, last) as stream:
        stream.read_bytes(length)
        stream.forget_after(length)
        return stream.events()


def test_cut_a_hundred_times_nothing_is_missed_or_repeated(enrolled, figure):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    plant_incident(enrolled)
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    begin = enrolled.query("SELECT sequence FROM event_counter")[0]["sequence"]
    end = begin + EVENTS
    done = []
    posters = [threading.Thread(target=judge, args=(server, EVENTS // POSTERS, done))
               for _ in range(POSTERS)]
    for poster in posters:
        poster.start()
    seen, last, cuts, live_cuts = [], begin, 0, 0
    while cuts < CUTS:
        # About 375 bytes an event: a hundred cuts end before the last event.
        for event in cut_stream(server, last, chance.randrange(200, 50_000)):
            if event["id"] <= end:
                seen.append(event["id"])
                last = event["id"]
        cuts += 1
        live_cuts += len(done) < EVENTS
        if last == end:
            break
    for poster in posters:
        poster.join()
    with EventStream(server.address, server.rest.token, last) as stream:
        if last < end:
            stream.await_event(lambda event: event["id"] == end)
        seen += [event["id"] for event in stream.events() if event["id"] <= end]
    assert len(done) == EVENTS
    gaps = sum(1 for left, right in zip(seen, seen[1:]) if right > left + 1)
    repeats = sum(1 for left, right in zip(seen, seen[1:]) if right <= left)
    figure(f"event stream cut at {cuts} random points during {EVENTS} events "
           f"({live_cuts} while they happened, seed {seed}): {gaps} gaps, {repeats} repeats")
    assert cuts == CUTS, f"only {cuts} cuts: too much was read at once (seed {seed})"
    assert seen == list(range(begin + 1, end + 1)), f"seed {seed}"


def test_a_killed_server_leaves_no_hole(enrolled):
    plant_incident(enrolled)
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    with EventStream(server.address, server.rest.token) as stream:
        stream.await_ready()
        judge(server, 5, [])
        last = stream.await_event(lambda event: event["kind"] == "incident.verdict")["id"]
        server.kill()
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    judge(server, 1, [])
    with EventStream(server.address, server.rest.token, last) as stream:
        judge(server, 1, [])
        end = enrolled.query("SELECT MAX(sequence) AS newest FROM events")[0]["newest"]
        stream.await_event(lambda event: event["id"] == end)
        events = [event for event in stream.events() if event["id"] <= end]
    assert [event["id"] for event in events] == list(range(last + 1, end + 1))
    assert sum(event["kind"] == "incident.verdict" for event in events) == 6, "4 before the kill"
    assert "system.started" in {row["kind"] for row in enrolled.query("SELECT kind FROM events")}


def test_events_come_at_once_and_streams_end_with_access_and_server(enrolled, figure):
    plant_incident(enrolled)
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    made = server.rest.post("/users", {"name": "eve", "password": "a-long-password-2",
                                       "role": "operator"})
    assert made.status == 201, made
    eve = type(server.rest)(server.address).login("eve", "a-long-password-2")
    with EventStream(server.address, eve.token) as stream:
        stream.await_ready()
        times = []
        last = 0
        for _ in range(20):
            start = time.monotonic()
            judge(server, 1, [])
            last = stream.await_event(lambda event: event["kind"] == "incident.verdict"
                                      and event["id"] > last)["id"]
            times.append(time.monotonic() - start)
        figure(f"from posting a verdict to its event: median {sorted(times)[10] * 1000:.0f} ms, "
               f"most {max(times) * 1000:.0f} ms")
        assert server.rest.patch(f"/users/{made.json['id']}", {"enabled": False}).status == 200
        start = time.monotonic()
        stream.await_end()
        figure(f"a stream ended {time.monotonic() - start:.2f} s after its access was revoked")
        assert time.monotonic() - start < 1.5
    with EventStream(server.address, server.rest.token) as stream:
        stream.await_ready()
        code, seconds = server.terminate()
        stream.await_end()
    assert code == 0 and seconds < 5, (code, seconds)


def test_a_camera_that_fails_is_told_with_its_cause(enrolled, scene, start_camera):
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    with EventStream(server.address, server.rest.token) as stream:
        stream.await_ready()
        port = free_port()
        server.rest.post("/cameras", {"name": "dead", "url": f"rtsp://u:pw-{port}@127.0.0.1:{port}/"})
        down = stream.await_event(lambda event: event["kind"] == "camera.down")
        assert down["data"]["data"]["cause"] == "refused", down
        assert f"pw-{port}" not in json.dumps(down)
        camera = start_camera("--scene", scene)
        added = server.rest.post("/cameras", {"name": "gate", "url": camera.url})
        up = stream.await_event(lambda event: event["kind"] == "camera.up")
        assert up["data"]["data"]["camera_id"] == added.json["id"]
        created = stream.await_event(lambda event: event["kind"] == "incident.created")
        incident = server.rest.get(f"/incidents/{created['data']['data']['incident_id']}")
        assert incident.status == 200 and incident.json["best"]["camera_name"] == "gate"
        probe = server.rest.post(f"/cameras/{added.json['id']}/probe")
        assert probe.status == 200 and probe.json["reachable"], probe
        assert probe.json["codec"] == "h264" and probe.json["width"] == 1280
    system = server.rest.get("/system").json
    assert {queue["name"] for queue in system["queues"]} >= {
        "frames", "incidents", "database", "alerts", "events"}
    assert 0 < system["disk"]["free_bytes"] <= system["disk"]["capacity_bytes"]


def test_cameras_probe_on_the_command_line(installation, scene, start_camera):
    camera = start_camera("--scene", scene)
    facts, = installation.run_json("cameras", "probe", camera.url, "--json")
    assert facts["reachable"] and facts["codec"] == "h264" and facts["frames_per_second"] > 1
    assert installation.run("cameras", "probe", camera.url).stdout.startswith("codec")
    failed, = installation.run_json("cameras", "probe", "rtsp://a:hidden@127.0.0.1:1/", "--json",
                                    code=4)
    assert failed["cause"] == "refused" and failed["mend"]
    assert "hidden" not in json.dumps(failed)
