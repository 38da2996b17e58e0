"""A real server on a real port, in a thread, with a job that tests control."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn

from diarfuse.fusion.errors import CancelledError
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word
from diarfuse.transcribe.serving.app import create_app, uvicorn_config
from diarfuse.transcribe.serving.jobs import JobRequest
from diarfuse.transcribe.serving.limits import Limits
from tests import asking

SPOKEN = Transcript(
    (
        Segment(0.0, 1.0, " Good morning.", (Word(0.0, 0.4, " Good", 0.9), Word(0.4, 1.0, " morning.")), "SPEAKER_00"),
        Segment(1.2, 2.0, " Hello <you>!", (Word(1.2, 2.0, " Hello <you>!", 0.5, speaker="SPEAKER_01"),), "SPEAKER_01"),
    ),
    "en",
    2.5,
)


TURNS = Diarization(
    (Turn(0.0, 1.1, "SPEAKER_00"), Turn(1.0, 2.2, "SPEAKER_01")),
    (Turn(0.0, 1.05, "SPEAKER_00"), Turn(1.05, 2.2, "SPEAKER_01")),
    2.5,
    embeddings={"SPEAKER_00": np.full(4, 0.123456, np.float32)},  # the server must not pass them on
)


@dataclass
class Answer:
    transcript: Transcript
    diarization: Diarization | None = None


@dataclass
class FakeJob:
    """Answers at once, or holds every job until `go` is set; remembers what it saw. live: told before it holds."""

    go: threading.Event = field(default_factory=threading.Event)
    seen: list[JobRequest] = field(default_factory=list)
    audio: list[bytes] = field(default_factory=list)
    stopped: int = 0
    live: tuple[Segment, ...] = ()
    error: Exception | None = None
    spoken: Transcript = SPOKEN

    def __call__(self, request: JobRequest) -> Answer:
        self.audio.append(request.path.read_bytes())  # before a test that sees the request takes it away
        self.seen.append(request)
        for segment in self.live:
            request.on_segment(segment)
        while not self.go.is_set():
            if request.cancel.wait(0.01):
                self.stopped += 1
                raise CancelledError("The job was stopped: start it again.")
        if self.error:
            raise type(self.error)(str(self.error).format(path=request.path))
        return Answer(self.spoken, TURNS if request.wish.diarize else None)


@dataclass
class Live:
    """A running server, its job and its upload root."""

    url: str
    port: int
    job: FakeJob
    uploads: Path
    server: uvicorn.Server

    def post(self, **fields: object) -> httpx.Response:
        data = {k: v for k, v in fields.items() if k not in ("file", "headers")}
        files = {"file": fields.get("file", ("a.wav", b"RIFF-audio"))}
        return asking.post(f"{self.url}/v1/audio/transcriptions", data=data, files=files, headers=fields.get("headers"))

    def leftovers(self) -> list[Path]:
        """Uploads still on disk (the server's own folder and lock are always there)."""
        return [path for path in self.uploads.glob("server-*/*") if path.name != "lock"]

    def until(self, condition, seconds: float = 60.0) -> None:
        """Wait for something that another thread does."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it never happened"
            time.sleep(0.01)


@pytest.fixture(scope="session", autouse=True)
def _short_pauses() -> Iterator[None]:
    """Uvicorn looks every tenth of a second whether it shall end, and then waits for another: here, for less."""
    quick = types.SimpleNamespace(**vars(asyncio))
    quick.sleep = lambda seconds: asyncio.sleep(seconds / 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uvicorn.server, "asyncio", quick)
        yield


@contextlib.contextmanager
def running(tmp_path: Path, *, limits: Limits | None = None, token: str | None = None, open_live=None, page=False):
    """Serve on a free port of this machine until the block ends."""
    job = FakeJob()
    limits = limits or Limits()
    app = create_app(
        job, model="tiny", limits=limits, token=token, upload_root=tmp_path / "uploads", open_live=open_live, page=page
    )
    server = uvicorn.Server(uvicorn_config(app, limits, host="127.0.0.1", port=0))
    sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = sock.getsockname()[1]
    try:
        yield Live(f"http://127.0.0.1:{port}", port, job, tmp_path / "uploads", server)
    finally:
        job.go.set()
        server.should_exit = True
        thread.join(60)
        sock.close()
        assert not thread.is_alive()


@pytest.fixture
def serving(tmp_path: Path):
    """``with serving(limits=..., token=...) as live``: a server whose jobs wait for ``live.job.go``."""
    return functools.partial(running, tmp_path)


@pytest.fixture
def live(tmp_path: Path):
    """A server without a token whose jobs answer at once."""
    with running(tmp_path) as server:
        server.job.go.set()
        yield server
