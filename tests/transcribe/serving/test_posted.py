"""Audio posted as a stream: events come while the body still does, under the WebSocket's limits."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import httpx
import pytest

from diarfuse.fusion.errors import AudioError
from diarfuse.transcribe.serving.limits import Limits
from tests import asking
from tests.transcribe.serving.live_works import MOST, SECOND, TOKEN, Works, call, hear, holding, sent_while_held


def events(answer: httpx.Response) -> list[dict]:
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def post(live, body, query: str = "", **options) -> httpx.Response:
    return asking.post(f"{live.url}/v1/realtime{query}", content=body, timeout=60, **options)


@contextlib.contextmanager
def streaming(live):
    """A body that is only begun: its socket, and what comes back."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=60) as sock, sock.makefile("rb") as back:
        sock.sendall(b"POST /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        yield sock, back


def send(sock, data: bytes) -> None:
    sock.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def read_until(back, words: bytes) -> bytes:
    seen = b""
    while words not in seen:
        line = back.readline()
        assert line, seen
        seen += line
    return seen


def test_events_come_while_the_body_does(serving):
    works = Works()
    with serving(open_live=works) as live, streaming(live) as (sock, back):
        for part in (SECOND[:3], SECOND[3:]):  # cut anywhere
            send(sock, part)
        begun = read_until(back, b'"until": 1.0')
        assert b"text/event-stream" in begun
        assert b'"max_duration": 7200' in begun
        send(sock, SECOND)
        sock.sendall(b"0\r\n\r\n")
        rest = read_until(back, b"diarization.done")
        assert b"input_audio_buffer.committed" in rest
        assert sum(size for size, _ in works[0].blocks) == 2 * len(SECOND)
        assert {rate for _, rate in works[0].blocks} == {24_000}
        assert live.leftovers() == []


def test_who_sends_faster_than_is_heard_waits_and_fills_no_memory(serving):
    works, go = Works(), threading.Event()
    with serving(open_live=works) as live, streaming(live) as (sock, back):
        send(sock, SECOND)
        read_until(back, b'"until": 1.0')
        works[0].feed = holding(go)
        sock.settimeout(60)
        held, sent = sent_while_held(lambda data: send(sock, data), go)
        assert held < MOST
        assert sent == 64 << 20


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"\1", "middle of a sample"),
        (SECOND + b"\1", "middle of a sample"),
        (b"RIFF" + SECOND, "ffmpeg -i FILE -f s16le -ac 1 -ar 24000"),
        (b"RIFF", "ffmpeg"),
        (b"\xff\xfb\x90\0".ljust(417, b"\0") * 4, "a file with a header"),
        (b"This is what was said, and nobody ever heard it: it is no sound at all.", "is text"),
        (SECOND * 3, "at most"),
    ],
)
def test_what_cannot_be_used_is_told_in_an_event(serving, body, words):
    with serving(open_live=Works(), limits=Limits(live_seconds=2)) as live:
        last = events(post(live, body))[-1]
        assert last["type"] == "error"
        assert words in last["error"]["message"]
        kinds = [event["type"] for event in events(post(live, SECOND[:2]))]  # the place is free again
        assert kinds[-2:] == ["input_audio_buffer.committed", "diarization.done"]


@pytest.mark.parametrize("rate", ["fast", "7999", "1e4", "²", "9" * 5_000, "-1", ""])
def test_a_rate_that_is_none_is_refused(serving, rate):
    with serving(open_live=Works()) as live:
        answer = post(live, SECOND, f"?rate={rate}")
        assert answer.status_code == 400
        assert "whole number" in answer.json()["error"]["message"]


def test_the_language_is_told_in_the_address(serving):
    works = Works()
    with serving(open_live=works) as live:
        assert "session.created" in post(live, SECOND, "?language=German").text
        assert works.languages == ["de"]
        answer = post(live, SECOND, "?language=englsh")
        assert (answer.status_code, works.languages) == (400, ["de"])
        assert "did you mean english" in answer.json()["error"]["message"]
        live.until(lambda: 'diarfuse_live_total{outcome="done"} 1' in asking.get(f"{live.url}/metrics").text)


def test_places_are_shared_with_the_websocket_and_who_leaves_frees_one(serving):
    works = Works()
    with serving(open_live=works) as live:
        with call(live) as socket_:
            hear(socket_)
            refused = post(live, SECOND)
            assert refused.status_code == 429
            assert "taken" in refused.json()["error"]["message"]
        live.until(lambda: post(live, SECOND).status_code == 200)
        with streaming(live) as (sock, back):
            send(sock, SECOND)
            read_until(back, b'"until": 1.0')
        live.until(works[-1].abandoned.is_set)
        live.until(lambda: post(live, SECOND).status_code == 200)


def test_who_stands_still_is_told_and_a_failure_says_nothing_of_the_server(serving):
    works = Works()
    with serving(open_live=works, limits=Limits(live_idle=0.1)) as live, streaming(live) as (_, back):
        read_until(back, b"Nothing came for 0.1 s.")
    with serving(open_live=works) as live:
        for error, words in ((RuntimeError("/home/ana"), b"tell its operator"), (AudioError("It is NaN."), b"NaN")):
            with streaming(live) as (sock, back):
                send(sock, SECOND)
                read_until(back, b'"until": 1.0')
                works[-1].error = error
                send(sock, SECOND)
                assert words in read_until(back, b'"message"')
                live.until(works[-1].abandoned.is_set)


def test_a_recogniser_that_hangs_ends_the_answer_with_a_sentence(serving):
    works, go = Works(), threading.Event()
    with serving(open_live=works, limits=Limits(timeout=0.3)) as live, streaming(live) as (sock, back):
        send(sock, SECOND)
        read_until(back, b'"until": 1.0')
        works[-1].feed = holding(go)
        send(sock, SECOND)
        assert b"The recogniser has not answered for 0.3 s" in read_until(back, b'"message"')
        go.set()
        live.until(works[-1].abandoned.is_set)


def test_a_server_that_ends_does_not_wait_for_a_body(serving):
    with serving(open_live=Works()) as live, streaming(live) as (sock, back):
        send(sock, SECOND)
        read_until(back, b'"until": 1.0')
        live.server.should_exit = True
        assert b"shutting down" in read_until(back, b'"message"')


def test_the_door_is_the_same(serving):
    with serving(open_live=Works(), token=TOKEN) as live:
        assert post(live, SECOND).status_code == 401
        assert post(live, SECOND, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    with serving(open_live=Works()) as live:
        assert post(live, SECOND, headers={"Origin": "https://example.org"}).status_code == 403
        assert asking.get(f"{live.url}/v1/realtime").status_code == 405
