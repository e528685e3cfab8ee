"""`vigil bench`: one line a measurement, and what the timed run itself found."""
import json

from people import WANTED


def test_bench_detect_tells_speed_and_dumps_what_it_found(installation, people, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    photos = people.val(WANTED)
    for photo in photos:
        (folder / photo.name).write_bytes(photo.read_bytes())
    dump = tmp_path / "faces.jsonl"
    told = installation.run_json("bench", "detect", "--images", folder, "--json", "--dump", dump)
    assert len(told) == 1
    assert told[0]["bench"] == "detect" and told[0]["cpu"] and told[0]["precision"] in ("f32", "bf16", "i8")
    assert told[0]["frames"] == len(photos) and told[0]["threads"] == 1
    assert told[0]["fps"] > 0 and told[0]["p99_ms"] >= told[0]["p50_ms"] > 0
    lines = [json.loads(line) for line in dump.read_text().splitlines()]
    assert sum(len(line["faces"]) for line in lines) == told[0]["faces_total"] >= len(photos)
    # The timed run finds what `vigil detect` finds.
    plain = installation.run_json("detect", "--json", folder)
    assert [(line["path"], line["faces"]) for line in lines] == [(line["path"], line["faces"]) for line in plain]


def test_bench_detect_wants_one_input(installation):
    assert installation.run("bench", "detect").returncode == 2
