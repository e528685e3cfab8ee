#!/usr/bin/env python3
"""Writes docs/grafana/vigil.json, the dashboard of one Vigil.

Run it after a change here: tools/make_dashboard.py > docs/grafana/vigil.json. A test compares both and asks a real
Prometheus every expression.
"""
import json
import sys

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
CAMERA = 'camera=~"$camera"'
RATE = "[$__rate_interval]"
WIDTH = 24


class Grid:
    """Places panels from left to right, then below."""

    def __init__(self):
        self.panels, self.x, self.y, self.row_height = [], 0, 0, 0

    def row(self, title):
        self._break()
        self.panels.append({"type": "row", "title": title, "collapsed": False, "panels": [],
                            "id": len(self.panels) + 1,
                            "gridPos": {"x": 0, "y": self.y, "w": WIDTH, "h": 1}})
        self.y += 1

    def add(self, kind, title, description, targets, width, height, unit="short", options=None, mappings=None,
            thresholds=None):
        if self.x + width > WIDTH:
            self._break()
        defaults = {"unit": unit, "mappings": mappings or [],
                    "thresholds": {"mode": "absolute", "steps": thresholds or [{"color": "green", "value": None}]}}
        self.panels.append({
            "type": kind, "title": title, "description": description, "id": len(self.panels) + 1,
            "datasource": DATASOURCE,
            "gridPos": {"x": self.x, "y": self.y, "w": width, "h": height},
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": options or {},
            "targets": [{"refId": chr(ord("A") + index), "datasource": DATASOURCE, "expr": expression,
                         "legendFormat": legend, "range": kind != "stat", "instant": kind == "stat"}
                        for index, (expression, legend) in enumerate(targets)],
        })
        self.x += width
        self.row_height = max(self.row_height, height)

    def graph(self, title, description, targets, width=12, unit="short"):
        self.add("timeseries", title, description, targets, width, 8, unit,
                 {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                  "tooltip": {"mode": "multi", "sort": "desc"}})

    def figure(self, title, description, expression, width=4, unit="short", legend="", thresholds=None):
        self.add("stat", title, description, [(expression, legend)], width, 4, unit,
                 {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                  "colorMode": "value", "graphMode": "none", "textMode": "auto"}, thresholds=thresholds)

    def _break(self):
        if self.x:
            self.x, self.y, self.row_height = 0, self.y + self.row_height, 0


BAD_ABOVE_ZERO = [{"color": "green", "value": None}, {"color": "red", "value": 1}]
GOOD_ABOVE_ZERO = [{"color": "red", "value": None}, {"color": "green", "value": 1}]


def overview(grid):
    grid.row("Now")
    grid.figure("Cameras up", "Cameras that deliver pictures.", f"sum(vigil_camera_up{{{CAMERA}}})",
                thresholds=GOOD_ABOVE_ZERO)
    grid.figure("Cameras down", "Cameras that should deliver pictures and do not.",
                f"count(vigil_camera_up{{{CAMERA}}}) - sum(vigil_camera_up{{{CAMERA}}})", thresholds=BAD_ABOVE_ZERO)
    grid.figure("Incidents in 24 h", "Visits of enrolled people.",
                f"sum(increase(vigil_incidents_total{{{CAMERA}}}[24h]))")
    grid.figure("Alerts given up in 24 h", "Alerts that no receiver took: each needs a person.",
                'sum(increase(vigil_alerts_total{result="dead"}[24h]))', thresholds=BAD_ABOVE_ZERO)
    grid.figure("Enrolled photos", "References that every face is compared with.", "vigil_gallery_references")
    grid.figure("Version", "What runs.", "vigil_build_info",
                legend="{{version}} {{model}} {{precision}}")


def cameras(grid):
    grid.row("Cameras")
    grid.graph("Frames decoded per second", "What the cameras deliver.",
               [(f'sum by (camera) (rate(vigil_frames_total{{{CAMERA},result="decoded"}}{RATE}))', "{{camera}}")])
    grid.graph("What became of frames, per second",
               "still: nothing moved; skipped: before its interval; dropped: a newer one won; detected: looked at.",
               [(f'sum by (result) (rate(vigil_frames_total{{{CAMERA},result!="decoded"}}{RATE}))', "{{result}}")])
    grid.add("state-timeline", "Camera state", "Up or down over time.",
             [(f"vigil_camera_up{{{CAMERA}}}", "{{camera}}")], 12, 8,
             options={"showValue": "never", "mergeValues": True, "rowHeight": 0.8},
             mappings=[{"type": "value", "options": {"0": {"text": "down", "color": "red"},
                                                     "1": {"text": "up", "color": "green"}}}])
    grid.graph("Reconnects in an hour, by cause", "Why cameras were lost.",
               [(f"sum by (camera, cause) (increase(vigil_camera_reconnects_total{{{CAMERA}}}[1h])) > 0 or "
                 f"sum by (camera) (increase(vigil_camera_reconnects_total{{{CAMERA}}}[1h]))",
                 "{{camera}} {{cause}}")])
    grid.graph("Share of frames dropped", "Frames replaced by newer ones before recognition reached them.",
               [(f'sum by (camera) (rate(vigil_frames_total{{{CAMERA},result="dropped"}}{RATE})) / '
                 f'clamp_min(sum by (camera) (rate(vigil_frames_total{{{CAMERA},result="decoded"}}{RATE})), 0.001)',
                 "{{camera}}")], unit="percentunit")


