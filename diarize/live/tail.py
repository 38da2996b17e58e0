"""Who speaks in the last seconds, by the votes of the windows that overlap there: half a second apart, as they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np

from ...fusion.types import SAMPLE_RATE, Seconds
from ..arrays import Bits, Int32, Int64
from ..counting import speaker_count
from ..masks import active_speakers
from ..recipes import KEEP
from ..reconstruct import reconstruct
from ..windows import FRAME_STEP, Windows
from .linking import NOBODY, link
from .speakers import UNKNOWN

ALIGNED = 27
"""Windows half a second apart after which window and frame begin together again (13.5 s are 800 frames)."""


_NOBODY = -2  # as `clustering.NOBODY`: a local speaker who votes for nobody


@dataclass(frozen=True, slots=True)
class Span:
    """One voice from `start` to `end`: a speaker's number, or `UNKNOWN`; then `track` says which unknown voice."""

    start: Seconds
    end: Seconds
    number: int
    track: int


@dataclass(frozen=True, slots=True)
class Correction:
    """What the votes give to speaker `number` from `start` to `end` is by the voice that of `into`."""

    start: Seconds
    end: Seconds
    number: int
    into: int


@dataclass(slots=True)
class Heard:
    """One window: its number, what was heard, the track of each local speaker, and who they are."""

    index: int
    segmentation: Bits
    tracks: Int64
    labels: Int32


@dataclass(slots=True)
class Tail:
    """The last windows, linked.

    step: samples between windows. windows: in order of time. named: who a track turned out to be. corrections: of
        what the votes say, in the order in which they were found.
    """

    step: int
    windows: deque[Heard] = field(default_factory=deque)
    named: dict[int, int] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)
    _tracks: count[int] = field(default_factory=count)

    def linked(self, index: int, segmentation: Bits) -> tuple[Int64, Int32]:
        """Tracks and, where they are known, numbers of the local speakers of the window that comes next."""
        tracks, labels = np.full(segmentation.shape[1], NOBODY), np.full(segmentation.shape[1], UNKNOWN, np.int32)
        active = active_speakers(segmentation[None])[0]
        before = self.windows[-1] if self.windows else None
        if before is not None:
            shift = self._frame(index) - self._frame(before.index)
            for speaker, other in enumerate(link(before.segmentation, segmentation, shift)):
                if other != NOBODY:
                    tracks[speaker], labels[speaker] = before.tracks[other], before.labels[other]
        for speaker in np.flatnonzero(active & (tracks == NOBODY)).tolist():
            tracks[speaker] = next(self._tracks)
        return tracks, labels

    def add(self, heard: Heard) -> None:
        """Take the next window, or one that takes the place of the last; drop those too old to matter."""
        if self.windows and self.windows[-1].index == heard.index:
            self.windows.pop()
        self.windows.append(heard)
        for track, label in zip(heard.tracks, heard.labels, strict=True):
            if label != UNKNOWN:
                self.named[int(track)] = int(label)
        while self.windows[0].index < self._anchor(heard.index):
            self.windows.popleft()
        alive = {int(track) for window in self.windows for track in window.tracks}
        self.named = {track: label for track, label in self.named.items() if track in alive}
        self.corrections = [each for each in self.corrections if each.end > self.start]

    def rename(self, into: dict[int, int]) -> None:
        """Put speakers in the place of others."""
        for window in self.windows:
            window.labels = np.array([into.get(int(label), int(label)) for label in window.labels], np.int32)
        self.named = {track: into.get(label, label) for track, label in self.named.items()}
        self.corrections = [
            replace(each, number=into.get(each.number, each.number), into=into.get(each.into, each.into))
            for each in self.corrections
        ]

    def relabel(self, labels: Mapping[int, Int32]) -> None:
        """Take over the `labels` of some windows, by their numbers, and for the others what those say of each track."""
        by_track: dict[int, int] = {}
        for window in reversed(self.windows):
            found = labels.get(window.index)
            if found is not None:
                by_track.update((int(t), int(n)) for t, n in zip(window.tracks, found, strict=True) if n != UNKNOWN)
            known = [by_track.get(int(t), int(n)) for t, n in zip(window.tracks, window.labels, strict=True)]
            window.labels = np.array(known, np.int32) if found is None else found
        self.named |= by_track

    @property
    def start(self) -> Seconds:
        """From here on the votes of all windows are there."""
        first = self.windows[0].index if self.windows else 0
        return 0.0 if first == 0 else first * self.step / SAMPLE_RATE + Windows(0).duration

    def spans(self, end: Seconds) -> list[Span]:
        """Who speaks from `start` up to `end`, in order of time."""
        voices: list[tuple[int, int]] = []
        hard = np.array([self._columns(window, voices) for window in self.windows], np.int32)
        heard = np.stack([window.segmentation for window in self.windows])
        offset = self._frame(self.windows[0].index) * FRAME_STEP
        spans = [
            Span(start + offset, min(stop + offset, end), *voices[column])
            for column, start, stop in _runs(heard, hard, self.step / SAMPLE_RATE)
            if column < len(voices) and stop + offset > self.start and start + offset < end
        ]
        return corrected(spans, self.corrections) if self.corrections else spans

    def _columns(self, window: Heard, voices: list[tuple[int, int]]) -> list[int]:
        """The column of each local speaker; `voices` grows by those that are new."""
        columns = []
        for track, own in zip(window.tracks, window.labels, strict=True):
            label = int(own) if own != UNKNOWN else self.named.get(int(track), UNKNOWN)
            voice = (label, NOBODY if label != UNKNOWN else int(track))
            if track == NOBODY:
                columns.append(_NOBODY)
                continue
            if voice not in voices:
                voices.append(voice)
            columns.append(voices.index(voice))
        return columns

    def _anchor(self, index: int) -> int:
        """The window with which the tail begins once it holds window `index`: aligned, and 10 s of votes before."""
        full = Windows(0).window_samples // self.step
        return max(index - full, 0) // ALIGNED * ALIGNED

    def _frame(self, index: int) -> int:
        return round(index * self.step / SAMPLE_RATE / FRAME_STEP)


