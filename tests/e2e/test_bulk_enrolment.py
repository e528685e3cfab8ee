"""`vigil enroll --from`: many people at once, interrupted, repeated, and with everything wrong."""
import json
import shutil
import signal
import subprocess

import pytest

from installation import ADMIN
from people import STRANGER, WANTED
from waiting import PATIENCE, wait_until


def of_kind(lines, verdict):
    return [line for line in lines if line.get("verdict") == verdict]


def verdicts(lines):
    return [line for line in lines if "verdict" in line]


def summary(lines):
    return next(line["summary"] for line in lines if "summary" in line)


def state(installation, *others):
    """Every row that an enrolment may touch."""
    tables = ("persons", "photos", "reference_embeddings", "gallery_counter", "gallery_log",
              "watchlist_members", "audit_log", *others)
    return {table: installation.query(f"SELECT * FROM {table} ORDER BY 1") for table in tables}


@pytest.fixture
def album(tmp_path, people):
    """Two people's folders with four photos each, all of them fit to be enrolled."""
    folder = tmp_path / "album"
    for name in (WANTED, STRANGER):
        (folder / name).mkdir(parents=True)
        for number, photo in enumerate(people.train(name)[5:9]):
            shutil.copy(photo, folder / name / f"{number}.jpg")
    return folder


def test_a_folder_is_enrolled_once_and_a_second_run_changes_nothing(installation, album, people):
    lines = installation.run_json("enroll", "--from", album, "--json")
    assert len(of_kind(lines, "enrolled")) == 8 and len(verdicts(lines)) == 8
    first = summary(lines)
    assert first["enrolled"] == 8 and first["people_created"] == 2 and not first["interrupted"]
    before = state(installation, "events")
    assert {person["name"] for person in before["persons"]} == {WANTED, STRANGER}
    assert {line["path"] for line in lines if "path" in line} == {
        str(file) for file in album.rglob("*.jpg")}

    again = installation.run_json("enroll", "--from", album, "--json")
    assert len(of_kind(again, "already_enrolled")) == 8
    assert all(line["enrolled"] for line in verdicts(again))
    assert state(installation, "events") == before
    answer, = installation.run_json("search", people.val(WANTED)[0], "--json")
    assert answer["faces"][0]["candidates"][0]["name"] == WANTED