def recognition(grid):
    grid.row("Recognition")
    grid.graph("Faces, tracks and embeddings per second", "The way from pictures to people.",
               [(f"sum(rate(vigil_{name}_total{{{CAMERA}}}{RATE}))", name)
                for name in ("faces", "tracks", "embeddings")])
    grid.graph("Outcomes per minute", "How faces were judged.",
               [(f"sum by (outcome) (rate(vigil_outcomes_total{{{CAMERA}}}{RATE})) * 60", "{{outcome}}")])
    grid.graph("Matches per hour", "Faces that were named, by camera.",
               [(f'sum by (camera) (increase(vigil_outcomes_total{{{CAMERA},outcome="match"}}[1h]))', "{{camera}}")])
    grid.graph("Incidents per hour", "Visits of enrolled people, by camera.",
               [(f"sum by (camera) (increase(vigil_incidents_total{{{CAMERA}}}[1h]))", "{{camera}}")])


def alerts(grid):
    grid.row("Alerts")
    grid.graph("Alerts per hour", "sent; suppressed: held back by a cooldown; failed: tried again; dead: given up.",
               [("sum by (channel, result) (increase(vigil_alerts_total[1h]))", "{{channel}} {{result}}")])
    grid.graph("From frame to alert", "From a frame's capture to the receiver's answer.",
               [(f'histogram_quantile({quantile}, sum by (le) '
                 f'(rate(vigil_stage_seconds_bucket{{stage="frame_to_alert"}}[1h])))', name)
                for quantile, name in ((0.5, "p50"), (0.99, "p99"))], unit="s")


def latency(grid):
    grid.row("Time by stage")
    for quantile, name in ((0.5, "p50"), (0.99, "p99")):
        grid.graph(f"Time by stage, {name}", "One frame, batch, search, incident or delivery.",
                   [(f"histogram_quantile({quantile}, sum by (le, stage) "
                     f"(rate(vigil_stage_seconds_bucket{RATE})))", "{{stage}}")], unit="s")
    grid.graph("Seconds of work per second, by stage", "How many threads each stage keeps busy.",
               [(f"sum by (stage) (rate(vigil_stage_seconds_sum{{stage!~\"frame_to_alert|deliver\"}}{RATE}))",
                 "{{stage}}")])
    grid.graph("Work per second, by stage", "How often each stage ran.",
               [(f"sum by (stage) (rate(vigil_stage_seconds_count{RATE}))", "{{stage}}")])


def inside(grid):
    grid.row("Queues, gallery and disk")
    grid.graph("Waiting in queues", "Items that wait.", [("vigil_queue_depth", "{{queue}}")])
    grid.graph("Let go by queues, per second", "Items that a full queue let go.",
               [(f"sum by (queue) (rate(vigil_queue_drops_total{RATE}))", "{{queue}}")])
    grid.graph("Gallery", "References searched, and the number of the last change applied.",
               [("vigil_gallery_references", "references"), ("vigil_gallery_sequence", "sequence")], 8)
    grid.graph("Age of the gallery", "Time since the searched gallery was known to equal the database.",
               [("vigil_gallery_age_seconds", "age")], 8, "s")
    grid.graph("Free disk space", "On the disk of the data directory.", [("vigil_data_free_bytes", "free")], 8, "bytes")


def http(grid):
    grid.row("HTTP")
    grid.graph("Requests per second", "Answered requests by status.",
               [(f"sum by (status) (rate(vigil_http_requests_total{RATE}))", "{{status}}")], 8)
    grid.graph("Requests per second, by route", "The ten busiest.",
               [(f"topk(10, sum by (route, method) (rate(vigil_http_requests_total{RATE})))",
                 "{{method}} {{route}}")], 8)
    grid.graph("Time to answer, p99", "By route; the ten slowest.",
               [(f"topk(10, histogram_quantile(0.99, sum by (le, route) (rate(vigil_http_seconds_bucket{RATE}))))",
                 "{{route}}")], 8, "s")


def dashboard():
    grid = Grid()
    for section in (overview, cameras, recognition, alerts, latency, inside, http):
        section(grid)
    return {
        "title": "Vigil", "uid": "vigil", "description": "Cameras, recognition, alerts and what carries them.",
        "tags": ["vigil"], "schemaVersion": 36, "version": 1, "editable": True, "graphTooltip": 1,
        "refresh": "30s", "timezone": "browser", "time": {"from": "now-6h", "to": "now"},
        "annotations": {"list": []}, "links": [],
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0,
             "refresh": 1, "regex": "", "multi": False, "includeAll": False},
            {"name": "camera", "label": "Camera", "type": "query", "datasource": DATASOURCE, "hide": 0, "refresh": 2,
             "definition": "label_values(vigil_camera_up, camera)", "sort": 1, "multi": True, "includeAll": True,
             "allValue": ".+", "regex": "",
             "query": {"query": "label_values(vigil_camera_up, camera)", "refId": "cameras"},
             "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}]},
        "panels": grid.panels,
    }


if __name__ == "__main__":
    json.dump(dashboard(), sys.stdout, indent=1)
    sys.stdout.write("\n")
