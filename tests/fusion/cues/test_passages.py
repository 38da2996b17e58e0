"""Turns of words against a slow and obvious maker of them, and what holds whatever a recogniser gave."""

from __future__ import annotations

import math
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.cues import passages_of, split_segments
from diarfuse.fusion.cues.passages import LONG, PAUSE
from diarfuse.fusion.types import Attribution, Segment, Transcript, Word

speakers = st.sampled_from(["Ana", "Ben", None])
seconds = st.integers(0, 80).map(lambda quarters: quarters / 4)
words = st.builds(
    lambda start, length, text: Word(start, None if None in (start, length) else start + length, text, 0.5),
    st.none() | seconds,
    st.none() | st.sampled_from([0.0, 0.25, 1.0, 9.0]),
    st.sampled_from([" so", " it.", " -", "n't", " ", "好"]),
)
messy = st.lists(
    st.builds(
        lambda start, length, said, who, spoken: Segment(
            start,
            start + length,
            "".join(word.text for word in said) if spoken else " no words. here",
            tuple(replace(word, speaker=name) for word, name in zip(said, who, strict=False)) if spoken else (),
            who[0],
        ),
        seconds,
        st.sampled_from([0.0, 1.0, 5.0]),
        st.lists(words, min_size=1, max_size=5),
        st.lists(speakers, min_size=5, max_size=5),
        st.booleans(),
    ),
    max_size=6,
)


def transcript(*segments: Segment) -> Transcript:
    return Transcript(segments, "en", 100.0)


def rows(*segments: Segment) -> list[tuple[str | None, float, float, str]]:
    return [(p.speaker, p.start, p.end, p.text) for p in passages_of(transcript(*segments))]


@given(messy)
def test_rows_are_in_order_and_begin_and_end_with_words(segments: list[Segment]) -> None:
    found = passages_of(transcript(*segments))
    assert [row.start for row in found] == sorted(row.start for row in found)
    for passage in found:
        assert passage.text.strip() == passage.text != ""
        assert all(word.text.strip() and word.start <= word.end < math.inf for word in passage.words)
        starts = [word.start for word in passage.words]
        assert starts == sorted(starts)
        assert (passage.start, passage.end) == (starts[0], max(word.end for word in passage.words))


lines = st.builds(
    lambda start, steps, who, late: Segment(
        start + late,
        start + 12,
        " w" * len(steps),
        tuple(
            Word(start + sum(s for s, _ in steps[:i]), start + sum(s for s, _ in steps[:i]) + length, " w", speaker=who)
            for i, (_, length) in enumerate(steps)
        ),
        who,
    ),
    seconds,
    st.lists(st.tuples(st.sampled_from([0.25, 1.0]), st.sampled_from([0.25, 1.0, 4.0])), min_size=1, max_size=4),
    speakers,
    st.sampled_from([0.0, 0.25]),
)


@given(st.lists(lines, max_size=5))
def test_no_word_is_told_at_another_time_than_its_own_however_lines_overlap(segments: list[Segment]) -> None:
    told = [(row.speaker, word.start, word.end) for row in passages_of(transcript(*segments)) for word in row.words]
    assert sorted(told, key=str) == sorted(((w.speaker, w.start, w.end) for s in segments for w in s.words), key=str)


@given(messy)
def test_nothing_that_is_said_is_lost(segments: list[Segment]) -> None:
    given_texts = split_segments(transcript(*segments)).segments
    for speaker in ("Ana", "Ben", None):
        said = "".join(s.text for s in given_texts if s.speaker == speaker)
        found = "".join(p.text for p in passages_of(transcript(*segments)) if p.speaker == speaker)
        assert sorted("".join(found.split())) == sorted("".join(said.split()))


@given(st.lists(st.tuples(speakers, st.sampled_from([0.0, 0.25, 2.5, 2.75])), min_size=1, max_size=12))
def test_words_one_after_the_other_make_the_rows_that_a_slow_loop_makes(spoken: list[tuple]) -> None:
    at, segments, expected = 0.0, [], []
    for number, (speaker, gap) in enumerate(spoken):
        at += gap
        word = Word(at, at + 1, f" w{number}.", speaker=speaker, attribution=Attribution("overlap", 1.0))
        if expected and expected[-1][0] == speaker and at - expected[-1][2] <= PAUSE:
            expected[-1] = (speaker, expected[-1][1], at + 1, f"{expected[-1][3]} w{number}.")
        else:
            expected.append((speaker, at, at + 1, f"w{number}."))
        line = Segment(at - gap / 2, at + 1.1, word.text, (word,), speaker)
        segments.append(line)
        at += 1
    assert rows(*segments) == expected


def said(start: float, text: str, speaker: str | None, *, step: float = 0.5) -> Segment:
    own = tuple(
        Word(start + i * step, start + i * step + 0.4, f" {w}", 0.9, speaker=speaker)
        for i, w in enumerate(text.split())
    )
    return Segment(max(0.0, start - 1), start + len(own) * step + 1, f" {text}", own, speaker)


