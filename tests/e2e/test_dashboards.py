"""What is shown to Prometheus: the shipped dashboard and alert rules asked of a real one."""
import json
import re
import shutil
import subprocess
import sys
import urllib.parse

import pytest

from installation import ADMIN, CHECKOUT
from people import WANTED
from rest import fetch
from waiting import free_port, wait_until

DASHBOARD = CHECKOUT / "docs" / "grafana" / "vigil.json"
RULES = CHECKOUT / "deploy" / "prometheus"
CAMERA_SERIES = ["vigil_camera_up", "vigil_camera_reconnects_total", "vigil_frames_total",
                 "vigil_faces_total", "vigil_tracks_total", "vigil_embeddings_total",
                 "vigil_outcomes_total", "vigil_incidents_total"]
STAGES = ["decode", "detect", "embed", "search", "store", "deliver", "frame_to_alert"]
QUEUES = ["frames", "incidents", "detections", "database", "http_store", "http_heavy",
          "http_remote", "http_stream"]

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None,
                                reason="the package prometheus is not installed")


def panel_expressions():
    board = json.loads(DASHBOARD.read_text())
    return [(panel["title"], target["expr"]) for panel in board["panels"]
            for target in panel.get("targets", [])]


def filled_in(expression):
    """As Grafana sends it: every variable has a value."""
    return expression.replace("$__rate_interval", "30s").replace("$camera", ".+")


def rule_expressions():
    """The rules as promtool's own parser reads them."""
    text = (RULES / "vigil.rules.yml").read_text()
    found = re.findall(r"- alert: (\w+)\n\s+expr: (.*)\n", text)
    assert len(found) == text.count("- alert:") > 10
    return found


def without_condition(expression):
    """A rule answers nothing while all is well; without its comparisons it answers what it looks
    at, so that a misspelt name or label shows."""
    expression = re.sub(r"\s*(==|>|<)\s*[\d.e]+", "", expression)
    return re.sub(r"absent\((.*)\)$", r"\1", expression).replace("unless", "and")


def check(tool, *arguments, **options):
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, **options)
    assert done.returncode == 0, done


def test_the_shipped_files_are_valid(tmp_path):
    check("promtool", "check", "config", RULES / "prometheus.yml")
    check("promtool", "test", "rules", "vigil.rules.test.yml", cwd=RULES)
    rules = tmp_path / "panels.json"  # JSON is YAML
    rules.write_text(json.dumps({"groups": [{"name": "panels", "rules": [
        {"record": f"panel:{number}", "expr": filled_in(expression)}
        for number, (_, expression) in enumerate(panel_expressions())]}]}))
    check("promtool", "check", "rules", rules)


def test_every_alert_is_tested_and_explained():
    tests = (RULES / "vigil.rules.test.yml").read_text()
    operations = (CHECKOUT / "docs" / "operations.md").read_text()
    for name, _ in rule_expressions():
        block = tests.split(f"alertname: {name}\n")[1]
        assert block.lstrip().startswith("exp_alerts:") and f"alertname: {name}\n" in tests, name
        assert f"### {name}" in operations, f"docs/operations.md does not explain {name}"


def test_the_dashboard_is_what_its_generator_writes():
    done = subprocess.run([sys.executable, CHECKOUT / "tools" / "make_dashboard.py"],
                          capture_output=True, text=True, check=True)
    assert done.stdout == DASHBOARD.read_text(), \
        "run tools/make_dashboard.py > docs/grafana/vigil.json"


def test_the_dashboard_is_whole():
    board = json.loads(DASHBOARD.read_text())
    assert board["schemaVersion"] >= 36
    assert {v["name"] for v in board["templating"]["list"]} == {"datasource", "camera"}
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers))
    places = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & places, f"{panel['title']} lies on another panel"
        places |= cells
        for target in panel.get("targets", []):
            assert target["refId"] and target["datasource"]["uid"] == "${datasource}"


