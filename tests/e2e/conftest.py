"""Fixtures of the end-to-end tests: real binaries and servers on loopback, a folder a test."""
import contextlib
import os
from pathlib import Path

import pytest

from cameras import CAMERA, Camera, make_scene
from installation import ADMIN, Installation, VIGIL
from people import People, WANTED
from receivers import MAIL_PASSWORD, MAIL_USER, MailServer, SECRET, WebhookReceiver

FIGURES = []


def pytest_terminal_summary(terminalreporter):
    if FIGURES:
        terminalreporter.section("figures")
        for line in FIGURES:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def binaries():
    for binary in (VIGIL, CAMERA):
        assert binary.exists(), f"{binary} is missing: run 'make build'"


@pytest.fixture(scope="session")
def figure():
    """Notes a measured figure; all are printed at the end."""
    return FIGURES.append


@pytest.fixture(scope="session")
def models_directory():
    chosen = os.environ.get("VIGIL_MODELS_DIRECTORY")
    return Path(chosen) if chosen else Path.home() / ".cache" / "vigil" / "models"


@pytest.fixture(scope="session")
def people(models_directory):
    folder = models_directory / "demo-people"
    assert folder.exists(), f"{folder} is missing: run 'make setup'"
    return People(folder)


@pytest.fixture(scope="session")
def test_data():
    folder = os.environ.get("VIGIL_TEST_DATA")
    if not folder:
        pytest.skip("VIGIL_TEST_DATA is not set: it names the folder of clips and photos")
    return Path(folder)


@pytest.fixture
def resources():
    """Closed in reverse order when the test ends, however it ends."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def installation(tmp_path, resources):
    """An empty installation."""
    made = Installation(tmp_path / "vigil")
    resources.callback(made.close)
    return made


@pytest.fixture(scope="session")
def enrolled_template(tmp_path_factory, people):
    """An installation with an administrator and the wanted person. Never served: only copied."""
    made = Installation(tmp_path_factory.mktemp("enrolled"))
    token = made.setup_database()
    enrolled = made.run("enroll", WANTED, *people.train(WANTED), "--json")
    assert '"enrolled":true' in enrolled.stdout, enrolled
    server = made.serve()
    try:
        name, password = ADMIN
        done = server.rest.post("/auth/setup", {"token": token, "name": name, "password": password})
        assert done.status == 201, done
        code, _ = server.terminate()
        assert code == 0, server.explain()
    finally:
        server.kill()
    return made


@pytest.fixture
def enrolled(enrolled_template, tmp_path, resources):
    """An own copy of the enrolled installation."""
    made = enrolled_template.copy_to(tmp_path / "vigil")
    resources.callback(made.close)
    return made


@pytest.fixture
def start_camera(tmp_path, resources):
    """Starts a simulated camera with vigil-camera's own options."""
    def start(*arguments):
        camera = Camera(tmp_path / "camera.txt", *arguments)
        resources.callback(camera.kill)
        return camera

    return start


@pytest.fixture
def scene(tmp_path, people):
    """The wanted person alone, by one photo that was not enrolled, again and again."""
    return make_scene(tmp_path / "scene", {WANTED: people.val(WANTED)[:1]})


@pytest.fixture
def webhook(resources):
    receiver = WebhookReceiver()
    resources.callback(receiver.close)
    return receiver


@pytest.fixture
def mail_server(tmp_path, resources):
    server = MailServer(tmp_path)
    resources.callback(server.close)
    return server


@pytest.fixture
def webhook_channel(webhook):
    return {"name": "guards", "kind": "webhook", "url": webhook.url, "secret": SECRET,
            "allow_private_addresses": True}


@pytest.fixture
def mail_channel(mail_server):
    return {"name": "desk", "kind": "email", "smtp_url": mail_server.url, "tls": "starttls",
            "user": MAIL_USER, "password": MAIL_PASSWORD, "from": "Vigil <vigil@example.org>",
            "to": ["guards@example.org"], "ca_file": mail_server.certificate}
