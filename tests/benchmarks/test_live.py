from __future__ import annotations

import numpy as np
import soundfile

from benchmarks.live import Run, _slice, _words_changed, chained, joined
from benchmarks.scoring import Recording
from diarfuse.diarize.live.events import Committed, TurnRevised, TurnStarted
from diarfuse.diarize.live.ledger import Entry, Ledger
from diarfuse.fusion.types import Segment, Turn, Word


def test_slices_of_what_was_said_are_laid_together():
    entries = [Entry(0, 0.0, 1.2, "SPEAKER_00"), Entry(1, 1.0, 2.0, None), Entry(2, 1.1, 1.9, "SPEAKER_01")]
    assert _slice(entries, 1.0, 1.5) == [Turn(1.0, 1.2, "SPEAKER_00"), Turn(1.1, 1.5, "SPEAKER_01")]
    slices = [turn for start in (0.0, 0.5, 1.0, 1.5) for turn in _slice(entries, start, start + 0.5)]
    assert joined(slices) == [Turn(0.0, 1.2, "SPEAKER_00"), Turn(1.1, 1.9, "SPEAKER_01")]
    assert joined([Turn(0.0, 0.5, "A"), Turn(1.0, 1.5, "A")]) == [Turn(0.0, 0.5, "A"), Turn(1.0, 1.5, "A")]
    assert joined([]) == []


def test_recordings_in_turns_are_one(tmp_path):
    for name, level in (("a", 0.25), ("b", 0.5)):
        soundfile.write(tmp_path / f"{name}.wav", np.full(16_000, level), 16_000)
    both = [Recording(tmp_path / f"{name}.wav", (Turn(0.5, 1.0, name),), None) for name in "ab"]
    samples, (whole,) = chained(both, 2.75)
    assert np.array_equal(samples[8_000::16_000], np.float32([0.25, 0.5, 0.25]))
    assert len(samples) == 44_000
    assert whole.turns == (Turn(0.5, 1.0, "a"), Turn(1.5, 2.0, "b"), Turn(2.5, 2.75, "a"))


def test_words_count_as_changed_once_and_only_behind_the_commitment():
    run, ledger = Run(), Ledger()
    assert _words_changed([run]) == "-"
    run.words.hear(Segment(n, n + 0.5, " a", (Word(n, n + 0.5, " a"),)) for n in range(4))
    steps = [
        [TurnStarted(0, 0.0, 9.0, "SPEAKER_00"), Committed(2.0)],
        [TurnRevised(0, 1.0, 9.0, "SPEAKER_01"), TurnStarted(1, 0.0, 1.0, "SPEAKER_00"), Committed(2.0)],
        [TurnRevised(0, 1.0, 9.0, "SPEAKER_00"), Committed(4.0)],
    ]
    for events in steps:
        ledger.apply(events)
        run.commit(ledger, events)
    assert run.committed == 4
    assert run.changed == {1}
    assert _words_changed([run]) == "25.0"
