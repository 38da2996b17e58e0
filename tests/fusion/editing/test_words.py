"""Texts change where a person says so; words that stay keep their times, and every segment's text its words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.document import Document
from diarfuse.fusion.editing.content import Content
from diarfuse.fusion.editing.words import Place, correct, replaced, sentence_at, text_of
from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.types import Segment, Transcript, Word
from tests.fusion.documents import MEETING, line, said

CONTENT = MEETING.content


def sentence(document: Document, number: int) -> str:
    return text_of(document.content, sentence_at(document.content, number))


def test_a_sentence_ends_with_its_mark_or_with_its_speaker() -> None:
    assert sentence(MEETING, 0) == sentence(MEETING, 2) == "Hello there Anna."
    assert sentence(MEETING, 3) == sentence(MEETING, 7) == "How are you to day?"
    assert sentence(MEETING, 8) == "I am fine Anna Smith really fine."
    assert sentence_at(CONTENT, 14) == Place(8, 15)


def test_words_that_stay_keep_their_times_and_new_ones_share_those_they_replace() -> None:
    after = MEETING.text("00:00:02", "How are you doing today, my friend?")
    assert said(after)[:2] == [
        ("SPEAKER_00", " Hello there Anna. How are"),
        ("SPEAKER_00", " you doing today, my friend?"),
    ]
    before, now = MEETING.transcript.words, after.transcript.words
    assert [(w.start, w.end, w.timing) for w in now[3:6]] == [(w.start, w.end, "recognised") for w in before[3:6]]
    new = now[6:10]
    assert [word.text for word in new] == [" doing", " today,", " my", " friend?"]
    assert {word.timing for word in new} == {"estimated"}
    assert {(word.probability, word.speaker, word.edited) for word in new} == {(None, "SPEAKER_00", True)}
    assert (new[0].start, new[-1].end) == (before[6].start, before[7].end)
    assert [word.start for word in new] == sorted(word.start for word in new)
    assert [word.edited for word in now[:4]] == [False, False, False, True]


def test_marks_and_capitals_are_no_other_words() -> None:
    after = MEETING.text("00:00:00", "hello, there, ANNA!").transcript.words[:3]
    assert [word.text for word in after] == [" hello,", " there,", " ANNA!"]
    assert [word.start for word in after] == [0.0, 0.5, 1.0]
    assert {word.timing for word in after} == {"recognised"}


def test_a_word_put_in_lies_between_its_neighbours() -> None:
    after = MEETING.text("00:00:00", "Hello over there Anna.").transcript.words[1]
    assert (after.text, after.timing) == (" over", "estimated")
    assert 0.4 <= after.start <= after.end <= 0.5
    assert said(MEETING.text("00:00:02", "How are you all to day?"))[1] == ("SPEAKER_00", " you all to day?")


def test_a_sentence_can_go_and_takes_its_segment_with_it() -> None:
    after = MEETING.text("00:00:02", "")
    assert said(after)[:2] == [("SPEAKER_00", " Hello there Anna."), ("SPEAKER_01", " I am fine Anna Smith")]


def test_a_phrase_is_replaced_everywhere_across_segments_and_as_whole_words() -> None:
    after, count = replaced(CONTENT, "Anna", "Hanna")
    assert count == 2
    assert [s.text for s in after.transcript.segments][0::2] == [
        " Hello there Hanna. How are",
        " I am fine Hanna Smith",
    ]
    after, count = replaced(CONTENT, "Smith really", "Smyth, really")
    assert count == 1
    assert [s.text for s in after.transcript.segments[2:]] == [" I am fine Anna Smyth,", "really fine."]
    assert [word.edited for word in after.transcript.words[11:]] == [False, True, True, False]
    with pytest.raises(OptionError, match="Nobody says 'Ann'"):
        replaced(CONTENT, "Ann", "Hanna")
    with pytest.raises(OptionError, match="Nobody says 'anna'"):
        replaced(CONTENT, "anna", "Hanna")


def test_a_phrase_twice_in_a_word_or_beside_itself() -> None:
    content = Document(Transcript((line(0.0, "go-go go go-stop", "A"),), "en", 2.0)).content
    after, count = replaced(content, "go", "run")
    assert (count, after.transcript.segments[0].text) == (4, " run-run run run-stop")
    after, _ = replaced(content, "go go", "went")
    assert after.transcript.segments[0].text == " go-went go-stop"
    after, _ = replaced(content, "go", "")
    assert after.transcript.segments[0].text == " - -stop"


def test_scripts_without_spaces_keep_the_words_that_stay() -> None:
    said = (Word(0.0, 0.4, "你好"), Word(0.4, 0.8, "世界"), Word(0.8, 1.2, "朋友"))
    content = Document(Transcript((Segment(0.0, 1.2, "你好世界朋友", said),), "zh", 2.0)).content
    after = correct(content, Place(0, 3), "你好,新朋友").transcript
    assert after.segments[0].text == "你好,新朋友"
    assert [(w.text, w.start, w.end, w.timing) for w in after.words] == [
        ("你好,", 0.0, 0.4, "recognised"),
        ("新", 0.4, 0.8, "estimated"),
        ("朋友", 0.8, 1.2, "recognised"),
    ]
    assert replaced(content, "世", "时")[0].transcript.segments[0].text == "你好时界朋友"


def test_words_that_a_file_has_empty_can_be_corrected() -> None:
    empty = Segment(0.0, 1.0, "", (Word(0.0, 0.5, "", speaker="A"), Word(0.5, 1.0, "", speaker="A")), "A")
    after = Document(Transcript((empty,), "en", 1.0)).text("00:00:00", "New words here.")
    assert said(after) == [("A", "New words here.")]


def test_words_without_times_stay_without_trouble() -> None:
    said = (Word(None, None, " Are"), Word(None, None, " you"), Word(None, None, " there?"))
    content = Document(Transcript((Segment(2.0, 3.0, " Are you there?", said),), "en", 4.0)).content
    after = correct(content, Place(0, 3), "Are we here?").transcript
    assert after.segments[0].text == " Are we here?"
    assert after.words[0].start is None


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\x00", "a\x85b\x9b", "caf\udce9"])
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="control characters"):
        correct(CONTENT, Place(0, 3), text)


def test_lines_without_words_get_some() -> None:
    bare = Document(Transcript((Segment(0.0, 2.0, "One two. Three four."), Segment(2.0, 3.0, " ")), "en", 3.0))
    after = bare.text("00:00:01.5", "Three five.")
    assert [segment.text for segment in after.transcript.segments] == ["One two. Three five.", " "]
    assert {word.timing for word in after.transcript.words} == {"estimated"}
    assert after.undo() == bare


tokens = st.lists(st.sampled_from(["a", "b", "Yes.", "no", "你", "好", "(x)", "--"]), min_size=1, max_size=6)


@given(tokens, tokens, st.sampled_from([" ", ""]), st.data())
def test_a_correction_says_what_was_typed_and_times_never_fall(old, new, lead, data) -> None:
    content = Document(Transcript((line(0.0, " ".join(old), "A", lead=lead),), "en", 9.0)).content
    first = data.draw(st.integers(0, len(old) - 1))
    place = Place(first, data.draw(st.integers(first + 1, len(old))))
    after = correct(content, place, " ".join(new)).transcript
    expected = [*old[: place.first], *new, *old[place.last :]]
    assert "".join(after.segments[0].text.split()) == "".join(expected)
    assert "".join("".join(word.text for word in after.words).split()) == "".join(expected)
    starts = [word.start for word in after.words]
    assert starts == sorted(starts)
    assert all(word.start <= word.end for word in after.words)
    assert text_of(Document(after).content, Place(0, len(after.words))) == after.segments[0].text.strip()


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from([" a", " b", " c"]), st.sampled_from(["A", "B"])), max_size=6), min_size=1
    ),
    st.sampled_from(["", "b", "x y"]),
)
def test_replacing_everywhere_is_correcting_place_by_place_from_the_end(rows, new) -> None:
    segments, at = [], 0.0
    for row in rows:
        words = tuple(Word(at + i, at + i + 0.5, text, speaker=who) for i, (text, who) in enumerate(row))
        segments.append(Segment(at, at + len(row), "".join(text for text, _ in row), words))
        at += len(row)
    content = Content(Transcript(tuple(segments), "en", at))
    places = [i for i, word in enumerate(content.transcript.words) if word.text == " a"]
    if not places:
        with pytest.raises(OptionError, match="Nobody says 'a'"):
            replaced(content, "a", new)
        return
    expected = content
    for number in reversed(places):
        expected = correct(expected, Place(number, number + 1), new)
    assert replaced(content, "a", new) == (expected, len(places))
