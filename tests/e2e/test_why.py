"""Seeing why: the pictures and pages that explain a decision, from the real binary."""
import io
import json
import re
import shutil
import signal
import subprocess

import pytest
from PIL import Image

from installation import ADMIN
from people import STRANGER, WANTED
from waiting import wait_until

BACKGROUND = (0x10, 0x14, 0x18)
STAGES = {"decode", "queue", "detect", "embed", "search", "decide", "store", "embed_batch"}
# Panels of the why picture: x, y, width, height.
WHY_SIZE = (1440, 1254)
WHY_PANELS = {"frame": (32, 104, 848, 551), "crops": (900, 104, 508, 342),
              "similarity": (900, 466, 508, 189), "candidates": (32, 675, 445, 270),
              "quality": (497, 675, 445, 270), "odds": (962, 675, 445, 270),
              "looks": (32, 965, 445, 242), "times": (497, 965, 445, 242),
              "versions": (962, 965, 445, 242)}


def region(image, place):
    x, y, width, height = place
    return image.crop((x + 4, y + 4, x + width - 4, y + height - 4))


def colors(image):
    return len(image.getcolors(maxcolors=1 << 22))


def spread(image):
    """The range of brightness: a photo spans most of it, an empty panel nearly none."""
    low, high = image.convert("L").getextrema()
    return high - low


def is_good(shot):
    return shot["embedded"] and 0 < shot["weight"] <= 1 and 0.3 < shot["similarity"] <= 1.001


def check_trace(sighting):
    trace = sighting["trace"]
    assert 1 <= len(trace["shots"]) <= 10 and len(json.dumps(trace)) < 16_000
    used = [shot for shot in trace["shots"] if shot["embedded"]]
    assert used and all(map(is_good, used))
    assert abs(sum(shot["weight"] for shot in used) - 1) < 0.01
    for shot in used:
        assert {"score", "face_px", "sharpness", "frontal", "brightness"} < set(shot["quality"])
        x1, y1, x2, y2 = shot["box"]
        assert x1 < x2 and y1 < y2
    assert trace["probe"]["dimension"] == 128 and trace["probe"]["shots"] == len(used)
    threshold = trace["threshold"]
    assert threshold["calibrated"] and threshold["floor"] <= sighting["threshold"]
    assert threshold["permitted_rate"] == 0.01 and threshold["comparisons"] >= 1
    assert threshold["crowding"] >= 1 and 0 < threshold["false_match_rate"] < 0.1
    assert threshold["lead_min"] == 0.05 and threshold["lead"] <= sighting["similarity"] + 1e-4
    assert not (threshold["near_equal"] or threshold["disputed"])
    evidence = trace["evidence"]
    assert evidence["judgements"] >= 1 and evidence["renames_refused"] == 0
    assert evidence["quality"] > 0 and evidence["seen_ms"] >= 0
    assert set(trace["times_ms"]) == STAGES
    for stage in ("detect", "embed", "store"):
        assert trace["times_ms"][stage] > 0, stage


def enrolled_face(enrolled):
    """A person and a scene are served; the incident and the server, once there is one."""
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    return server


def first_incident(server):
    items = server.rest.get("/incidents").json["items"]
    return server.rest.get(f"/incidents/{items[-1]['id']}").json if items else None


def test_an_incident_explains_itself(enrolled, scene, start_camera, tmp_path, figure):
    server = enrolled_face(enrolled)
    added = server.rest.post("/cameras", {"name": "gate", "url": start_camera("--scene", scene).url})
    assert added.status == 201, added
    incident = wait_until(lambda: first_incident(server), "an incident", 60, server.explain)
    best = incident["best"]
    for sighting in incident["sightings"]:
        check_trace(sighting)
    candidate = best["candidates"][0]
    assert candidate["passes"] and candidate["threshold"] == best["threshold"]
    photos = server.rest.get(f"/criminals/{incident['person_id']}").json["photos"]
    assert best["reference_photo_id"] in [photo["id"] for photo in photos]

    answer = server.rest.get(f"/incidents/{incident['id']}/media/why")
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/png", answer
    (tmp_path / "why.png").write_bytes(answer.body)
    picture = Image.open(io.BytesIO(answer.body)).convert("RGB")
    assert picture.size == WHY_SIZE and picture.getpixel((2, 2)) == BACKGROUND
    for name, place in WHY_PANELS.items():
        assert colors(region(picture, place)) > 30, f"the panel {name} is empty"
    assert spread(region(picture, WHY_PANELS["crops"])) > 150
    assert colors(picture.crop((920, 160, 1140, 380))) > 2_000, "the crop is a photo"
    assert colors(picture.crop((1170, 160, 1390, 380))) > 2_000, "the reference is a photo"
    figure(f"why picture: {tmp_path / 'why.png'}, {len(answer.body) // 1024} KiB")

    # Once the person is deleted the picture says so and shows the enrolled photo no more.
    assert server.rest.delete(f"/criminals/{incident['person_id']}").status == 204
    answer = server.rest.get(f"/incidents/{incident['id']}/media/why?sighting={best['id']}")
    assert answer.status == 200, answer
    (tmp_path / "why-deleted.png").write_bytes(answer.body)
    later = Image.open(io.BytesIO(answer.body)).convert("RGB")
    assert colors(later.crop((1170, 160, 1390, 380))) < 500
    assert colors(later.crop((920, 160, 1140, 380))) > 2_000


