#!/usr/bin/env python3
"""PostgreSQL goes away under load: what is alerted meanwhile, what is lost, how long the rest takes to arrive.

  bench/postgres_away.py [--how stopped killed refusing stalled slow] [--seconds 600] [--cameras 4]

Each way has an installation and a PostgreSQL server of its own. The cameras show people who are enrolled, again and
again; every visit of a second alerts. One JSON line each: alerts before, during and after with the seconds from the
frame to the receiver, rows that are missing or doubled, and the time from the server's return until nothing waits.
"""
import argparse
import contextlib
import pathlib
import statistics
import sys
import tempfile
import time

import figures

sys.path.insert(0, str(figures.CHECKOUT / "tests" / "e2e"))
from cameras import Camera, make_scene
from installation import ADMIN, Installation
from people import People
from postgres import PostgresServer
from postgres_proxy import PostgresProxy
from receivers import SECRET, WebhookReceiver
from waiting import wait_until

BEFORE_S = 30


def goes(how, postgres, proxy):
    if how in ("stopped", "killed"):
        postgres.stop("fast" if how == "stopped" else "immediate")
    else:
        proxy.behave({"refusing": "refuse", "stalled": "stall", "slow": "slow"}[how])


def comes(how, postgres, proxy):
    if how in ("stopped", "killed"):
        postgres.start()
    else:
        proxy.behave("pass")


def since_event(alerts):
    """Median and longest seconds from the frame to the receiver."""
    seconds = [alert["at"] - frame_time(alert["body"]["data"]["event_time"]) for alert in alerts]
    return {"n": len(seconds), "p50_s": round(statistics.median(seconds), 2), "max_s": round(max(seconds), 2)} if seconds else {"n": 0}


def frame_time(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    return time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(f"0.{fraction or 0}")


def start(folder, people, postgres, cameras, stack):
    """The server, its webhook, its database and the proxy before it."""
    webhook = WebhookReceiver()
    stack.callback(webhook.close)
    proxy = PostgresProxy(folder / "s", postgres.folder)
    stack.callback(proxy.close)
    database = postgres.database()
    installation = Installation(folder / "vigil").set("database", url=database.url_at(folder / "s"))
    installation.set("recognition", visit_gap_s=1).set("alerts", cooldown_s=1)
    installation.channels = [{"name": "guards", "kind": "webhook", "url": webhook.url, "secret": SECRET, "allow_private_addresses": True}]
    token = installation.setup_database()
    names = people.names()[:cameras]
    for name in names:
        installation.run("enroll", name, *people.train(name))
    server = installation.serve()
    stack.callback(installation.close)
    assert server.rest.post("/auth/setup", {"token": token, "name": ADMIN[0], "password": ADMIN[1]}).status == 201
    server.rest.login(*ADMIN)
    for number, name in enumerate(names):
        scene = make_scene(folder / f"scene-{number}", {name: people.val(name)[:1]})
        camera = Camera(folder / f"camera-{number}.txt", "--scene", scene, "--fps", "10", "--seed", number)
        stack.callback(camera.kill)
        assert server.rest.post("/cameras", {"name": name, "url": camera.url}).status == 201
    wait_until(lambda: webhook.accepted, "the first alert arrives", 120, server.explain)
    return server, webhook, database, proxy


def measure(how, seconds, cameras, people):
    with tempfile.TemporaryDirectory(prefix="va-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        postgres = PostgresServer()
        stack.callback(postgres.close)
        server, webhook, database, proxy = start(folder, people, postgres, cameras, stack)
        waiting = lambda: server.metric("vigil_queue_depth", queue="spool")
        time.sleep(BEFORE_S)
        gone_at = time.time()
        goes(how, postgres, proxy)
        most = 0
        while time.time() < gone_at + seconds:
            time.sleep(1)
            most = max(most, waiting())
        back_at = time.time()
        comes(how, postgres, proxy)
        server_back_at = time.time()
        wait_until(lambda: waiting() == 0, "nothing waits", 600, server.explain)
        drained_at = time.time()
        time.sleep(10)
        server.terminate()
        accepted = webhook.accepted
        ids = [alert["id"] for alert in accepted]
        stored = {row[0]: row[1] for row in database.query("SELECT id, state FROM outbox")}
        count = lambda table: int(database.query(f"SELECT COUNT(*) FROM {table}")[0][0])
        lines = server.messages + server.installation.log_tail()
        figures.record({
            "bench": "postgres_away", "how": how, "away_s": seconds, "cameras": cameras,
            "before": since_event([a for a in accepted if a["at"] < gone_at]),
            "during": since_event([a for a in accepted if gone_at <= a["at"] < back_at]),
            "after": since_event([a for a in accepted if a["at"] >= back_at]),
            "records_waiting_max": int(most), "drained_s": round(drained_at - server_back_at, 1),
            "alerts_doubled": len(ids) - len(set(ids)),
            "alerts_sent_but_not_stored": len(set(ids) - {i for i, state in stored.items() if state == "sent"}),
            "alerts_stored_but_not_sent": len(set(stored) - set(ids)),
            "incidents": count("incidents"), "sightings": count("sightings"), "detections": count("detections"),
            "sightings_not_counted": count("sightings") - int(database.query("SELECT SUM(sighting_count) FROM incidents")[0][0]),
            "lost": lines.count("was not stored") + lines.count("could not be stored"),
        }, "postgres_away.jsonl")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--how", nargs="+", default=["stopped", "killed", "refusing", "stalled", "slow"])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--models", type=pathlib.Path, default=pathlib.Path.home() / ".cache" / "vigil" / "models")
    options = parser.parse_args()
    for how in options.how:
        measure(how, options.seconds, options.cameras, People(options.models / "demo-people"))


if __name__ == "__main__":
    main()
