"""Requests as the bytes that they are on the wire."""

from __future__ import annotations

import socket

HEAD = b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BOUND = b"Content-Type: multipart/form-data; boundary=xx\r\n"
PART = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'
WHOLE = PART + b"\r\n--xx--\r\n"


def raw(port: int, data: bytes, *, timeout: float = 60.0) -> bytes:
    """Send bytes, read until the server closes or answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
        sock.sendall(data)
        return sock.recv(65536)
