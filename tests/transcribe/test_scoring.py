"""Scores of a result that is right, and of known mistakes."""

from __future__ import annotations

import json

import pytest

from diarfuse.fusion.errors import MissingExtraError, TranscriptError
from diarfuse.fusion.types import Turn
from diarfuse.transcribe import scoring
from diarfuse.transcribe.scoring import (
    normalised,
    read_segments,
    read_truth,
    speaker_accuracy,
    speakers_of_segments,
    turn_errors,
    word_errors,
)

TRUTH = [(0.0, 2.0, "ann", "Hello there."), (2.0, 4.0, "bob", "It's me, Bob")]
SWAPPED = [(0.0, 2.0, "S1", "hello there"), (2.0, 3.0, "S2", "it's me"), (3.0, 4.0, "S1", "bob")]


def test_text_is_compared_without_case_and_punctuation():
    assert normalised("It's 'me', Bob!") == "it's me bob"


def test_a_right_result_has_no_errors():
    pytest.importorskip("meeteval")
    given = [(start, end, {"ann": "S1", "bob": "S2"}[who], text.upper()) for start, end, who, text in TRUTH]
    assert word_errors(TRUTH, given) == {"cpWER": 0.0, "tcpWER": 0.0}
    assert speaker_accuracy(TRUTH, given) == (5, 5)


def test_where_nothing_was_recognised_every_word_is_missed():
    assert word_errors(TRUTH, []) == {"cpWER": 1.0, "tcpWER": 1.0}


def test_a_word_under_the_wrong_speaker_counts_twice_in_cpwer():
    pytest.importorskip("meeteval")
    assert word_errors(TRUTH, SWAPPED)["cpWER"] == pytest.approx(2 / 5)  # deleted here, inserted there
    assert speaker_accuracy(TRUTH, SWAPPED) == speakers_of_segments(TRUTH, SWAPPED) == (4, 5)


def test_words_that_sound_at_once_have_no_order():
    truth = [(0.0, 4.0, "ann", "one two three four"), (1.0, 3.0, "bob", "one two")]
    given = [(0.0, 1.0, "S1", "one"), (1.0, 3.0, "S2", "one two"), (1.0, 4.0, "S1", "two three four")]
    assert speakers_of_segments(truth, given) == (6, 6)
    assert speakers_of_segments(truth, [(0.0, 4.0, "S1", "one two three four one two")]) == (4, 6)
    assert speakers_of_segments(truth, []) == (0, 0)


def test_turn_errors_count_confusion():
    pytest.importorskip("pyannote.metrics")
    truth = [Turn(0.0, 2.0, "ann"), Turn(2.0, 4.0, "bob")]
    assert turn_errors(truth, truth, 0.0)["DER"] == 0.0
    assert turn_errors(truth, [Turn(0.0, 3.0, "S1"), Turn(3.0, 4.0, "S2")], 0.0)["DER"] == pytest.approx(0.25)


def test_bad_input_is_named(tmp_path, monkeypatch):
    (tmp_path / "bad.stm").write_text("a 1 ann zero 2 hi\n")
    with pytest.raises(TranscriptError, match="line 1"):
        read_truth(tmp_path / "bad.stm")
    (tmp_path / "two.stm").write_text("a 1 ann 0 2 hi\nb 1 ann 0 2 hi\n")
    with pytest.raises(TranscriptError, match="holds 2 recordings"):
        read_truth(tmp_path / "two.stm")
    (tmp_path / "none.stm").write_text("a 1 ann 0 2 ...\n")
    with pytest.raises(TranscriptError, match="holds no words"):
        read_truth(tmp_path / "none.stm")
    for times in ("2 1", "nan 1", "-1 1", "0 inf"):
        (tmp_path / "times.stm").write_text(f";; ok\na 1 ann {times} hi\n")
        with pytest.raises(TranscriptError, match=r"times.stm, line 2 runs from"):
            read_truth(tmp_path / "times.stm")
    for start, text in (("a", "x"), (2, "x"), (0, 5), (10**400, "x")):
        row = {"start": start, "end": 1, "text": text}
        (tmp_path / "bad.json").write_text(json.dumps({"segments": [row]}))
        with pytest.raises(TranscriptError, match=r"bad\.json"):
            read_segments(tmp_path / "bad.json")
    monkeypatch.setattr(scoring, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"diarfuse\[eval\]"):
        word_errors(TRUTH, SWAPPED)
