"""What a format read, brought to one shape: lines in the order of time, none without a length, no mark by itself."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ..text import is_punctuation, opens, weight
from .reading import end_of, united

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..types import Seconds
    from .reading import Line, Reading, Slot

_LETTER: Seconds = 0.07
"""What a letter takes to say, about."""
_SHORTEST: Seconds = 0.2


def in_shape(found: Reading) -> Reading:
    """What a format read, in the order of time where it has several channels, no line without a length.

    Marks that stand as words without times go with the word before them: nobody says them, so that they
    count as no words, and make nobody speak for longer.
    """
    lines = (replace(line, slots=_without_marks(line)) for line in found.lines)
    return replace(found, lines=with_lengths(interleaved(tuple(lines))))


def _without_marks(line: Line) -> tuple[Slot, ...]:
    slots: list[list[Slot]] = []
    seen = ""
    for slot in line.slots:
        timeless = slot.start is None and slot.end is None
        if slots and timeless and is_punctuation(slot.text) and not opens(slot.text):
            apart = f"{seen} {slot.text}".strip() in line.text
            mark = replace(slot, text=f" {slot.text}") if apart else slot
            slots[-1].append(mark)
            seen = end_of(seen + mark.text)
        else:
            slots.append([slot])
            seen = end_of(slot.text)
    return tuple(united(word) for word in slots)


def interleaved(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines of several channels by time; those of one channel stay in the recogniser's order, whatever their times.

    The one place that sorts what is read.
    """
    latest: dict[str, Seconds] = {}
    keys = []
    for line in lines:
        latest[line.channel] = max(latest.get(line.channel, 0.0), line.start)
        keys.append(latest[line.channel])
    if len(latest) <= 1:
        return tuple(lines)
    return tuple(lines[i] for i in sorted(range(len(lines)), key=keys.__getitem__))


def with_lengths(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines with text that last no time get what it takes to say them, up to the next line of their channel."""
    following: dict[str, Seconds] = {}
    found = []
    for line in reversed(lines):
        if line.end <= line.start and line.text.strip():
            room = following.get(line.channel, math.inf) - line.start
            length = max(_SHORTEST, min(room, _LETTER * weight(line.text)))
            line = replace(line, end=line.start + length)  # noqa: PLW2901 - the same one, mended
            if not line.slots:
                note = f"{line.where} ({line.text.strip()[:40]!r}) lasts no time: it was given {length:.1f} s."
                line = replace(line, note=" ".join(filter(None, (line.note, note))))  # noqa: PLW2901
        following[line.channel] = line.start
        found.append(line)
    return tuple(reversed(found))
