"""Real clips, one configuration for all: who shows his face is matched, nobody is misnamed."""
import shutil

import pytest

EVERYBODY = {
    "obama": ["obama.jpg", "obama2.jpg"],
    "biden": ["biden.jpg"],
    "miranda": ["lin-manuel-miranda.png"],
    "lacamoire": ["alex-lacamoire.png"],
}
# A clip, who must be matched in it, and who is there as well: a face of 25 px, or from the side.
CLIPS = [
    ("obama.mp4", {"obama"}, set()),
    ("biden.mp4", {"biden"}, set()),
    ("short_hamilton_clip.mp4", {"miranda"}, {"lacamoire", "obama"}),
]


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
        named = line["outcome"] in ("match", "possible_match")
        assert (line["person"] is not None) == named, line
    return lines


def named(lines):
    return {line["person"] for line in lines} - {None}


@pytest.mark.parametrize("clip, expected, present", CLIPS, ids=[clip for clip, _, _ in CLIPS])
def test_people_are_matched_and_nobody_is_misnamed(installation, test_data, people_folder, figure,
                                                   clip, expected, present):
    lines = watch(installation, test_data / "video" / clip, people_folder)
    first_s = {}
    for line in lines:
        if line["outcome"] == "match":
            first_s.setdefault(line["person"], line["pts_ms"] / 1000)
    figure(f"{clip}: matched {first_s} (seconds into the clip), {len(lines)} outcomes")
    assert expected <= set(first_s)
    assert named(lines) <= expected | present, "no wrong names, not even possible ones"


def test_no_passer_by_is_named(installation, test_data, people_folder, figure):
    lines = watch(installation, test_data / "video" / "pedestrians_1080p.mp4", people_folder)
    judged = {line["track"] for line in lines if line["outcome"] != "unrecognisable"}
    figure(f"pedestrians_1080p.mp4: {len(judged)} people judged, {len(named(lines))} named")
    assert len(judged) >= 5, "the passers-by were looked at"
    assert named(lines) == set()
