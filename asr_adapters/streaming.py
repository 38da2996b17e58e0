"""Words while people speak: recognisers that can by themselves, and every other by pieces cut at quiet places."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np

from ..fusion.types import SAMPLE_RATE, Recognizer, Samples, Seconds, Segment
from .common import quietest

LEAST: Seconds = 3.0
"""A piece has so much before it is cut at a pause."""
LONGEST: Seconds = 12.0
"""And at most so much."""
_SEARCH: Seconds = 2.0
"""The last seconds are looked through for a pause, or four times as much where the piece is as long as may be."""
_QUIET = 0.1
"""Share of the piece's root mean square below which 0.3 s are a pause."""
_PAUSE: Seconds = 0.3


class WordStream(Protocol):
    """The words of one recording as it comes."""

    @property
    def until(self) -> Seconds:
        """All words that begin before have been told, and do not change."""
        ...

    def feed(self, samples: Samples) -> tuple[Segment, ...]:
        """Take more samples, 16 kHz; the segments that are sure now, in order."""
        ...

    def close(self) -> tuple[Segment, ...]:
        """The rest."""
        ...


@runtime_checkable
class StreamingRecognizer(Recognizer, Protocol):
    """A recogniser that hears a recording as it comes by itself."""

    def stream(self, *, language: str | None = None) -> WordStream:
        """Begin a recording."""
        ...


def stream_of(recogniser: Recognizer, language: str | None) -> WordStream:
    """The recogniser's own stream, else one of pieces."""
    if isinstance(recogniser, StreamingRecognizer):
        return recogniser.stream(language=language)
    return Pieces(recogniser, language)


class Pieces:
    """Any recogniser, a piece of speech at a time: cut at a pause from 3 s on, at the quietest place at 12 s."""

    def __init__(self, recogniser: Recognizer, language: str | None) -> None:
        self._recogniser, self._language = recogniser, language
        self._pending: Samples = np.empty(0, np.float32)
        self._done = 0

    @property
    def until(self) -> Seconds:
        """Up to here everything was recognised."""
        return self._done / SAMPLE_RATE

    def feed(self, samples: Samples) -> tuple[Segment, ...]:
        """Take more; what was recognised of pieces that are complete now."""
        self._pending = np.concatenate([self._pending, samples])
        found: tuple[Segment, ...] = ()
        while cut := self._cut():
            found += self._recognise(cut)
        return found

    def close(self) -> tuple[Segment, ...]:
        """What is left."""
        return self._recognise(len(self._pending))

    def _cut(self) -> int:
        """How many samples the next piece has; 0 while it goes on."""
        size = len(self._pending)
        if size >= LONGEST * SAMPLE_RATE:
            start = int((LONGEST - 4 * _SEARCH) * SAMPLE_RATE)
            return start + quietest(self._pending[start : int(LONGEST * SAMPLE_RATE)])
        if size < LEAST * SAMPLE_RATE:
            return 0
        start = size - int(_SEARCH * SAMPLE_RATE)
        middle, half = start + quietest(self._pending[start:]), int(_PAUSE / 2 * SAMPLE_RATE)
        pause = self._pending[max(middle - half, 0) : middle + half]
        return middle if _loudness(pause) <= _QUIET * _loudness(self._pending) else 0

    def _recognise(self, count: int) -> tuple[Segment, ...]:
        piece, self._pending = self._pending[:count], self._pending[count:]
        offset = self.until
        self._done += count
        if not count or not piece.any():
            return ()
        segments = self._recogniser.transcribe(piece, language=self._language).segments
        return tuple(moved(segment, offset) for segment in segments if segment.text.strip())


def moved(segment: Segment, offset: Seconds) -> Segment:
    """The segment `offset` seconds later.

    >>> moved(Segment(1.0, 2.0, " Hi"), 0.5)
    Segment(start=1.5, end=2.5, text=' Hi', words=(), speaker=None)
    """
    words = tuple(
        replace(
            word,
            start=None if word.start is None else word.start + offset,
            end=None if word.end is None else word.end + offset,
        )
        for word in segment.words
    )
    return replace(segment, start=segment.start + offset, end=segment.end + offset, words=words)


def _loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
