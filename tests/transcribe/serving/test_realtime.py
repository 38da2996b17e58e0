"""What is said in a live WebSocket session, with a client of somebody else's: what comes, and what is refused."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import ConnectionClosed

from diarfuse.fusion.errors import AudioError
from tests.transcribe.serving.live_works import CLEAR, COMMIT, SECOND, Works, append, call, hear


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
            socket.recv(timeout=60)
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
        ({"type": 1, "event_id": "half \ud800"}, "half \ud800"),
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
            socket.recv(timeout=60)
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
