"""Segments of one speaker each, carved from the recogniser's own text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fusion.cues import split_segments
from fusion.types import Segment, Transcript, Word

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
        assert all(len({w.speaker for w in p.words} - {None}) <= 1 for p in pieces)


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
