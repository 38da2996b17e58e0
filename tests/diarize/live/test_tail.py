from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.diarize.live.speakers import UNKNOWN
from diarfuse.diarize.live.tail import ALIGNED, Correction, Heard, Span, Tail, corrected
from diarfuse.diarize.windows import FRAME_STEP

STEP = 8_000
FRAMES = 589
tenths = st.integers(0, 100)


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


def test_a_correction_holds_for_whom_it_names_and_while_the_tail_reaches_so_far():
    tail = Tail(STEP)
    play(tail, 8, (2.0, 6.0), (7.0, 9.0), known={0: 0, 1: 0})
    tail.corrections += [Correction(4.0, 8.0, 0, 2), Correction(5.0, 6.5, 2, 3)]
    found = [(span.number, round(span.start, 1), round(span.end, 1)) for span in tail.spans(13.5)]
    assert found == [(0, 2.0, 4.0), (2, 4.0, 5.0), (3, 5.0, 6.0), (1, 7.0, 9.0)]
    tail.rename({2: 1, 3: 1})
    assert [span.number for span in tail.spans(13.5)] == [0, 1, 1]
    later = Tail(STEP, corrections=[*tail.corrections])
    play(later, 100, (2.0, 6.0), (7.0, 9.0), known={0: 0, 1: 0})
    assert not later.corrections


@given(
    spans=st.lists(st.tuples(tenths, tenths, st.integers(-1, 3)), max_size=8),
    corrections=st.lists(st.tuples(tenths, tenths, st.integers(0, 3), st.integers(0, 3)), max_size=5),
)
def test_corrections_give_each_moment_to_whom_they_say(spans, corrections):
    def voices(spans: list[Span], time: float) -> set[int]:
        return {span.number for span in spans if span.start <= time < span.end}

    said = [Span(min(a, b) / 10, max(a, b) / 10, number, -1) for a, b, number in spans if a != b]
    mended = [Correction(min(a, b) / 10, max(a, b) / 10, number, into) for a, b, number, into in corrections]
    found = corrected(said, mended)
    for time in np.arange(0.05, 10.0, 0.1):
        expected = voices(said, time)
        for each in mended:
            if each.start <= time < each.end:
                expected = {each.into if number == each.number else number for number in expected}
        assert voices(found, time) == expected
    assert all(one.start < one.end for one in found)
