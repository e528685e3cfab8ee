"""Channels that come and go while vigil runs, made by the API alone."""
import http.server
import json
import threading
import urllib.parse
from pathlib import Path

import pytest

from installation import ADMIN, CHECKOUT
from people import WANTED
from waiting import stays_true, wait_until


class SmsGateway:
    """Takes a form with a key and sends no SMS; after fail() it is out of order."""

    def __init__(self, key):
        self.messages = []
        self.refusals = 0
        self._fails = False
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if gateway._fails:
                    gateway.refusals += 1
                    return self.answer(503, b"out of order")
                if self.headers["Authorization"] != f"Bearer {key}":
                    return self.answer(401, b"wrong key")
                gateway.messages.append(dict(urllib.parse.parse_qsl(form, strict_parsing=True)))
                return self.answer(202, b"queued")

            def answer(self, status, text):
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/send"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def fail(self, fails=True):
        self._fails = fails

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def gateway(resources):
    made = SmsGateway("the-api-key-of-the-gateway")
    resources.callback(made.close)
    return made


def sms_channel(gateway):
    """The documentation's example, pointed at the gateway of this test."""
    channel = json.loads((Path(CHECKOUT) / "config/channels/sms-gateway.json").read_text())
    channel["settings"] |= {"url": gateway.url, "allow_private_addresses": True}
    return channel


def channels(server):
    return {channel["name"]: channel for channel in server.rest.get("/channels").json["items"]}


def test_an_sms_gateway_is_added_by_configuration_alone(enrolled, scene, start_camera, gateway,
                                                        webhook, webhook_channel):
    enrolled.channels = [webhook_channel]
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    made = server.rest.post("/channels", sms_channel(gateway))
    assert made.status == 201 and b"the-api-key" not in made.body, made
    tested = server.rest.post(f"/channels/{made.json['id']}/test")
    assert tested.json["delivered"] and tested.json["answer"] == "HTTP 202", tested
    assert gateway.messages[0]["text"].startswith("Test: ")

    server.rest.post("/cameras", {"name": "gate", "url": start_camera("--scene", scene).url})
    wait_until(lambda: len(gateway.messages) >= 2, "the SMS of the match", 60, server.explain)
    assert gateway.messages[1]["text"].startswith(f"Looks like {WANTED} at gate")
    assert gateway.messages[1]["to"] == "+491700000000"
    wait_until(lambda: webhook.accepted, "the channel of the file works beside it", 30)
    alerts = server.rest.get("/alerts?channel=sms&state=sent").json["items"]
    assert [attempt["answer"] for attempt in alerts[0]["attempts"]] == ["HTTP 202"]

    known = channels(server)
    assert known["guards"]["from_file"] and not known["sms"]["from_file"]
    refused = server.rest.delete(f"/channels/{known['guards']['id']}")
    assert refused.status == 409 and "vigil.toml" in refused.json["detail"], refused
    assert server.rest.delete(f"/channels/{made.json['id']}").status == 204
    assert list(channels(server)) == ["guards"]


def test_a_failing_channel_is_reported_and_drained(enrolled, scene, start_camera, gateway):
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    made = server.rest.post("/channels", sms_channel(gateway)).json
    gateway.fail()
    server.rest.post("/cameras", {"name": "gate", "url": start_camera("--scene", scene).url})
    state = wait_until(lambda: channels(server)["sms"]["state"]["failing_since"] and
                       channels(server)["sms"]["state"], "the failure is shown", 60, server.explain)
    assert state["last_error"].endswith("HTTP 503") and state["waiting"] >= 1
    assert "out of order" not in state["last_error"], "what a private receiver says is nobody's business"
    alert, = server.rest.get("/alerts?state=pending").json["items"]
    gateway.fail(False)
    again = server.rest.post(f"/alerts/{alert['id']}/retry")
    assert again.status == 200, again
    wait_until(lambda: gateway.messages, "the retried alert arrives", 10, server.explain)
    wait_until(lambda: channels(server)["sms"]["state"]["waiting"] == 0, "nothing waits", 10)
    state = channels(server)["sms"]["state"]
    assert state["failing_since"] is None and state["last_sent_at"], state

    # A change takes effect at once, and repeats nothing.
    changed = server.rest.patch(f"/channels/{made['id']}", {"cooldown_s": 900})
    assert changed.status == 200 and changed.json["cooldown_s"] == 900, changed
    assert stays_true(lambda: len(gateway.messages) == 1, 3)
    server.terminate()
