"""The live WebSocket with a client of somebody else's: what comes, what is refused, and that others are unharmed."""

from __future__ import annotations

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from socket import SHUT_RDWR, create_connection

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from diarfuse.fusion.errors import AudioError
from diarfuse.transcribe.serving.limits import Limits
from tests.transcribe.serving.live_works import MOST, SECOND, TOKEN, Works, append, call, hear, holding, sent_while_held


def test_base64_and_binary_come_in_and_events_go_out(serving):
    works = Works()
    with serving(open_live=works) as live, call(live) as socket:
        created = hear(socket)
        assert created["type"] == "session.created"
        assert created["session"]["max_duration"] == 7200  # told at the start
        socket.send(append(SECOND))
        assert hear(socket)["until"] == 1.0
        socket.send(SECOND)
        assert hear(socket)["until"] == 2.0
        socket.send(json.dumps({"type": "input_audio_buffer.commit"}))
        assert [hear(socket)["type"] for _ in range(2)] == ["input_audio_buffer.committed", "diarization.done"]
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=30)
        assert closed.value.rcvd.code == 1000
    assert works[0].blocks == [(48_000, 24_000)] * 2
    assert live.leftovers() == []


@pytest.mark.parametrize(
    ("session", "rate"),
    [
        ({"input_audio_format": "pcm16", "rate": 16_000}, 16_000),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 8_000}}}}, 8_000),
        ({"type": "transcription"}, 24_000),
    ],
)
def test_the_rate_is_told_in_the_session(serving, session, rate):
    works = Works()
    with serving(open_live=works) as live, call(live) as socket:
        hear(socket)
        socket.send(json.dumps({"type": "session.update", "session": session}))
        assert hear(socket)["session"]["audio"]["input"]["format"]["rate"] == rate
        socket.send(SECOND)
        hear(socket)
        socket.send(json.dumps({"type": "session.update", "session": {"rate": 44_100}}))
        assert "cannot change" in hear(socket)["error"]["message"]
    assert works[0].blocks == [(48_000, rate)]


def update(heard: object) -> str:
    return json.dumps({"type": "session.update", "session": {"audio": {"input": heard}}})


def test_the_language_is_told_in_the_session_which_stays_the_same(serving):
    works = Works()
    with serving(open_live=works) as live, call(live) as socket:
        created = hear(socket)["session"]
        socket.send(update({"transcription": {"model": "gpt-4o-transcribe", "language": "German"}}))
        updated = hear(socket)["session"]
        assert updated["id"] == created["id"]
        assert updated["audio"]["input"]["transcription"] == {"language": "de"}
        socket.send(SECOND)
        assert hear(socket)["until"] == 1.0
        socket.send(update({}))
        assert hear(socket)["session"] == updated
        socket.send(update({"transcription": {"language": "en"}}))
        refused = hear(socket)
        assert "cannot change" in refused["error"]["message"]
        assert refused["event_id"].startswith("event_")
    assert works.languages == ["de"]


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ({"type": "response.create", "event_id": "mine"}, "mine"),
        ({"type": "input_audio_buffer.append", "audio": "!", "event_id": "x" * 512}, "x" * 512),
        ({"type": 1, "event_id": "mine"}, "mine"),
        ({"type": "response.create"}, None),
        ({"type": "response.create", "event_id": 7}, None),
        ({"type": "response.create", "event_id": "x" * 513}, None),
        ("no object", None),
    ],
)
def test_an_error_names_the_event_that_it_is_about(serving, message, cause):
    with serving(open_live=Works()) as live, call(live) as socket:
        hear(socket)
        socket.send(json.dumps({"type": "input_audio_buffer.clear", "event_id": "earlier"}))
        hear(socket)
        socket.send(json.dumps(message))
        told = hear(socket)
        assert (told["type"], told["error"]["event_id"]) == ("error", cause)
        assert told["event_id"] != cause
        socket.send(b"\1")
        assert hear(socket)["error"]["event_id"] is None, "of audio that comes as it is"


def test_an_error_that_ends_the_session_names_its_event_too(serving):
    works = Works()
    with serving(open_live=works) as live, call(live) as socket:
        hear(socket)
        socket.send(append(SECOND))
        hear(socket)
        works[0].error = RuntimeError("broken")
        socket.send(json.dumps({**json.loads(append(SECOND)), "event_id": "mine"}))
        assert hear(socket)["error"] | {"message": ""} == {
            "type": "server_error",
            "code": None,
            "message": "",
            "param": None,
            "event_id": "mine",
        }


BAD = [
    ("this is no audio", "JSON object"),
    ("[" * 100_000, "JSON object"),
    ('{"type": 1}', "JSON object"),
    ('{"type": "response.create"}', "Unknown event type"),
    ('{"type": "input_audio_buffer.append", "audio": "not base64!"}', "base64"),
    ('{"type": "input_audio_buffer.append"}', "base64"),
    ('{"type": "input_audio_buffer.commit"}', "empty"),
    ('{"type": "session.update", "session": 3}', "object"),
    ('{"type": "session.update", "session": {"rate": 1e9}}', "whole number"),
    ('{"type": "session.update", "session": {"input_audio_format": "g711_ulaw"}}', "Only pcm16"),
    (b"\1", "odd number"),
    (update({"format": {"type": "audio/pcm", "rate": 16_000, "channels": 2}}), "mono"),
    (update({"transcription": {"language": "englsh"}}), "did you mean english"),
    (update({"transcription": {"language": 3}}), "must be text"),
    (update({"transcription": "en"}), "needs an object 'transcription'"),
    (update([]), "needs an object 'input'"),
]


