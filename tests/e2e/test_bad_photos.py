"""Photos and fields that are wrong: each gets its own clear answer, and the server lives."""
import pytest

import photos
from installation import ADMIN
from people import STRANGER, WANTED


@pytest.fixture(scope="module")
def server(enrolled_template, tmp_path_factory):
    """One server for all: it must outlive every one of them."""
    installation = enrolled_template.copy_to(tmp_path_factory.mktemp("bad-photos"))
    running = installation.serve()
    running.rest.login(*ADMIN)
    yield running
    code, _ = running.terminate()
    installation.close()
    assert code == 0, running.explain()


@pytest.fixture
def person(server):
    made = server.rest.post("/criminals", {"name": "somebody"})
    assert made.status == 201, made
    yield made.json["id"]
    kept = server.rest.get(f"/criminals/{made.json['id']}").json
    assert kept["photo_count"] == 0, "nothing half-made stays"
    assert server.rest.delete(f"/criminals/{made.json['id']}").status == 204


def check_problem(answer, status, code, *words):
    """problem+json with words that tell what was wrong and how to mend it."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert problem["status"] == status and problem["code"] == code, problem
    assert set(problem) >= {"type", "title", "status", "detail", "code"}
    text = problem["detail"] + str(problem.get("errors", ""))
    assert all(word in text for word in words), problem


def bad_photos(people):
    good = people.val(WANTED)[0].read_bytes()
    three = photos.side_by_side([people.val(name)[0] for name in people.names()[:3]])
    return {
        "no image": (b"This is a text.", 415, "not_an_image", ["not a JPEG, PNG or WebP"]),
        "an empty file": (b"", 415, "not_an_image", ["empty"]),
        "one pixel": (photos.one_pixel(), 400, "unreadable", ["1x1", "at least"]),
        "60 megapixels": (photos.sixty_megapixels(), 400, "unreadable",
                          ["60.0 megapixels", "smaller"]),
        "a header of 60 megapixels": (photos.sixty_megapixel_header(good), 400, "unreadable",
                                      ["60.0 megapixels", "smaller"]),
        "a truncated JPEG": (good[:len(good) // 2], 400, "unreadable",
                             ["ends too early", "send the whole file"]),
        "no face": (photos.faceless(), 422, "no_face", ["no face found", "use a photo"]),
        "three faces": (three, 422, "several_faces", ["3 faces", "alone"]),
    }


CASES = ["no image", "an empty file", "one pixel", "60 megapixels", "a header of 60 megapixels",
         "a truncated JPEG", "no face", "three faces"]


@pytest.mark.parametrize("case", CASES)
def test_a_bad_photo_is_refused_with_its_reason(server, person, people, case):
    photo, status, code, words = bad_photos(people)[case]
    check_problem(server.rest.upload_photo(person, photo), status, code, *words)
    assert server.alive and server.monitor("/livez").status == 200


@pytest.mark.parametrize("case", CASES[:6])
def test_search_refuses_what_is_no_photo(server, people, case):
    photo, status, code, words = bad_photos(people)[case]
    check_problem(server.rest.search(photo), status, code, *words)


def test_search_takes_photos_of_nobody_and_of_many(server, people):
    cases = bad_photos(people)
    nobody = server.rest.search(cases["no face"][0])
    assert nobody.status == 200 and nobody.json["faces"] == []
    assert len(server.rest.search(cases["three faces"][0]).json["faces"]) == 3


@pytest.mark.parametrize("case", CASES[:6])
def test_commands_refuse_bad_photos_too(installation, people, tmp_path, case):
    photo, _, _, words = bad_photos(people)[case]
    file = tmp_path / "photo.jpg"
    file.write_bytes(photo)
    line, = installation.run_json("detect", "--json", file, code=4)
    assert line["path"] == str(file) and all(word in line["error"] for word in words), line


def test_a_photo_of_more_than_10_mb_is_refused(server, person):
    answer = server.rest.upload_photo(person, b"\xff\xd8\xff" + bytes(10_100_000))
    check_problem(answer, 413, "too_large")


def test_a_missing_file_field_is_named(server, person):
    answer = server.rest.send("POST", f"/criminals/{person}/upload-photo", {"file": "x"})
    check_problem(answer, 415, "unsupported_media_type", "multipart/form-data", "file")


def test_a_name_of_10_000_characters_is_refused(server):
    answer = server.rest.post("/criminals", {"name": "x" * 10_000})
    check_problem(answer, 400, "invalid_argument", "name", "1 to 200 characters", "10000")


def test_enroll_refuses_a_name_of_10_000_characters(enrolled, people):
    done = enrolled.run("enroll", "x" * 10_000, people.train(STRANGER)[0])
    assert done.returncode == 4 and "1 to 200 characters" in done.stderr, done


@pytest.mark.parametrize("body, words", [
    ({}, ["name", "required"]),
    ({"name": 7}, ["name", "text"]),
    ({"name": "a\u0000b"}, ["name", "control"]),
    ({"name": "x", "severity": "huge"}, ["severity", "low, medium, high, critical"]),
    ({"name": "x", "expires_at": "tomorrow"}, ["expires_at", "RFC 3339"]),
    ({"name": "x", "colour": "red"}, ["colour", "not a known field"]),
])
def test_wrong_fields_are_named(server, body, words):
    check_problem(server.rest.post("/criminals", body), 400, "invalid_argument", *words)


def test_names_in_all_scripts_are_kept(server):
    for name in ("Łukasz Żak", "李小龍", "محمد", "O'Neil <b>", "🙂"):
        made = server.rest.post("/criminals", {"name": name})
        assert made.status == 201 and made.json["name"] == name, made
        assert server.rest.delete(f"/criminals/{made.json['id']}").status == 204
