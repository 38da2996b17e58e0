"""UEM: the parts of a recording that are scored."""

from __future__ import annotations

import pytest

from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.uem import read_uem


def test_the_parts_of_one_recording(tmp_path):
    path = tmp_path / "a.uem"
    path.write_text(";; file channel start end\nmeeting 1 0.000 30.5\r\n\nmeeting NA 40 1e2\n")
    assert read_uem(path) == ((0.0, 30.5), (40.0, 100.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"names no part of a recording: give lines that read file channel start end\.$"),
        ("a 1 0 1\nb 1 0 1\n", "recordings"),
        ("a 1 0\n", r"line 1: 'a 1 0' is no UEM"),
        ("a 1 0 1 2\n", "is no UEM"),
        ("a 1 0 nan\n", "is no UEM"),
        ("a 1 2 1\n", "line 1: a part from 2 to 1 s cannot be"),
        ("a 1 -1 1\n", "a part from -1 to 1 s cannot be"),
        ("a 1 0 1e9\n", "a part from 0 to 1e9 s cannot be"),
        ("SPEAKER a 1 0 1 <NA> <NA> A <NA> <NA>\n", "is no UEM"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, text, message):
    path = tmp_path / "a.uem"
    path.write_text(text)
    with pytest.raises(TranscriptError, match=message) as caught:
        read_uem(path)
    assert str(path) in str(caught.value)
