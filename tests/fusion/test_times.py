"""Times that can be: one rule, whichever way words and turns come in."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.asr_adapters.words_json import WordsJson
from diarfuse.fusion.attaching import attach, attach_lazily
from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.rttm import parse_rttm
from diarfuse.fusion.join.assign import assign_speakers
from diarfuse.fusion.times import LONGEST, is_time, repair_times, repair_transcript
from diarfuse.fusion.types import Segment, Transcript, Turn, Word
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import JobOptions
from diarfuse.transcribe.remote.client import read_answer

TURNS = (Turn(0.0, 1.0, "A"), Turn(1.0, 3.0, "B"))
BAD = [-5.0, 1e15, 1e308, LONGEST + 1, -1e300]


def word(start: float, end: float) -> dict[str, object]:
    return {"word": "Hi", "start": start, "end": end}


@pytest.mark.parametrize("bad", BAD)
def test_impossible_times_are_refused_everywhere(bad: float, tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps([word(bad, bad)]))
    deepgram = {"results": {"channels": [{"alternatives": [{"transcript": "Hi", "words": [word(0.1, bad)]}]}]}}
    chunks = {"text": "Hi", "chunks": [{"text": "Hi you all", "timestamp": [0.1, bad]}]}
    cpp = {"transcription": [{"text": " Hi", "offsets": {"from": bad * 1000, "to": bad * 1000}}]}
    for act, place in (
        (lambda: attach(path, TURNS), r"w\.json: words\[0\]"),
        (lambda: WordsJson(path).transcribe(np.zeros(16_000, np.float32)), r"w\.json: words\[0\]"),
        (lambda: attach(deepgram, TURNS), r"words\[0\]"),
        (lambda: attach(chunks, TURNS), r"chunks\[0\]"),
        (lambda: attach(cpp, TURNS), r"transcription\[0\]"),
        (lambda: attach([SimpleNamespace(start=bad, end=bad, word="Hi")], TURNS), r"words\[0\]"),
        (lambda: list(attach_lazily([{"start": bad, "end": bad, "text": "x"}], TURNS)), r"segments\[0\]: words\[0\]"),
        (lambda: assign_speakers([word(0.1, 0.2), word(bad, bad)], TURNS), r"words\[1\] has start="),
        (lambda: assign_speakers([word(0.1, 0.2)], [Turn(bad, abs(bad), "A")]), r"turns\[0\] runs from"),
        (lambda: parse_rttm(f"SPEAKER a 1 {bad} 1 <NA> <NA> A <NA> <NA>"), "line 1: start"),
    ):
        with pytest.raises(TranscriptError, match=place) as caught:
            act()
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("bad", BAD)
def test_a_server_is_not_believed(bad: float) -> None:
    answer = {"segments": [{"start": 0.0, "end": 1.0, "text": "Hi"}], "words": [], "turns": [], "exclusive_turns": []}
    segments = {**answer, "segments": [{"start": bad, "end": abs(bad), "text": "Hi"}]}
    turns = {**answer, "turns": [{"start": bad, "end": abs(bad), "speaker": "SPEAKER_00"}]}
    for given_answer in (segments, turns):
        with pytest.raises(TranscriptError, match=r"server's answer.* has the time"):
            read_answer(given_answer, 4.0, diarized=True)


def test_a_servers_small_mistakes_are_noted() -> None:
    answer = {"segments": [{"start": -0.02, "end": 1.0, "text": " Hi"}], "words": [word(-0.02, 0.5)]}
    found, _ = read_answer(answer, 4.0, diarized=False)
    assert (found.segments[0].start, found.words[0].start) == (0.0, 0.0)
    assert len(found.notes) == 2


class Hook:
    """A recogniser of another package."""

    def __init__(self, *words: Word) -> None:
        self._words = words

    def transcribe(self, _: object, **__: object) -> Transcript:
        return Transcript((Segment(0.0, 1.0, " Hi", self._words),), "en", 1.0)


def test_a_recognisers_times_are_checked_and_repairs_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(16_000, 0.1, np.float32), 16_000)
    monkeypatch.setattr(recognisers, "make", lambda *_: Hook(Word(-0.1, 0.5, " Hi"), Word(0.9, 0.7, " you")))
    result = Job(JobOptions()).transcribe(path)
    assert [(w.start, w.end) for w in result.transcript.words] == [(0.0, 0.5), (0.9, 0.9)]
    assert [note.split(" (")[0] for note in result.notes] == [
        "The recogniser Hook: segment 0, word 0",
        "The recogniser Hook: segment 0, word 1",
    ]
    for bad in (*BAD, math.nan, "soon"):
        monkeypatch.setattr(recognisers, "make", lambda *_, b=bad: Hook(Word(b, 0.5, " Hi")))
        with pytest.raises(TranscriptError, match=r"The recogniser Hook: segment 0, word 0.* has the time"):
            Job(JobOptions()).transcribe(path)


def test_what_is_right_comes_back_itself() -> None:
    whole = Transcript((Segment(0.0, 1.0, "a", (Word(None, None, "a"), Word(0.1, None, "b"))),), None, 1.0)
    assert repair_transcript(whole, "x") is whole


@given(st.none() | st.floats(), st.none() | st.floats())
def test_repaired_times_can_be(start: float | None, end: float | None) -> None:
    possible = all(value is None or is_time(value) for value in (start, end))
    try:
        one, two, note = repair_times(start, end, "x")
    except TranscriptError:
        assert not possible
        return
    assert possible
    assert (one is None, two is None) == (start is None, end is None)
    assert all(0 <= value <= LONGEST for value in (one, two) if value is not None)
    assert one is None or two is None or one <= two
    assert bool(note) == ((one, two) != (start, end))
