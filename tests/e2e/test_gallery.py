"""How enrolled faces are searched: the index that [gallery] chooses, and searches among a list."""
import pytest

from installation import ADMIN
from people import WANTED


@pytest.mark.parametrize("index", ["faiss", "flat", "auto"])
def test_every_index_finds_the_enrolled(enrolled, people, index):
    enrolled.set("gallery", index=index)
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    answer, = enrolled.run_json("search", people.val(WANTED)[0], "--json")
    assert answer["faces"][0]["candidates"][0]["name"] == WANTED
    told = server.rest.get("/system").json["gallery_index"]
    # Too few people for clusters: every index answers exactly.
    assert told["kind"] == "exact" and not told["learning"] and told["recall_at_1"] is None
    assert told["last_error"] == ""


def test_an_unknown_index_is_refused(installation):
    done = installation.set("gallery", index="annoy").run("search", "photo.jpg")
    assert done.returncode == 3 and "gallery.index" in done.stderr and "faiss" in done.stderr


def test_search_among_a_list(enrolled, people):
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    made = server.rest.post("/watchlists", {"name": "banned"})
    assert made.status == 201, made
    photo = people.val(WANTED)[0]
    among, = enrolled.run_json("search", photo, "--list", "banned", "--json")
    assert among["faces"][0]["candidates"] == [], "nobody stands in the list"
    person, = server.rest.get("/criminals").json["items"]
    server.rest.patch(f"/criminals/{person['id']}", {"watchlists": [made.json["id"]]})
    among, = enrolled.run_json("search", photo, "--list", "banned", "--json")
    assert among["faces"][0]["candidates"][0]["name"] == WANTED
    done = enrolled.run("search", photo, "--list", "nosuch")
    assert done.returncode != 0 and "banned" in done.stderr


def test_bench_tells_what_the_approximate_search_misses(installation):
    told, = installation.run_json("bench", "search", "--index", "faiss", "--n", 20000, "--dim", 64, "--batch", 1,
                                  "--kinds", 50, "--seconds", 0.2, "--json")
    assert told["index"] == "faiss" and told["precision"] == "approximate"
    assert 0 < told["lists_read"] < told["lists"] and told["learn_s"] > 0
    assert 0.95 <= told["recall_at_1"] <= 1 and 0.5 <= told["recall_at_k"] <= 1
