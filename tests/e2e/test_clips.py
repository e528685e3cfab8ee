"""Real clips, with one configuration for all: the expected people are matched, nobody else is named."""
import shutil

import pytest

# A clip, who is enrolled for it, and who must be matched in it.
CLIPS = [
    ("obama.mp4", {"obama": ["obama.jpg", "obama2.jpg"]}, {"obama"}),
    ("biden.mp4", {"biden": ["biden.jpg"]}, {"biden"}),
    ("short_hamilton_clip.mp4", {"miranda": ["lin-manuel-miranda.png"], "lacamoire": ["alex-lacamoire.png"]},
     {"miranda", "lacamoire"}),
]
EVERYBODY = {name: photos for _, people, _ in CLIPS for name, photos in people.items()}


@pytest.fixture(scope="module")
def people_folder(test_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("public-figures")
    for name, photos in EVERYBODY.items():
        (folder / name).mkdir()
        for photo in photos:
            shutil.copy(test_data / "photos" / "public_figures" / photo, folder / name)
    return folder


def watch(installation, clip, people_folder):
    lines = installation.run_json("watch", clip, "--people", people_folder, "--json", seconds=240)
    for line in lines:
        assert line["outcome"] in ("match", "possible_match", "stranger", "unrecognisable")
        assert (line["person"] is None) == (line["outcome"] in ("stranger", "unrecognisable"))
    return lines


def matched(lines):
    return {line["person"] for line in lines if line["outcome"] == "match"}


@pytest.mark.parametrize("clip, enrolled_here, expected", CLIPS, ids=[clip for clip, _, _ in CLIPS])
def test_enrolled_people_are_matched_and_nobody_is_misnamed(installation, test_data, people_folder, figure, clip,
                                                            enrolled_here, expected):
    lines = watch(installation, test_data / "video" / clip, people_folder)
    first = {name: min(line["pts_ms"] for line in lines if line["person"] == name and line["outcome"] == "match") / 1000
             for name in matched(lines)}
    figure(f"{clip}: matched {first} (seconds into the clip), {len(lines)} outcomes")
    assert matched(lines) == expected
    assert {line["person"] for line in lines} - {None} <= expected, "no wrong names, not even possible ones"


def test_no_passer_by_is_named(installation, test_data, people_folder, figure):
    lines = watch(installation, test_data / "video" / "pedestrians_1080p.mp4", people_folder)
    tracks = {line["track"] for line in lines}
    figure(f"pedestrians_1080p.mp4: {len(tracks)} people judged, {len(matched(lines))} named")
    assert len(tracks) >= 10, "the passers-by were looked at"
    assert {line["person"] for line in lines} == {None}
