"""Who comes to a live session and how it ends: one too many, gone without a word, too fast, or with the server."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from socket import SHUT_RDWR, create_connection

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from diarfuse.transcribe.serving.limits import Limits
from tests.transcribe.serving.live_works import COMMIT, MOST, SECOND, TOKEN, Works, call, hear, holding, sent_while_held
from tests.transcribe.serving.wire import raw


def test_one_too_many_is_told_and_the_others_go_on(serving):
    works = Works()
    with serving(open_live=works, limits=Limits(live=1)) as live, call(live) as socket:
        hear(socket)
        with ThreadPoolExecutor(50) as clients:
            told = list(clients.map(lambda _: first_of(live), range(50)))
        assert all("taken" in each["error"]["message"] for each in told)
        socket.send(SECOND)
        assert hear(socket)["until"] == 1.0
        socket.close()
        live.until(works[0].abandoned.is_set)
        live.until(lambda: can_call(live))


def first_of(live) -> dict:
    with call(live) as socket:
        return hear(socket)


def can_call(live) -> bool:
    return first_of(live)["type"] == "session.created"


def test_who_leaves_in_the_middle_leaves_nothing(serving):
    works = Works()
    with serving(open_live=works) as live, call(live) as socket:
        hear(socket)
        socket.send(SECOND)
        hear(socket)
        socket.socket.shutdown(SHUT_RDWR)  # without a word
        live.until(works[0].abandoned.is_set)
        assert live.leftovers() == []


def test_who_never_sends_or_sends_for_too_long_is_told(serving):
    with serving(open_live=Works(), limits=Limits(live_idle=0.1)) as live, call(live) as socket:
        hear(socket)
        assert "Nothing came" in hear(socket)["error"]["message"]
    with serving(open_live=Works(), limits=Limits(live_seconds=1.5)) as live, call(live) as socket:
        hear(socket)
        socket.send(SECOND)
        hear(socket)
        socket.send(SECOND)
        assert "at most" in hear(socket)["error"]["message"]


UPGRADE = b"""GET /v1/realtime HTTP/1.1\r
Host: 127.0.0.1\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r
\r
"""


def test_who_sends_faster_than_is_heard_waits_and_fills_no_memory(serving):
    works, go = Works(), threading.Event()
    with serving(open_live=works) as live, call(live) as socket:
        hear(socket)
        socket.send(SECOND)
        hear(socket)
        works[0].feed = holding(go)
        held, sent = sent_while_held(socket.send, go)
        assert held < MOST
        assert sent == 64 << 20


@pytest.mark.parametrize("step", ["feed", "finish"])
def test_a_recogniser_that_hangs_ends_its_session_with_a_sentence(serving, step):
    works, go = Works(), threading.Event()
    with serving(open_live=works, limits=Limits(timeout=0.3)) as live, call(live) as socket:
        hear(socket)
        socket.send(SECOND)
        hear(socket)
        setattr(works[0], step, holding(go))
        socket.send(SECOND)
        socket.send(COMMIT)
        told = [hear(socket) for _ in range(1 if step == "feed" else 3)][-1]
        assert told["error"]["type"] == "server_error"
        assert told["error"]["message"].startswith("The recogniser has not answered for 0.3 s, so the session ends")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=60)
        assert "taken" in first_of(live)["error"]["message"], "while it hangs, its place is"
        go.set()
        live.until(works[0].abandoned.is_set)
        live.until(lambda: can_call(live))


def test_who_waits_to_be_heard_is_not_taken_for_gone(serving):
    """Its answer to a ping lies behind its own audio, for longer than any ping should be waited for."""
    with serving(open_live=Works()) as live:
        assert live.server.config.ws_ping_timeout is None


def test_a_failure_says_nothing_of_the_server(serving):
    works = Works()
    with serving(open_live=works) as live, call(live) as socket:
        hear(socket)
        socket.send(SECOND)
        hear(socket)
        works[0].error = RuntimeError("/home/ana/models is broken")
        socket.send(SECOND)
        assert hear(socket)["error"]["message"] == "The server failed: tell its operator."
        live.until(works[0].abandoned.is_set)


def test_a_message_that_is_too_large_ends_the_session_only(serving):
    with serving(open_live=Works()) as live:
        with call(live) as socket:
            hear(socket)
            with contextlib.suppress(ConnectionClosed):  # it may hang up while the rest is still being sent
                socket.send(b"\0" * (2 << 20))
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=60)
        live.until(lambda: can_call(live))


def test_the_door_is_the_same(serving):
    with serving(open_live=Works(), token=TOKEN) as live:
        with pytest.raises(InvalidStatus) as refused, call(live):
            pass
        assert refused.value.response.status_code == 401
        with call(live, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as socket:
            assert hear(socket)["type"] == "session.created"
    with serving(open_live=Works()) as live:
        with pytest.raises(InvalidStatus) as refused, call(live, origin="https://example.org"):
            pass
        assert refused.value.response.status_code == 403
        with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{live.port}/v1/models", proxy=None):
            pass
        assert refused.value.response.status_code == 404


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        (b"", b"Content-Length: 2\r\n"),
        (b"", b"Transfer-Encoding: chunked\r\n"),
        (b"?x=" + b"a" * 20_000, b""),
        (b"", b"X: " + b"a" * 20_000 + b"\r\n"),
        (b"", b"X: a\r\n" * 200),
    ],
)
def test_who_asks_for_a_socket_in_a_way_that_cannot_be_read_is_answered(serving, query, fields):
    with serving(open_live=Works()) as live:
        asked = UPGRADE.replace(b" HTTP", query + b" HTTP").replace(b"Upgrade:", fields + b"Upgrade:", 1)
        assert raw(live.port, asked).startswith(b"HTTP/1.1 4")
        live.until(lambda: not live.server.server_state.connections)


def test_who_is_refused_a_socket_cannot_fill_the_log(serving, caplog):
    with serving(open_live=Works()) as live:
        for _ in range(50):
            assert b" 403 " in raw(live.port, UPGRADE.replace(b"127.0.0.1", b"example.org"))
    assert [line for line in caplog.records if line.name == "uvicorn.error" and line.levelno >= logging.WARNING] == []


def test_a_server_without_live_sessions_has_none(serving):
    with serving() as live, pytest.raises((InvalidStatus, ConnectionClosed)), call(live) as socket:
        hear(socket)


def test_a_server_that_ends_does_not_wait_for_a_session(serving):
    with serving(open_live=Works()) as live, call(live) as socket:
        hear(socket)
        live.server.should_exit = True
        assert "shutting down" in hear(socket)["error"]["message"]
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=60)
        assert closed.value.rcvd.code == 1012


@pytest.mark.parametrize(("grace", "words"), [(30.0, "diarization.done"), (0.1, "shutting down")])
def test_a_server_that_ends_waits_for_what_a_session_has_to_finish_within_its_grace(serving, grace, words):
    works, go = Works(), threading.Event()
    with serving(open_live=works, limits=Limits(grace=grace)) as live, call(live) as socket:
        hear(socket)
        socket.send(SECOND)
        hear(socket)
        works[0].finish = lambda: [{"type": "diarization.done"}] if go.wait(60) else []
        socket.send(COMMIT)
        assert hear(socket)["type"] == "input_audio_buffer.committed"
        live.server.should_exit = True
        live.until(lambda: not live.server.servers[0].is_serving())
        if grace > 1:
            go.set()
        assert words in json.dumps(hear(socket))
        go.set()


def test_who_pings_and_reads_no_answer_fills_no_memory_and_is_let_go(serving):
    with serving(open_live=Works(), limits=Limits(idle=0.3)) as live:
        sent, pings = 0, (b"\x89\xfd" + bytes(4) + b"x" * 125) * 4000
        with create_connection(("127.0.0.1", live.port), timeout=60) as socket:
            socket.sendall(UPGRADE)
            assert b" 101 " in socket.recv(100)
            with contextlib.suppress(ConnectionError):
                while sent < MOST:
                    socket.sendall(pings)
                    sent += len(pings)
        assert sent < MOST
        live.until(lambda: can_call(live))
