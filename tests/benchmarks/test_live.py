from __future__ import annotations

from benchmarks.live import _slice, joined
from diarfuse.diarize.live.ledger import Entry
from diarfuse.fusion.types import Turn


def test_slices_of_what_was_said_are_laid_together():
    entries = [Entry(0, 0.0, 1.2, "SPEAKER_00"), Entry(1, 1.0, 2.0, None), Entry(2, 1.1, 1.9, "SPEAKER_01")]
    assert _slice(entries, 1.0, 1.5) == [Turn(1.0, 1.2, "SPEAKER_00"), Turn(1.1, 1.5, "SPEAKER_01")]
    slices = [turn for start in (0.0, 0.5, 1.0, 1.5) for turn in _slice(entries, start, start + 0.5)]
    assert joined(slices) == [Turn(0.0, 1.2, "SPEAKER_00"), Turn(1.1, 1.9, "SPEAKER_01")]
    assert joined([Turn(0.0, 0.5, "A"), Turn(1.0, 1.5, "A")]) == [Turn(0.0, 0.5, "A"), Turn(1.0, 1.5, "A")]
    assert joined([]) == []
