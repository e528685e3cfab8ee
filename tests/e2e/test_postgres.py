"""The same installation on PostgreSQL: nothing else changes, and the server may go and come back."""
import time

import pytest

from installation import ADMIN
from people import WANTED
from postgres import PostgresServer
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


def test_a_server_that_is_away_is_named(installation, postgres_server):
    installation.set("database", url="postgresql://vigil@127.0.0.1:1/vigil")
    done = installation.run("setup-database")
    assert done.returncode == 5, done
    assert "127.0.0.1" in done.stderr and "check that the server runs" in done.stderr, done.stderr
