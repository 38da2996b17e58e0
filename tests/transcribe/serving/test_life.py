"""Limits, cancellation, and what is left on disk: nothing, however a request ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from diarfuse.fusion.errors import AudioError, CancelledError, ModelError, OptionError
from diarfuse.fusion.types import Segment
from diarfuse.transcribe.serving.app import create_app
from diarfuse.transcribe.serving.jobs import _without_path
from diarfuse.transcribe.serving.limits import Limits
from tests import asking
from tests.programs import started
from tests.transcribe.serving.wire import BOUND, HEAD, PART, raw


@pytest.mark.parametrize("stream", ["true", "false"])
def test_a_client_who_leaves_stops_the_job_and_takes_the_upload_along(serving, stream: str) -> None:
    with serving() as live:
        live.job.live = (Segment(0.0, 1.0, " Good morning."),) if stream == "true" else ()
        request = httpx.Request(
            "POST",
            f"{live.url}/v1/audio/transcriptions",
            data={"stream": stream},
            files={"file": ("a.wav", b"RIFF")},
        )
        request.read()
        with socket.create_connection(("127.0.0.1", live.port)) as sock:
            head = "".join(f"{k}: {v}\r\n" for k, v in request.headers.items())
            sock.sendall(f"POST /v1/audio/transcriptions HTTP/1.1\r\n{head}\r\n".encode() + request.content)
            live.until(lambda: live.job.seen)
        live.until(lambda: live.job.stopped == 1)
        live.until(lambda: live.leftovers() == [])
        assert live.job.seen[0].cancel.is_set()
        live.until(lambda: "requests_inside 0" in asking.get(f"{live.url}/metrics").text)


def test_a_stream_nobody_reads_holds_nothing(tmp_path: Path) -> None:
    """The client is gone before the first byte: the generator never starts, the upload goes all the same."""

    async def talk() -> int:
        job = FakeJobNow()
        app = create_app(job, upload_root=tmp_path / "uploads")
        body = PART + b'\r\n--xx\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n--xx--\r\n'
        inbox = iter([{"type": "http.request", "body": body, "more_body": False}])
        headers = [(b"content-type", b"multipart/form-data; boundary=xx"), (b"host", b"localhost")]
        scope = {"type": "http", "method": "POST", "path": "/v1/audio/transcriptions", "headers": headers}
        scope |= {"query_string": b"", "asgi": {"spec_version": "2.3"}, "http_version": "1.1", "scheme": "http"}

        async def receive() -> dict:
            return next(inbox, {"type": "http.disconnect"})

        async def send(_: dict) -> None:
            await asyncio.sleep(3600)

        async with app._app.router.lifespan_context(app._app):
            await asyncio.wait_for(app(scope, receive, send), 60)
            return len(list((tmp_path / "uploads").glob("server-*/*/upload*")))

    assert asyncio.run(talk()) == 0


class FakeJobNow:
    """Waits until nobody waits."""

    def __call__(self, request):
        request.cancel.wait(60)
        raise CancelledError("Stopped, as asked.")


def test_queue_full_is_429_and_says_when(serving) -> None:
    with serving(limits=Limits(concurrency=1, queue=1)) as live:
        threads = [threading.Thread(target=live.post) for _ in range(2)]
        for thread in threads:
            thread.start()
        live.until(lambda: "requests_inside 2" in asking.get(f"{live.url}/metrics").text)
        answer = live.post()
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 600
        assert "queue of 1" in answer.json()["error"]["message"]
        live.job.go.set()
        for thread in threads:
            thread.join()
        assert live.post().status_code == 200


def test_too_long_a_job_is_stopped_and_not_to_be_retried(serving) -> None:
    with serving(limits=Limits(timeout=0.3)) as live:
        answer = live.post()
        assert (answer.status_code, answer.headers["x-should-retry"]) == (504, "false")
        live.until(lambda: live.job.stopped == 1)
        assert live.leftovers() == []


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (AudioError("{path} is empty: record something."), 400, "the uploaded file is empty"),
        (OptionError("min_speakers=5 is above max_speakers=2."), 400, "min_speakers=5"),
        (ModelError("/secret/place is corrupt."), 500, "ModelError"),
        (ZeroDivisionError("secret text"), 500, "an unexpected error"),
    ],
)
def test_failures_are_told_without_paths_or_secrets(serving, tmp_path: Path, error, status: int, says: str) -> None:
    with serving() as live:
        live.job.error = error
        live.job.go.set()
        answer = live.post()
        assert answer.status_code == status
        message = answer.json()["error"]["message"]
        assert says in message
        assert "secret" not in message
        assert str(tmp_path) not in message


@pytest.mark.parametrize(
    ("name", "message", "told"),
    [
        ("upload", "the file {path} is no audio", "the file the uploaded file is no audio"),
        ("upload", "upload: uploaded as it is, {folder} is full", "the uploaded file: uploaded as it is, {} is full"),
        ("upload.mp3", "cannot open 'upload.mp3'.", "cannot open 'the uploaded file'."),
    ],
)
def test_a_path_is_replaced_once_and_no_part_of_a_word(tmp_path: Path, name: str, message: str, told: str) -> None:
    message = message.format(path=tmp_path / name, folder=tmp_path)
    assert _without_path(message, tmp_path / name) == told.format("the uploaded file")


def test_bodies_beyond_the_limit_are_refused_before_they_are_kept(serving) -> None:
    with serving(limits=Limits(max_body=100_000)) as live:
        live.job.go.set()
        assert live.post(file=("a.wav", bytes(200_000))).status_code == 413  # declared
        chunked = HEAD + BOUND + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % len(PART) + PART + b"\r\n"
        chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
        assert b" 413 " in raw(live.port, chunked + chunk * 2)[:20]  # not declared
        assert b" 413 " in raw(live.port, HEAD + b"Content-Length: 99999999999999999999\r\n\r\n")[:20]
        assert live.job.seen == []
        assert live.leftovers() == []
        assert live.post(file=("a.wav", bytes(50_000))).status_code == 200


def test_slow_clients_are_let_go(serving) -> None:
    with serving(limits=Limits(idle=0.2)) as live:
        body = HEAD + BOUND + b"Content-Length: 1000\r\n\r\n" + PART
        assert b" 408 " in raw(live.port, body)[:20]
        assert raw(live.port, b"GET /healthz HT") == b""  # headers that never end: closed without an answer
        live.until(lambda: live.leftovers() == [])


def test_shutdown_stops_jobs_and_removes_everything(serving) -> None:
    with serving(limits=Limits(grace=1)) as live:
        failed = []

        def post() -> None:
            try:
                failed.append(live.post().status_code)
            except httpx.HTTPError as error:
                failed.append(error)

        thread = threading.Thread(target=post)
        thread.start()
        live.until(lambda: live.job.seen)
        live.server.should_exit = True
        thread.join(60)
        assert failed
        assert failed[0] != 200
        live.until(lambda: live.job.stopped == 1)
    assert list(live.uploads.glob("server-*")) == []


def test_a_thousand_at_once_stay_within_memory(serving) -> None:
    """Each gets an answer, most of them 429; both ends together grow by less than 200 kB a connection."""
    resource = pytest.importorskip("resource")
    body = PART + bytes(10_000) + b"\r\n--xx--\r\n"
    request = HEAD + BOUND + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    async def one(port: int, connected: asyncio.Event) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await connected.wait()
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return int(answer.split()[1])

    async def storm(port: int) -> list[int]:
        connected = asyncio.Event()
        tasks = [asyncio.create_task(one(port, connected)) for _ in range(1000)]
        await asyncio.sleep(0.5)
        connected.set()
        return await asyncio.gather(*tasks)

    with serving(limits=Limits(concurrency=2, queue=8)) as live:
        live.job.go.set()
        live.post()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        statuses = asyncio.run(storm(live.port))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert len(statuses) == 1000
        assert set(statuses) <= {200, 429}
        assert statuses.count(200) >= 10
        assert grown < 200 * 1000  # ru_maxrss counts kB here
        assert live.leftovers() == []


def test_so_many_connections_find_room_among_the_files_of_the_process() -> None:
    pytest.importorskip("resource")
    program = """
