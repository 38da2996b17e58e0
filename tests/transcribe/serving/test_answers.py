"""The whole text of an answer, spaced as its script spaces it."""

from __future__ import annotations

import pytest

from diarfuse.fusion.types import Segment, Transcript
from diarfuse.transcribe.serving.answers import full_text


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        (["Hello.", "Again."], "Hello. Again."),
        (["Hello.", " Again."], "Hello. Again."),
        (["今日は。", "元気？", "はい"], "今日は。元気？はい"),
        (["今日は。", "OK"], "今日は。OK"),
        (["བོད།", "ཡིན།"], "བོད།ཡིན།"),
        (["\U00020000", "\U00030000"], "\U00020000\U00030000"),
        (["ﾊｲ", "ﾊｲ"], "ﾊｲﾊｲ"),
        (["ＡＢＣ", "ＤＥＦ"], "ＡＢＣ ＤＥＦ"),
        (["안녕.", "네."], "안녕. 네."),
    ],
)
def test_lines_are_joined_as_their_script_joins_them(lines, whole):
    segments = tuple(Segment(float(i), i + 1.0, line) for i, line in enumerate(lines))
    assert full_text(Transcript(segments, None, 9.0)) == whole