def corrected(spans: Iterable[Span], corrections: Iterable[Correction]) -> list[Span]:
    """`spans` after all `corrections`, one after the other; what then is one voice's and touches is one span.

    >>> spans = corrected([Span(0.0, 4.0, 0, -1), Span(5.0, 6.0, 1, -1)], [Correction(3.0, 5.0, 0, 1)])
    >>> [(span.start, span.end, span.number) for span in spans]
    [(0.0, 3.0, 0), (3.0, 4.0, 1), (5.0, 6.0, 1)]
    """
    for correction in corrections:
        spans = [piece for span in spans for piece in _pieces(span, correction)]
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.number, span.track, span.start)):
        before = joined[-1] if joined else None
        if before and (before.number, before.track) == (span.number, span.track) and span.start <= before.end:
            joined[-1] = replace(before, end=max(before.end, span.end))
        else:
            joined.append(span)
    return sorted(joined, key=lambda span: (span.start, span.end))


def _pieces(span: Span, correction: Correction) -> Iterator[Span]:
    start, end = max(span.start, correction.start), min(span.end, correction.end)
    if span.number != correction.number or start >= end:
        yield span
        return
    if span.start < start:
        yield replace(span, end=start)
    yield Span(start, end, correction.into, NOBODY)
    if end < span.end:
        yield replace(span, start=end)


def _runs(heard: Bits, hard: Int32, step: Seconds) -> list[tuple[int, Seconds, Seconds]]:
    """Columns of `hard` with the seconds from which to which each is active, in order of time."""
    windows = Windows(round((len(heard) - 1) * step * SAMPLE_RATE) + Windows(0).window_samples, step)
    found = reconstruct(heard, hard, speaker_count(heard, windows), windows, keep=KEEP)
    runs = [
        (column, float(start), float(stop))
        for column, part in enumerate(found.active)
        for start, stop in windows.frame_times(part)
    ]
    return sorted(runs, key=lambda run: run[1:])
