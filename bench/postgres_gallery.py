#!/usr/bin/env python3
"""How fast a gallery comes out of PostgreSQL: until all references are searched, against a plain COPY of the same bytes.

  bench/postgres_gallery.py [--references 1000000]

Makes an installation and a PostgreSQL server of its own, enrols one person, and as many others whose embeddings are
random, sealed as Vigil seals them. One JSON line: seconds of COPY into a file, of a start without a saved gallery and
of a start with one, and of a start with an almost empty gallery, which shows what the program itself takes.
"""
import argparse
import hashlib
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import figures

sys.path.insert(0, str(figures.CHECKOUT / "tests"))
sys.path.insert(0, str(figures.CHECKOUT / "tests" / "e2e"))
import postgres_server
from installation import Installation
from people import WANTED, People
from postgres import PostgresServer
from waiting import wait_until

MASK = 0xFFFFFFFF


def hchacha20(key, nonce):
    """The subkey of XChaCha20 for the first 16 bytes of a nonce (draft-irtf-cfrg-xchacha, 2.2)."""
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for first, second, third, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[first] = (state[first] + state[second]) & MASK
            mixed = state[third] ^ state[first]
            state[third] = ((mixed << turn) | (mixed >> (32 - turn))) & MASK

    for _ in range(10):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for diagonal in range(4):
            quarter(diagonal, (diagonal + 1) % 4 + 4, (diagonal + 2) % 4 + 8, (diagonal + 3) % 4 + 12)
    return struct.pack("<8I", *state[:4], *state[12:])


class Sealer:
    """Seals as src/base/seal.h tells; all nonces share their first 16 bytes, so that one subkey serves."""

    def __init__(self, key):
        self._prefix = random.randbytes(16)
        self._head = b"\1" + hashlib.sha256(key).digest()[:4] + self._prefix
        self._cipher = ChaCha20Poly1305(hchacha20(key, self._prefix))
        self._count = 0

    def seal(self, plain, context):
        self._count += 1
        rest = struct.pack("<Q", self._count)
        return self._head + rest + self._cipher.encrypt(bytes(4) + rest, plain, context.encode())


def psql(server, database, *arguments, **options):
    return subprocess.run([postgres_server.program("psql"), "-h", server.folder, "-U", "vigil", "-q", "-v", "ON_ERROR_STOP=1", *arguments, database],
                          check=True, **options)


def columns_of(database, table):
    rows = database.query(f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position")
    return [row[0] for row in rows]


def repeat_row(database, table, count, replaced):
    """`count` rows like the first one, but for what `replaced` says of i."""
    columns = columns_of(database, table)
    values = ", ".join(replaced.get(column, f"o.{column}") for column in columns)
    database.query(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM (SELECT * FROM {table} LIMIT 1) AS o, generate_series(1, {count}) AS i")


def fill(server, database, name, key, count):
    repeat_row(database, "persons", count, {"id": "'person-' || i", "name": "'Person ' || i"})
    repeat_row(database, "photos", count, {"id": "'photo-' || i", "person_id": "'person-' || i", "fingerprint": "''"})
    columns = columns_of(database, "reference_embeddings")
    first = dict(zip(columns, database.query("SELECT * FROM reference_embeddings LIMIT 1")[0]))
    dimension = int(first["dimension"])
    sealer = Sealer(key)
    copy = subprocess.Popen([postgres_server.program("psql"), "-h", server.folder, "-U", "vigil", "-q", "-c",
                             f"COPY reference_embeddings ({', '.join(columns)}) FROM STDIN", name], stdin=subprocess.PIPE)
    for i in range(1, count + 1):
        numbers = [random.gauss(0, 1) for _ in range(dimension)]
        length = sum(number * number for number in numbers) ** 0.5
        plain = struct.pack(f"<{dimension}f", *(number / length for number in numbers))
        row = dict(first, id=f"reference-{i}", person_id=f"person-{i}", photo_id=f"photo-{i}",
                   embedding="\\\\x" + sealer.seal(plain, f"reference_embeddings:reference-{i}:embedding").hex())
        copy.stdin.write(("\t".join(row[column] for column in columns) + "\n").encode())
    copy.stdin.close()
    assert copy.wait() == 0
    database.query("ANALYZE")
    return dimension


def copy_seconds(server, name, file):
    started = time.monotonic()
    with open(file, "wb") as out:
        psql(server, name, "-c", "COPY (SELECT id, person_id, dimension, embedding FROM reference_embeddings) TO STDOUT (FORMAT binary)", stdout=out)
    return time.monotonic() - started, file.stat().st_size


def start_seconds(installation, references):
    """From the process's start until `references` are searched."""
    started = time.monotonic()
    server = installation.serve()
    wait_until(lambda: server.metric("vigil_gallery_references") >= references, "all are searched", 600, server.explain)
    seconds = time.monotonic() - started
    # The next start reads what this one saves.
    wait_until(lambda: server.metric("vigil_gallery_saved_sequence") > 0, "the gallery is saved", 120, server.explain)
    assert server.terminate(120)[0] == 0, server.explain()
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=int, default=1_000_000)
    parser.add_argument("--models", type=pathlib.Path, default=pathlib.Path.home() / ".cache" / "vigil" / "models")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vg-") as folder:
        folder = pathlib.Path(folder)
        server = PostgresServer()
        try:
            database = server.database()
            name = database.query("SELECT current_database()")[0][0]
            installation = Installation(folder / "vigil").set("database", url=database.url)
            installation.setup_database()
            done = installation.run("enroll", WANTED, *People(options.models / "demo-people").train(WANTED)[:1])
            assert done.returncode == 0, done
            empty = start_seconds(installation, 1)
            key = bytes.fromhex((installation.data / "vigil.key").read_text().strip())
            dimension = fill(server, database, name, key, options.references)
            shutil.rmtree(installation.data / "gallery")
            copies = [copy_seconds(server, name, folder / "copy") for _ in range(3)]
            figures.record({"bench": "postgres_gallery", "references": options.references, "dimension": dimension, "bytes": copies[0][1],
                            "copy_s": round(sorted(copies)[1][0], 2), "start_empty_s": round(empty, 2),
                            "start_from_database_s": round(start_seconds(installation, options.references + 1), 2),
                            "start_from_saved_s": round(start_seconds(installation, options.references + 1), 2)}, "postgres_gallery.jsonl")
        finally:
            server.close()


if __name__ == "__main__":
    main()
