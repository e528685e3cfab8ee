#!/usr/bin/env python3
"""What recognition costs, as curves: against cameras, faces a picture, resolution and the smallest face. Draws them anew into docs/pictures
and writes their numbers into docs/performance.md.

  build/venv/bin/python bench/curves.py --data $VIGIL_TEST_DATA [--vigil build/release/vigil] [--runs 3] [--seconds 10] [--only cameras,faces]
  build/venv/bin/python bench/curves.py --draw        # from the figures measured last

Every point is the median of --runs runs, taken by turns with the other points of its curve, as processor time of all threads: that depends
less on what else the machine does than the clock does. Figures: build/bench/curves.jsonl, a line a point.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import tempfile

import draw_curve
import figures

PAGE = figures.CHECKOUT / "docs" / "performance.md"
PICTURES = figures.CHECKOUT / "docs" / "pictures"

CURVES = {
    "cameras": {"title": "Cameras", "x": "cameras", "y": "cores busy", "value": "cores",
                "what": "pedestrians_1080p.mp4 in real time (1080p25, H.264), 5 looks a second, min face 40"},
    "faces": {"title": "Faces a picture", "x": "faces found", "y": "ms a picture", "value": "ms",
              "what": "detection, 1080p, min face 40, the same face many times on grey"},
    "resolution": {"title": "Resolution", "x": "megapixels", "y": "ms a picture", "value": "ms",
                   "what": "detection, pedestrians_1080p.mp4 scaled, min face 40"},
    "min_face": {"title": "Smallest face", "x": "min face, pixels", "y": "ms a picture", "value": "ms",
                 "what": "detection, pedestrians_1080p.mp4"},
}


def detect(wishes, *arguments):
    [told] = figures.run(wishes.vigil, "bench", "detect", "--threads", 1, "--json", *arguments)
    return told


def cameras(wishes, scratch):
    """Decoding alone and the whole pipeline, for more and more cameras."""
    clip = wishes.data / "video" / "pedestrians_1080p.mp4"

    def measure(streams):
        [told] = figures.run(wishes.vigil, "bench", "pipeline", "--video", clip, "--streams", streams, "--seconds", wishes.seconds, "--json")
        return {"x": streams, "series": {"all of it": told["cpu_ms_per_s"] * streams / 1000,
                                         "decoding alone": told["decode_alone_ms_per_s"] * streams / 1000},
                "dropped": told["dropped"], "looked_at": told["looked_at"], "known_faces": told["known_faces"],
                "known_faces_missed": told["known_faces_missed"], "behind_ms": told["behind_ms"], "resident_mb": told["resident_mb"],
                "cpu": told["cpu"]}

    return [lambda streams=streams: measure(streams) for streams in wishes.cameras]


def face_picture(photo, box, count, target):
    from PIL import Image
    face = Image.open(photo).convert("RGB").crop(box).resize((110, 130))
    picture = Image.new("RGB", (1920, 1080), (110, 112, 115))
    for i in range(count):
        picture.paste(face, (30 + 180 * (i % 10), 30 + 210 * (i // 10)))
    picture.save(target, quality=95)


def faces(wishes, scratch):
    photo = sorted((wishes.data / "photos" / "public_figures").glob("*.jp*g"))[0]
    [found] = figures.run(wishes.vigil, "detect", "--json", photo)
    x1, y1, x2, y2 = found["faces"][0]["box"]
    wide, high = x2 - x1, y2 - y1
    box = tuple(int(v) for v in (x1 - 0.2 * wide, y1 - 0.2 * high, x2 + 0.2 * wide, y2 + 0.2 * high))

    def measure(count):
        folder = scratch / f"faces-{count}"
        folder.mkdir(exist_ok=True)
        for copy in range(8):
            face_picture(photo, box, count, folder / f"{copy}.jpg")
        told = detect(wishes, "--images", folder, "--min-face", 40, "--frames", 8)
        return {"x": told["faces_total"] / told["frames"], "series": {"detection": told["cpu_ms"]}, "cpu": told["cpu"]}

    return [lambda count=count: measure(count) for count in (0, 1, 2, 5, 10, 20, 40)]


def resolution(wishes, scratch):
    def measure(height):
        clip = scratch / f"{height}.mp4"
        if not clip.exists():
            subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", wishes.data / "video" / "pedestrians_1080p.mp4", "-vf",
                            f"scale=-2:{height}", "-frames:v", "32", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", clip], check=True)
        told = detect(wishes, "--video", clip, "--min-face", 40, "--frames", 24)
        width, tall = map(int, told["size"].split("x"))
        return {"x": round(width * tall / 1e6, 2), "size": told["size"], "series": {"detection": told["cpu_ms"]}, "cpu": told["cpu"]}

    return [lambda height=height: measure(height) for height in (360, 540, 720, 1080, 1440, 2160)]


def min_face(wishes, scratch):
    def measure(px):
        told = detect(wishes, "--video", wishes.data / "video" / "pedestrians_1080p.mp4", "--min-face", px, "--frames", 24)
        return {"x": px, "series": {"detection": told["cpu_ms"]}, "cpu": told["cpu"]}

    return [lambda px=px: measure(px) for px in (20, 30, 40, 60, 80, 120)]


MEASURERS = {"cameras": cameras, "faces": faces, "resolution": resolution, "min_face": min_face}


def measure_curve(name, wishes, scratch):
    points = MEASURERS[name](wishes, scratch)
    told = [[] for _ in points]
    for _ in range(wishes.runs):
        for index, point in enumerate(points):
            told[index].append(point())
    for runs in told:
        series = {key: round(statistics.median(run["series"][key] for run in runs), 3) for key in runs[0]["series"]}
        worst = {key: max(run[key] for run in runs) for key in ("dropped", "known_faces_missed", "behind_ms") if key in runs[0]}
        figures.record({"curve": name, "runs": len(runs), **runs[-1], **worst, "series": series}, "curves.jsonl")


def latest_points(name):
    """Of the figures measured last for each x, in order."""
    points = {}
    for line in (figures.FOLDER / "curves.jsonl").read_text().splitlines():
        figure = json.loads(line)
        if figure["curve"] == name:
            points[figure["x"]] = figure
    return [points[x] for x in sorted(points)]


def table(name, points):
    curve = CURVES[name]
    columns = list(points[0]["series"])
    extra = ["dropped", "faces missed"] if name == "cameras" else []
    lines = ["| " + " | ".join([curve["x"], *(f"{column}, {curve['value']}" for column in columns), *extra]) + " |", "|---" * (1 + len(columns) + len(extra)) + "|"]
    for point in points:
        cells = [f"{point['x']:g}", *(f"{point['series'][column]:.{2 if name == 'cameras' else 1}f}" for column in columns)]
        if extra:
            cells += [f"{point['dropped']} of {point['looked_at'] + point['dropped']}", f"{point['known_faces_missed']} of {point['known_faces']}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw_all():
    page = PAGE.read_text()
    for name, curve in CURVES.items():
        if not (figures.FOLDER / "curves.jsonl").exists() or not (points := latest_points(name)):
            continue
        series = {key: [(point["x"], point["series"][key]) for point in points] for key in points[0]["series"]}
        (PICTURES / f"cost-{name}.svg").write_text(draw_curve.svg(curve["title"], curve["x"], curve["y"], series))
        block = (f"<!-- curve {name} -->\n![{curve['title']}](pictures/cost-{name}.svg)\n\n{curve['what']}; {points[-1]['cpu']}, load "
                 f"{min(p['load'] for p in points):g} to {max(p['load'] for p in points):g}, {'medians of ' + str(points[0]['runs']) if points[0]['runs'] > 1 else 'one run each'}:\n\n"
                 f"{table(name, points)}\n<!-- end {name} -->")
        page, found = re.subn(rf"<!-- curve {name} -->.*?<!-- end {name} -->", lambda _: block, page, flags=re.DOTALL)
        if not found:
            raise SystemExit(f"{PAGE}: there is no place for the curve {name}")
    PAGE.write_text(page)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--vigil", default=str(figures.CHECKOUT / "build" / "release" / "vigil"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--cameras", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2, 3, 4, 6])
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(MEASURERS))
    parser.add_argument("--draw", action="store_true")
    wishes = parser.parse_args()
    if not wishes.draw:
        if wishes.data is None:
            parser.error("--data names the folder of clips and photos")
        with tempfile.TemporaryDirectory() as scratch:
            for name in wishes.only:
                measure_curve(name, wishes, pathlib.Path(scratch))
    draw_all()


main()
