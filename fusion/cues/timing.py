"""When cues come and go: long enough to be read, never two at once, two pictures apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..layout import Layout
    from ..types import Seconds

_LEAD: Seconds = 0.5
"""A cue that has too little time may come so much before its words."""
_CHAIN: Seconds = 0.5
"""A gap shorter than this is closed, but for the pictures between two cues: a flicker distracts."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a cue holds: from when to when it is said, and how many columns are to be read."""

    start: Seconds
    end: Seconds
    columns: int


def retimed(cues: Sequence[Said], layout: Layout) -> Iterator[tuple[Seconds, Seconds]]:
    """Times in which cues can be read and never overlap.

    A cue stays until it has been read or its words are over, but makes way for
    the next one once it has been read at `layout.fastest`, and sooner if that or a
    later one would come `layout.late` seconds after its words otherwise; the next
    waits until then. One that is pressed comes a little before its words, where
    nothing else is shown.

    Args:
        cues: by rising start.
        layout: what is wished.

    Yields:
        start and end of each, in whole milliseconds.
    """
    gap = math.ceil(layout.gap * 1000 - 1e-6) / 1000
    starts = [round(cue.start, 3) for cue in cues]
    latest = _latest_starts(starts, gap, layout)
    free = -math.inf
    for index, cue in enumerate(cues):
        after = starts[index + 1] - gap if index + 1 < len(cues) else math.inf
        need = min(layout.longest, max(layout.shortest, cue.columns / layout.speed))
        early = max(starts[index] - _LEAD, min(starts[index], after - need), 0.0)
        start = max(early, free)
        held = max(layout.shortest, cue.columns / layout.fastest)
        patient = max(start + layout.shortest / 2, min(start + held, latest[index + 1] - gap))
        wished = min(start + layout.longest, max(cue.end, start + need))
        end = min(wished, max(after, patient))
        if end < after < end + _CHAIN:
            end = min(after, start + layout.longest)
        free = round(end + gap, 3)
        yield round(start, 3), round(end, 3)


def _latest_starts(starts: Sequence[Seconds], gap: Seconds, layout: Layout) -> list[Seconds]:
    """When each cue must begin for itself and all later ones not to be late; and infinity after the last."""
    latest = [math.inf]
    for start in reversed(starts):
        latest.append(min(start + layout.late, latest[-1] - layout.shortest / 2 - gap))
    return latest[::-1]
