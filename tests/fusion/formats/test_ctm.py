"""CTM: fields between spaces, of which the recording's name may hold some; channels; bad lines by name."""

from __future__ import annotations

import pytest

from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats import ctm, in_shape


def words(text: str) -> list[tuple[str, float, float, float | None]]:
    found = [slot for line in ctm.read(text, "a.ctm").lines for slot in line.slots]
    return [(slot.text, slot.start, round(slot.end, 3), slot.probability) for slot in found]


@pytest.mark.parametrize("name", ["call", "my call", "call 7 of 9", "call 2"])
def test_the_recordings_name_may_hold_spaces(name):
    text = f";; c\n{name} 1 0.30 0.50 Hello 0.9\n{name} 1 1.0 0.5 20 NA\n{name} 1 2.0 0.25 0.5\n"
    assert words(text) == [("Hello", 0.3, 0.8, 0.9), ("20", 1.0, 1.5, None), ("0.5", 2.0, 2.25, None)]


def test_channels_have_lines_of_their_own_and_interleave():
    text = "c 1 0.2 0.3 So\nc 1 0.6 0.3 then.\nc 2 0.7 0.2 Hm\nc 1 1.2 0.3 We\nc 2 5.0 0.3 Yes\nc 1 3.0 0.3 left\n"
    lines = in_shape(ctm.read(text, "c.ctm")).lines
    assert [(line.channel, line.text) for line in lines] == [
        ("1", "So then."), ("2", "Hm"), ("1", "We"), ("1", "left"), ("2", "Yes"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a 1 0.2", "line 2: 'a 1 0.2' is no CTM"),
        ("a 1 0.2 0.5 New York 0.9", "line 2: .* is no CTM"),
        ("a 1 x 0.5 Hi", "line 2: .* is no CTM"),
        ("my a 1 0.2 0.5 Hi", "line 2: .* elsewhere than the lines before it"),
        ("a 1 0.2 1e12 Hi", r"line 2: start '0.2' and duration '1e12' cannot be"),
        ("a 1 -0.2 0.5 Hi", "line 2: start '-0.2'"),
        ("b 1 0.2 0.5 Hi", r"holds 2 recordings \(a, b"),
    ],
)
def test_bad_lines_are_named(line, message):
    with pytest.raises(TranscriptError, match=message):
        ctm.read(f"a 1 0.0 0.1 So\n{line}", "a.ctm")


def test_an_empty_file_holds_no_words():
    assert words(";; nothing\n") == []
