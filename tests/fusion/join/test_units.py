"""Words and turns in different units are refused, and no ordinary conversation ever is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diarfuse.fusion.attaching import attach, attach_lazily, attach_same_shape
from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.join.assign import Policy, assign_speakers, assign_transcript
from diarfuse.fusion.join.units import check_spans
from diarfuse.fusion.types import Segment, Transcript, Turn, Word
from tests.amounts import examples

PLAIN = Policy(join="plain")


def talk(lengths: list[float], pause: float = 0.31, digits: int = 3) -> list[Turn]:
    """Turns of two speakers, one after the other."""
    turns, at = [], 0.93
    for index, length in enumerate(lengths):
        turns.append(Turn(round(at, digits), round(at + length, digits), "AB"[index % 2]))
        at += length + pause
    return turns


def said(turns: list[Turn], until: float = 1e9) -> list[Word]:
    """Some hundreds of words at most, throughout the turns."""
    words, every = [], max(0.41, min(until, turns[-1].end) / 200)
    for turn in turns:
        for index in range(int((turn.end - turn.start) / every) + 1):
            start = turn.start + index * every
            if start > until:
                return words
            words.append(Word(round(start, 3), round(start + 0.27, 3), " word"))
    return words


def scaled(things: list[Any], by: float, *, whole: bool = True) -> list[Any]:
    """The same in another unit; as programs count it, or with what is left of a multiplication."""
    to = round if whole else float
    return [replace(thing, start=to(thing.start * by), end=to(thing.end * by)) for thing in things]


TALKS = st.lists(st.floats(0.2, 40.0).map(lambda x: round(x, 3)), min_size=2, max_size=40)
UNITS = {1_000: "milliseconds", 8_000: "samples", 16_000: "samples", 44_100: "samples", 48_000: "samples"}


@settings(max_examples=examples(40))
@given(lengths=TALKS, by=st.sampled_from(sorted(UNITS)))
def test_a_conversation_whose_words_or_turns_are_in_another_unit_is_refused(lengths: list[float], by: int) -> None:
    turns = talk(lengths)
    words = said(turns)
    assume(len(words) > 2 and sorted(lengths)[len(lengths) // 2 - 1] > 1.0 and words[-1].end < 900)
    with pytest.raises(
        TranscriptError, match=rf"^The turns look like {UNITS[by]} \(the last ends at \d+, the last word"
    ):
        assign_speakers(words, scaled(turns, by))
    with pytest.raises(TranscriptError, match=r"^The words look like .* give them in seconds\.$"):
        assign_speakers(scaled(words, by), turns)
    with pytest.raises(TranscriptError, match=r"^The words look like milliseconds \(half of them last \d+ or longer\)"):
        assign_speakers(scaled(words, by), scaled(turns, by))


@settings(max_examples=examples(50))
@given(
    lengths=st.lists(st.one_of(st.floats(0.02, 30.0), st.floats(30.0, 4_000.0)), min_size=1, max_size=20),
    digits=st.integers(0, 3),
    until=st.one_of(st.just(1e9), st.floats(0.5, 60.0)),
    first=st.integers(0, 3),
)
def test_no_conversation_in_seconds_is_ever_refused(
    lengths: list[float], digits: int, until: float, first: int
) -> None:
    """Lectures too, and where words are those of the first seconds, or turns only the first ones."""
    assume(min(lengths) < 30.0 or len(lengths) < 10)
    turns = talk(lengths, digits=digits)
    words = said(turns, until)
    assign_speakers(words, turns, PLAIN)
    assign_speakers(words, turns[: first + 1], PLAIN)
    assign_transcript(Transcript((Segment(0.0, 1.0, "", tuple(words)),), None, 1.0), turns, PLAIN)
    check_spans([(t.start, t.end) for t in turns], words[-1].end if words else 0.0, "the recording", "a.rttm")


@pytest.mark.parametrize("minutes", [[(0, 754), (754, 2_801), (2_801, 3_600)], [(0, 1_800), (1_800, 3_600)]])
def test_minutes_that_a_person_wrote_down_beside_the_first_words_are_seconds(minutes: list[tuple[int, int]]) -> None:
    words = [{"word": "Hi", "start": 0.5 * i, "end": 0.5 * i + 0.3} for i in range(8)]
    found = assign_speakers(words, [(start, end, f"P{start}") for start, end in minutes])
    assert {word["speaker"] for word in found} == {"P0"}


@settings(max_examples=examples(40))
@given(
    lengths=st.lists(st.integers(100, 990), min_size=2, max_size=200),
    pause=st.integers(0, 30),
    first=st.integers(0, 60),
    until=st.floats(1.5, 300.0),
    precise=st.booleans(),
)
def test_an_excerpt_beside_the_turns_of_a_whole_day_is_in_seconds(
    lengths: list[int], pause: int, first: int, until: float, precise: bool
) -> None:
    """Programmes of a broadcaster, hearings: hundreds of turns of minutes in whole seconds, music before the first."""
    at, turns = first, []
    for length in lengths:
        turns.append(Turn(at + precise / 7, at + length + precise / 7, "AB"[len(turns) % 2]))
        at += length + pause
    words = [Word(round(0.4 * i, 3), round(0.4 * i + 0.3, 3), " word") for i in range(int(until / 0.4))]
    assign_speakers(words, turns)
    attach([{"word": w.text, "start": w.start, "end": w.end} for w in words], turns)
    check_spans([(t.start, t.end) for t in turns], words[-1].end, "the last word", "a.rttm")
    assign_speakers([replace(word, start=word.start + at - 1, end=word.end + at - 1) for word in words], turns[:1])


def test_hours_that_follow_one_another_and_music_before_the_first_are_seconds() -> None:
    words = [Word(0.5 * i, 0.5 * i + 0.3, " word") for i in range(200)]
    hours = [Turn(1_800 * i, 1_800 * (i + 1), "AB"[i % 2]) for i in range(48)]
    assert {word.speaker for word in assign_speakers(words, hours)} == {"A"}
    late = assign_speakers(words[:19], [(6, 1_800, "A"), (1_810, 5_000, "B")])
    assert late[-1].speaker == "A"


@pytest.mark.parametrize("text", ["♪", " ...", "[]", " yes"])
def test_marks_and_words_that_last_until_the_next_are_seconds(text: str) -> None:
    far = 30 if text != " yes" else 90
    words = [Word(far * i + 0.5, far * (i + 1) + 0.5, text) for i in range(8)]
    assert len(assign_speakers(words, talk([20.0] * 40))) == 8
    lines = tuple(Segment(word.start or 0, word.end or 0, text, (word,)) for word in words)
    assert assign_transcript(Transcript(lines, "en", 900.0), talk([20.0] * 40)).segments[0].words
    if text != " yes":
        given = [{"word": text, "start": word.start, "end": word.end} for word in words]
        assert len(attach(given, talk([20.0] * 40)).words) == 8


@pytest.mark.parametrize("line", [False, True])
def test_turns_of_the_first_minute_tell_nothing_of_words_of_hours(line: bool) -> None:
    turns, length = talk([2.0, 20.0, 15.0]), 4.0 if line else 0.3
    said = [{"text" if line else "word": "some words", "start": 5.0 * i, "end": 5.0 * i + length} for i in range(2_000)]
    data = {"segments": said} if line else said
    assert attach(data, turns).words[-1].speaker is None


def test_chapters_and_music_are_no_words_in_milliseconds() -> None:
    turns = talk([20.0] * 120)
    chapters = [{"text": f"Part{i}", "start": 61 * i, "end": 61 * i + 61} for i in range(30)]
    assert len(assign_speakers(chapters, turns)) == 30
    music = [{"word": "[Music]", "start": 30.0 * i, "end": 30.0 * (i + 1)} for i in range(30)]
    assert len(assign_speakers(music, turns)) == 30


def test_every_way_that_words_and_turns_come_together_tells() -> None:
    turns = talk([2.0, 3.1, 1.2, 4.4])
    far = [{"start": t.start, "end": t.end, "speaker": t.speaker} for t in scaled(turns, 1_000)]
    words = [{"word": w.text, "start": w.start, "end": w.end} for w in said(turns)]
    told = "The turns look like milliseconds (the last ends at 12560, the last word at 12.53): give them in seconds."
    transcript = Transcript((Segment(0.0, 12.0, "", tuple(said(turns))),), "en", 12.0)
    for call in (
        lambda: assign_speakers(words, far),
        lambda: assign_transcript(transcript, far),
        lambda: attach(words, far),
        lambda: attach_same_shape(words, far),
    ):
        with pytest.raises(TranscriptError) as caught:
            call()
        assert str(caught.value) == told


def test_what_a_multiplication_leaves_is_told_by_its_lengths() -> None:
    turns = talk([2.0317 + i / 7 for i in range(40)], digits=7)
    with pytest.raises(TranscriptError, match="look like milliseconds"):
        assign_speakers(said(turns), scaled(turns, 1_000.0, whole=False))


def test_segments_that_come_one_by_one_are_no_whole_to_compare_with() -> None:
    turns = [Turn(0, 1_241, "A"), Turn(1_241, 2_907, "B"), Turn(2_907, 3_595, "A")]
    segments = [{"start": 0.0, "end": 3.6, "text": "a b c d", "words": [
        {"word": "a", "start": 0.4 * i, "end": 0.4 * i + 0.3} for i in range(8)
    ]}]  # fmt: skip
    assert [segment["speaker"] for segment in attach_lazily(segments, turns)] == ["A"]
    far = [{**word, "start": 1_000 * word["start"], "end": 1_000 * word["end"]} for word in segments[0]["words"]]
    with pytest.raises(TranscriptError, match=r"^segments\[0\]: The words look like milliseconds \(half of them"):
        list(attach_lazily([{**segments[0], "words": far}], turns))
    assert len(assign_speakers(segments[0]["words"][:2], turns)) == 2


@pytest.mark.parametrize("names", [("start_time", "end_time"), ("begin", "finish"), ("timestamp", "speaker")])
def test_words_with_their_times_under_other_names_are_not_taken_to_have_none(names: tuple[str, str]) -> None:
    first, second = names
    words = [{"word": "a", first: 0.1, second: 0.3}, {"word": "b", first: 1.2, second: 1.4}]
    with pytest.raises(TranscriptError, match=rf"^The words have a time under '{first}': give start and end"):
        assign_speakers(words, talk([2.0, 3.0]))
    timeless = [{"word": "2014"}, {"word": "a", "start": 1.2, "end": 1.4, first: 5}]
    assert len(assign_speakers(timeless, talk([2.0, 3.0]))) == 2
    assert len(assign_speakers(timeless[:1], talk([2.0, 3.0]))) == 1


def test_times_that_are_missing_or_nobodys_tell_nothing() -> None:
    words = [{"word": "a", "start": None, "end": None}] * 5
    for turns in ([], scaled(talk([2.0, 3.1]), 1_000)):
        assert len(assign_speakers(words, turns)) == 5
