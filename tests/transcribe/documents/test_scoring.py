"""Scores of a result that is right, and of known mistakes."""

from __future__ import annotations

import json
import random

import pytest

from diarfuse.fusion.errors import MissingExtraError, OptionError, TranscriptError
from diarfuse.fusion.types import Turn
from diarfuse.transcribe.documents import scoring
from diarfuse.transcribe.documents.scoring import (
    normalised,
    read_segments,
    read_true_turns,
    read_truth,
    read_turns_of,
    speakers_of_words,
    turn_errors,
    word_errors,
)

TRUTH = [(0.0, 2.0, "ann", "Hello there."), (2.0, 4.0, "bob", "It's me, Bob")]
SWAPPED = [(0.0, 2.0, "S1", "hello there"), (2.0, 3.0, "S2", "it's me"), (3.0, 4.0, "S1", "bob")]


def test_text_is_compared_without_case_and_punctuation():
    assert normalised("It's 'me', Bob!") == "it's me bob"


def test_speakers_of_segments_are_one_however_their_accents_are_composed(tmp_path):
    rows = [{"start": 0, "end": 1, "text": "hi", "speaker": name} for name in ("Zo\xe9", "Zoe\u0301")]
    (tmp_path / "a.json").write_text(json.dumps({"segments": rows}))
    assert [speaker for _, _, speaker, _ in read_segments(tmp_path / "a.json")] == ["Zo\xe9"] * 2


def test_a_right_result_has_no_errors():
    pytest.importorskip("meeteval")
    given = [(start, end, {"ann": "S1", "bob": "S2"}[who], text.upper()) for start, end, who, text in TRUTH]
    assert word_errors(TRUTH, given) == {"cpWER": 0.0, "tcpWER": 0.0}
    assert speakers_of_words(TRUTH, given) == (5, 5)


def test_where_nothing_was_recognised_every_word_is_missed():
    assert word_errors(TRUTH, []) == {"cpWER": 1.0, "tcpWER": 1.0}


def test_a_word_under_the_wrong_speaker_counts_twice_in_cpwer():
    pytest.importorskip("meeteval")
    assert word_errors(TRUTH, SWAPPED)["cpWER"] == pytest.approx(2 / 5)  # deleted here, inserted there
    assert speakers_of_words(TRUTH, SWAPPED) == speakers_of_words(TRUTH, SWAPPED) == (4, 5)


def test_words_that_sound_at_once_have_no_order():
    truth = [(0.0, 4.0, "ann", "one two three four"), (1.0, 3.0, "bob", "one two")]
    given = [(0.0, 1.0, "S1", "one"), (1.0, 3.0, "S2", "one two"), (1.0, 4.0, "S1", "two three four")]
    assert speakers_of_words(truth, given) == (6, 6)
    assert speakers_of_words(truth, [(0.0, 4.0, "S1", "one two three four one two")]) == (4, 6)
    assert speakers_of_words(truth, []) == (0, 0)


def test_turn_errors_count_confusion():
    pytest.importorskip("pyannote.metrics")
    truth = [Turn(0.0, 2.0, "ann"), Turn(2.0, 4.0, "bob")]
    assert turn_errors(truth, truth, 0.0)["DER"] == 0.0
    assert turn_errors(truth, [Turn(0.0, 3.0, "S1"), Turn(3.0, 4.0, "S2")], 0.0)["DER"] == pytest.approx(0.25)


@pytest.mark.parametrize("turns", [[(0.0, 5.0)] * 2, [(0.0, 3.0), (2.0, 5.0)], [(0.0, 5.0), (1.0, 2.0), (4.0, 5.0)]])
def test_one_speaker_is_never_two_people(turns):
    twice, once = [Turn(*times, "A") for times in turns], [Turn(0.0, 5.0, "A")]
    assert turn_errors(twice, once, 0.0) == turn_errors(once, twice, 0.0) == {"DER": 0.0, "JER": 0.0}


def test_true_turns_must_be_there(tmp_path):
    path = tmp_path / "a.rttm"
    path.write_text("SPEAKER a 1 1 0 <NA> <NA> A <NA> <NA>\n", encoding="utf-8")
    with pytest.raises(TranscriptError, match=r"a\.rttm holds no turns: there is nothing to compare with"):
        read_true_turns(path)


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
    for start, text in (("a", "x"), (2, "x"), (0, 5), (10**400, "x"), ("1_0", "x"), ("\u0660", "x"), (True, "x")):
        row = {"start": start, "end": 1, "text": text}
        (tmp_path / "bad.json").write_text(json.dumps({"segments": [row]}))
        with pytest.raises(TranscriptError, match=r"bad\.json"):
            read_segments(tmp_path / "bad.json")
    monkeypatch.setattr(scoring, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"diarfuse\[eval\]"):
        word_errors(TRUTH, SWAPPED)


@pytest.mark.parametrize("times", [(1e9, 2e9), (-1, 1), (float("nan"), 1), (0, float("inf"))])
def test_times_of_segments_are_bounded_as_those_of_turns_are(tmp_path, times):
    row = {"start": times[0], "end": times[1], "text": "x", "speaker": "A"}
    for key, read in (("segments", read_segments), ("turns", read_turns_of)):
        (tmp_path / "a.json").write_text(json.dumps({key: [row]}))
        with pytest.raises(TranscriptError, match=rf"a\.json: {key}\[0\]\.(start|end)"):
            read(tmp_path / "a.json")