import resource
from diarfuse.transcribe.serving.limits import Limits, allow_files

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
for soft, connections in ((100, 2048), (100, 10**9), (900, 1)):
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    allow_files(Limits(max_connections=connections))
    print(*resource.getrlimit(resource.RLIMIT_NOFILE), hard)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (usual, *_), (most, now, hard), (enough, *_) = ([*map(int, line.split())] for line in done.stdout.splitlines())
    assert (now, enough) == (hard, 900)
    assert usual > 2048 or usual == hard
    assert hard in (most, -1)


def test_more_connections_than_are_allowed_get_503(serving) -> None:
    with serving(limits=Limits(max_connections=3)) as live, contextlib.ExitStack() as open_ones:
        for _ in range(3):
            open_ones.enter_context(socket.create_connection(("127.0.0.1", live.port), 60))
        live.until(lambda: len(live.server.server_state.connections) >= 3)
        assert raw(live.port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.1 503 ")


def test_a_whole_upload_has_a_deadline_however_steadily_it_comes(serving) -> None:
    with serving(limits=Limits(idle=5, upload=0.5)) as live:
        with socket.create_connection(("127.0.0.1", live.port), timeout=60) as sock:
            sock.sendall(HEAD + BOUND + b"Content-Length: 1000\r\n\r\n" + PART)
            sock.settimeout(0.1)
            answer = b""
            for _ in range(600):
                with contextlib.suppress(TimeoutError):
                    answer = sock.recv(65536)
                    break
                sock.sendall(b"x")
        assert b" 408 " in answer[:20]
        live.until(lambda: live.leftovers() == [])


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_how_the_process_ends(tmp_path: Path, number: signal.Signals, code: int) -> None:
    (tmp_path / "uploads").mkdir()
    command = [sys.executable, "-m", "diarfuse", "serve", "--port", "0", "--models-dir", str(tmp_path), "--offline"]
    with started(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path / "uploads")}
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(number)
        rest = process.stderr.read().splitlines()
    assert json.loads(first)["event"] == "listening"
    told = [line for line in rest if line and line != "Stopped: nothing is half-written."]  # to who pressed Ctrl-C
    assert all(json.loads(line) for line in told)
    assert process.returncode == code
