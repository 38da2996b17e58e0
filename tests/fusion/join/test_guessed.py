"""Words with guessed times follow their sentence."""

from __future__ import annotations

from diarfuse.fusion.join.guessed import assign_with_lines
from diarfuse.fusion.types import Segment, Transcript, Turn, Word

TURNS = (Turn(0.0, 2.0, "Ann"), Turn(2.0, 4.0, "Bob"))


def line(*texts: str, timing: str = "estimated") -> Segment:
    step = 4.0 / len(texts)
    words = tuple(Word(i * step, (i + 1) * step, text, timing=timing) for i, text in enumerate(texts))
    return Segment(0.0, 4.0, "".join(texts), words)


def test_a_guessed_word_goes_with_its_sentence_and_says_so():
    guessed = line("We", " met", " him", " today.", " Did", " you?")  # 'today.' is guessed to lie in Bob's turn
    (segment,) = assign_with_lines(Transcript((guessed,), "en", 4.0), TURNS).segments
    assert [word.speaker for word in segment.words] == ["Ann"] * 4 + ["Bob"] * 2
    assert segment.speaker == "Ann"
    why = segment.words[3].attribution
    assert (why.reason, why.others[0].speaker) == ("overlap", "Bob")
    assert "its times are estimated" in why.detail
    assert [(w.start, w.end, w.text) for w in segment.words] == [(w.start, w.end, w.text) for w in guessed.words]


def test_words_with_times_are_joined_one_by_one():
    known = line("We", " met", " him", " today", timing="recognised")
    (segment,) = assign_with_lines(Transcript((known,), "en", 4.0), TURNS).segments
    assert [word.speaker for word in segment.words] == ["Ann", "Ann", "Bob", "Bob"]
    assert segment.words[0].attribution.detail == ""
    bare = line("We", " met", " him", " today")
    assert assign_with_lines(Transcript((bare,), "en", 4.0), TURNS).segments[0].words[3].speaker == "Bob"
    assert assign_with_lines(Transcript((), None, 0.0), TURNS).segments == ()
