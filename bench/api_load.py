#!/usr/bin/env python3
"""The REST API under load: a million incidents in the database, event streams open, clients at work at the same time.

  bench/api_load.py [--database postgresql] [--incidents 1000000 --streams 200 --clients 8 --seconds 10]

Makes an installation of its own, with SQLite or a PostgreSQL server of its own, and asks it from this machine, whose
cores server and clients share. One line for each kind of request: requests a second, p50 and p99 in milliseconds.
"""
import argparse
import http.client
import pathlib
import socket
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.parse

import figures

sys.path.insert(0, str(figures.CHECKOUT / "tests" / "e2e"))
from installation import ADMIN, Installation
from people import People, WANTED
from postgres import PostgresServer
from rest import Rest, photo_form

STREAMS_OF_ONE_USER = 16  # the most that the API lets one have
# Ids that rise with time, as the real ones do; 500 people seen by 100 cameras over a year.
INCIDENTS = """INSERT INTO incidents SELECT {id}, {person}, 'Person ' || (i % 500), i % 4, 'camera-' || (i % 100), 0,
  CASE WHEN i % 5 = 0 THEN 'possible_match' ELSE 'match' END, CASE WHEN i % 3 = 0 THEN 'open' ELSE 'acknowledged' END,
  NULL, {time}, {time} + 5000, 1, {sighting}, '', NULL FROM {numbers}"""
SIGHTINGS = """INSERT INTO sightings (id, incident_id, camera_id, camera_name, seen_at, track_id, face_count, box_x1, box_y1, box_x2, box_y2,
  frame_width, frame_height, quality, crop_media_id, frame_media_id, outcome, similarity, threshold, stranger_odds, candidates, gallery_sequence,
  gallery_references, gallery_persons, detector, embedder)
  SELECT {sighting}, {id}, 'camera-' || (i % 100), 'Camera', {time}, i, 1, 10, 10, 90, 90, 1920, 1080, 0.8, '', '',
  CASE WHEN i % 5 = 0 THEN 'possible_match' ELSE 'match' END, 0.7, 0.6, 0.001, '[]', 1, 500, 500, 'mtcnn', 'facenet' FROM {numbers}"""


def statements(database, count):
    of = (lambda value: f"lpad(to_hex({value}), 12, '0')") if database == "postgresql" else (lambda value: f"printf('%012x', {value})")
    numbers = f"generate_series(1, {count}) AS g(i)" if database == "postgresql" else \
        f"(WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < {count}) SELECT i FROM g)"
    parts = {"id": f"'01890000-0000-7000-8000-' || {of('i')}", "sighting": f"'01890000-0000-7000-9000-' || {of('i')}",
             "person": f"'01890000-0000-7000-a000-' || {of('i % 500')}", "time": "(1750000000000 + CAST(i AS BIGINT) * 31000)", "numbers": numbers}
    return [INCIDENTS.format(**parts), SIGHTINGS.format(**parts)]


def fill(installation, database, count):
    for statement in statements("sqlite" if database is None else "postgresql", count):
        if database is not None:
            database.query(statement)
            continue
        connection = sqlite3.connect(installation.data / "vigil.db")
        with connection:
            connection.execute(statement)
        connection.close()
    if database is not None:
        database.query("ANALYZE")


def open_streams(server, count):
    """Sockets on which events arrive; nobody reads them, as little is sent."""
    admin = Rest(server.address).login(*ADMIN)
    streams = []
    address = urllib.parse.urlsplit(server.address)
    for first in range(0, count, STREAMS_OF_ONE_USER):
        name = f"watcher-{first}"
        assert admin.post("/users", {"name": name, "password": "a-long-password-1", "role": "operator"}).status == 201
        token = Rest(server.address).login(name, "a-long-password-1").token
        for _ in range(min(STREAMS_OF_ONE_USER, count - first)):
            stream = socket.create_connection((address.hostname, address.port))
            stream.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            answer = stream.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200"), answer
            streams.append(stream)
    return streams


def ask(server, token, request, clients, seconds):
    """(seconds of each answer, all seconds) of `clients` that ask again and again. `request`: number -> (method, path, headers, body)."""
    address = urllib.parse.urlsplit(server.address)
    times, failures = [], []
    start = time.monotonic()

    def client(number):
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        turn = number
        while time.monotonic() < start + seconds:
            method, path, headers, body = request(turn)
            asked = time.monotonic()
            try:
                connection.request(method, "/api/v1" + path, body, {**headers, "Authorization": f"Bearer {token}"})
                answer = connection.getresponse()
                answer.read()
            except OSError as failure:  # a figure without its slowest answers would be wrong
                failures.append(failure)
                return
            times.append(time.monotonic() - asked)
            if answer.status != 200:
                failures.append(answer.status)
            turn += clients

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:5]
    return sorted(times), time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--incidents", type=int, default=1_000_000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10)
    wishes = parser.parse_args()
    people = People(pathlib.Path.home() / ".cache" / "vigil" / "models" / "demo-people")
    with tempfile.TemporaryDirectory() as scratch:
        installation = Installation(pathlib.Path(scratch) / "vigil")
        postgres = PostgresServer() if wishes.database == "postgresql" else None
        database = postgres.database() if postgres else None
        try:
            if database:
                installation.set("database", url=database.url)
            token = installation.setup_database()
            installation.run("enroll", WANTED, *people.train(WANTED))  # some of the photos show several people
            fill(installation, database, wishes.incidents)
            server = installation.serve()
            assert server.rest.post("/auth/setup", {"token": token, "name": ADMIN[0], "password": ADMIN[1]}).status == 201
            measure(server, wishes, people)
        finally:
            installation.close()
            if postgres:
                postgres.close()


def measure(server, wishes, people):
    token = server.rest.login(*ADMIN).token
    streams = open_streams(server, wishes.streams)
    content_type, photo = photo_form(people.val(WANTED)[0].read_bytes())
    middle = f"01890000-0000-7000-8000-{wishes.incidents // 2:012x}"
    person = "01890000-0000-7000-a000-00000000000b"
    lists = {"newest": "/incidents?limit=50", "of one camera": "/incidents?limit=50&camera=camera-7",
             "of one person": f"/incidents?limit=50&person={person}", "possible matches": "/incidents?limit=50&outcome=possible_match",
             "open ones": "/incidents?limit=50&state=open", "of a day long ago": "/incidents?limit=50&from=2025-06-20T00:00:00Z&to=2025-06-21T00:00:00Z",
             "no verdict yet": "/incidents?limit=50&verdict=none", "one": f"/incidents/{middle}"}
    requests = {f"incidents, {name}": (lambda path: lambda turn: ("GET", path, {}, None))(path) for name, path in lists.items()}
    requests["search by image"] = lambda turn: ("POST", "/criminals/search-by-image", {"Content-Type": content_type}, photo)
    for name, request in requests.items():
        times, seconds = ask(server, token, request, wishes.clients, wishes.seconds)
        figures.record({"bench": "api-load", "database": wishes.database, "request": name, "incidents": wishes.incidents, "streams": len(streams),
                        "clients": wishes.clients, "requests_per_s": round(len(times) / seconds, 1), "p50_ms": round(times[len(times) // 2] * 1000, 1),
                        "p99_ms": round(times[int(len(times) * 0.99)] * 1000, 1)})


main()
