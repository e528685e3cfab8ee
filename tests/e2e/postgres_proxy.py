"""Between Vigil and PostgreSQL: a socket that passes everything on until it is told to behave otherwise."""
import socket
import threading
import time
from pathlib import Path

SLOW_S = 2  # before each answer of a slow server
CHUNK = 65536


class PostgresProxy:
    """Listens as a server in FOLDER would; behave("refuse") closes connections, "stall" answers nothing, "slow" late."""

    def __init__(self, folder, server_folder):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._behind = str(Path(server_folder) / ".s.PGSQL.5432")
        self._mode = "pass"
        self._lock = threading.Lock()
        self._open = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def behave(self, mode):
        self._mode = mode
        if mode == "refuse":
            self._cut()

    def close(self):
        # A thread that waits in accept() is not woken by close() alone.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut()

    def _cut(self):
        with self._lock:
            for end in self._open:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                if self._mode == "refuse":
                    raise OSError("refused")
                server.connect(self._behind)
            except OSError:
                client.close()
                server.close()
                continue
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source, target, answers):
        try:
            while data := source.recv(CHUNK):
                while self._mode == "stall":
                    time.sleep(0.05)
                if answers and self._mode == "slow":
                    time.sleep(SLOW_S)
                target.sendall(data)
        except OSError:
            pass
        with self._lock:
            for end in (source, target):
                self._open.discard(end)
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        source.close()