def _said(rng: random.Random, people: int) -> list[tuple[float, float, str, str]]:
    rows = []
    for _ in range(rng.randrange(1, 15)):
        start, words = rng.uniform(0, 60), rng.choices(["a", "b", "c", "d", "e"], k=rng.randrange(5))
        rows.append((start, start + rng.uniform(0, 5), f"S{rng.randrange(people)}", " ".join(words)))
    return rows


@pytest.mark.parametrize("seed", range(15))
def test_more_people_than_meeteval_takes_are_scored_as_it_scores_fewer(seed, monkeypatch):
    pytest.importorskip("meeteval")
    rng = random.Random(seed)
    truth, given = _said(rng, rng.choice([1, 2, 5])), _said(rng, rng.choice([1, 3, 8]))
    truth.append((1.0, 2.0, "S0", "a"))
    theirs = word_errors(truth, given)
    monkeypatch.setattr(scoring, "_MOST_OF_MEETEVAL", 0)
    assert word_errors(truth, given) == pytest.approx(theirs)


def test_a_conference_of_many_is_scored():
    pytest.importorskip("meeteval")
    truth = [(10.0 * i, 10.0 * i + 2, f"P{i}", f"my name is number{i}") for i in range(22)]
    given = [(start, end, f"S{i // 2}", text) for i, (start, end, _, text) in enumerate(truth)]
    assert word_errors(truth, truth) == {"cpWER": 0.0, "tcpWER": 0.0}
    assert word_errors(truth, given) == pytest.approx({"cpWER": 1.0, "tcpWER": 1.0})  # half missed, half inserted
    assert speakers_of_words(truth, given) == (44, 88)


@pytest.mark.parametrize("collar", [1.0, 1e10])
def test_a_collar_that_leaves_nothing_is_refused(collar):
    pytest.importorskip("pyannote.metrics")
    turns = [Turn(0.0, 2.0, "A"), Turn(2.0, 3.5, "B")]
    assert turn_errors(turns, turns, 0.9) == {"DER": 0.0, "JER": 0.0}
    with pytest.raises(OptionError, match="leaves nothing of the true turns to score"):
        turn_errors(turns, turns, collar)


INTRO = "welcome to the weekly show about good bread and salted butter"


def test_a_phrase_that_returns_is_not_matched_far_away():
    pytest.importorskip("meeteval")
    body = [(3 + 3 * i, 5.5 + 3 * i, "AB"[i % 2], f"w{i}a w{i}b w{i}c w{i}d w{i}e") for i in range(40)]
    truth = [(0, 2.5, "A", INTRO), *body, (125, 128, "A", "and that was the weekly show about good bread")]
    heard = [(a, b, s, t.rsplit(" ", 1)[0] + " wrong") for a, b, s, t in body]
    given = [(0, 2.5, "A", "welcome two the weakly show about good bred and salty butter"), *heard]
    given.append((125, 128, "A", INTRO))
    right, words = speakers_of_words(truth, given)
    assert words >= 160
    assert right >= 0.99 * words


def test_a_refrain_of_two_people_keeps_its_speakers():
    pytest.importorskip("meeteval")
    truth = [(100.0 * i, 100.0 * i + 3, "AB"[i % 2], "all together now once more with feeling") for i in range(6)]
    given = [(a + 0.5, b + 0.5, {"A": "S1", "B": "S0"}[s], t) for a, b, s, t in truth[1:]]
    assert speakers_of_words(truth, given) == (35, 35)
    swapped = [(a, b, "S0" if i == 1 else s, t) for i, (a, b, s, t) in enumerate(given)]
    assert speakers_of_words(truth, swapped) == (28, 35)


def test_meeteval_keeps_its_remarks_to_itself(recwarn):
    pytest.importorskip("meeteval")
    overlapped = [(0.0, 10.0, "A", "one two three"), (0.1, 0.2, "A", "four five six seven eight"), (0.1, 0.1, "B", "x")]
    word_errors(overlapped, overlapped[::-1])
    speakers_of_words(overlapped, overlapped[::-1])
    assert [str(w.message) for w in recwarn] == []


def test_turns_are_scored_where_the_json_has_them(tmp_path):
    path = tmp_path / "a.json"
    segments = [{"start": 0.0, "end": 9.0, "speaker": "A", "text": "x"}]
    path.write_text(json.dumps({"segments": segments}))
    assert read_turns_of(path) == (Turn(0.0, 9.0, "A"),)
    path.write_text(json.dumps({"segments": segments, "turns": [{"start": 1.0, "end": 2.0, "speaker": "A"}]}))
    assert read_turns_of(path) == (Turn(1.0, 2.0, "A"),)


def test_only_the_parts_that_are_named_are_scored():
    pytest.importorskip("pyannote.metrics")
    truth, given = (Turn(0.0, 2.0, "A"), Turn(2.0, 4.0, "B")), (Turn(0.0, 2.0, "x"), Turn(3.0, 9.0, "y"))
    assert turn_errors(truth, given, 0.0)["DER"] == pytest.approx(6 / 4)
    assert turn_errors(truth, given, 0.0, [(0.0, 4.0)])["DER"] == pytest.approx(1 / 4)
    assert turn_errors(truth, given, 0.0, [(3.0, 4.0), (0.0, 2.0), (1.0, 2.0)]) == {"DER": 0.0, "JER": 0.0}
    with pytest.raises(OptionError, match="leaves nothing of the true turns to score"):
        turn_errors(truth, given, 0.0, [(5.0, 6.0)])
