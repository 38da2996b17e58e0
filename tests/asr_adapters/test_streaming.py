from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.asr_adapters.streaming import LONGEST, Pieces, stream_of
from diarfuse.fusion.types import SAMPLE_RATE, Segment, Transcript, Word


class Echo:
    """One word for all that it hears, which it keeps."""

    def __init__(self):
        self.heard = []

    def transcribe(self, samples, *, language=None, **_):
        self.heard.append(samples)
        end = len(samples) / SAMPLE_RATE
        return Transcript((Segment(0.0, end, " hi", (Word(0.0, end, " hi"), Word(None, None, "?"))),), language, end)


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, int(seconds * SAMPLE_RATE)).astype(np.float32)


@given(sizes=st.lists(st.integers(1, 60_000), min_size=1, max_size=4))
def test_nothing_is_lost_and_no_piece_is_too_long(sizes):
    samples, echo = np.concatenate([noise(5), np.zeros(8_000, np.float32), noise(14)]), Echo()
    stream, segments, start = Pieces(echo, "en"), [], 0
    while start < len(samples):
        size = sizes[len(segments) % len(sizes)] + 4_000
        segments += stream.feed(samples[start : start + size])
        start += size
        assert stream.until <= start / SAMPLE_RATE
        assert all(segment.end <= stream.until + 1e-6 for segment in segments)
    segments += stream.close()
    assert np.array_equal(np.concatenate(echo.heard), samples)
    assert max(map(len, echo.heard)) <= LONGEST * SAMPLE_RATE
    starts = [segment.start for segment in segments[1:]]
    assert starts == pytest.approx([segment.end for segment in segments[:-1]])
    assert stream.until == len(samples) / SAMPLE_RATE


def test_it_is_cut_at_the_pause():
    echo = Echo()
    stream = Pieces(echo, None)
    assert stream.feed(noise(4)) == ()
    (segment,) = stream.feed(np.zeros(8_000, np.float32))
    assert 4.0 < segment.end < 4.5
    assert segment.words[1].start is None
    assert stream.close() == ()  # silence is not recognised


def test_a_recogniser_that_can_streams_by_itself():
    class Own(Echo):
        def stream(self, *, language=None):
            return f"its own, {language}"

    assert stream_of(Own(), "en") == "its own, en"
    assert isinstance(stream_of(Echo(), None), Pieces)