def test_a_killed_run_goes_on_where_it_was(installation, tmp_path, people):
    album = tmp_path / "album"
    for name in people.names():
        shutil.copytree(people.train(name)[0].parent, album / name)
    process = subprocess.Popen(installation.command("enroll", "--from", str(album), "--json"),
                               cwd=installation.folder, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    told = [json.loads(process.stdout.readline()) for _ in range(5)]
    process.kill()
    process.wait()
    rest = process.stdout.read().splitlines()
    told += [json.loads(line) for line in rest if line.endswith("}")]
    stored = {row["id"] for row in installation.query("SELECT id FROM photos")}
    files = list(album.rglob("*.jpg"))
    enrolled = of_kind(told, "enrolled")
    # What was told is stored, and nobody was left half made.
    assert {line["photo_id"] for line in enrolled} <= stored
    assert len(told) < len(files)
    assert installation.query("SELECT id FROM persons WHERE id NOT IN "
                              "(SELECT person_id FROM photos)") == []

    lines = installation.run_json("enroll", "--from", album, "--json",
                                  code=4 if of_kind(told, "refused") else 0, seconds=300)
    assert len(verdicts(lines)) == len(files)
    assert len(of_kind(lines, "already_enrolled")) == len(stored)
    assert len(of_kind(lines, "enrolled")) + len(stored) == len(
        installation.query("SELECT id FROM photos"))
    assert len(installation.query("SELECT id FROM persons")) == len(people.names())


def test_an_interrupted_run_says_how_to_go_on(installation, tmp_path, people):
    album = tmp_path / "album"
    for name in people.names():
        shutil.copytree(people.train(name)[0].parent, album / name)
    process = subprocess.Popen(installation.command("enroll", "--from", str(album)),
                               cwd=installation.folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60 * PATIENCE)
    assert process.returncode == 1
    assert "run the same command again to go on" in out


def test_every_bad_file_gets_its_verdict(installation, album, people):
    folder = album / WANTED
    (folder / "text.jpg").write_text("no picture")
    (folder / "cut.jpg").write_bytes((folder / "0.jpg").read_bytes()[:700])
    (folder / "empty.png").write_bytes(b"")
    (folder / "old.heic").write_bytes(b"ftypheic")
    (folder / "notes.txt").write_text("met on Monday")
    (folder / "away.jpg").symlink_to("nowhere.jpg")
    shutil.copy(folder / "0.jpg", folder / "same.jpg")
    lines = installation.run_json("enroll", "--from", album, "--json", code=4)
    by_name = {line["path"].rsplit("/", 1)[1]: line for line in verdicts(lines)
               if WANTED in line["path"]}
    assert by_name["text.jpg"]["code"] == "not_an_image"
    assert by_name["cut.jpg"]["code"] == "unreadable"
    assert by_name["empty.png"]["verdict"] == "refused"
    assert "save it as JPEG" in by_name["old.heic"]["error"]
    assert by_name["notes.txt"]["verdict"] == "passed_over"
    assert by_name["away.jpg"]["code"] == "unreadable_file"
    twins = [by_name["0.jpg"], by_name["same.jpg"]]
    assert sorted(line["verdict"] for line in twins) == ["already_enrolled", "enrolled"]
    assert twins[0]["photo_id"] == twins[1]["photo_id"]
    assert all("error" in line for line in of_kind(lines, "refused"))
    assert summary(lines)["refused"] == 5 and summary(lines)["enrolled"] == 8


def test_mix_ups_are_reported(installation, album, people):
    shutil.copytree(album / WANTED, album / "double")
    lines = installation.run_json("enroll", "--from", album, "--json")
    pairs = [line["look_alikes"] for line in lines if "look_alikes" in line]
    mixed_up, = [pair for pair in pairs if {pair["first"]["person"], pair["second"]["person"]} ==
                 {WANTED, "double"}]
    assert mixed_up["same_picture"] and mixed_up["similarity"] > 0.99
    assert mixed_up["first"]["path"] and mixed_up["second"]["path"]
    text = installation.run("enroll", "--from", album).stdout
    assert "Different people who look alike" in text and "(the same picture)" in text
    # The same check at a single photo.
    one = installation.run("enroll", "third", album / WANTED / "0.jpg")
    assert one.returncode == 0, one
    assert f"resembles {WANTED}" in one.stdout or "resembles double" in one.stdout


def test_csv_fills_people_and_lists(enrolled, people, tmp_path):
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    made = server.rest.post("/watchlists", {"name": "banned"})
    assert made.status == 201, made
    table = tmp_path / "people.csv"
    photo, other = people.train(STRANGER)[:2]
    table.write_text(f'name,photo,reason,lists\n"Kaling, M.",{photo},theft,banned\n'
                     f'"Kaling, M.",{other},,\nNobody,missing.jpg,,\n')
    lines = enrolled.run_json("enroll", "--from", table, "--json", code=4)
    assert len(of_kind(lines, "enrolled")) == 2
    refused, = of_kind(lines, "refused")
    assert refused["person"] == "Nobody" and "people.csv:4:8" in refused["error"]
    person, = enrolled.query("SELECT * FROM persons WHERE name = 'Kaling, M.'")
    assert person["reason"] == "theft"
    assert len(enrolled.query("SELECT * FROM watchlist_members WHERE person_id = ?",
                              person["id"])) == 1
    # The running server finds them at once.
    wait_until(lambda: "Kaling, M." in server.rest.found_names(photo.read_bytes()), "found")
    before = state(enrolled)
    enrolled.run_json("enroll", "--from", table, "--json", code=4)
    assert state(enrolled) == before


def test_csv_faults_name_line_and_column_and_enrol_nobody(installation, people, tmp_path):
    table = tmp_path / "people.csv"
    photo = people.train(STRANGER)[0]
    table.write_text(f"name,photo,lists\nMindy,{photo},\n,{photo},\nJan\n")
    done = installation.run("enroll", "--from", table)
    assert done.returncode == 4
    assert "people.csv:3:1: the name is empty" in done.stderr
    assert "people.csv:4:1: this line has 1 columns" in done.stderr
    table.write_text(f"name,photo,lists\nMindy,{photo},baned\n")
    done = installation.run("enroll", "--from", table)
    assert done.returncode != 0 and "there is no watch-list baned" in done.stderr
    assert f"people.csv:2:{len('Mindy,') + len(str(photo)) + 2}" in done.stderr
    assert installation.query("SELECT id FROM persons") == []


def test_frigates_faces_are_taken_without_the_unnamed(installation, people, tmp_path):
    faces = tmp_path / "media" / "clips" / "faces"
    for folder, photo in ((STRANGER, people.train(STRANGER)[0]), ("train", people.val(WANTED)[0])):
        (faces / folder).mkdir(parents=True)
        to_webp(photo, faces / folder / f"{folder}-a1b2c3.webp")
    lines = installation.run_json("enroll", "--from", tmp_path / "media", "--json")
    assert [line["person"] for line in of_kind(lines, "enrolled")] == [STRANGER]
    assert "nobody has named" in of_kind(lines, "passed_over")[0]["error"]


def test_comprefaces_saved_faces_are_taken(installation, people, tmp_path):
    ids = ["6b135f5b-a365-4522-b1f1-4c9ac2dd0728", "7c135f5b-a365-4522-b1f1-4c9ac2dd0729"]
    (tmp_path / "faces.json").write_text(json.dumps({
        "faces": [{"image_id": id, "subject": "Mindy"} for id in ids], "page_number": 0,
        "page_size": 20, "total_pages": 1, "total_elements": 2}))
    shutil.copy(people.train(STRANGER)[0], tmp_path / f"{ids[0]}.jpg")
    lines = installation.run_json("enroll", "--from", tmp_path, "--json", code=4)
    assert [line["person"] for line in of_kind(lines, "enrolled")] == ["Mindy"]
    assert f"faces/{ids[1]}/img" in "".join(line["error"] for line in of_kind(lines, "refused"))


@pytest.mark.parametrize("arguments", [(), ("Jan",), ("Jan", "a.jpg", "--from", ".")])
def test_unclear_arguments_are_a_usage_error(installation, arguments):
    assert installation.run("enroll", *arguments).returncode == 2


def to_webp(photo, file):
    from PIL import Image
    Image.open(photo).convert("RGB").save(file, "WEBP", quality=95)
