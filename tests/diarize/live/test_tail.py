from __future__ import annotations

import numpy as np
import pytest

from diarfuse.diarize.live.speakers import UNKNOWN
from diarfuse.diarize.live.tail import ALIGNED, Heard, Tail, timeline
from diarfuse.diarize.windows import FRAME_STEP

STEP = 8_000
FRAMES = 589


def window(index: int, *voices: tuple[float, float]) -> np.ndarray:
    """A window in which each voice speaks from and to these seconds of the recording."""
    times = index * 0.5 + np.arange(FRAMES) * FRAME_STEP
    heard = np.zeros((FRAMES, 3), np.uint8)
    for speaker, (start, end) in enumerate(voices):
        heard[:, speaker] = (times >= start) & (times < end)
    return heard


def play(tail: Tail, count: int, *voices: tuple[float, float], known: dict[int, int]) -> None:
    """`count` windows; from some on, a local speaker is known."""
    for index in range(count):
        heard = window(index, *voices)
        if index % 2:
            heard = heard[:, [1, 0, 2]]  # the network calls them otherwise each time
        tracks, labels = tail.linked(index, heard)
        for speaker in range(2):
            own = 1 - speaker if index % 2 else speaker
            if index >= known.get(own, count) and heard[:, speaker].any():
                labels[speaker] = own
        tail.add(Heard(index, heard, tracks, labels))


def test_who_is_recognised_late_was_so_from_the_beginning():
    tail = Tail(STEP)
    play(tail, 8, (2.0, 6.0), (7.0, 9.0), known={0: 5})
    first, second = tail.spans(13.5)
    assert (first.number, second.number) == (0, UNKNOWN)
    assert (first.start, first.end, second.start, second.end) == pytest.approx((2.0, 6.0, 7.0, 9.0), abs=0.1)


def test_the_tail_keeps_what_it_needs_and_lies_on_the_recordings_frames():
    tail = Tail(STEP)
    play(tail, 100, (30.0, 59.0), known={0: 0})
    assert tail.windows[0].index == (99 - 20) // ALIGNED * ALIGNED
    assert tail.start == tail.windows[0].index * 0.5 + 10
    (span,) = tail.spans(59.5)
    assert span.end == pytest.approx(59.0, abs=0.05)
    assert (span.end / FRAME_STEP) % 1 == pytest.approx((0.5 * 991 / 16_000 / FRAME_STEP) % 1, abs=1e-6)


def test_speakers_are_renamed_and_relabelled():
    tail = Tail(STEP)
    play(tail, 6, (2.0, 6.0), (7.0, 9.0), known={0: 0, 1: 0})
    tail.rename({1: 0})
    assert {span.number for span in tail.spans(12.5)} == {0}
    found = np.array([4, 5, UNKNOWN], np.int32)
    tail.relabel({4: found})
    assert [span.number for span in tail.spans(12.5)] == [4, 5]


def test_a_timeline_of_whole_windows():
    heard = np.stack([window(index, (1.0, 3.0), (3.0, 8.0)) for index in (0, 2)])
    first, second = timeline(heard, np.array([[2, UNKNOWN, UNKNOWN], [2, 0, UNKNOWN]], np.int32), 1.0)
    assert (first.number, second.number) == (2, 0)
    assert (first.start, second.end) == pytest.approx((1.0, 8.0), abs=0.05)
