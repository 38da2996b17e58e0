"""Segments of one speaker each, carved from the recogniser's own text."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.cues import passages_of, split_segments
from diarfuse.fusion.text import share_found
from diarfuse.fusion.types import Segment, Transcript, Word

SCRIPTS = "abc dé e\u0301 日本語 مرحبا שלום สวัสดี ครับ 👩\u200d👩\u200d👧 👍🏽 🇩🇪🇫🇷 한\u1112\u1161\u11ab , . ?!"


TOKENS = st.text(st.sampled_from(SCRIPTS), max_size=6)


def transcript(words: list[tuple[str, str | None]], text: str | None = None) -> Transcript:
    timed = tuple(Word(i * 0.5, i * 0.5 + 0.4, t, speaker=s) for i, (t, s) in enumerate(words))
    text = "".join(t for t, _ in words) if text is None else text
    return Transcript((Segment(0.0, len(words) * 0.5, text, timed),), "en", len(words) * 0.5)


@given(st.lists(st.tuples(TOKENS, st.sampled_from(["A", "B", None])), min_size=1, max_size=12), TOKENS, TOKENS)
def test_pieces_put_together_are_the_recognisers_text(words, before, after):
    text = before + "".join(t for t, _ in words) + after
    for given_text in (text, text.upper(), after):
        pieces = split_segments(transcript(words, given_text)).segments
        assert "".join(piece.text for piece in pieces) == given_text
        assert [w for p in pieces for w in p.words] == list(transcript(words, given_text).words)
        if share_found(given_text, [t for t, _ in words]) >= 0.5:
            assert all(len({w.speaker for w in p.words} - {None}) <= 1 for p in pieces)
        else:
            assert len(pieces) == 1
        assert all(one.end <= two.start for one, two in pairwise(pieces))


def test_a_segment_is_split_exactly_where_the_speaker_changes():
    words = [(" Are", "A"), (" you", "A"), (" there?", "A"), (" Yes.", "B"), (" Good", "A")]
    pieces = split_segments(transcript(words)).segments
    assert [(p.speaker, p.text, p.start, p.end) for p in pieces] == [
        ("A", " Are you there?", 0.0, 1.4),
        ("B", " Yes.", 1.5, 1.9),
        ("A", " Good", 2.0, 2.5),
    ]


def test_a_word_without_speaker_stays_with_its_neighbours():
    pieces = split_segments(transcript([(" Um", None), (" yes", "A"), (" so", None), (" no", "B")])).segments
    assert [(p.speaker, p.text) for p in pieces] == [("A", " Um yes so"), ("B", " no")]


def test_a_segment_without_words_or_with_one_speaker_is_left_as_it_is():
    lines = Transcript((Segment(0.0, 1.0, "Hello."),), "en", 1.0)
    assert split_segments(lines) == lines
    assert split_segments(transcript([("a", "A"), (" b", "A")])).segments[0].text == "a b"


def line(*words: tuple[str, float, float, str]) -> Transcript:
    """One line of words with text, start, end and speaker."""
    said = tuple(Word(start, end, text, speaker=speaker) for text, start, end, speaker in words)
    return Transcript((Segment(0.0, 9.0, "".join(text for text, *_ in words), said),), "en", 9.0)


@pytest.mark.parametrize(
    ("words", "edges"),
    [
        ([(" Did", 5.5, 6.0, "A"), ("\uff1f", 6.1, 6.15, "A"), (" Yes", 6.0, 7.0, "B")], [(0.0, 6.0), (6.0, 9.0)]),
        ([(" a", 1.0, 5.0, "A"), (" b", 2.0, 3.0, "B"), (" c", 2.5, 4.0, "A")], [(0.0, 2.0), (2.0, 2.5), (2.5, 9.0)]),
        ([(" a", 4.0, 5.0, "A"), (" b", 1.0, 2.0, "B")], [(0.0, 1.0), (1.0, 9.0)]),
        ([(" a", 1.0, 12.0, "A"), (" b", 11.0, 12.0, "B")], [(0.0, 9.0), (9.0, 9.0)]),
    ],
)
def test_pieces_of_a_line_never_overlap(words, edges):
    assert [(p.start, p.end) for p in split_segments(line(*words)).segments] == edges


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("actual transcript text", ["unrelated", "words"]),
        ("We met on Tuesday.", ["Wir", "trafen", "uns", "Tuesday."]),
        ("今天天气怎么样", ["how", "is", "it"]),
    ],
)
def test_words_of_another_text_do_not_carve_a_line(text, words):
    said = tuple(Word(i, i + 1.0, word, speaker="A" if i < 1 else "B") for i, word in enumerate(words))
    said = (replace(said[0], end=0.5), *said[1:])
    found = split_segments(Transcript((Segment(0.0, 4.0, text, said),), None, 4.0, ("old",)))
    assert [(s.speaker, s.text, s.words) for s in found.segments] == [("B", text, said)]
    assert found.notes == ("old", "The line at 0.00 s stays whole: its words are not those of its text.")


def test_words_that_are_written_otherwise_in_places_still_carve():
    said = (
        Word(0, 1, "It"),
        Word(1, 2, "cost", speaker="A"),
        Word(2, 3, "25,", speaker="A"),
        Word(3, 4, "No", speaker="B"),
    )
    found = split_segments(Transcript((Segment(0, 4, "It cost twenty five, no", said),), None, 4.0))
    assert [s.text for s in found.segments] == ["It cost twenty five, ", "no"]
    assert found.notes == ()


def test_a_word_without_times_takes_none_from_those_after_it():
    said = Word(0.4, 2.0, " a", speaker="A"), Word(None, None, " b", speaker="B"), Word(0.8, 1.0, " c", speaker="A")
    found = split_segments(Transcript((Segment(0.4, 2.4, " a b c", said),), None, 3.0))
    assert [(s.start, s.end) for s in found.segments] == [(0.4, 0.8), (0.8, 0.8), (0.8, 2.4)]
    assert [[w.start for w in passage.words] for passage in passages_of(found)] == [[0.4], [0.8], [0.8]]
