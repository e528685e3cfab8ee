"""A WebSocket client (RFC 6455) of a few lines: it reads what a server sends."""
import base64
import os
import socket
import struct
import urllib.parse

from waiting import PATIENCE

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class WebSocket:
    """One connection. `status` is that of the handshake; with 101 messages can be read."""

    def __init__(self, address, path, headers):
        place = urllib.parse.urlsplit(address)
        self._socket = socket.create_connection((place.hostname, place.port), 30 * PATIENCE)
        lines = {"Host": place.netloc, "Upgrade": "websocket", "Connection": "Upgrade",
                 "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
                 "Sec-WebSocket-Version": "13", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._socket.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self._bytes = b""
        while b"\r\n\r\n" not in self._bytes:
            assert self._read_some(), self._bytes
        self.head, _, self._bytes = self._bytes.partition(b"\r\n\r\n")
        self.status = int(self.head.split()[1])
        self.close_code = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def read(self):
        """(kind, bytes) of the next message; None when the connection is over."""
        while True:
            frame = self._read_frame()
            if frame is None:
                return None
            kind, payload = frame
            if kind == CLOSE:
                self.close_code = struct.unpack(">H", payload[:2])[0] if payload else None
                self._send(CLOSE, payload)
                return None
            if kind == PING:
                self._send(PONG, payload)
            elif kind in (TEXT, BINARY):
                return kind, payload

    def _read_frame(self):
        if not self._fill(2):
            return None
        first, length = self._bytes[0], self._bytes[1]
        assert first & 0x80, "messages come in one frame"
        assert length < 0x80, "servers do not mask"
        start = 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if not self._fill(2 + size):
                return None
            length = int.from_bytes(self._bytes[2:2 + size], "big")
            start += size
        if not self._fill(start + length):
            return None
        payload = self._bytes[start:start + length]
        self._bytes = self._bytes[start + length:]
        return first & 0x0F, payload

    def _send(self, kind, payload):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        try:
            self._socket.sendall(bytes([0x80 | kind, 0x80 | len(payload)]) + mask + masked)
        except OSError:
            pass  # the server is gone already

    def _fill(self, count):
        while len(self._bytes) < count:
            if not self._read_some():
                return False
        return True

    def _read_some(self):
        try:
            piece = self._socket.recv(65536)
        except ConnectionResetError:
            return False
        self._bytes += piece
        return bool(piece)
