"""Words while people speak: recognisers that can by themselves, and every other by pieces cut at quiet places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from ..fusion.estimating import with_estimated_words
from ..fusion.types import SAMPLE_RATE, Recognizer, Samples, Seconds, Segment, Transcript
from .agreement import Agreement
from .common import quietest
from .grouping import segment_of

LEAST: Seconds = 3.0
"""A piece has so much before it is cut at a pause."""
LONGEST: Seconds = 12.0
"""And at most so much."""
_SEARCH: Seconds = 2.0
"""The last seconds are looked through for a pause, or four times as much where the piece is as long as may be."""
_QUIET = 0.1
"""Share of the piece's root mean square below which 0.3 s are a pause."""
_PAUSE: Seconds = 0.3
LOOK: Seconds = 1.0
"""After so much more audio `Windows` hears its piece again."""
Hear: TypeAlias = Callable[[Samples, bool], Sequence[Segment]]
"""``hear(piece, complete)``: what is said in a piece; while not complete it comes again with more at its end."""


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
    """A recogniser that hears a recording as it comes by itself; its live words may differ from `transcribe`'s."""

    def stream(self, *, language: str | None = None) -> WordStream:
        """Begin a recording."""
        ...


def stream_of(recogniser: Recognizer, language: str | None) -> WordStream:
    """The recogniser's own stream, else one of pieces."""
    if isinstance(recogniser, StreamingRecognizer):
        return recogniser.stream(language=language)
    return Pieces(lambda piece, _: recogniser.transcribe(piece, language=language).segments)


class Pieces:
    """A piece of speech at a time: cut at a pause from 3 s on, at the quietest place at 12 s. Fits any recogniser."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
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
        return tuple(moved(segment, offset) for segment in self._hear(piece, True) if segment.text.strip())


class Windows(Pieces):
    """The same pieces, and each is heard every second while it grows: what two looks agree on is told at once.

    At most one look a call of `feed`, so that a recogniser that is slow looks less often and does not fall behind.
    """

    def __init__(self, hear: Hear) -> None:
        super().__init__(hear)
        self._agreement = Agreement()
        self._looked = self._before = 0
        self._until: Seconds = 0.0

    @property
    def until(self) -> Seconds:
        """Up to here all words were told; a later look may still find one that was not heard."""
        return self._until

    def feed(self, samples: Samples) -> tuple[Segment, ...]:
        """Take more; the words that are sure now."""
        found = super().feed(samples)
        if len(self._pending) - self._looked >= LOOK * SAMPLE_RATE and self._pending.any():
            found += self._told(self._pending, self._done / SAMPLE_RATE, complete=False)
            self._before, self._looked = self._looked, len(self._pending)
            edges = [
                self._done / SAMPLE_RATE + word.start for word in self._agreement.open[:1] if word.start is not None
            ]
            self._until = max(self._until, min([(self._done + self._before) / SAMPLE_RATE, *edges]))
        return found

    def _recognise(self, count: int) -> tuple[Segment, ...]:
        piece, self._pending = self._pending[:count], self._pending[count:]
        offset = self._done / SAMPLE_RATE
        self._done += count
        found = self._told(piece, offset, complete=True) if piece.any() else ()
        self._agreement, self._looked, self._before = Agreement(), 0, 0
        self._until = max(self._until, self._done / SAMPLE_RATE)
        return found

    def _told(self, piece: Samples, offset: Seconds, *, complete: bool) -> tuple[Segment, ...]:
        heard = with_estimated_words(Transcript(tuple(self._hear(piece, complete)), None, 0.0), "").words
        sure = self._agreement.take([word for word in heard if word.text.strip()], complete=complete)
        return (moved(segment_of(sure), offset),) if sure else ()


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