def test_lines_become_one_row_without_the_padding() -> None:
    assert rows(said(1.0, "Good morning.", "Ana"), said(3.0, "How are you?", "Ana")) == [
        ("Ana", 1.0, 4.4, "Good morning. How are you?")
    ]


def test_two_who_talk_at_once_stay_two_rows() -> None:
    assert rows(said(1.0, "We go on and on.", "Ana"), said(2.0, "Yes.", "Ben"), said(3.6, "And on.", "Ana")) == [
        ("Ana", 1.0, 3.4, "We go on and on."),
        ("Ben", 2.0, 2.4, "Yes."),
        ("Ana", 3.6, 4.5, "And on."),
    ]


def test_a_sentence_goes_on_behind_what_another_puts_in() -> None:
    words = [Word(0.0, 0.4, " We", speaker="Ana"), Word(0.5, 0.7, " mhm", speaker="Ben")]
    line = Segment(0.0, 9.0, " We mhm go.", (*words, Word(0.6, 1.0, " go.", speaker="Ana")), "Ana")
    assert rows(line) == [("Ana", 0.0, 1.0, "We go."), ("Ben", 0.5, 0.7, "mhm")]


def test_lines_of_one_speaker_that_overlap_are_rows_of_their_own() -> None:
    """As after a merge of two speakers who talked at once, or where two tracks bear one name."""
    bare = [Segment(a, b, text, (), "Ana") for a, b, text in [(0, 10, "a long line"), (2, 8, "in it"), (3, 5, "deep")]]
    assert rows(*bare) == [("Ana", 0, 10, "a long line"), ("Ana", 2, 8, "in it"), ("Ana", 3, 5, "deep")]
    assert rows(*[bare[1]] * 2) == [("Ana", 2, 8, "in it")] * 2
    seam = replace(bare[0], start=9.95, end=12.0)
    assert rows(bare[0], seam) == [("Ana", 0, 12, "a long line a long line")], "so little is one after the other"


def test_a_line_within_another_is_its_own_also_where_somebody_puts_in_a_word() -> None:
    lines = [Segment(a, b, f" {t}", (Word(a, b, f" {t}", speaker=who),), who) for a, b, t, who in [
        (0.0, 10.0, "Aaah", "Ana"), (1.0, 2.0, "Hm.", "Ben"), (2.0, 4.0, "no", "Ana"),
    ]]  # fmt: skip
    assert rows(*lines) == [("Ana", 0.0, 10.0, "Aaah"), ("Ben", 1.0, 2.0, "Hm."), ("Ana", 2.0, 4.0, "no")]


def test_words_that_overlap_in_a_line_stay_one_row() -> None:
    own = (Word(0.0, 9.0, " Aaah"), Word(2.0, 3.0, " no"), Word(2.0, 3.0, " yes"))
    assert rows(Segment(0.0, 9.0, " Aaah no yes", own, "Ana")) == [("Ana", 0.0, 9.0, "Aaah no yes")]


def test_words_without_speakers_and_lines_without_words_have_rows() -> None:
    bare = Segment(4.0, 6.0, " No words here.", (), None)
    found = passages_of(transcript(said(1.0, "Nobody's words.", None), bare, Segment(6.0, 7.0, "  ", ())))
    assert [(p.speaker, p.start, p.end, p.text) for p in found] == [(None, 1.0, 6.0, "Nobody's words. No words here.")]
    assert [word.timing for word in found[0].words] == ["recognised"] * 2 + ["estimated"] * 3


def test_the_speaker_of_a_line_whose_words_name_nobody() -> None:
    words = (Word(1.0, 2.0, " Hi"), Word(None, None, " there."))
    assert rows(Segment(0.0, 5.0, " Hi there.", words, "Ana")) == [("Ana", 1.0, pytest.approx(3.0), "Hi there.")]


def test_a_monologue_is_broken_at_a_pause_and_at_a_sentence() -> None:
    words = [Word(i / 2, i / 2 + 0.4, f" w{i}" + "." * (i % 50 == 49), speaker="Ana") for i in range(200)]
    segment = Segment(0.0, 100.0, "".join(word.text for word in words), tuple(words), "Ana")
    assert [len(p.words) for p in passages_of(transcript(segment))] == [150, 50]
    assert LONG == 120
    assert len(rows(said(0.0, "One.", "Ana"), said(0.4 + PAUSE + 0.1, "Two.", "Ana"))) == 2


def test_the_page_begins_its_paragraphs_where_the_files_do() -> None:
    page = (files("diarfuse.exporters") / "page" / "model.js").read_text(encoding="utf-8")
    assert f"const PAUSE = {PAUSE};" in page
    assert f"const LONG = {LONG};" in page


def test_nothing_said_makes_no_row() -> None:
    assert passages_of(transcript()) == ()
    assert passages_of(transcript(Segment(0.0, 1.0, " ", (Word(0.0, 1.0, " "),)))) == ()
