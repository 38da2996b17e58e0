"""Work that a live session can be given, and a client who calls, sends and hears."""

from __future__ import annotations

import base64
import json
import threading

from websockets.sync.client import connect

TOKEN = "0123456789abcdef"  # noqa: S105
SECOND = b"\1\0" * 24_000
CLEAR, COMMIT = (json.dumps({"type": f"input_audio_buffer.{what}"}) for what in ("clear", "commit"))


class FakeWork:
    """An event for each block, with its length; remembers what became of it."""

    def __init__(self) -> None:
        self.blocks: list[tuple[int, int]] = []
        self.abandoned = threading.Event()
        self.error: Exception | None = None

    def feed(self, samples, rate):
        if self.error:
            raise self.error
        self.blocks.append((len(samples), rate))
        return [{"type": "diarization.committed", "until": sum(size for size, _ in self.blocks) / 2 / rate}]

    def finish(self):
        return [{"type": "diarization.done", "turns": []}]

    def abandon(self):
        self.abandoned.set()


class Works(list):
    """Begins a work a session."""

    def __init__(self):
        super().__init__()
        self.languages = []

    def __call__(self, language):
        self.languages.append(language)
        self.append(FakeWork())
        return self[-1]


def call(live, **options):
    return connect(f"ws://127.0.0.1:{live.port}/v1/realtime?diarize=true", max_size=None, proxy=None, **options)


def append(data: bytes) -> str:
    return json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(data).decode()})


def hear(socket) -> dict:
    return json.loads(socket.recv(timeout=60))


MOST = 24 << 20
"""One message, or one piece of a body, and the buffers of two sockets."""


def sent_while_held(send, go: threading.Event) -> tuple[int, int]:
    """How many bytes leave while nothing is heard, until no more do; how many of 64 MiB when it goes on."""
    sent: list[int] = []

    def send_all() -> None:
        for _ in range(128):
            send(bytes(1 << 19))
            sent.append(1 << 19)

    sender = threading.Thread(target=send_all, daemon=True)
    sender.start()
    while sender.is_alive():
        before = len(sent)
        sender.join(0.5)
        if before and len(sent) == before:
            break
    held = sum(sent)
    go.set()
    sender.join(60)
    return held, sum(sent)


def holding(go: threading.Event):
    """A work that hears nothing until then."""

    def feed(*_) -> list:
        go.wait(60)
        return []

    return feed
