"""Going on where a recogniser was stopped: what it tells of its way, and is given back, so that the same comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from ..fusion.types import SAMPLE_RATE, OnSegment, Progress, Samples, Seconds, Segment, SegmentRecognizer, Transcript


@dataclass(frozen=True, slots=True)
class Mark:
    """A place from which a recogniser can go on, once all segments up to it were told.

    until: so far it has heard. language: that it heard, None if it does not tell. state: what else it needs to know
    there, as plain values that JSON can hold.
    """

    until: Seconds
    language: str | None
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Begun:
    """What an earlier run has told: its segments, and the mark that stands behind the last of them."""

    segments: tuple[Segment, ...]
    mark: Mark


OnMark: TypeAlias = Callable[[Mark], None]


class OtherwiseError(Exception):
    """A recogniser hears now what it did not hear then, so that it cannot go on; nothing was told yet."""


@runtime_checkable
class ResumingRecognizer(SegmentRecognizer, Protocol):
    """A recogniser that can go on from a mark of its own, to the very transcript of one run; it declares so.

    resumes_with: the packages whose versions have a say in its words.
    """

    resumes_with: ClassVar[tuple[str, ...]]

    def transcribe(
        self,
        samples: Samples,
        *,
        language: str | None = None,
        on_progress: Progress | None = None,
        on_segment: OnSegment | None = None,
        on_mark: OnMark | None = None,
        begun: Begun | None = None,
    ) -> Transcript:
        """As `SegmentRecognizer.transcribe`; `on_mark` hears of each place from which another call can go on.

        Args:
            samples: those of the call that told `begun`, which had the same language and options.
            language: see there.
            on_progress: see there.
            on_segment: hears all segments, those of `begun` first.
            on_mark: hears marks, never before the segments up to them were told.
            begun: what need not be heard again.

        Raises:
            OtherwiseError: it cannot go on from there; before any segment is told.
        """
        ...


def mark(on_mark: OnMark | None, until: Seconds, language: str | None, state: Mapping[str, Any] | None = None) -> None:
    """Tell a place from which to go on, where somebody listens."""
    if on_mark is not None:
        on_mark(Mark(until, language, state or {}))


def left(spans: Iterable[tuple[int, int]], begun: Begun | None) -> Iterator[tuple[int, int]]:
    """The sample ranges that are still to be heard: of a recogniser whose ranges know nothing of each other.

    >>> list(left([(0, 16_000), (16_000, 40_000)], Begun((), Mark(1.0, "en"))))
    [(16000, 40000)]
    """
    done = 0 if begun is None else round(begun.mark.until * SAMPLE_RATE)
    return ((first, last) for first, last in spans if last > done)
