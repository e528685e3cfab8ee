"""The same installation on PostgreSQL: nothing else changes, and the server may go and come back."""
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from installation import ADMIN
from people import WANTED
from postgres import PostgresServer
from postgres_proxy import PostgresProxy
from test_kill import add_camera
from waiting import stays_true, wait_until


@pytest.fixture(scope="module")
def postgres_server():
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def postgres(postgres_server):
    return postgres_server.database()


@pytest.fixture
def on_postgres(installation, postgres, people):
    installation.set("database", url=postgres.url)
    token = installation.setup_database()
    enrolled = installation.run("enroll", WANTED, *people.train(WANTED), "--json")
    assert '"enrolled":true' in enrolled.stdout, enrolled
    installation.token = token
    return installation


def serve(installation):
    server = installation.serve()
    if installation.token:
        name, password = ADMIN
        done = server.rest.post("/auth/setup", {"token": installation.token, "name": name, "password": password})
        assert done.status == 201, done
        installation.token = None
    server.rest.login(*ADMIN)
    return server


def test_a_person_is_recognised_and_told(on_postgres, postgres, scene, start_camera, webhook, webhook_channel):
    on_postgres.channels = [webhook_channel]
    server = serve(on_postgres)
    add_camera(server, "gate", start_camera("--scene", scene).url)
    wait_until(lambda: webhook.accepted, "the alert arrives", 60, server.explain)
    incidents = server.rest.get("/incidents").json["items"]
    assert [incident["person_name"] for incident in incidents] == [WANTED]
    wait_until(lambda: postgres.query("SELECT state FROM outbox") == [["sent"]], "the delivery is recorded", 20)
    assert server.terminate()[0] == 0, server.explain()
    checked = on_postgres.run("doctor")
    assert "is sound, schema" in checked.stdout + checked.stderr, checked
    assert not (on_postgres.data / "vigil.db").exists()


def test_the_server_goes_and_comes_back(on_postgres, postgres, postgres_server, scene, start_camera, webhook,
                                        webhook_channel, figure):
    on_postgres.channels = [webhook_channel]
    server = serve(on_postgres)
    postgres_server.stop()
    try:
        # A camera is added when it can be: until then the answer is a 503 that says when to ask again.
        started = time.monotonic()
        refused = server.rest.get("/incidents")
        assert refused.status == 503, refused
        assert time.monotonic() - started < 10
        assert server.alive
    finally:
        postgres_server.start()
    back = time.monotonic()
    wait_until(lambda: server.rest.get("/incidents").status == 200, "the database is found again", 30, server.explain)
    figure(f"PostgreSQL back after {time.monotonic() - back:.1f} s")
    add_camera(server, "gate", start_camera("--scene", scene).url)
    wait_until(lambda: webhook.accepted, "the alert arrives", 60, server.explain)
    postgres_server.stop()
    assert stays_true(lambda: server.alive, 3), server.explain()
    postgres_server.start()
    wait_until(lambda: server.rest.get("/incidents").status == 200, "the database is found again", 30, server.explain)
    told = {row[0] for row in postgres.query("SELECT id FROM outbox")}
    wait_until(lambda: {a["id"] for a in webhook.accepted} >= told, "what was stored is told", 60, server.explain)
    assert server.terminate()[0] == 0, server.explain()


@pytest.fixture
def behind_proxy(on_postgres, postgres, postgres_server, resources):
    """The installation reaches its server through a socket that can misbehave."""
    folder = Path(tempfile.mkdtemp(prefix="vp-"))
    proxy = PostgresProxy(folder, postgres_server.folder)
    resources.callback(shutil.rmtree, folder)
    resources.callback(proxy.close)
    on_postgres.set("database", url=postgres.url_at(folder))
    return proxy


def spooled(server):
    return server.metric("vigil_queue_depth", queue="spool")


@pytest.mark.parametrize("how", ["refuse", "stall", "slow"])
def test_alerts_go_on_while_the_server_is_away(on_postgres, postgres, behind_proxy, how, scene, start_camera, webhook,
                                               webhook_channel, figure):
    on_postgres.channels = [webhook_channel]
    on_postgres.set("recognition", visit_gap_s=1).set("alerts", cooldown_s=1)
    server = serve(on_postgres)
    add_camera(server, "gate", start_camera("--scene", scene).url)
    wait_until(lambda: webhook.accepted, "an alert arrives", 60, server.explain)
    behind_proxy.behave(how)
    wait_until(lambda: spooled(server) > 0, "something waits in the spool", 90, server.explain)
    before = len(webhook.accepted)
    away = time.monotonic()
    wait_until(lambda: len(webhook.accepted) >= before + 2, "alerts go on", 90, server.explain)
    assert spooled(server) > 0
    behind_proxy.behave("pass")
    back = time.monotonic()
    wait_until(lambda: spooled(server) == 0, "nothing waits any more", 90, server.explain)
    figure(f"PostgreSQL {how}: two alerts within {back - away:.1f} s, all stored {time.monotonic() - back:.1f} s after it was back")
    assert server.terminate()[0] == 0, server.explain()
    alerts = {alert["id"] for alert in webhook.accepted}
    assert len(webhook.accepted) == len(alerts), "each once"
    assert {row[0] for row in postgres.query("SELECT id FROM outbox WHERE state = 'sent'")} == alerts
    assert postgres.query("SELECT SUM(sighting_count) FROM incidents") == postgres.query("SELECT COUNT(*) FROM sightings")


def test_what_waits_survives_kill_9(on_postgres, postgres, behind_proxy, scene, start_camera, webhook, webhook_channel):
    on_postgres.channels = [webhook_channel]
    on_postgres.extra_toml = f'[[cameras]]\nname = "gate"\nurl = "{start_camera("--scene", scene).url}"\n'
    webhook.behave("refuse")
    server = on_postgres.serve()
    behind_proxy.behave("refuse")
    wait_until(lambda: webhook.attempts, "an alert is tried", 90, server.explain)
    wait_until(lambda: spooled(server) > 0, "something waits in the spool", 30, server.explain)
    server.kill()
    on_postgres.extra_toml = ""  # nobody can be seen again
    behind_proxy.behave("pass")
    webhook.behave("accept")
    server = on_postgres.serve()
    wait_until(lambda: webhook.accepted, "the alert arrives after all", 60, server.explain)
    wait_until(lambda: postgres.query("SELECT state FROM outbox") == [["sent"]], "the delivery is recorded", 20)
    assert {alert["id"] for alert in webhook.attempts} == {webhook.accepted[0]["id"]}
    assert postgres.query("SELECT COUNT(*) FROM incidents") == [["1"]]
    assert postgres.query("SELECT SUM(sighting_count) FROM incidents") == postgres.query("SELECT COUNT(*) FROM sightings")


def test_a_server_that_is_away_is_named(installation, postgres_server):
    installation.set("database", url="postgresql://vigil@127.0.0.1:1/vigil")
    done = installation.run("setup-database")
    assert done.returncode == 5, done
    assert "127.0.0.1" in done.stderr and "check that the server runs" in done.stderr, done.stderr
