"""The end of a server: who waits is refused at once, who runs may end, and nobody gets an empty reply."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from diarfuse.transcribe.serving.limits import Limits
from tests import asking

HEAD = (
    b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: 1000\r\n\r\n"
)
PART = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'


@pytest.fixture
def clients():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def refused(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 503
        and answer.headers["retry-after"] == "30"
        and "shutting down" in answer.json()["error"]["message"]
    )


def inside(live, count: int) -> bool:
    return f"requests_inside {count}" in asking.get(f"{live.url}/metrics").text


def test_who_waits_is_refused_at_once_and_who_runs_may_end(serving, clients) -> None:
    with serving(limits=Limits(concurrency=1, queue=8)) as live:
        running = clients.submit(live.post)
        live.until(lambda: live.job.seen)
        waiting = [clients.submit(live.post) for _ in range(3)]
        live.until(lambda: inside(live, 4))
        live.server.should_exit = True
        assert all(refused(client.result(60)) for client in waiting)
        assert not running.done()
        live.job.go.set()
        assert running.result(60).status_code == 200
        assert len(live.job.seen) == 1
    assert list(live.uploads.glob("server-*")) == []


def test_who_still_runs_at_the_end_is_refused_and_stopped(serving, clients) -> None:
    with serving(limits=Limits(grace=0.3)) as live:
        running = clients.submit(live.post)
        live.until(lambda: live.job.seen)
        live.server.should_exit = True
        assert refused(running.result(60))
        live.until(lambda: live.job.stopped == 1)


def test_who_uploads_is_refused_at_once(serving) -> None:
    with serving() as live, socket.create_connection(("127.0.0.1", live.port), timeout=60) as sock:
        sock.sendall(HEAD + PART)
        live.until(lambda: live.leftovers() != [])
        live.server.should_exit = True
        answer = sock.recv(65536)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 30\r\n" in answer
        live.until(lambda: live.leftovers() == [])


def test_a_stream_says_so_in_an_event(serving, clients) -> None:
    with serving(limits=Limits(grace=0.3)) as live:
        running: Future[httpx.Response] = clients.submit(live.post, stream="true")
        live.until(lambda: live.job.seen)
        live.server.should_exit = True
        lines = [line for line in running.result(60).text.splitlines() if line.startswith("data: ")]
        assert json.loads(lines[-1][6:])["error"]["code"] == 503


def test_a_job_that_ends_as_the_server_does_is_answered(serving, clients) -> None:
    """In whatever order the two come, there is an answer, and it is one of two."""
    for _ in range(3):
        with serving(limits=Limits(grace=0.2)) as live:
            running = clients.submit(live.post)
            live.until(lambda: live.job.seen)
            both = threading.Barrier(2)

            def end(go=live.job.go, both=both) -> None:
                both.wait()
                go.set()

            clients.submit(end)
            both.wait()
            live.server.should_exit = True
            answer = running.result(60)
            assert answer.status_code == 200 or refused(answer)
