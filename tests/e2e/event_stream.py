"""A client of GET /events that reads as much as a test wants, then hangs up."""
import json
import socket
import urllib.parse

from waiting import PATIENCE


class EventStream:
    """One connection. `last_id`: resume after that event; None: begin with the next one."""

    def __init__(self, address, token, last_id=None):
        place = urllib.parse.urlsplit(address)
        self._socket = socket.create_connection((place.hostname, place.port), 30 * PATIENCE)
        resume = "" if last_id is None else f"Last-Event-ID: {last_id}\r\n"
        self._socket.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: {place.netloc}\r\n"
                             f"Authorization: Bearer {token}\r\n{resume}\r\n".encode())
        self._bytes = b""
        self._told = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def read_bytes(self, count):
        """Reads on until at least `count` bytes came in all; False when the stream is over."""
        while len(self._bytes) < count:
            piece = self._socket.recv(65536)
            if not piece:
                return False
            self._bytes += piece
        return True

    def forget_after(self, count):
        """As if the connection had been cut after so many bytes."""
        self._bytes = self._bytes[:count]

    def events(self):
        """Those told whole so far, as dictionaries with id, kind and data; without `ready`."""
        head, _, body = self._bytes.partition(b"\r\n\r\n")
        assert not body or head.startswith(b"HTTP/1.1 200"), head
        blocks = [dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
                  for block in body.decode(errors="replace").split("\n\n")[:-1]]
        return [{"id": int(block["id"]), "kind": block["event"], "data": json.loads(block["data"])}
                for block in blocks if block.get("event", "ready") != "ready"]

    def await_event(self, condition):
        """Reads on until an event fulfils `condition`; it."""
        while True:
            found = next((event for event in self.events() if condition(event)), None)
            if found:
                return found
            assert self.read_bytes(len(self._bytes) + 1), f"the stream ended: {self.events()}"

    def await_ready(self):
        while b"event: ready" not in self._bytes:
            assert self.read_bytes(len(self._bytes) + 1), self._bytes
        return self

    def await_end(self):
        while self.read_bytes(len(self._bytes) + 1):
            pass
