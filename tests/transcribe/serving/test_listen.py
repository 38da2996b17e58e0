"""Deepgram's words for a live session, with a client of somebody else's."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from diarfuse.transcribe.serving.limits import Limits

TOKEN = "0123456789abcdef"  # noqa: S105
SECOND = b"\1\0" * 16_000


class Saying:
    """A word a block, by two people in turns, and a last one at the end."""

    def __init__(self) -> None:
        self.count = 0
        self.rates: set[int] = set()

    def feed(self, _samples, rate):
        self.rates.add(rate)
        self.count += 1
        committed = {"type": "diarization.committed", "until": float(self.count)}
        delta = {"type": "conversation.item.input_audio_transcription.delta", "delta": " Hi,"}
        return [committed, self.word(f"SPEAKER_0{2 - self.count % 2}"), delta]

    def word(self, speaker):
        at = float(self.count - 1)
        text = {"start": at, "end": at + 0.5, "text": " Hi,", "speaker": speaker}
        return {"type": "diarization.word.said", "word": self.count, **text}

    def finish(self):
        self.count += 1
        return [{"type": "diarization.done", "turns": []}, self.word(None)]

    def abandon(self):
        pass


def call(live, query="diarize=true&encoding=linear16&sample_rate=16000", **options):
    return connect(f"ws://127.0.0.1:{live.port}/v1/listen?{query}", proxy=None, **options)


def hear(socket) -> dict:
    return json.loads(socket.recv(timeout=60))


def send(socket, kind: str) -> None:
    socket.send(json.dumps({"type": kind}))


def test_words_come_as_results_with_numbers_for_speakers(serving):
    work = Saying()
    with serving(open_live=lambda _: work) as live, call(live) as socket:
        send(socket, "KeepAlive")  # is not answered
        for number in range(2):
            socket.send(SECOND)
            heard = hear(socket)
            assert (heard["type"], heard["is_final"], heard["start"], heard["duration"]) == (
                "Results",
                True,
                float(number),
                0.5,
            )
            (found,) = heard["channel"]["alternatives"]
            assert found["transcript"] == "Hi,"
            assert found["words"] == [
                {
                    "word": "hi",
                    "start": float(number),
                    "end": number + 0.5,
                    "confidence": 0.0,
                    "punctuated_word": "Hi,",
                    "speaker": number,
                }
            ]
        send(socket, "Finalize")
        assert hear(socket)["from_finalize"] is True
        send(socket, "CloseStream")
        (last,) = hear(socket)["channel"]["alternatives"][0]["words"]
        assert "speaker" not in last  # nobody's
        assert hear(socket) == {"type": "Metadata", "duration": 2.0, "channels": 1}
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=60)
        assert closed.value.rcvd.code == 1000
    assert work.rates == {16_000}


def test_the_language_is_asked_for_unless_it_is_any(serving):
    languages = []

    def begin(language):
        languages.append(language)
        return Saying()

    with serving(open_live=begin, limits=Limits(live=3)) as live:
        for query in ("language=en-US&diarize=True", "language=multi", ""):
            with call(live, query) as socket:
                socket.send(SECOND)
                hear(socket)
    assert languages == ["en-US", None, None]


def test_speakers_are_told_only_where_they_are_asked_for(serving):
    with serving(open_live=lambda _: Saying()) as live, call(live, "sample_rate=16000") as socket:
        socket.send(SECOND)
        assert "speaker" not in hear(socket)["channel"]["alternatives"][0]["words"][0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("encoding=opus", "encoding=linear16"),
        ("channels=2", "channels=1"),
        ("sample_rate=zwei", "whole number"),
        ("language=englsh", "did you mean english"),
        ("sample_rate=" + "9" * 5000, "whole number"),
    ],
)
def test_audio_that_cannot_be_taken_ends_the_session(serving, query, words):
    with serving(open_live=lambda _: Saying()) as live, call(live, query) as socket:
        assert words in hear(socket)["description"]
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=60)


def test_what_is_no_message_is_answered_and_nothing_is_still_an_end(serving):
    with serving(open_live=lambda _: Saying(), limits=Limits(live=1)) as live, call(live) as socket:
        for message, words in (("hello", "JSON object"), ('{"type": "Close"}', "KeepAlive"), (b"\1", "odd number")):
            socket.send(message)
            assert words in hear(socket)["description"]
        with call(live) as other:
            assert "taken" in hear(other)["description"]
        send(socket, "CloseStream")
        assert hear(socket)["duration"] == 0.0


def test_the_token_comes_as_deepgram_sends_it_too(serving):
    with serving(open_live=lambda _: Saying(), token=TOKEN) as live:
        with pytest.raises(InvalidStatus), call(live):
            pass
        for scheme in ("Token", "Bearer"):
            with call(live, additional_headers={"Authorization": f"{scheme} {TOKEN}"}) as socket:
                send(socket, "CloseStream")
                assert hear(socket)["type"] == "Metadata"
        realtime = f"ws://127.0.0.1:{live.port}/v1/realtime"
        with (
            pytest.raises(InvalidStatus),
            connect(realtime, proxy=None, additional_headers={"Authorization": f"Token {TOKEN}"}),
        ):
            pass
