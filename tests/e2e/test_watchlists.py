"""Watch-lists on a running server: who is told, how sure a name must be, and where."""
from installation import ADMIN
from people import WANTED
from receivers import SECRET, WebhookReceiver
from waiting import wait_until


def put_in(server, lists):
    person, = server.rest.get("/criminals").json["items"]
    changed = server.rest.patch(f"/criminals/{person['id']}", {"watchlists": lists})
    assert changed.status == 200 and changed.json["watchlists"] == lists, changed


def make_list(server, **fields):
    made = server.rest.post("/watchlists", fields)
    assert made.status == 201, made
    return made.json["id"]


def test_lists_choose_channel_severity_and_certainty(enrolled, scene, start_camera, webhook,
                                                     webhook_channel, resources):
    other = WebhookReceiver()
    resources.callback(other.close)
    enrolled.channels = [webhook_channel,
                         {"name": "police", "kind": "webhook", "url": other.url, "secret": SECRET,
                          "allow_private_addresses": True}]
    enrolled.set("recognition", visit_gap_s=1)
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    wanted = make_list(server, name="wanted", channels=["police"], severity="critical",
                       cooldown_s=0)
    strict = make_list(server, name="strict", threshold=1.0, channels=["guards"])
    put_in(server, [strict])
    camera = start_camera("--scene", scene)
    added = server.rest.post("/cameras", {"name": "gate", "url": camera.url})
    assert added.status == 201, added

    wait_until(lambda: server.rest.get("/incidents").json["items"], "a sighting", 60,
               server.explain)
    incident = server.rest.get("/incidents").json["items"][-1]
    assert incident["outcome"] == "possible_match", "nobody is so sure"

    put_in(server, sorted([strict, wanted]))
    wait_until(lambda: other.attempts, "the list's channel is told", 60, server.explain)
    alert = other.attempts[0]["body"]["data"]
    assert alert["person"]["name"] == WANTED and alert["person"]["severity"] == "critical"
    assert webhook.attempts == [], "the strict list never named the person"
    detail = server.rest.get(f"/incidents/{alert['incident_id']}").json
    asked = {one["name"]: one for one in detail["sightings"][-1]["trace"]["watchlists"]}
    assert asked["wanted"]["passed"] and not asked["strict"]["passed"]
    assert server.rest.delete(f"/watchlists/{wanted}").status == 409, "somebody stands in it"

    elsewhere = server.rest.post("/camera-groups", {"name": "elsewhere"}).json["id"]
    far = make_list(server, name="far", camera_groups=[elsewhere])
    put_in(server, [far])
    strangers = server.metric("vigil_outcomes_total", outcome="stranger")
    wait_until(lambda: server.metric("vigil_outcomes_total", outcome="stranger") > strangers,
               "who is looked for elsewhere is a stranger here", 60, server.explain)


def test_enrol_into_a_list(enrolled, people):
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    photo = people.train("madonna")[0]
    refused = enrolled.run("enroll", "Madonna", photo, "--list", "stars")
    assert refused.returncode == 1 and "no watch-list stars" in refused.stderr, refused
    stars = make_list(server, name="stars")
    taken = enrolled.run("enroll", "Madonna", photo, "--list", "stars")
    assert taken.returncode == 0, taken
    found = server.rest.get(f"/criminals?watchlist={stars}").json["items"]
    assert [person["name"] for person in found] == ["Madonna"]
