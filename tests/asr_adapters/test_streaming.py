from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.asr_adapters.streaming import LONGEST, Pieces, Windows, stream_of
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
    stream, segments, start = stream_of(echo, "en"), [], 0
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
    stream = stream_of(echo, None)
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
    assert type(stream_of(Echo(), None)) is Pieces


class Seconds:
    """A word for each second of a recording whose samples tell the second, and a wrong one for a second cut off."""

    def __init__(self):
        self.looks = []

    def __call__(self, piece, complete):
        self.looks.append((len(piece), complete))
        whole, rest = divmod(len(piece), SAMPLE_RATE)
        texts = [f" w{int(piece[n * SAMPLE_RATE])}" for n in range(whole)] + ([" hm"] if rest and not complete else [])
        words = tuple(Word(n + 0.1, n + 0.9, text) for n, text in enumerate(texts))
        return [Segment(0.1, 0.9, "".join(texts), words)] if words else []


@settings(max_examples=10, deadline=None)
@given(sizes=st.lists(st.integers(4_000, 40_000), min_size=1, max_size=5))
def test_words_are_told_while_a_piece_grows_each_once_and_none_is_taken_back(sizes):
    hear = Seconds()
    stream, told, start = Windows(hear), [], 0
    samples = np.repeat(np.arange(1, 12, dtype=np.float32), SAMPLE_RATE)  # never quiet, and shorter than LONGEST
    while start < len(samples):
        size = sizes[start % len(sizes)]
        before = stream.until
        told += [word for segment in stream.feed(samples[start : start + size]) for word in segment.words]
        start += size
        assert before <= stream.until <= start / SAMPLE_RATE
        assert [word.text for word in told] == [f" w{n}" for n in range(1, len(told) + 1)]
        assert all(word.end <= len(told) for word in told)
    told += [word for segment in stream.close() for word in segment.words]
    assert [word.text for word in told] == [f" w{n}" for n in range(1, 12)]
    assert stream.until == len(samples) / SAMPLE_RATE
    assert len(hear.looks) <= 12 + 1


def test_windows_tell_sooner_than_pieces():
    samples = np.repeat(np.arange(1, 6, dtype=np.float32), SAMPLE_RATE)
    stream = Windows(Seconds())
    told = [
        segment for start in range(0, len(samples), 8_000) for segment in stream.feed(samples[start : start + 8_000])
    ]
    assert [segment.text for segment in told] == [" w1", " w2", " w3", " w4"]
    assert [segment.start for segment in told] == [0.1, 1.1, 2.1, 3.1]


def test_lines_without_words_are_told_word_by_word():
    stream = Windows(lambda piece, _: [Segment(0.0, len(piece) / SAMPLE_RATE, " one two three")])
    stream.feed(noise(1.5))
    (segment,) = stream.feed(noise(1))
    assert [word.text for word in segment.words] == [" one", " two", " three"]
    assert all(word.timing == "estimated" for word in segment.words)
    assert stream.feed(np.zeros(0, np.float32)) == ()
    assert stream.close() == ()


def test_silence_is_not_heard():
    hear = Seconds()
    stream = Windows(hear)
    for _ in range(30):
        assert stream.feed(np.zeros(SAMPLE_RATE, np.float32)) == ()
    assert stream.close() == ()
    assert not hear.looks
