"""Nothing that must be sealed lies anywhere in plain: not in database, pictures, saved gallery, logs or backup."""
import struct

import numpy
import pytest

from installation import ADMIN
from people import STRANGER, WANTED
from postgres import PostgresServer
from receivers import SECRET
from waiting import wait_until

CAMERA_PASSWORD = "canary-of-a-camera-4711"
GATEWAY_KEY = "canary-of-a-gateway-4712"
PIECE = 24  # bytes; by chance no other file holds so many
NUMBERS = 128  # of an embedding


def pieces(content):
    """Some bytes from all over a picture, none of them ordinary (tables, one colour)."""
    every = max(1, len(content) // 64)
    found = {content[at:at + PIECE] for at in range(len(content) // 8, len(content) - PIECE, every)}
    return {piece for piece in found if len(set(piece)) > PIECE // 2}


def holds_embedding(content):
    """Whether some 128 numbers in a row have length 1, as embeddings have and nothing else does."""
    for shift in range(4):
        with numpy.errstate(invalid="ignore"):
            numbers = numpy.frombuffer(content[shift:len(content) - (len(content) - shift) % 4], "<f4").astype(float)
        if len(numbers) < NUMBERS:
            continue
        size = numpy.abs(numbers)
        ordinary = (size > 1e-4) & (size < 0.6)  # false for what is no number
        numbers[~ordinary] = 0
        total = numpy.concatenate([[0], numpy.cumsum(numbers * numbers)])
        many = numpy.concatenate([[0], numpy.cumsum(ordinary)])
        length = total[NUMBERS:] - total[:-NUMBERS]
        if numpy.any((numpy.abs(length - 1) < 1e-3) & (many[NUMBERS:] - many[:-NUMBERS] > NUMBERS * 0.9)):
            return True
    return False


def found_plain(files, secrets, pictures):
    """(file, what) for everything that is not sealed."""
    found = []
    for file in files:
        try:
            content = file.read_bytes()
        except FileNotFoundError:  # a server at work renames its files
            continue
        if file.name != "vigil.toml":  # the administrator's own
            found += [(file, f"secret {name}") for name, secret in secrets.items()
                      if secret in content and not (name == "key" and file.name == "vigil.key")]
        found += [(file, f"picture {name}") for name, canaries in pictures.items() if any(piece in content for piece in canaries)]
        if b"JFIF" in content or b"\xff\xd8\xff\xe0" in content and b"\xff\xd9" in content:
            found.append((file, "some JPEG"))
        if holds_embedding(content):
            found.append((file, "an embedding"))
    return found


def files_of(*folders):
    return [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink()]


def test_the_search_finds_what_lies_in_plain(tmp_path, people):
    photo = people.train(WANTED)[0].read_bytes()
    direction = numpy.random.default_rng(1).normal(size=NUMBERS)
    embedding = (direction / numpy.linalg.norm(direction)).astype("<f4").tobytes()
    noise = numpy.random.default_rng(2).bytes(100_000)
    (tmp_path / "noise").write_bytes(noise + struct.pack("<f", 1.0) + bytes(1000))
    (tmp_path / "face").write_bytes(noise[:12_345] + embedding + noise)
    (tmp_path / "picture").write_bytes(noise + photo[1000:-1000] + noise)
    (tmp_path / "secret").write_bytes(noise + CAMERA_PASSWORD.encode())
    found = found_plain(files_of(tmp_path), {"camera": CAMERA_PASSWORD.encode()}, {"photo": pieces(photo)})
    assert {(file.name, what) for file, what in found} == {
        ("face", "an embedding"), ("picture", "picture photo"), ("secret", "secret camera")}


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, installation, resources):
    """An installation, the folders of its database, and the server of that, if there is one."""
    if request.param == "sqlite":
        return installation, [], None
    server = PostgresServer()
    resources.callback(server.close)
    installation.set("database", url=server.database().url)
    return installation, [server.folder], server


def test_nothing_lies_in_plain(place, people, scene, start_camera, webhook, mail_channel, figure):
    installation, folders, postgres = place
    installation.channels = [mail_channel]
    installation.set("logs", level="debug")
    token = installation.setup_database()
    server = installation.serve()
    name, password = ADMIN
    assert server.rest.post("/auth/setup", {"token": token, "name": name, "password": password}).status == 201
    tokens = server.rest.post("/auth/login", {"name": name, "password": password}).json
    server.rest.login(name, password)
    for channel in ({"name": "guards", "kind": "webhook", "settings": {"url": webhook.url, "secret": SECRET, "allow_private_addresses": True}},
                    {"name": "gateway", "kind": "http", "settings": {"url": "https://192.0.2.9/sms", "secret": GATEWAY_KEY,
                                                                     "headers": {"Authorization": "Bearer {{secret}}"}, "body": "{}"}}):
        done = server.rest.post("/channels", channel)
        assert done.status == 201, done

    pictures = {}
    person = server.rest.post("/criminals", {"name": WANTED}).json["id"]
    for photo in people.train(WANTED)[:4]:
        content = photo.read_bytes()
        if server.rest.upload_photo(person, content).status == 201:
            pictures[f"enrolled {photo.name}"] = pieces(content)
    searched = people.val(STRANGER)[0].read_bytes()
    assert server.rest.search(searched).status == 200
    pictures["searched"] = pieces(searched)
    assert server.rest.post("/cameras", {"name": "far", "url": f"rtsp://spy:{CAMERA_PASSWORD}@127.0.0.1:9/live"}).status == 201
    assert server.rest.post("/cameras", {"name": "gate", "url": start_camera("--scene", scene).url}).status == 201
    wait_until(lambda: webhook.attempts, "the webhook is called", 60, server.explain)
    incident = server.rest.get("/incidents").json["items"][0]["id"]
    for kind in ("crop", "frame"):
        answer = server.rest.get(f"/incidents/{incident}/media/{kind}")
        assert answer.status == 200, answer
        pictures[kind] = pieces(answer.body)
    backup = installation.folder / "backup"
    assert installation.run("backup", backup).returncode == 0

    secrets = {"password": password, "camera": CAMERA_PASSWORD, "gateway": GATEWAY_KEY, "webhook": SECRET,
               "webhook key": SECRET.removeprefix("whsec_"), "mail": mail_channel["password"], "setup": token,
               "access": tokens["access_token"], "refresh": tokens["refresh_token"],
               "key": (installation.data / "vigil.key").read_text().strip()}
    secrets = {name: secret.encode() for name, secret in secrets.items()}
    looked_at = lambda: files_of(installation.folder, *folders)
    running = found_plain(looked_at(), secrets, pictures)
    assert server.terminate()[0] == 0, server.explain()  # the gallery is saved with the end
    if postgres:
        server = installation.serve()
        postgres.stop()
        wait_until(lambda: server.metric("vigil_queue_depth", queue="spool") > 0, "something is spooled", 60, server.explain)
        assert server.terminate()[0] == 0, server.explain()
        secrets["name"] = WANTED.encode()  # sealed in the spool alone
        assert found_plain([installation.data / "spool"], secrets, pictures) == []
        del secrets["name"]
    files = looked_at()
    assert any("gallery" in file.parts for file in files) and any("logs" in file.parts for file in files)
    assert running == [] and found_plain(files, secrets, pictures) == []
    canaries = len(secrets) + sum(map(len, pictures.values()))
    figure(f"{canaries} canaries sought in {len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.0f} MB: 0 in plain")
