"""The audit log of the real program: recorded, chained, written down, and verified from the command line."""

import hashlib
import json
import sqlite3


def verify(installation, *arguments):
    done = installation.run("audit", "verify", "--json", *arguments)
    return done.returncode, json.loads(done.stdout)


def change(installation, sql, *values):
    with sqlite3.connect(installation.data / "vigil.db") as database:
        database.execute(sql, values)
    database.close()


def test_a_changed_and_a_cut_log_are_found(installation, tmp_path):
    server = installation.serve()
    for name in ("ada", "jan", "ole"):
        assert installation.run("users", "add", name).returncode == 0
    code, verdict = verify(installation)
    assert (code, verdict["intact"], verdict["rows"]) == (0, True, 3)
    server.terminate()
    heads = installation.data / "audit-heads.jsonl"
    kept = tmp_path / "kept-elsewhere.jsonl"
    kept.write_bytes(heads.read_bytes())
    assert heads.stat().st_mode & 0o777 == 0o600
    assert json.loads(heads.read_text().splitlines()[-1])["sequence"] == 4, "3 users, 1 verification"

    with sqlite3.connect(installation.data / "vigil.db") as database:
        rows = database.execute(
            "SELECT sequence, id, at, user_id, user_name, action, object_id, detail, hash "
            "FROM audit_log ORDER BY sequence").fetchall()
        before = "0" * 64
        for *content, stored in rows:
            text = json.dumps([before, *content], separators=(",", ":"), ensure_ascii=False)
            before = hashlib.sha256(text.encode()).hexdigest()
            assert before == stored, "the rule that the schema and the manual tell"

    change(installation, "UPDATE audit_log SET object_id = 'x' WHERE sequence = 2")
    code, verdict = verify(installation)
    assert code == 1 and verdict["fault"]["sequence"] == 2
    said = installation.run("audit", "verify")
    assert said.returncode == 1 and "WRONG from row 2 on" in said.stdout
    change(installation, "UPDATE audit_log SET object_id = ? WHERE sequence = 2", rows[1][6])
    assert verify(installation)[0] == 0

    # The log as an empty database has it, put back with the head of then; the written one remembers.
    change(installation, "DELETE FROM audit_log")
    heads.unlink()
    code, verdict = verify(installation, "--heads", str(kept))
    assert code == 1 and verdict["fault"]["sequence"] == 1
    unreadable = installation.run("audit", "verify", "--heads", str(tmp_path / "none"))
    assert unreadable.returncode == 4
