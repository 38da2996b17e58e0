"""Word times guessed in proportion to letters, for lines that come without words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, TypeAlias

from .text import split_text, weight
from .types import Seconds, Word

if TYPE_CHECKING:
    from .types import Segment, Timing, Transcript

Span: TypeAlias = tuple[Seconds, Seconds]
Times: TypeAlias = Sequence[Span | None]


def with_estimated_words(transcript: Transcript, why: str) -> Transcript:
    """Give words with guessed times to every segment of `transcript` that has text and no words.

    Words are the segment's text cut at its spaces: their texts concatenate to it.
    Their times lie within the segment and never fall; ``Word.timing`` is
    ``estimated``, and `why` becomes a note. A transcript whose segments all have
    words comes back as it is.
    """
    wordless = [not segment.words and bool(segment.text.strip()) for segment in transcript.segments]
    if not any(wordless):
        return transcript
    segments = tuple(worded(s) if bare else s for s, bare in zip(transcript.segments, wordless, strict=True))
    return replace(transcript, segments=segments, notes=(*transcript.notes, why))


def worded(segment: Segment) -> Segment:
    """The segment with words of guessed times, which share its own."""
    pieces = split_text(segment.text)
    return replace(segment, words=words_at(pieces, [None] * len(pieces), segment.start, segment.end))


def words_at(pieces: Sequence[str], times: Times, start: Seconds, end: Seconds) -> tuple[Word, ...]:
    """Words from times relative to `start`; those without one share the gap they lie in."""
    return tuple(
        Word(start + span[0], min(start + span[1], end), piece, timing=timing)
        for piece, span, timing in zip(pieces, *fill(pieces, times, end - start), strict=True)
    )


def fill(pieces: Sequence[str], times: Times, duration: Seconds) -> tuple[list[Span], list[Timing]]:
    """Place each run of pieces without a time between its neighbours, in proportion to their letters.

    >>> fill(["a", " bcd"], [None, None], 2.0)
    ([(0.0, 0.5), (0.5, 2.0)], ['estimated', 'estimated'])
    """
    spans: list[Span] = []
    timings: list[Timing] = []
    while len(spans) < len(pieces):
        index = len(spans)
        span = times[index]
        if span is not None:
            spans.append(span)
            timings.append("aligned")
            continue
        after = next((i for i in range(index, len(pieces)) if times[i] is not None), len(pieces))
        following = times[after] if after < len(pieces) else None
        gap = (spans[-1][1] if spans else 0.0, following[0] if following else max(duration, 0.0))
        spans.extend(_share(pieces[index:after], gap))
        timings.extend(["estimated"] * (after - index))
    return spans, timings


def _share(pieces: Sequence[str], gap: Span) -> list[Span]:
    edges = [0, *accumulate(map(weight, pieces))]
    at = [gap[0] + (max(gap[1], gap[0]) - gap[0]) * edge / edges[-1] for edge in edges]
    return list(pairwise(at))
