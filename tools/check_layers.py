#!/usr/bin/env python3
"""Checks the shape of the source tree: includes point one way, each library has one room, files stay short.

Prints every violation as FILE:LINE: what and the mend; exits 1 when there is one. Runs as a test.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIBLINGS = ("config", "media", "vision", "gallery", "database", "media_store", "alerts", "metrics", "drawing")
MAY_INCLUDE = {"base": {"base"}, "core": {"base", "core"}}
MAY_INCLUDE |= {room: {"base", "core", room} for room in SIBLINGS}
MAY_INCLUDE["pipeline"] = {"base", "core", "pipeline", *SIBLINGS}
MAY_INCLUDE["api"] = MAY_INCLUDE["pipeline"] | {"api"}
MAY_INCLUDE["app"] = MAY_INCLUDE["api"] | {"app"}

# Who alone may include a library, by the start of the include's path.
LIBRARY_ROOMS = {
    "libav": {"media"}, "libsw": {"media"}, "turbojpeg": {"media"}, "spng": {"media"}, "webp/": {"media"},
    "openvino/": {"vision"}, "sqlite3": {"database"}, "libpq": {"database"},
    "curl/": {"alerts"}, "boost/json": {"base"}, "boost/beast": {"api"}, "boost/asio": {"api"}, "boost/url": {"api"},
    "jwt/": {"api"}, "openssl/": {"api", "base"}, "prometheus/": {"metrics"}, "spdlog/": {"base"}, "fmt/": {"base"},
    "sodium": {"base"}, "date/": {"base"}, "toml++/": {"config"}, "CLI/": {"app"},
    "pango": {"drawing"}, "cairo": {"drawing"},
    "faiss/": {"gallery"}, "cblas": {"gallery"}, "omp.h": {"gallery"},
}
LINES_MAX = 500
INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')


def room_faults(room, path, number, quote, target):
    if quote == '"':
        used = target.split("/")[0]
        if used in MAY_INCLUDE and used not in MAY_INCLUDE[room]:
            yield f"{path}:{number}: {room} includes {target}; includes point base <- core <- rooms <- pipeline <- api <- app"
        return
    for prefix, rooms in LIBRARY_ROOMS.items():
        if target.startswith(prefix) and room not in rooms:
            yield f"{path}:{number}: {target} belongs to {', '.join(rooms)} alone; go through its header"


def file_faults(path):
    text = path.read_text().splitlines()
    relative = path.relative_to(ROOT)
    if len(text) > LINES_MAX:
        yield f"{relative}: {len(text)} lines; split it, {LINES_MAX} is the limit"
    if not text or not text[0].startswith("//"):
        yield f"{relative}:1: the first line says why the file exists"
    if path.suffix == ".h" and "#pragma once" not in text:
        yield f"{relative}: a header needs #pragma once"
    room = relative.parts[1] if relative.parts[0] == "src" else None
    if room is None or path.name.endswith("_test.cc"):
        return
    for number, line in enumerate(text, 1):
        if match := INCLUDE.match(line):
            yield from room_faults(room, relative, number, *match.groups())


def main():
    files = [f for folder in ("src", "tools", "tests", "bench", "fuzz") for f in sorted((ROOT / folder).rglob("*"))
             if f.suffix in (".cc", ".h")]
    faults = [fault for file in files for fault in file_faults(file)]
    print("\n".join(faults) or f"{len(files)} files: layers hold")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
