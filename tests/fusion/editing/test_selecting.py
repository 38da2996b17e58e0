"""Times and numbers as people type them, and the words that they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.editing.selecting import clock, middles, parse_moment, parse_where, word_at
from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.types import Segment, Transcript, Word
from tests.fusion.documents import MEETING

SAID = MEETING.transcript


@pytest.mark.parametrize(
    ("text", "start", "length"),
    [
        ("00:12:03", 723, 1),
        ("12:03.4", 723.4, 0.1),
        ("723.45s", 723.45, 0.01),
        ("1:00:00,5", 3600.5, 0.1),
        ("0s", 0, 1),
    ],
)
def test_times_as_they_are_typed(text: str, start: float, length: float) -> None:
    moment = parse_moment(f" {text} ")
    assert moment.start == pytest.approx(start)
    assert moment.end - moment.start == pytest.approx(length)


@pytest.mark.parametrize("text", ["", "12", "1:2:3:4", "x", "-1s", "1:", "\uff11:\uff12", "1e3s", "12:03.s"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="is no time"):
        parse_moment(text)


@given(st.floats(0, 400_000))
def test_what_is_shown_is_found_again(seconds: float) -> None:
    moment = parse_moment(clock(seconds))
    assert moment.start - 1e-6 <= seconds <= moment.end + 1e-3


def test_a_time_means_the_words_whose_middle_is_in_it() -> None:
    assert parse_where("00:00:00-00:00:01", SAID) == (0, 1)
    assert parse_where("0s - 9s", SAID) == tuple(range(15))
    assert parse_where("3-5", SAID) == (2, 3, 4)
    assert parse_where("7", SAID) == (6,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("00:00:04-00:00:03", "swap"),
        ("00:00:03-00:00:03", "lasts no time: give a later end"),
        ("00:00:20-00:00:30", "nearest word is at 00:00:08.7"),
        ("0-2", "numbered from 1 to 15"),
        ("5-16", "numbered from 1 to 15"),
        ("9-3", "swap the two numbers"),
        ("00:00:03", "no stretch of time"),
        ("a-b", "no time"),
    ],
)
def test_what_means_no_words_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        parse_where(text, SAID)


def test_of_no_words_none_has_a_number() -> None:
    with pytest.raises(OptionError, match="There are no words 1-1: the transcript has none"):
        parse_where("1", Transcript((), None, 1.0))


def test_a_moment_means_the_word_that_begins_in_it_then_the_one_in_it_then_the_nearest() -> None:
    assert word_at(parse_moment("00:00:03"), SAID) == 5
    assert word_at(parse_moment("00:00:01.2"), SAID) == 2
    assert word_at(parse_moment("00:00:01.45"), SAID) == 2
    with pytest.raises(OptionError, match=r"Nobody speaks at 00:01:00\.0: the nearest"):
        word_at(parse_moment("00:01:00"), SAID)
    with pytest.raises(OptionError, match="there are no words"):
        word_at(parse_moment("00:00:00"), Transcript((), None, 1.0))


def test_words_without_times_lie_between_their_neighbours() -> None:
    words = (
        Word(None, None, "a"),
        Word(1.0, 2.0, "b"),
        Word(None, None, "c"),
        Word(4.0, None, "d"),
        Word(None, 6.0, "e"),
    )
    times = middles(Transcript((Segment(0.0, 6.0, "a b c d e", words),), None, 6.0))
    assert times == sorted(times)
    assert times[0] == 0.5
    assert times[2] == 3.0
