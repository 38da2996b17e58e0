"""The join: every kind of word, every edge, and a slow oracle."""

from __future__ import annotations

import dataclasses
from collections import namedtuple
from types import MappingProxyType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.errors import OptionError, TranscriptError
from diarfuse.fusion.join.assign import Policy, assign_speakers, assign_transcript
from diarfuse.fusion.types import Segment, Transcript, Turn, Word

TURNS = [Turn(0.0, 1.0, "A"), Turn(1.5, 3.0, "B")]
PLAIN = Policy(join="plain", max_gap=0)
TIME = st.integers(0, 80).map(lambda tick: tick / 8)
SPAN = st.tuples(TIME, TIME).map(sorted)


@dataclasses.dataclass
class Loose:
    start: float
    end: float
    word: str


@dataclasses.dataclass(frozen=True, slots=True)
class Tight:
    start: float
    end: float
    word: str


@dataclasses.dataclass(frozen=True)
class Labelled:
    start: float
    end: float
    speaker: str | None = None


Bare = namedtuple("Bare", "start end word")  # noqa: PYI024 - the untyped kind is what is tested
Full = namedtuple("Full", "start end word speaker")  # noqa: PYI024 - see above


def merged_by_speaker(turns):
    """By (start, end, speaker), where one speaker's turns that overlap are one: nobody is heard twice at once."""
    merged = []
    for (a, b), who in sorted(turns, key=lambda turn: (turn[1], *turn[0])):
        if merged and merged[-1][1] == who and a < merged[-1][0][1]:
            merged[-1] = ((merged[-1][0][0], max(b, merged[-1][0][1])), who)
        elif b > a:
            merged.append(((a, b), who))
    return sorted(merged, key=lambda turn: (*turn[0], turn[1]))


@given(st.lists(SPAN, max_size=15), st.lists(st.tuples(SPAN, st.sampled_from("ABC")), max_size=10))
def test_plain_is_the_longest_summed_overlap(spans, turns):
    words = [{"start": a, "end": b} for a, b in spans]
    joined = assign_speakers(words, [Turn(a, b, who) for (a, b), who in turns], PLAIN)
    for word, new in zip(words, joined, strict=True):
        heard: dict[str, float] = {}
        for (a, b), who in merged_by_speaker(turns):
            inside = 1.0 if word["start"] == word["end"] and a <= word["start"] < b else 0.0
            seconds = max(min(b, word["end"]) - max(a, word["start"]), inside)
            if seconds > 0:
                heard[who] = heard.get(who, 0.0) + seconds
        assert new["speaker"] == max(heard, key=heard.__getitem__, default=None)


@given(
    st.lists(st.tuples(st.none() | SPAN, st.text(max_size=4)), max_size=15),
    st.lists(st.tuples(SPAN, st.sampled_from("ABC")), max_size=10),
    st.sampled_from([Policy(), PLAIN, Policy(max_gap=0.2)]),
)
def test_texts_and_times_leave_as_they_came_and_every_word_is_explained(words, turns, policy):
    given_words = [Word(*(span or (None, None)), text) for span, text in words]
    joined = assign_speakers(given_words, [Turn(a, b, who) for (a, b), who in turns], policy)
    assert [dataclasses.replace(w, speaker=None, attribution=None) for w in joined] == given_words
    for word in joined:
        assert (word.speaker is None) == (word.attribution.reason == "none")
        assert 0 <= word.attribution.confidence <= 1
        assert all(0 < other.share <= 1 and other.speaker != word.speaker for other in word.attribution.others)
        assert word.attribution.detail or word.attribution.reason in ("overlap", "context")


@pytest.mark.parametrize(
    "word",
    [
        {"start": 0.2, "end": 0.6, "word": "x", "extra": [1]},
        MappingProxyType({"start": 0.2, "end": 0.6}),
        Loose(0.2, 0.6, "x"),
        Tight(0.2, 0.6, "x"),
        Labelled(0.2, 0.6),
        Bare(0.2, 0.6, "x"),
        Full(0.2, 0.6, "x", None),
        SimpleNamespace(start=0.2, end=0.6, word="x"),
        Segment(0.2, 0.6, "x"),
        Word(0.2, 0.6, "x"),
    ],
    ids=lambda word: type(word).__name__,
)
def test_each_kind_comes_back_as_itself(word):
    before = repr(word)
    (new,) = assign_speakers([word], TURNS)
    assert (new["speaker"] if hasattr(new, "keys") else new.speaker) == "A"
    assert repr(word) == before
    assert isinstance(new, dict if isinstance(word, MappingProxyType) else type(word))
    assert (new["start"], new["end"]) == (0.2, 0.6) if hasattr(new, "keys") else (new.start, new.end) == (0.2, 0.6)


def test_faster_whisper_words_come_back_as_they_are():
    transcribe = pytest.importorskip("faster_whisper.transcribe")
    (new,) = assign_speakers([transcribe.Word(start=0.2, end=0.6, word=" Hi", probability=0.9)], TURNS)
    assert isinstance(new, transcribe.Word)
    assert (new.speaker, new.word) == ("A", " Hi")


