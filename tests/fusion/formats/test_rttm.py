"""RTTM in, turns out; bad lines by name."""

from __future__ import annotations

import pytest

from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.rttm import parse_rttm, read_rttm
from diarfuse.fusion.types import Diarization, Turn

TURNS = (Turn(0.0, 1.5, "B"), Turn(1.0, 2.0, "A"))


def test_what_we_write_we_read(tmp_path):
    path = tmp_path / "a.rttm"
    path.write_text(Diarization(TURNS, TURNS, 2.0).to_rttm("a"))
    assert read_rttm(path) == TURNS


def test_other_lines_are_passed_over():
    text = ";; comment\n\nSPKR-INFO a 1 <NA> <NA> <NA> unknown A <NA>\nSPEAKER a 1 1.0 0.5 <NA> <NA> A <NA> <NA>\n"
    assert parse_rttm(text) == (Turn(1.0, 1.5, "A"),)


@pytest.mark.parametrize("kind", ["SU", "FILLER", "EDIT", "IP", "CB", "A/P", "NO_RT_METADATA", "LEXEME", "SEGMENT"])
def test_every_type_of_the_specification_is_passed_over(kind):
    assert parse_rttm(f"{kind} a 1 0.5 0.5 <NA> statement A <NA>\n") == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SPEAKER a 1 1.0", "line 2: .* is no RTTM"),
        ("hello", "line 2: 'hello' is no RTTM"),
        ("SPEAKER a 1 x 1 <NA> <NA> A <NA> <NA>", "line 2: start 'x'"),
        ("SPEAKER a 1 1 1 <NA> <NA> A <NA> <NA> more", "line 2: .* is no RTTM: .* <NA> <NA>, and nothing more"),
        ("SPEAKER a 1 1 -1 <NA> <NA> A <NA> <NA>", "duration '-1'"),
        ("SPEAKER a 1 nan 1 <NA> <NA> A <NA> <NA>", "start 'nan'"),
        ("SPEAKER b 1 0 1 <NA> <NA> A <NA> <NA>", r"holds 2 recordings .*: give the lines of one\.$"),
    ],
)
def test_bad_lines_are_named(line, message):
    with pytest.raises(TranscriptError, match=message):
        parse_rttm("SPEAKER a 1 0 1 <NA> <NA> A <NA> <NA>\n" + line)


def test_one_recording_of_several(tmp_path):
    text = "SPEAKER a 1 0 1 <NA> <NA> A <NA> <NA>\nSPEAKER b 1 0 1 <NA> <NA> B <NA> <NA>\n"
    assert parse_rttm(text, recording="b") == (Turn(0.0, 1.0, "B"),)
    with pytest.raises(TranscriptError, match="no recording 'c'"):
        parse_rttm(text, recording="c")
    with pytest.raises(TranscriptError, match="cannot be read"):
        read_rttm(tmp_path / "none.rttm")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SPEAKER my call 1 0.0 3.0 <NA> <NA> Ana <NA> <NA>", Turn(0, 3, "Ana")),
        ("SPEAKER my long call 2 0.0 3.0 <NA> <NA> Ana Maria <NA> <NA>", Turn(0, 3, "Ana Maria")),
        ("SPEAKER call 1 0.0 3.0 <NA> <NA> Ana Lopez <NA> <NA>", Turn(0, 3, "Ana Lopez")),
        ("SPEAKER call 7 1 0.0 3.0 <NA> <NA> Speaker 1 <NA> <NA>", Turn(0, 3, "Speaker 1")),
        ("SPEAKER call 1 0.0 3.0 <NA> <NA> Ana Maria 0.95 <NA>", Turn(0, 3, "Ana Maria")),
        ("SPEAKER call 1 0.0 3.0 <NA> <NA> Ana Maria", Turn(0, 3, "Ana Maria")),
        ("SPEAKER call 1 0.0 3.0 <NA> <NA> 1 <NA> <NA>", Turn(0, 3, "1")),
        ("SPEAKER call 1 0.0 3.0 <NA> <NA> Ana 0.95", Turn(0, 3, "Ana")),
        ("SPEAKER call 1 0.0 3.0 <NA> <NA> Ana", Turn(0, 3, "Ana")),
        ("SPEAKER call 1 0.0 3.0 hello read Ana <NA> <NA>", Turn(0, 3, "Ana")),
        ("SPEAKER call 1 0.0 3.0 NA NA Ana NA NA", Turn(0, 3, "Ana")),
        ("SPEAKER my call 1 0.0 3.0 - - Ana Maria - -", Turn(0, 3, "Ana Maria")),
        ("SPEAKER call 1 0.0 3.0 n/a n/a Ana 0.95 n/a", Turn(0, 3, "Ana")),
        ("SPEAKER call 1 0.0 3.0 - - NA - -", Turn(0, 3, "NA")),
        ("SPEAKER call 1 0.0 3.0 <na> <na> Ana", Turn(0, 3, "Ana")),
        ("SPEAKER a\u2028b 1 0.0 3.0 <NA> <NA> Ana <NA> <NA>\r", Turn(0, 3, "Ana")),
    ],
)
def test_names_may_hold_spaces(line, expected):
    assert parse_rttm(line) == (expected,)


def test_the_recording_with_a_space_is_one():
    text = "SPEAKER my call 1 0 1 <NA> <NA> A <NA> <NA>\nSPEAKER my talk 1 0 1 <NA> <NA> B <NA> <NA>\n"
    assert parse_rttm(text, recording="my talk") == (Turn(0.0, 1.0, "B"),)
    with pytest.raises(TranscriptError, match=r"2 recordings \(my call, my talk"):
        parse_rttm(text)


@pytest.mark.parametrize(
    "line",
    [
        "SPEAKER 1 0.0 3.0 <NA> <NA> Ana <NA> <NA>",
        "SPEAKER my call 1 0.0 3.0 hello read Ana Maria <NA> <NA>",
        "SPEAKER my call 1 0.0 3.0 hello read Ana <NA>",
        "SPEAKER call 1 0.0 3.0 <NA> <NA> Speaker 1",
        "SPEAKER call 1 0.0 3.0 <NA> <NA> Speaker 2 <NA>",
        "SPEAKER call 1 0.0 1e16 <NA> <NA> A <NA> <NA>",
        "SPEAKER call 1 1_0 1 <NA> <NA> A <NA> <NA>",
    ],
)
def test_what_is_unclear_is_refused_by_line(line):
    with pytest.raises(TranscriptError, match="line 2: "):
        parse_rttm(f"SPEAKER call 1 0 1 <NA> <NA> A <NA> <NA>\n{line}")
