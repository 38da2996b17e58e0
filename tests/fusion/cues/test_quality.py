"""What an editor minds, in numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diarfuse.fusion.cues.quality import Quality, quality_of
from diarfuse.fusion.formats.subtitles import Shown, Spoken

CLEAN = Quality(
    cues=2, too_wide=0, too_high=0, too_fast=0, quick=0, too_short=0, too_long=0, too_close=0, orphans=0, weak=0
)


def cue(start: float, end: float, *lines: str, speaker: str | None = "A") -> Shown:
    return Shown("x.srt, line 2", start, end, lines, (Spoken(speaker, " ".join(lines)),))


GOOD = (cue(0.0, 2.0, "A whole sentence of it."), cue(3.0, 5.0, "And another one."))


def test_nothing_is_found_in_good_subtitles():
    assert quality_of(GOOD) == CLEAN
    assert quality_of(()) == replace(CLEAN, cues=0)


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        (cue(3.0, 8.0, "x" * 20 + " " + "y" * 22), {"too_wide": 1}),
        (cue(3.0, 8.0, "日本語" * 8), {"too_wide": 1}),
        (cue(3.0, 8.0, "one two", "three four", "five six"), {"too_high": 1}),
        (cue(3.0, 4.0, "this takes too long"), {"quick": 1}),
        (cue(3.0, 4.0, "this takes much too long"), {"quick": 1, "too_fast": 1}),
        (cue(3.0, 3.8, "So it is."), {"too_short": 1}),
        (cue(3.0, 10.1, "So it is."), {"too_long": 1}),
        (cue(2.07, 4.0, "So it is."), {"too_close": 1}),
        (cue(1.0, 4.0, "So it is."), {"too_close": 1}),
        (cue(3.0, 5.0, "He looked at the", "house."), {"weak": 1}),
        (cue(3.0, 5.0, "Yes."), {}),
    ],
)
def test_each_fault_is_counted(bad, found):
    assert quality_of((GOOD[0], bad)) == replace(CLEAN, **found)
    assert quality_of((GOOD[0], bad)).faults == sum(n for kind, n in found.items() if kind not in ("quick", "weak"))


def test_one_word_is_an_orphan_if_its_sentence_goes_on_beside_it():
    cut = (cue(0.0, 2.0, "as the size of the drops"), cue(2.1, 4.0, "increases."))
    assert quality_of(cut).orphans == 1
    assert quality_of((cut[0], replace(cut[1], voices=(Spoken("B", "increases."),)))).orphans == 0
    assert quality_of((cut[0], cue(4.0, 6.0, "increases."))).orphans == 0, "so far apart they could not share"
    assert quality_of((cue(0.0, 2.0, "increases"), cue(2.1, 4.0, "the size of drops."))).orphans == 1
    assert quality_of((cue(0.0, 2.0, "It is."), cue(2.1, 4.0, "Yes."), cue(4.1, 6.0, "No, it is."))).orphans == 0
    assert quality_of((cue(0.0, 2.0, "大きさが増えると"), cue(2.1, 4.0, "雨"))).orphans == 1
