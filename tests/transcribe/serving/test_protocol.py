"""Clients that take their time: those who do not read are let go, and slow ones are not."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from diarfuse.fusion.types import Segment, Transcript
from diarfuse.transcribe.serving.limits import Limits

BODY = (
    b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n'
    b'--xx\r\nContent-Disposition: form-data; name="response_format"\r\n\r\ntext\r\n--xx--\r\n'
)
REQUEST = (
    b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: %d\r\n\r\n" % len(BODY)
) + BODY
LONG = "word " * 2_000_000


@contextlib.contextmanager
def asked(live, text: str):
    """A connection with a small window that has asked for `text`."""
    live.job.spoken = Transcript((Segment(0.0, 1.0, text),), "en", 1.0)
    live.job.go.set()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(60)
        sock.connect(("127.0.0.1", live.port))
        sock.sendall(REQUEST)
        live.until(lambda: live.server.server_state.connections)
        yield sock


def test_a_client_that_never_reads_is_let_go(serving) -> None:
    with serving(limits=Limits(idle=0.5)) as live, asked(live, LONG) as sock:
        live.until(lambda: not live.server.server_state.connections)
        live.until(lambda: live.leftovers() == [])
        received = 0
        with contextlib.suppress(ConnectionError):
            while data := sock.recv(1 << 20):
                received += len(data)
        assert received < len(LONG)


def test_a_slow_reader_gets_its_answer(serving) -> None:
    with serving(limits=Limits(idle=2)) as live, asked(live, LONG) as sock:
        received = bytearray()
        while len(received) < len(LONG):
            time.sleep(0.001)
            data = sock.recv(1 << 18)
            assert data, "it was let go"
            received += data
        assert received.rstrip().endswith(b"word word")


def test_who_has_read_everything_may_stay(serving) -> None:
    with serving(limits=Limits(idle=0.5)) as live, asked(live, "Hello.") as sock:
        assert answer(sock).startswith(b"HTTP/1.1 200 ")
        time.sleep(0.8)
        sock.sendall(REQUEST)
        assert answer(sock).startswith(b"HTTP/1.1 200 ")


def answer(sock: socket.socket) -> bytes:
    """All of the answer `Hello.`, in whatever pieces it comes."""
    found = b""
    while not found.endswith(b"Hello.\n"):
        found += sock.recv(4096) or pytest.fail(f"the server hung up after {found!r}")
    return found


@pytest.mark.parametrize("head", [b"", b"GET /healthz HT"])
def test_headers_that_never_end_are_not_waited_for(serving, head: bytes) -> None:
    with serving(limits=Limits(idle=0.5)) as live, socket.create_connection(("127.0.0.1", live.port), 60) as sock:
        sock.sendall(head)
        assert sock.recv(4096) == b""
