"""`vigil bench`: one line a measurement, and what the timed run itself found."""
import json
import xml.etree.ElementTree

from installation import CHECKOUT
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


def test_bench_pipeline_tells_what_each_part_costs_beside_decoding_alone(installation, test_data):
    [told] = installation.run_json("bench", "pipeline", "--video", test_data / "video" / "obama.mp4", "--streams", 2, "--seconds", 3, "--warm-up", 1,
                                   "--threads", 1, "--min-face", 80, "--json")
    assert told["bench"] == "pipeline" and told["cpu"] and told["streams"] == 2
    assert told["frames"] > 0 and told["looked_at"] > 0 and told["faces"] > 0
    assert told["looked_at"] + told["dropped"] <= told["frames"]
    assert told["decode_alone_ms_per_s"] > 0 and told["multiple_of_decoding"] > 0
    stages = told["stages_ms_per_s"]
    assert stages["decode"] > 0 and stages["detect"] > 0
    assert abs(sum(stages.values()) - told["cpu_ms_per_s"]) < 1
    assert told["resident_mb"] > 10


def test_bench_pipeline_can_decode_and_do_nothing_else(installation, test_data):
    [told] = installation.run_json("bench", "pipeline", "--video", test_data / "video" / "obama.mp4", "--decode-only", "--seconds", 1, "--json")
    assert told["decode_alone_ms_per_s"] > 0 and "looked_at" not in told


def test_bench_pipeline_names_a_clip_that_is_not_there(installation):
    done = installation.run("bench", "pipeline", "--video", "nowhere.mp4")
    assert done.returncode == 4 and "nowhere.mp4" in done.stderr


def test_curves_are_drawn_as_well_formed_pictures(monkeypatch):
    monkeypatch.syspath_prepend(CHECKOUT / "bench")
    import draw_curve
    picture = xml.etree.ElementTree.fromstring(draw_curve.svg("Cameras", "cameras", "cores", {"all": [(1, 0.4), (4, 1.6)], "alone": [(1, 0.2), (4, 0.7)]}))
    points = [element for element in picture if element.tag.endswith("circle")]
    assert len(points) == 4
    heights = [float(point.get("cy")) for point in points]
    assert heights[1] < heights[0] and heights[3] < heights[2], "more is drawn higher"
    assert heights[3] > heights[1]
    assert all(0 <= float(point.get("cx")) <= 560 and 0 <= height <= 300 for point, height in zip(points, heights))
