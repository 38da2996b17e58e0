"""What a server may put on a recording: words and numbers of speakers, and nothing that steers a terminal."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import TranscriptError
from diarfuse.transcribe.remote.answer import read_answer

STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LABELS = (
    "Ana",
    "\u0430n\u0430",
    "a b",
    " ",
    "",
    "<b>x",
    "a-->b",
    "A" * 5000,
    "X\n\n99\n\x1b]0;pwn\x07",
    "speaker_0",
    "0",
)


def answer(*speakers: object, text: str = " Hello there.") -> dict[str, Any]:
    """One segment, word and turn a second for each speaker."""
    times = [{"start": float(i), "end": i + 0.9, "speaker": speaker} for i, speaker in enumerate(speakers)]
    return {
        "language": "en",
        "segments": [time | {"text": text} for time in times],
        "words": [time | {"word": text.strip()} for time in times],
        "turns": times,
        "exclusive_turns": times,
    }


def speakers_of(*speakers: object) -> list[str | None]:
    transcript, diarization = read_answer(answer(*speakers), 10.0, diarized=True)
    assert diarization is not None
    found = [turn.speaker for turn in diarization.turns]
    assert [segment.speaker for segment in transcript.segments] == found
    assert [word.speaker for word in transcript.words] == found
    return found


@pytest.mark.parametrize("label", LABELS)
def test_what_could_be_a_name_or_cannot_be_seen_is_replaced(label: str) -> None:
    assert speakers_of(label) == ["SPEAKER_00"]
    transcript, _ = read_answer(answer(label), 10.0, diarized=True)
    (note,) = transcript.notes
    assert "not of the form SPEAKER_00" in note
    assert label not in LABELS[:2] or label not in note


def test_labels_that_say_nothing_stay_and_no_two_become_one() -> None:
    assert speakers_of("SPEAKER_01", "Bob", "SPEAKER_00", "Ana", "Bob") == [
        "SPEAKER_01", "SPEAKER_02", "SPEAKER_00", "SPEAKER_03", "SPEAKER_02",
    ]  # fmt: skip
    assert read_answer(answer("SPEAKER_01", "SPEAKER_00"), 10.0, diarized=True)[0].notes == ()
    assert read_answer(answer("Bob", "Ana"), 10.0, diarized=True)[0].notes[0].startswith("The server sent 2 labels")


def test_nobody_stays_nobody() -> None:
    said = {**answer(None, "UNKNOWN"), "turns": [], "exclusive_turns": []}
    assert [segment.speaker for segment in read_answer(said, 10.0, diarized=True)[0].segments] == [None, None]


@pytest.mark.parametrize("label", [3, 1.5, True, ["SPEAKER_00"], {"a": 1}])
def test_what_is_no_text_is_no_label(label: object) -> None:
    with pytest.raises(TranscriptError, match="verbose_json"):
        read_answer(answer(label), 10.0, diarized=True)


@given(st.text(max_size=30), st.sampled_from(["\x1b[31m", "\x9b2J", "\u202e", "\u2066", "\x07", "\x00", "\ud800"]))
def test_text_steers_nothing_in_any_format(text: str, evil: str) -> None:
    transcript, diarization = read_answer(answer("SPEAKER_00", text=f" {text}{evil}x"), 10.0, diarized=True)
    assert not STEERS.search("".join(segment.text for segment in transcript.segments))
    assert not STEERS.search("".join(word.text for word in transcript.words))
    for name in ("srt", "vtt", "txt", "csv", "json"):
        content = registry.dumps(Document(transcript, diarization, "a"), name)
        assert isinstance(content, str)
        content.encode()
        assert not STEERS.search(content)


def test_text_keeps_what_writing_needs() -> None:
    text = " \u0645\u06cc\u200c\u062e\u0648\u0645 \u200eabc\u200f 👩\u200d🔬"
    assert read_answer(answer("SPEAKER_00", text=text), 10.0, diarized=True)[0].segments[0].text == text


@pytest.mark.parametrize("language", ["en\n\x1b[2J", 5, ["en"], "x" * 50])
def test_a_language_is_a_short_name(language: object) -> None:
    with pytest.raises(TranscriptError, match="verbose_json"):
        read_answer({**answer("SPEAKER_00"), "language": language}, 10.0, diarized=True)
