"""One installation of vigil in a folder of its own: its configuration, its commands, its server."""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from rest import Rest, fetch
from waiting import PATIENCE, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VIGIL_BUILD", CHECKOUT / "build" / "release"))
VIGIL = BUILD / "vigil"
ADMIN = ("chief", "a-long-password-1")


def toml_value(value):
    # JSON's texts, numbers, flags and lists of these are TOML's.
    return json.dumps(value if not isinstance(value, Path) else str(value))


def toml_table(header, values):
    lines = [header] + [f"{key} = {toml_value(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


class Server:
    """A running `vigil serve`."""

    def __init__(self, installation, arguments):
        self._messages_file = installation.folder / f"serve-{time.monotonic_ns()}.txt"
        self.installation = installation
        with open(self._messages_file, "wb") as messages:
            self.process = subprocess.Popen(installation.command("serve", *arguments),
                                            cwd=installation.folder, stdin=subprocess.DEVNULL,
                                            stdout=messages, stderr=messages)
        try:
            self.address, self.monitoring = wait_until(self._announced, "vigil serves", 90,
                                                       self.explain)
        except BaseException:
            self.kill()
            raise
        self.rest = Rest(self.address)

    @property
    def messages(self):
        return self._messages_file.read_text(errors="replace")

    @property
    def alive(self):
        return self.process.poll() is None

    def explain(self):
        return f"exit {self.process.poll()}\n{self.messages}\n{self.installation.log_tail()}"

    def monitor(self, path):
        return fetch(self.monitoring + path)

    def metrics(self):
        return self.monitor("/metrics").body.decode()

    def metric(self, name, **labels):
        """The sum over all label sets that hold `labels`; 0 when there is none."""
        total = 0.0
        for line in self.metrics().splitlines():
            found = re.fullmatch(re.escape(name) + r"(?:\{(.*)\})? (\S+)", line)
            if found and all(f'{label}="{value}"' in (found[1] or "")
                             for label, value in labels.items()):
                total += float(found[2])
        return total

    def cameras(self):
        """The cameras of /system by id."""
        return {camera["id"]: camera for camera in self.rest.get("/system").json["cameras"]}

    def terminate(self, seconds=20):
        """SIGTERM; (exit code, seconds it took)."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds * PATIENCE)
        return code, time.monotonic() - start

    def kill(self):
        if self.alive:
            self.process.kill()
        self.process.wait()

    def _announced(self):
        if not self.alive:
            raise AssertionError(f"vigil serve ended\n{self.explain()}")
        found = re.search(r"Vigil serves (http\S+)\s+\(metrics: (http\S+)/metrics\)", self.messages)
        return (found[1], found[2]) if found else None


class Installation:
    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        self.settings = {"api": {"port": 0, "metrics_port": 0}}
        self.channels = []
        self.extra_toml = ""
        self._servers = []

    def copy_to(self, folder):
        """The same people and accounts elsewhere; only while nothing runs here."""
        shutil.copytree(self.data, folder / "data")
        (folder / "data" / "vigil.sock").unlink(missing_ok=True)
        return Installation(folder)

    def set(self, section, **values):
        self.settings.setdefault(section, {}).update(values)
        return self

    def command(self, *arguments):
        text = "".join(toml_table(f"[{section}]", values)
                       for section, values in self.settings.items())
        text += "".join(toml_table("[[alerts.channels]]", channel) for channel in self.channels)
        (self.folder / "vigil.toml").write_text(text + self.extra_toml)
        return [VIGIL, *arguments]

    def run(self, *arguments, stdin="", seconds=120):
        return subprocess.run(self.command(*map(str, arguments)), cwd=self.folder, input=stdin,
                              capture_output=True, text=True, timeout=seconds * PATIENCE)

    def run_json(self, *arguments, code=0, **options):
        """The JSON lines a command prints."""
        done = self.run(*arguments, **options)
        assert done.returncode == code, (arguments, done)
        return [json.loads(line, parse_constant=refuse_constant)
                for line in done.stdout.splitlines()]

    def setup_database(self):
        done = self.run("setup-database")
        assert done.returncode == 0, done
        return done.stdout.strip()

    def serve(self, *arguments):
        server = Server(self, arguments)
        self._servers.append(server)
        return server

    def query(self, sql, *values):
        """Rows of the database as dictionaries, read beside the running server."""
        connection = sqlite3.connect(f"file:{self.data / 'vigil.db'}?mode=ro", uri=True, timeout=10)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]
        finally:
            connection.close()

    def log_tail(self, lines=30):
        text = "".join(file.read_text(errors="replace")
                       for file in sorted((self.folder / "logs").glob("*")) if file.is_file())
        return "\n".join(text.splitlines()[-lines:])

    def close(self):
        for server in self._servers:
            server.kill()


def refuse_constant(word):
    raise AssertionError(f"{word} is no JSON")
