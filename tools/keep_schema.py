#!/usr/bin/env python3
"""Keeps a copy of the newest schema with a few invented rows, for the tests of upgrades: tests/kept_schemas/NNNN.sql.

Run it once when a migration was added. A copy that is kept is never written anew: it is what a version of then left
behind, whatever becomes of the migrations. Both engines read the copies.
"""
import pathlib
import re
import sqlite3
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
KEPT = ROOT / "tests" / "kept_schemas"

# The rows that come with a schema, beside those of the schemas before it. Sealed columns hold any bytes.
ROWS = {
    1: """
INSERT INTO persons VALUES ('p1', 'Ada', 'fraud', 'guest', 2, 'tall; it''s "A"', NULL, 1, 1000, 2000);
INSERT INTO photos VALUES ('f1', 'p1', 'm1', 'image/jpeg', 640, 480, 1, 2, 60.5, 70, 0.9,
                           '[[1,1],[2,2],[3,3],[4,4],[5,5]]', 0.8, 1000);
INSERT INTO reference_embeddings VALUES ('r1', 'p1', 'f1', 'space', 'facenet', 'hash', 'plain', 128, CAST('abc' AS BLOB),
                                         0.8, 1000);
UPDATE gallery_counter SET sequence = 1;
INSERT INTO gallery_log VALUES (1, 'r1');
INSERT INTO camera_groups VALUES ('g1', 'entrance', 1000);
INSERT INTO cameras VALUES ('c1', 'gate', CAST('sealed' AS BLOB), 'g1', 1, NULL, 40, 1000, 2000);
INSERT INTO detections VALUES ('d1', 'c1', 3000, 7, 1, 2, 60, 70, 0.9, 0.8, 'match', '', 'p1', 0.71, 0.5, '');
INSERT INTO incidents VALUES ('i1', 'p1', 'Ada', 2, 'g1', 0, 'match', 'acknowledged', 2, 3000, 4000, 1, 's1',
                              'anna', 5000);
INSERT INTO sightings VALUES ('s1', 'i1', 'c1', 'gate', 3000, 7, 1, 1, 2, 60, 70, 640, 480, 0.8, '', '', 'match',
                              0.71, 0.5, 0.001, '[{"person_id":"p1","reference_id":"r1","similarity":0.71}]', 1, 1,
                              1, 'mtcnn:abc:f32', 'facenet:def:f32');
INSERT INTO cooldowns VALUES ('p1', 'g1', 'desk', 3000, 2, 0.71, 0);
INSERT INTO outbox VALUES ('a1', 'desk', 'i1', '{}', 'sent', 1, 3000, 3000);
INSERT INTO deliveries VALUES ('y1', 'a1', 3100, 'sent', 'HTTP 204');
INSERT INTO users VALUES ('u1', 'anna', 'hash', 'admin', 1, 3, 1000);
INSERT INTO sessions VALUES ('e1', 'u1', 'refresh', 99000, 0, 1000);
INSERT INTO spent_refresh_tokens VALUES ('spent', 'e1');
INSERT INTO setup_tokens VALUES ('token', 99000);
INSERT INTO audit_log VALUES ('l1', 1000, 'u1', 'anna', 'person.create', 'p1', '{}');
""",
    3: """
UPDATE event_counter SET sequence = 2;
INSERT INTO events VALUES (2, 5000, 'incident.verdict', '{"incident_id":"i1"}');
INSERT INTO labels VALUES (2, 'i1', 'confirmed', 'seen', 'anna', 5000);
""",
    5: """
INSERT INTO watchlists VALUES ('w1', 'night', 0.1, NULL, NULL, '[]', 60, '{}', '[]', '[]', 1000, 1000);
INSERT INTO watchlist_members VALUES ('p1', 'w1');
""",
    6: """
INSERT INTO channels VALUES ('h1', 'phone', 'http', CAST('z' AS BLOB), 0, NULL, 1, 1000, 1000);
INSERT INTO channel_tests VALUES ('t1', 'phone', 2000, 'anna', 1, 'HTTP 204');
""",
    13: """
INSERT INTO model_switches VALUES ('k1', 'facenet-512', 'space2', 0, 'cancelled', 'anna', 1000, 2000);
INSERT INTO unembedded_photos VALUES ('space2', 'f1', 'no face was found', 1500);
""",
}


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        # Not a hexadecimal literal: PostgreSQL reads that as bits.
        return f"CAST('{value.decode('ascii')}' AS BLOB)"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def dump(database, version):
    lines = [f"-- What a Vigil of schema {version} left behind; the rows are invented. Written by tools/keep_schema.py,",
             "-- never changed since."]
    found = database.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    for kind, name, sql in found:
        if kind != "table":
            continue
        lines.append(re.sub(r"\s+", " ", sql) + ";")
        for row in database.execute(f"SELECT * FROM {name}"):
            lines.append(f"INSERT INTO {name} VALUES ({', '.join(map(literal, row))});")
    lines += [re.sub(r"\s+", " ", sql) + ";" for kind, _, sql in found if kind == "index"]
    return "\n".join(lines) + "\n"


def main():
    KEPT.mkdir(exist_ok=True)
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
                     "applied_at INTEGER NOT NULL)")
    for migration in sorted((ROOT / "migrations").glob("*.sql")):
        version = int(migration.name[:4])
        database.executescript(re.sub(r"--.*", "", migration.read_text()))
        database.execute("INSERT INTO schema_version VALUES (?, ?, 1000)", (version, migration.name))
        database.executescript(ROWS.get(version, ""))
        file = KEPT / f"{version:04}.sql"
        if not file.exists():
            file.write_text(dump(database, version))
            print(file.relative_to(ROOT), file=sys.stderr)


if __name__ == "__main__":
    main()
