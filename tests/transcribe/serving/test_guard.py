"""The door: guessing tokens is slow, and nobody without one can fill the log."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from types import SimpleNamespace

import pytest

from diarfuse.fusion.errors import OptionError
from diarfuse.transcribe.serving import guard
from diarfuse.transcribe.serving.app import serve
from diarfuse.transcribe.serving.guard import Guard, check_listen, is_loopback
from diarfuse.transcribe.serving.limits import Bucket, Limits
from diarfuse.transcribe.serving.log import Metrics, Rarely
from tests import asking

TOKEN = "0123456789abcdef"  # noqa: S105  (of these tests only)


@pytest.fixture
def door(monkeypatch):
    """Asks many at once: ``door(count, path, authorization)`` gives the statuses."""
    waits: list[float] = []
    sleep = asyncio.sleep

    async def counted(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0.01)

    monkeypatch.setattr(guard.asyncio, "sleep", counted)

    async def inner(_scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    metrics = Metrics()
    app = Guard(inner, token=TOKEN, limits=Limits(), metrics=metrics, drain=lambda: None)

    async def one(path: str, authorization: str) -> int:
        seen: list[int] = []

        async def send(message) -> None:
            seen.append(message.get("status", 0))

        async def receive():
            return {"type": "http.request", "body": b""}

        headers = [(b"host", b"x"), (b"authorization", authorization.encode())]
        await app({"type": "http", "path": path, "method": "GET", "headers": headers}, receive, send)
        return seen[0]

    def ask(count: int, path: str = "/v1/models", authorization: str = "Bearer wrong") -> list[int]:
        async def all_of_them() -> list[int]:
            return await asyncio.gather(*(one(path, authorization) for _ in range(count)))

        return asyncio.run(all_of_them())

    ask.waits, ask.metrics = waits, metrics
    return ask


def test_wrong_tokens_are_answered_slowly_after_a_burst_and_right_ones_never(door) -> None:
    assert door(10) == [401] * 10
    assert door.waits == []
    assert door(20) == [401] * 20
    assert len(door.waits) >= 19  # a second may have passed, which lets one more through
    assert door(50, authorization=f"Bearer {TOKEN}") == [200] * 50
    assert len(door.waits) <= 20


def test_answers_that_wait_are_not_collected_without_end(door) -> None:
    statuses = door(200)
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= 10 + guard.MOST_DELAYED + 1


def test_nobody_without_a_token_can_fill_the_log_and_all_are_counted(door, caplog) -> None:
    caplog.set_level(logging.INFO, "diarfuse.server")
    door(500, "/healthz")
    door(100)
    assert len(caplog.records) <= 25
    text = door.metrics.text(inside=0)
    assert 'requests_total{route="/healthz",status="200"} 500' in text
    caplog.clear()
    door(50, authorization=f"Bearer {TOKEN}")
    assert len(caplog.records) == 50


def test_malformed_requests_and_too_many_connections_cannot_fill_it_either() -> None:
    rarely = Rarely()
    lines = [
        logging.LogRecord(name, level, "", 0, "x", None, None)
        for name, level in [("uvicorn.error", logging.WARNING), ("asyncio", logging.ERROR)] * 500
        + [("uvicorn.error", logging.ERROR), ("engine", 30)] * 30
    ]
    written = [line for line in lines if rarely.filter(line)]
    kinds = Counter((line.name, line.levelno) for line in written)
    assert kinds["uvicorn.error", logging.WARNING] + kinds["asyncio", logging.ERROR] <= 21
    assert len(written) >= 60


def test_a_bucket_fills_again(monkeypatch) -> None:
    now = 100.0
    monkeypatch.setattr("diarfuse.transcribe.serving.limits.time", SimpleNamespace(monotonic=lambda: now))
    bucket = Bucket(burst=2, per_second=0.5)
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now += 2.0
    assert [bucket.take() for _ in range(2)] == [True, False]
    now += 3600.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_schemes_and_hosts_have_no_case(serving, scheme: str) -> None:
    with serving(token=TOKEN) as live:
        headers = {"Authorization": f"{scheme} {TOKEN}"}
        assert asking.get(f"{live.url}/v1/models", headers=headers).status_code == 200
        assert asking.get(f"{live.url}/v1/models", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401
    assert is_loopback("LOCALHOST")


@pytest.mark.parametrize("token", ["0123456789\nabcdefghi", "0123456789abcde\xe9", "0123456789abcdef\x00"])
def test_a_token_that_no_client_can_send_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(OptionError, match="not printable ASCII") as refused:
        check_listen("127.0.0.1", token)
    assert "0123456789" not in str(refused.value)


def test_of_several_encodings_none_may_compress(live) -> None:
    headers = [("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    assert asking.post(f"{live.url}/v1/audio/transcriptions", headers=headers).status_code == 415


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions/", "/v1/audio/translations", "/"])
def test_an_address_that_is_none_leads_nowhere_else(live, path: str) -> None:
    answer = asking.post(f"{live.url}{path}")
    assert answer.status_code == 404
    assert "are to be had by POST at /v1/audio/transcriptions" in answer.json()["error"]["message"]


def test_a_method_that_is_none_is_told_which_are(live) -> None:
    answer = asking.get(f"{live.url}/v1/audio/transcriptions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "takes POST only" in answer.json()["error"]["message"]


def test_a_flood_on_a_real_server_is_answered(live) -> None:
    with socket.create_connection(("127.0.0.1", live.port), 60) as sock:
        sock.sendall(b"\x00\x01 nonsense\r\n\r\n")
        assert sock.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert asking.get(f"{live.url}/healthz").json() == {"status": "ok"}


def test_the_token_opens_everything_but_health(serving) -> None:
    token = "0123456789abcdef"  # noqa: S105  (of this test only)
    with serving(token=token) as live:
        live.job.go.set()
        assert asking.get(f"{live.url}/healthz").status_code == 200
        for wrong in ({}, {"authorization": "Bearer x"}, {"authorization": token}, {"authorization": "Bearer \xff"}):
            headers = {k: v.encode("latin-1") for k, v in wrong.items()}
            assert asking.get(f"{live.url}/v1/models", headers=headers).status_code == 401
            assert live.post(headers=headers).status_code == 401
        assert asking.get(f"{live.url}/metrics").status_code == 401
        assert live.post(headers={"authorization": f"Bearer {token}"}).status_code == 200
        assert len(live.job.seen) == 1


def test_web_pages_cannot_use_a_server_without_a_token(live) -> None:
    assert live.post(headers={"origin": "https://evil.example"}).status_code == 403
    assert live.post(headers={"host": "rebound.example:80"}).status_code == 403
    for host in ("localhost:1", "127.0.0.1", "[::1]:8000"):
        assert live.post(headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])  # noqa: S104  (refused, that is the test)
def test_listening_to_others_needs_a_token(host: str) -> None:
    with pytest.raises(OptionError, match="set a token"):
        serve(print, host=host)
    with pytest.raises(OptionError, match="shorter than 16"):
        serve(print, host=host, token="short")  # noqa: S106  (refused)