class Prometheus:
    def __init__(self, folder, target):
        self.address = f"http://127.0.0.1:{free_port()}"
        folder.mkdir()
        text = (RULES / "prometheus.yml").read_text()
        assert '"127.0.0.1:9090"' in text and "15s" in text
        text = text.replace("127.0.0.1:9090", target).replace("15s", "1s")
        (folder / "prometheus.yml").write_text(text)
        shutil.copy(RULES / "vigil.rules.yml", folder)
        self._messages = open(folder / "messages.txt", "wb")
        self.process = subprocess.Popen(
            ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
             f"--web.listen-address={self.address.removeprefix('http://')}"],
            cwd=folder, stdout=self._messages, stderr=self._messages)

    def ask(self, path, **parameters):
        answer = fetch(f"{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        assert answer.status == 200, (parameters, answer.body)
        return answer.json["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def ready(self):
        try:
            return fetch(self.address + "/-/ready").status == 200
        except OSError:
            return False

    def close(self):
        self.process.kill()
        self.process.wait()
        self._messages.close()


@pytest.fixture
def watching(enrolled, scene, start_camera, webhook, webhook_channel, resources, tmp_path):
    """A server that has seen the wanted person and told of it, and a Prometheus that looks on."""
    enrolled.channels = [webhook_channel]
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    prometheus = Prometheus(tmp_path / "prometheus", server.monitoring.removeprefix("http://"))
    resources.callback(prometheus.close)
    wait_until(prometheus.ready, "Prometheus is ready", 60)
    camera = start_camera("--scene", scene)
    added = server.rest.post("/cameras", {"name": "gate", "url": camera.url})
    assert added.status == 201, added
    early = server.rest.get(f"/cameras/{added.json['id']}/snapshot.jpg")
    assert early.status == 503, "an error of the server, which the figures of HTTP tell of"
    wait_until(lambda: webhook.accepted, f"an alert about {WANTED}", 90, server.explain)
    server.camera_id = added.json["id"]
    return server, prometheus


def test_every_query_of_dashboard_and_rules_answers(watching, figure):
    server, prometheus = watching
    sent = 'sum(vigil_alerts_total{result="sent"})'
    wait_until(lambda: prometheus.query(sent) and float(prometheus.query(sent)[0]["value"][1]) > 0,
               "Prometheus has seen the alert", 60)
    scrapes = 'count_over_time(vigil_camera_up[1m])'
    wait_until(lambda: float(prometheus.query(scrapes)[0]["value"][1]) >= 5, "five scrapes", 60)
    asked = [(title, filled_in(expression)) for title, expression in panel_expressions()]
    asked += [(name, without_condition(expression)) for name, expression in rule_expressions()]
    empty = [(title, expression) for title, expression in asked if not prometheus.query(expression)]
    figure(f"dashboard and rules: {len(asked)} queries asked of Prometheus, {len(empty)} empty")
    assert not empty
    assert float(prometheus.query("sum(vigil_camera_up)")[0]["value"][1]) == 1
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == {name for name, _ in rule_expressions()}
    wait_until(lambda: all(rule["health"] == "ok" for group in prometheus.ask("rules")["groups"]
                           for rule in group["rules"]), "every rule was evaluated", 30)
    frightened = {alert["labels"]["alertname"] for alert in prometheus.ask("alerts")["alerts"]}
    assert frightened <= {"VigilDiskNearlyFull", "VigilFramesDropped"}, "all is well here"


def test_the_metrics_of_a_server_pass_promtool(watching):
    server, _ = watching
    done = subprocess.run(["promtool", "check", "metrics"], input=server.metrics(), text=True,
                          capture_output=True)
    assert done.returncode == 0 and not done.stderr.strip(), done
    for stage in STAGES:
        wait_until(lambda: server.metric("vigil_stage_seconds_count", stage=stage) > 0, stage, 30)


def test_series_come_with_their_camera_and_go_with_it(enrolled, webhook_channel):
    enrolled.channels = [webhook_channel]
    server = enrolled.serve()
    server.rest.login(*ADMIN)
    text = server.metrics()
    for result in ("sent", "suppressed", "failed", "dead"):
        assert f'vigil_alerts_total{{channel="guards",result="{result}"}} 0' in text
    for queue in QUEUES:
        assert f'vigil_queue_depth{{queue="{queue}"}}' in text
        assert f'vigil_queue_drops_total{{queue="{queue}"}} 0' in text
    camera_id = server.rest.post("/cameras", {"name": "gate", "url": "rtsp://127.0.0.1:1/"}).json["id"]
    for name in CAMERA_SERIES:
        wait_until(lambda: f'{name}{{camera="{camera_id}"' in server.metrics(), name, 30)
    assert f'vigil_frames_total{{camera="{camera_id}",result="detected"}} 0' in server.metrics()
    assert server.rest.delete(f"/cameras/{camera_id}").status == 204
    wait_until(lambda: camera_id not in server.metrics(), "the series are gone", 30)
