"""The demo ends by itself and passes its own verdict."""
import json
import subprocess

from installation import VIGIL

SECONDS = 75


def test_the_headless_demo_passes(tmp_path, figure):
    command = [VIGIL, "demo", "--headless", "--seconds", str(SECONDS), "--port", "0", "--json"]
    done = subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=SECONDS + 90)
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
    summary = json.loads(done.stdout.strip().splitlines()[-1])
    figure(f"demo: {json.dumps(summary)[:300]}")
    assert list(tmp_path.iterdir()) == [], "the demo leaves nothing behind where it was started"
