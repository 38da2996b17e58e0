"""STM: what is read, and what is refused by line."""

from __future__ import annotations

import pytest

from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.stm import Utterance, read_stm


@pytest.fixture
def read(tmp_path):
    def parse(text: str):
        (tmp_path / "a.stm").write_text(text, encoding="utf-8")
        return read_stm(tmp_path / "a.stm")

    return parse


def test_labels_comments_and_blank_lines_are_no_words(read):
    text = ";; c\n\na 1 ann 0 2 <o,f0,male> Hello there.\na 1 bob 2 4.5 12 of them\n"
    assert read(text) == (Utterance(0, 2, "ann", "Hello there."), Utterance(2, 4.5, "bob", "12 of them"))
    assert read("a 1 ann 0 2 3 apples\n") == (Utterance(0, 2, "ann", "3 apples"),)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("well { i am / i'm } here", "well i am here"),
        ("{ uh / @ } yes", "uh yes"),
        ("{ @ / uh } yes @", "yes"),
        ("a { b } c / d {e / f}", "a b c / d {e / f}"),
    ],
)
def test_of_alternatives_the_first_is_the_word(read, text, spoken):
    assert [said.text for said in read(f"a 1 ann 0 2 <o,,> {text}\n")] == [spoken]


def test_what_nobody_wrote_down_is_not_scored(read):
    text = "a 1 inter_segment_gap 0 2 <o,,unknown> ignore_time_segment_in_scoring\na 1 ann 2 4 ignore time\n"
    assert [said.is_scored for said in read(text)] == [False, True]
    assert not read("a 1 ann 0 2 IGNORE_TIME_SEGMENT_IN_SCORING\n")[0].is_scored


@pytest.mark.parametrize(
    "text",
    [
        "a 1 Ana Maria 0.0 2.5 hi\n",
        "my call 1 ann 0.0 2.5 hi\n",
        "a 1 Ana 2 5.0 7.5 hi\na 1 Ana 2 8.0 9.5 you\n",
        "a 1 ann 0 1e12 hi\n",
        "a 1 ann 0 1_0 hi\n",
        "a 1 ann 2 1 hi\n",
    ],
)
def test_what_is_unclear_is_refused_by_line(read, text):
    with pytest.raises(TranscriptError, match=r"a\.stm, line 1"):
        read(text)


def test_what_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(TranscriptError, match=r"no\.stm cannot be read"):
        read_stm(tmp_path / "no.stm")
    (tmp_path / "b.stm").write_bytes(b"\xff")
    with pytest.raises(TranscriptError, match="is no text in UTF-8: save it as such, and give an STM file"):
        read_stm(tmp_path / "b.stm")


@pytest.mark.parametrize("nothing", ["<NA>", "NA", "-"])
def test_turns_are_no_words(tmp_path, nothing):
    path = tmp_path / "a.rttm"
    path.write_text("SPEAKER a 1 0 5 <NA> <NA> Ana <NA> <NA>\n".replace("<NA>", nothing), encoding="utf-8")
    with pytest.raises(TranscriptError, match=r"a\.rttm is RTTM, which says who speaks when and holds no words"):
        read_stm(path)