def test_mixed_kinds_and_generators():
    words = (w for w in [{"start": 0.2, "end": 0.6}, Word(1.6, 2.0, "x")])
    assert [w["speaker"] if isinstance(w, dict) else w.speaker for w in assign_speakers(words, TURNS)] == ["A", "B"]


def test_turns_of_every_kind():
    for turns in (
        [{"start": 0, "end": 1, "speaker": "A"}],
        [(0, 1, "A")],
        [SimpleNamespace(start=0, end=1, speaker="A")],
        (Turn(0, 1, "A") for _ in range(1)),
    ):
        assert assign_speakers([{"start": 0.2, "end": 0.6}], turns)[0]["speaker"] == "A"


def test_without_overlap_the_nearest_turn_within_reach():
    word = Word(1.1, 1.2, "x")
    near = assign_speakers([word], TURNS)[0]
    assert (near.speaker, near.attribution.reason) == ("A", "nearest")
    assert near.attribution.detail == "0.10 s after the nearest turn"
    far = assign_speakers([word], TURNS, Policy(max_gap=0.05))[0]
    assert (far.speaker, far.attribution.reason, far.attribution.confidence) == (None, "none", 0.0)
    assert far.attribution.detail == "the nearest turn is 0.10 s away"
    assert assign_speakers([word], [])[0].attribution.detail == "there are no turns"


def test_ties_and_zero_length():
    turns = [Turn(1.0, 2.0, "B"), Turn(0.0, 1.0, "A")]
    for policy in (Policy(), PLAIN):
        assert assign_speakers([{"start": 0.5, "end": 1.5}], turns, policy)[0]["speaker"] == "A"
        assert assign_speakers([{"start": 1.0, "end": 1.0}], turns, policy)[0]["speaker"] == "B"
    assert assign_speakers([], turns) == []


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ({"start": float("nan"), "end": 1}, r"words\[1\] has start=nan"),
        ({"start": 0, "end": float("inf")}, r"words\[1\] has end=inf"),
        ({"start": "soon", "end": 1}, r"words\[1\] has start='soon'"),
        ({"start": "nan", "end": 1}, r"words\[1\] has start='nan'"),
        ({"start": [0], "end": 1}, r"words\[1\] has start=\[0\]"),
        ({"start": 0, "end": 10**400}, r"words\[1\] has end=1000"),
        ("text", r"words\[1\] is a str without 'start'"),
    ],
)
def test_impossible_words_are_named(word, message):
    for others in ([{"start": 0, "end": 1}], [{"start": None, "end": "1"}]):
        with pytest.raises(TranscriptError, match=message):
            assign_speakers([*others, word], TURNS)


@pytest.mark.parametrize("missing", [[], [{"word": "5"}]])
def test_numbers_as_text_are_numbers_and_stay_text(missing):
    words = [{"word": "Hi", "start": "0.2", "end": "0.8"}, *missing, {"word": "there", "start": 1.2, "end": "1.6"}]
    joined = assign_speakers(words, [("0", "1", "A"), (1, 3, "B")])
    assert (joined[0]["speaker"], joined[-1]["speaker"]) == ("A", "B")
    assert [{k: v for k, v in word.items() if k != "speaker"} for word in joined] == words


@pytest.mark.parametrize("turn", [Turn(2, 1, "A"), Turn(0, float("nan"), "A"), (0, 1), {"start": 0}, None])
def test_impossible_turns_are_named(turn):
    with pytest.raises(TranscriptError, match=r"turns\[0\]"):
        assign_speakers([{"start": 0, "end": 1}], [turn])


def test_impossible_policies_are_refused():
    with pytest.raises(OptionError, match="max_gap=-1"):
        Policy(max_gap=-1)
    with pytest.raises(OptionError, match="join='best'"):
        Policy(join="best")  # type: ignore[arg-type]


def test_a_transcripts_segments_get_their_main_speaker():
    words = (Word(0.1, 0.5, "a"), Word(1.6, 2.9, " b"))
    lines = Transcript((Segment(0, 3, "a b", words), Segment(2.0, 3.0, "c")), "en", 3.0)
    joined = assign_transcript(lines, TURNS)
    assert [segment.speaker for segment in joined.segments] == ["B", "B"]
    assert [word.speaker for word in joined.words] == ["A", "B"]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 6)), max_size=6),
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20), st.sampled_from("ABCD")), max_size=6),
    st.sampled_from([0.1, 0.001, 0.016875]),
)
def test_noise_of_floats_decides_nothing(said, rows, tick) -> None:
    def speakers(tick: float) -> list[str | None]:
        words = [{"start": start * tick, "end": start * tick + length * tick} for start, length in said]
        turns = [Turn(start * tick, start * tick + length * tick, who) for start, length, who in rows]
        return [word["speaker"] for word in assign_speakers(words, turns, Policy(join="plain", max_gap=9 * tick))]

    assert speakers(tick) == speakers(1.0)