def test_a_pair_of_photos_is_explained(installation, people, tmp_path, figure):
    same = tmp_path / "explain-pair.png"
    photos = [people.train(WANTED)[0], people.val(WANTED)[0]]
    answer, = installation.run_json("explain", *photos, "--out", same, "--json")
    assert answer["similarity"] > answer["floor"] == answer["thresholds"][0]["threshold"]
    rising = [entry["threshold"] for entry in answer["thresholds"]]
    assert rising == sorted(rising) and rising[0] < rising[-1]
    for photo in answer["photos"]:
        assert [stage["name"] for stage in photo["stages"]] == ["P-Net", "R-Net", "O-Net"]
        counts = [len(stage["candidates"]) for stage in photo["stages"]]
        assert counts == sorted(counts, reverse=True) and counts[-1] >= 1, counts
        assert len(photo["levels"]) >= 2
        assert photo["face"]["dimension"] == 128 and photo["face"]["crop"] == [160, 160]
    picture = Image.open(same).convert("RGB")
    assert picture.width == 1604 and picture.getpixel((2, 2)) == BACKGROUND
    for x in (32, 812):
        column = picture.crop((x, 104, x + 760, picture.height - 200))
        assert spread(column) > 150 and colors(column) > 5_000
    figure(f"explain picture: {same}, similarity {answer['similarity']:.3f}")

    other = tmp_path / "explain-strangers.png"
    apart, = installation.run_json("explain", people.val(WANTED)[0], people.val(STRANGER)[0],
                                   "--out", other, "--json")
    assert apart["similarity"] < apart["floor"]

    one = tmp_path / "explain-one.png"
    alone = installation.run("explain", photos[0], "--out", one)
    assert alone.returncode == 0 and alone.stdout.strip() == str(one), alone
    assert Image.open(one).size[0] == 824


def test_a_photo_without_a_face_is_explained_too(installation, people, tmp_path):
    empty = tmp_path / "empty.png"
    Image.effect_noise((400, 300), 20).convert("RGB").save(empty)
    out = tmp_path / "explain-empty.png"
    done = installation.run("explain", people.val(WANTED)[0], empty, "--out", out)
    assert done.returncode == 4 and "empty.png: no face found" in done.stderr, done
    assert Image.open(out).size[0] == 1604
    missing = installation.run("explain", tmp_path / "missing.jpg", "--out", out)
    assert missing.returncode == 4 and "missing.jpg" in missing.stderr


@pytest.fixture
def people_folder(people, tmp_path):
    folder = tmp_path / "people"
    for name in (WANTED, "elton_john"):
        (folder / name).mkdir(parents=True)
        for photo in people.train(name):
            shutil.copy(photo, folder / name)
    return folder


def test_watch_writes_a_report(installation, scene, start_camera, people_folder, tmp_path, figure):
    report = tmp_path / "who.html"
    command = installation.command("watch", start_camera("--scene", scene).url, "--people",
                                   people_folder, "--report", report, "--json")
    process = subprocess.Popen(command, cwd=installation.folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        while json.loads(process.stdout.readline())["outcome"] != "match":
            pass
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, messages
    page = report.read_text()
    assert f"<h3>{WANTED}</h3>" in page and "of 2 enrolled recognised" in page
    assert 'class="match" style="left:' in page and "needed 0." in page
    pictures = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)\"", page)
    assert pictures and "http" not in page.replace("http-equiv", "") and "<script" not in page
    assert len(page) < 1_000_000
    figure(f"report: {report}, {len(page) // 1024} KiB")


def test_a_report_that_cannot_be_written_is_told_at_once(installation, people_folder, tmp_path):
    done = installation.run("watch", "clip.mp4", "--report", tmp_path / "missing" / "who.html")
    assert done.returncode != 0 and "--report" in done.stderr
