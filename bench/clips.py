#!/usr/bin/env python3
"""Real clips through `vigil watch`, judged against labels made by eye: who was named rightly, wrongly, or missed, how soon, and how steadily.

  build/venv/bin/python bench/clips.py --data FOLDER [--detector mtcnn] [--embedder facenet-128] [--vigil build/release/vigil] [--verbose]

FOLDER holds video/ and photos/ as bench/clips_labels.json names them. That file lists appearances: [person, first ms, last ms, range of the
face's centre (x1, y1, x2, y2), mean width], without cuts between; "somebody" is not enrolled. One gallery for all clips. An outcome belongs to the
appearance in which most of its looks lie, by time and place.

An appearance of an enrolled person counts as visible when it lasts 0.6 s or more with faces of 40 pixels or more.
  right, wrong             outcomes `match` with the right person, or with another (a face that nobody labelled counts as another)
  possible_right, ..wrong  the same of `possible_match`
  missed                   visible appearances without a right match; missed_people: enrolled people never matched in a clip where they are visible
  first_s                  seconds from the start of a visible appearance until something is said of it; median. named_s: until the right match
  switches                 tracks whose looks show two people, and tracks that were given two persons' names one after the other
  tracks                   tracks that spoke, for each visible appearance that was judged: 1 is perfect
  strangers_named          `match` for somebody who is not enrolled or not labelled
Prints one JSON line a clip and one for all.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

LABELS = pathlib.Path(__file__).with_name("clips_labels.json")
PHOTOS = {
    "obama": ["public_figures/obama.jpg", "public_figures/obama2.jpg"], "biden": ["public_figures/biden.jpg"],
    "miranda": ["public_figures/lin-manuel-miranda.png"], "lacamoire": ["public_figures/alex-lacamoire.png"],
    "jessica": ["tv_scene/0008_jessica.png"], "louis": ["tv_scene/0009_louis.png"], "grandma": ["tv_scene/0010_grandma.png"],
    "evan": ["tv_scene/0011_evan.png"], "eddie": ["tv_scene/0012_eddie.png"], "emery": ["tv_scene/0013_emery.png"],
}
VISIBLE_MS, VISIBLE_PX, STEP_MS = 600, 40, 110


def appearance_of(look, appearances):
    """The index of the appearance that a look, (ms, box), shows, or None."""
    at, (x1, y1, x2, y2) = look
    x, y, reach = (x1 + x2) / 2, (y1 + y2) / 2, 0.5 * (x2 - x1)
    best = None
    for index, (_, first, last, left, top, right, bottom, _) in enumerate(appearances):
        if not first - STEP_MS <= at <= last + STEP_MS:
            continue
        away = max(left - x, x - right, 0) + max(top - y, y - bottom, 0)
        late = max(first - at, at - last, 0)
        if away <= reach and (best is None or (late, away) < best[0]):
            best = ((late, away), index)
    return best and best[1]


def watch(options, clip, people, folder):
    command = [options.vigil, "watch", str(clip), "--people", str(people), "--json", "--trace"]
    models = {"VIGIL__MODELS__DETECTOR": options.detector, "VIGIL__MODELS__EMBEDDER": options.embedder}
    lines = subprocess.run(command, env=os.environ | models, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           check=True).stdout
    return [json.loads(line) for line in lines.splitlines()]


def judge(outcomes, appearances, options):
    visible = [index for index, (person, first, last, *_, width) in enumerate(appearances)
               if person in PHOTOS and last - first >= VISIBLE_MS and width >= VISIBLE_PX]
    count = dict.fromkeys(("right", "wrong", "possible_right", "possible_wrong", "strangers_named", "switches"), 0)
    first_said, first_named, tracks_of, people_of, names_of = {}, {}, {}, {}, {}
    for outcome in outcomes:
        looks = [appearance_of((shot["pts_ms"], shot["box"]), appearances) for shot in (outcome["trace"] or {"shots": []})["shots"]]
        shown = [look for look in looks if look is not None]
        index = max(set(shown), key=shown.count) if shown else None
        person = appearances[index][0] if index is not None else None
        people_of.setdefault(outcome["track"], set()).update(appearances[look][0] for look in shown)
        if outcome["person"] is not None:
            names_of.setdefault(outcome["track"], set()).add(outcome["person"])
            right = outcome["person"] == person
            kind = {"match": "", "possible_match": "possible_"}[outcome["outcome"]] + ("right" if right else "wrong")
            count[kind] += 1
            count["strangers_named"] += kind == "wrong" and person not in PHOTOS
            if options.verbose and not right:
                print("wrong:", person, {key: outcome[key] for key in ("pts_ms", "track", "outcome", "person", "similarity", "threshold", "box")})
        if index is None:
            continue
        after = (outcome["last_pts_ms"] - appearances[index][1]) / 1000
        first_said.setdefault(index, after)
        tracks_of.setdefault(index, set()).add(outcome["track"])
        if outcome["outcome"] == "match" and outcome["person"] == person:
            first_named.setdefault(index, after)
    count["switches"] = sum(len(people) > 1 for people in people_of.values()) + sum(len(names) > 1 for names in names_of.values())
    if options.verbose:
        print("missed:", [appearances[index][:3] for index in visible if index not in first_named])
    seen = {appearances[index][0] for index in visible}
    named = {appearances[index][0] for index in first_named}
    return count | {
        "outcomes": len(outcomes), "visible": len(visible), "missed": sum(index not in first_named for index in visible),
        "people": len(seen), "missed_people": sorted(seen - named),
        "first_s": [first_said[index] for index in visible if index in first_said],
        "named_s": [first_named[index] for index in visible if index in first_named],
        "tracks": [len(tracks_of[index]) for index in visible if index in tracks_of]}


def printed(name, options, figures):
    figures = dict(figures)
    for key in ("first_s", "named_s"):
        figures[key] = round(statistics.median(figures[key]), 2) if figures[key] else None
    figures["tracks"] = round(statistics.mean(figures["tracks"]), 2) if figures["tracks"] else None
    print(json.dumps({"bench": "clips", "clip": name, "detector": options.detector, "embedder": options.embedder} | figures))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=pathlib.Path, required=True, metavar="FOLDER")
    arguments.add_argument("--vigil", default="build/release/vigil")
    arguments.add_argument("--detector", default="mtcnn")
    arguments.add_argument("--embedder", default="facenet-128")
    arguments.add_argument("--verbose", action="store_true", help="also print what was wrong or missed")
    options = arguments.parse_args()
    options.vigil = str(pathlib.Path(options.vigil).resolve())
    total = {}
    with tempfile.TemporaryDirectory() as folder:
        people = pathlib.Path(folder) / "people"
        for person, photos in PHOTOS.items():
            (people / person).mkdir(parents=True)
            for photo in photos:
                shutil.copy(options.data / "photos" / photo, people / person)
        for name, appearances in (json.loads(LABELS.read_text()) | {"pedestrians_1080p.mp4": []}).items():
            figures = judge(watch(options, options.data / "video" / name, people, folder), appearances, options)
            printed(name, options, figures)
            for key, value in figures.items():
                total[key] = total[key] + value if key in total else value
    printed("all", options, total)


main()