def test_what_cannot_be_used_is_answered_and_the_session_goes_on_for_a_while(serving):
    with serving(open_live=Works()) as live, call(live) as socket:
        hear(socket)
        for message, words in BAD[:9]:
            socket.send(message)
            assert words in hear(socket)["error"]["message"]
        socket.send(SECOND)
        assert hear(socket)["until"] == 1.0
        socket.send(BAD[9][0])
        assert "too many errors" in hear(socket)["error"]["message"]
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=30)
        with call(live) as other:
            hear(other)
            for message, words in BAD[9:]:
                other.send(message)
                assert words in hear(other)["error"]["message"]


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"RIFF$\0\0\0WAVEfmt ", "a file with a header"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81", "a browser's recording"),
        (b"\0\0\0\x1cftypM4A ", "a file with a header"),
        (b"This is what was said, and nobody ever heard it: it is no sound at all.", "The audio is text"),
    ],
)
@pytest.mark.parametrize("send", [bytes, append])
def test_a_file_or_text_is_no_sound_and_neither_is_what_follows_it(serving, first, words, send):
    works = Works()
    with serving(open_live=works) as live, call(live) as socket:
        hear(socket)
        for part in (first, SECOND):
            socket.send(send(part))
            assert words in hear(socket)["error"]["message"]
    assert works == []


@pytest.mark.parametrize(
    ("beginning", "words"),
    [(b"RIFF$\0\0\0WAVE", "a file with a header"), (b"This is what was said, and nobody heard it. " * 2, "is text")],
)
def test_nor_is_one_that_comes_in_pieces(serving, beginning, words):
    works = Works()
    with serving(open_live=works) as live, call(live) as socket:
        hear(socket)
        for start in range(0, len(beginning), 2):
            socket.send(beginning[start : start + 2])
            if "error" in (told := hear(socket)):
                break
        assert words in told["error"]["message"]
        assert works[0].abandoned.is_set()
        socket.send(COMMIT)
        assert "empty" in hear(socket)["error"]["message"]


CLEAR, COMMIT = (json.dumps({"type": f"input_audio_buffer.{what}"}) for what in ("clear", "commit"))
COMMITTED = "input_audio_buffer.committed"


def test_empty_blocks_begin_nothing_and_too_little_to_hear_ends_nothing(serving):
    works = Works()
    with serving(open_live=works) as live, call(live) as socket:
        hear(socket)
        for message in (b"", append(b""), COMMIT):
            socket.send(message)
        assert "The buffer is empty" in hear(socket)["error"]["message"]
        assert works == []
        socket.send(SECOND[:2])
        assert hear(socket)["until"] > 0
        works[0].finish = too_little
        socket.send(COMMIT)
        assert hear(socket)["type"] == "input_audio_buffer.committed"
        assert "No audio came" in hear(socket)["error"]["message"]
        assert works[0].abandoned.is_set()
        socket.send(SECOND)
        assert hear(socket)["until"] == 1.0
        socket.send(COMMIT)
        assert [hear(socket)["type"] for _ in range(2)] == ["input_audio_buffer.committed", "diarization.done"]


def test_who_clears_the_buffer_begins_anew(serving):
    works = Works()
    with serving(open_live=works) as live, call(live) as socket:
        hear(socket)
        for message in (CLEAR, SECOND, CLEAR, SECOND, COMMIT):
            socket.send(message)
        cleared = "input_audio_buffer.cleared"
        told = ["diarization.committed", cleared, "diarization.committed", COMMITTED, "diarization.done"]
        assert [hear(socket)["type"] for _ in range(6)] == [cleared, *told]
        assert works[0].abandoned.is_set()
        assert [len(work.blocks) for work in works] == [1, 1]


def too_little():
    raise AudioError("No audio came.")


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
                socket.recv(timeout=30)
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


def test_a_server_without_live_sessions_has_none(serving):
    with serving() as live, pytest.raises((InvalidStatus, ConnectionClosed)), call(live) as socket:
        hear(socket)


def test_a_server_that_ends_does_not_wait_for_a_session(serving):
    with serving(open_live=Works()) as live, call(live) as socket:
        hear(socket)
        live.server.should_exit = True
        assert "shutting down" in hear(socket)["error"]["message"]
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=30)
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
        with create_connection(("127.0.0.1", live.port), timeout=30) as socket:
            socket.sendall(UPGRADE)
            assert b" 101 " in socket.recv(100)
            with contextlib.suppress(ConnectionError):
                while sent < MOST:
                    socket.sendall(pings)
                    sent += len(pings)
        assert sent < MOST
        live.until(lambda: can_call(live))
