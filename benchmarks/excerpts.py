"""Excerpts cut out of what the networks heard in whole recordings: short ones by the hundred, which cost nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from diarfuse.diarize.front_ends.kaldi import HOP
from diarfuse.diarize.pipeline import Heard
from diarfuse.diarize.recipes import Embedded
from diarfuse.diarize.stretches import Stretch
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.types import SAMPLE_RATE, Seconds, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LENGTHS: tuple[Seconds, ...] = (10, 20, 30, 60)
_MOST = 4
"""Excerpts of one length from one recording."""
_PRESENT: Seconds = 0.05
"""Who says less in an excerpt is not in it."""


def places(duration: Seconds) -> Iterator[tuple[int, int]]:
    """Begin and end, in whole seconds, of the excerpts of a recording: up to four of each length, evenly spread.

    >>> list(places(25.5))
    [(0, 10), (15, 25), (0, 20)]
    """
    for length in LENGTHS:
        if length <= duration:
            count = min(_MOST, int(duration // length))
            begins = np.linspace(0, duration - length, count).astype(int)
            yield from ((int(begin), int(begin + length)) for begin in begins)


def heard_in(heard: Heard, begin: int, end: int) -> Heard:
    """What was heard in the windows and stretches that lie wholly between two whole seconds, at a hop of 1 s."""
    windows = Windows((end - begin) * SAMPLE_RATE, heard.windows.step)
    inside, voices, shift = slice(begin, begin + windows.count), heard.voices, begin * SAMPLE_RATE // HOP
    whole = [i for i, span in enumerate(voices.spans) if begin <= span.seconds[0] and span.seconds[1] <= end]
    spans = tuple(Stretch(voices.spans[i].first - shift, voices.spans[i].last - shift) for i in whole)
    vectors = None if voices.span_vectors is None else voices.span_vectors[whole]
    return Heard(windows, heard.segmentations[inside], Embedded(voices.vectors[inside], vectors, spans))


def turns_in(turns: Sequence[Turn], begin: Seconds, end: Seconds) -> tuple[Turn, ...]:
    """The turns between `begin` and `end`, on the excerpt's clock, of those who say anything there."""
    cut = [
        replace(turn, start=max(turn.start, begin) - begin, end=min(turn.end, end) - begin)
        for turn in turns
        if min(turn.end, end) > max(turn.start, begin)
    ]
    said: dict[str, Seconds] = {}
    for turn in cut:
        said[turn.speaker] = said.get(turn.speaker, 0) + turn.end - turn.start
    return tuple(turn for turn in cut if said[turn.speaker] >= _PRESENT)
