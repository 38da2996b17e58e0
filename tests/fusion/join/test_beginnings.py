"""A sentence's first words before a change of speaker, against what a slow reading of the rule says."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.join.assign import Policy, assign_speakers, assign_transcript
from diarfuse.fusion.types import Segment, Transcript, Turn, Word

TURNS = (Turn(0.0, 1.2, "A"), Turn(1.2, 3.0, "B"))


def say(text: str, *lengths: float) -> list[Word]:
    """Words one after the other from 0 on, 0.3 s each unless said."""
    words, end = [], 0.0
    for index, word in enumerate(text.split()):
        start, end = end, end + (lengths[index] if index < len(lengths) else 0.3)
        words.append(Word(round(start, 6), round(end, 6), word))
    return words


def speakers(words: list[Word], turns: tuple[Turn, ...] = TURNS, **policy: str) -> str:
    return "".join(word.speaker or "-" for word in assign_speakers(words, turns, Policy(**policy)))  # type: ignore[arg-type]


def test_the_first_word_of_a_sentence_is_whose_rest_it_is():
    words = say("last night. Do you know that?", 0.5, 0.5)
    assert speakers(words, join="plain") == "AAABBB"
    assert speakers(words) == "AABBBB"
    told = assign_speakers(words, TURNS)[2].attribution
    assert told is not None
    assert (told.reason, told.confidence) == ("context", 0.8)
    assert told.detail == "begins a sentence that its speaker goes on with"
    assert [(other.speaker, other.share) for other in told.others] == [("A", 0.667)]


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("来吧。 你 知道 吗", 1),
        ("wait! do you know", 1),
        ("was it? “ Do you", 2),
        ("late.” “Do you", 1),
        ("late . Do you", 2),
    ],
)
def test_sentences_end_as_they_are_written(text: str, ended: int):
    words = say(text, *(0.0 if word in "“.”" else 0.3 for word in text.split()))
    begins = words[ended + 1 if words[ended].start == words[ended].end else ended]
    change = begins.end - 0.1
    turns = (Turn(0.0, change, "A"), Turn(change, 3.0, "B"))
    assert speakers(words, turns) == "A" * ended + "B" * (len(words) - ended)


@pytest.mark.parametrize(
    "text",
    [
        "last night Do you know that?",  # no sentence ends
        "with Mr. Do you know that?",  # nor here, though a full stop stands there
        "last night, do you know that?",
        "last night. Do. you know that?",  # a sentence of its own
        "last night. I know you do",  # and plainly heard from A
    ],
)
def test_words_stay_that_begin_no_sentence_or_are_plainly_heard(text):
    change = 1.3 if text.startswith("last night. I") else 1.2
    words = say(text, 0.5, 0.5)
    turns = (Turn(0.0, change, "A"), Turn(change, 3.0, "B"))
    assert speakers(words, turns) == speakers(words, turns, join="plain")


@pytest.mark.parametrize(("language", "said"), [("de", "AAABB"), (None, "AABBB")])
def test_abbreviations_are_those_of_the_transcripts_language(language: str | None, said: str):
    words = tuple(say("am 3. Oktober war es", 0.5, 0.5))
    transcript = Transcript((Segment(0.0, 2.0, "", words),), language, 3.0)
    assert "".join(word.speaker or "-" for word in assign_transcript(transcript, TURNS).words) == said


def test_a_sentence_that_another_only_speaks_into_stays_whole():
    turns = (Turn(0.0, 1.2, "A"), Turn(1.2, 1.6, "B"), Turn(1.6, 3.0, "A"))
    assert speakers(say("last night. So yeah go there.", 0.5, 0.5), turns) == "AAABAA"


def test_whole_sentences_stay_with_their_speaker():
    turns = (Turn(0.0, 1.0, "C"), Turn(1.0, 1.2, "A"), Turn(1.2, 3.0, "B"))
    assert speakers(say("last night. Do you know that?", 0.5, 0.5), turns) == "CCABBB"


def test_words_that_sound_at_once_have_been_told_together():
    turns = (Turn(0.0, 1.3, "A"), Turn(1.1, 3.0, "B"))
    words = [*say("last night. Do", 0.5, 0.5), Word(1.15, 1.6, "you"), Word(1.6, 2.0, "know")]
    assert speakers(words, turns) == "AAABB"


def test_words_that_nobody_says_go_along():
    turns = (Turn(0.0, 1.0, "A"), Turn(2.6, 4.0, "B"))
    words = [*say("last night.", 0.5, 0.5), Word(1.1, 1.3, "Do"), Word(2.7, 3.0, "you"), Word(3.0, 3.3, "know")]
    assert speakers(words, turns, join="plain") == "AAABB"
    assert speakers(words, turns) == "AABBB"


TEXTS = st.sampled_from(["So", "Yes.", "Why?", "Mr.", "Go", "On"])


def slowly(texts: list[str], said: str, alone: float) -> str:
    """Word by word: back from each change to where the sentence begins."""
    marks = [text[-1] in ".?" for text in texts]
    real = [marks[i] and text != "Mr." for i, text in enumerate(texts)]
    out = list(said)
    for last, (before, after) in enumerate(pairwise(said)):
        first = last
        while first >= 0 and not marks[first]:
            first -= 1
        begins = first + 1
        if before == after or first < 0 or begins > last or set(said[first:last]) - {before} or not real[first]:
            continue
        stop = next((i for i in range(last + 1, len(texts)) if marks[i]), len(texts) - 1)
        rest = said[last + 1 : stop + 1]
        if 2 * rest.count(after) > len(rest) and alone * (last - first) <= 0.15:
            out[begins : last + 1] = after * (last - first)
    return "".join(out)


@given(st.lists(st.tuples(TEXTS, st.sampled_from("AB")), min_size=2, max_size=12))
def test_any_words_go_where_a_slow_reading_of_the_rule_has_them(rows: list[tuple[str, str]]):
    texts, said = [text for text, _ in rows], "".join(who for _, who in rows)
    words = [Word(i / 10, i / 10 + 0.1, text) for i, text in enumerate(texts)]
    turns = tuple(Turn(i / 10, i / 10 + 0.1, who) for i, who in enumerate(said))
    assert speakers(words, turns) == slowly(texts, said, 0.1)
