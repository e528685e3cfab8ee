"""A real PostgreSQL server for a test run, one database a test."""
import os
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import postgres_server


class PostgresServer:
    def __init__(self):
        # Short: the path of a socket may have 107 characters.
        self.folder = Path(tempfile.gettempdir()) / f"vigil-postgres-{os.getpid()}"
        postgres_server.start(self.folder)

    def stop(self, mode="fast"):
        """mode "immediate": as kill -9 of all its processes would."""
        postgres_server.control(self.folder, "stop", "-m", mode)

    def start(self):
        postgres_server.control(self.folder, "start")

    def close(self):
        postgres_server.stop(self.folder)

    def database(self):
        name = f"vigil_{uuid.uuid4().hex}"
        self._psql("postgres", f"CREATE DATABASE {name}")
        return PostgresDatabase(self, name)

    def _psql(self, name, sql):
        done = subprocess.run([postgres_server.program("psql"), "-h", self.folder, "-U", "vigil", "-At", "-F", "\t",
                               "-v", "ON_ERROR_STOP=1", "-c", sql, name], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        return [line.split("\t") for line in done.stdout.splitlines()]


class PostgresDatabase:
    def __init__(self, server, name):
        self._server = server
        self._name = name
        self.url = self.url_at(server.folder)

    def url_at(self, folder):
        """Its address through the socket in `folder`."""
        return f"postgresql:///{self._name}?host={folder}&user=vigil"

    def query(self, sql):
        """Rows of texts."""
        return self._server._psql(self._name, sql)
