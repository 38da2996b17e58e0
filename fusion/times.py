"""When things can happen in a recording: the one place that checks times that come from outside, and repairs them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from statistics import median
from typing import Any, TypeVar

from .errors import TranscriptError
from .given import is_written_number
from .types import Seconds, Segment, Transcript, Word

T = TypeVar("T", Word, Segment)

LONGEST: Seconds = 366 * 86_400.0
"""A year, which no recording lasts: what lies beyond is no time but damage, or another unit."""

SLIGHTLY_EARLY: Seconds = -1.0
"""Recognisers round to a little before the recording; what lies farther before is no time."""

BOUNDS = f"times count from the start of the recording, in seconds, up to a year ({LONGEST:.0f})"


def is_time(value: Seconds) -> bool:
    """Whether it lies in [0, one year], or so little before 0 that it is repaired to 0."""
    return SLIGHTLY_EARLY <= value <= LONGEST  # which NaN does not


def seconds(value: Any) -> Seconds:
    """The number that is given: of any kind, or as text.

    >>> seconds("1.5"), seconds(2)
    (1.5, 2.0)

    Raises:
        TypeError, ValueError, OverflowError: it is none, though it may convert to one: a truth value, a span of time
            (numpy's convert to their count of milliseconds or whatever it is), bytes, or text that is not in plain
            digits, such as Python's ``1_5``.
    """
    if isinstance(value, str):
        if not is_written_number(value.strip()):
            raise ValueError(value)
        return float(value)
    kind, axes = getattr(getattr(value, "dtype", None), "kind", "f"), getattr(value, "ndim", None)
    if isinstance(value, bool | bytes | bytearray | memoryview) or kind not in "iuf" or axes:
        raise TypeError(value)
    return float(value)


_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-5]?[0-9]):([0-5]?[0-9](?:[.,][0-9]{1,9})?)")
_ISO = re.compile(r"PT(?:([0-9]{1,4})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)S)?")
_UNITS = {"ms": 1000.0, "s": 1.0}


def written_time(text: str) -> Seconds | None:
    """The seconds of a time that tells its unit itself: by a clock, by ISO 8601, or in s or ms; None for any other.

    >>> written_time("00:01:02,500"), written_time("1:02"), written_time("PT1M2.5S"), written_time("1.5s")
    (62.5, 62.0, 62.5, 1.5)
    >>> written_time("250ms"), written_time("1.5"), written_time("1:75"), written_time("PT"), written_time("s")
    (0.25, None, None, None, None)
    """
    text = text.strip()
    found = _CLOCK.fullmatch(text) or _ISO.fullmatch(text)
    if found is not None:
        hours, minutes, rest = (float((part or "0").replace(",", ".")) for part in found.groups())
        return 3600 * hours + 60 * minutes + rest if any(found.groups()) else None
    for unit, per_second in _UNITS.items():
        if text.endswith(unit) and is_written_number(text.removesuffix(unit)):
            return float(text.removesuffix(unit)) / per_second
    return None


def are_seconds(spans: Iterable[tuple[Any, Any]], most: float) -> bool:
    """Whether starts and ends that should be whole units are seconds: they have decimals, and last no longer than that.

    Args:
        spans: start and end of each; what is no number does not count.
        most: so many seconds one may last, and so few units none does.

    >>> are_seconds([(0.25, 0.75), (1, 2)], 20), are_seconds([(250.5, 750), (1000, 2000)], 20)
    (True, False)
    """
    known = [span for span in spans if all(isinstance(time, int | float) and is_time(time) for time in span)]
    has_decimals = any(time != int(time) for span in known for time in span)
    return has_decimals and median(end - start for start, end in known) < most


def check_time(value: Seconds, where: str) -> Seconds:
    """`value`, if it lies within [0, one year].

    Raises:
        TranscriptError: it does not; `where` names its file and place.
    """
    if not 0 <= value <= LONGEST:
        raise TranscriptError(f"{where} has the time {value:g} s: {BOUNDS}.")
    return value


def repair_times(start: Seconds | None, end: Seconds | None, name: str) -> tuple[Seconds | None, Seconds | None, str]:
    """Times that can be, and a note of what was wrong with them.

    A time just before zero is zero; an end before its start is the start.

    Raises:
        TranscriptError: a time outside [0, one year]; `name` names its place.
    """
    note = ""
    for value in (start, end):
        if value is not None and not is_time(value):
            raise TranscriptError(f"{name} has the time {value:g} s: {BOUNDS}.")
        if value is not None and value < 0:
            note = f"{name} begins before the recording: it was moved to 0."
    start = None if start is None else max(0.0, start)
    end = None if end is None else max(0.0, end)
    if start is not None and end is not None and end < start:
        note = f"{name} ends at {end:g} s, before its start at {start:g} s: the end was ignored."
        end = start
    return start, end, note


def repair_transcript(transcript: Transcript, source: str) -> Transcript:
    """A recogniser's own transcript with times that can be; every repair is noted.

    Args:
        transcript: as a recogniser or a server gave it; comes back itself where nothing is wrong.
        source: names it in messages.

    Raises:
        TranscriptError: a time that is no number, or outside [0, one year].
    """
    notes: list[str] = []
    segments = tuple(
        _repaired_segment(segment, f"{source}: segment {i}", notes) for i, segment in enumerate(transcript.segments)
    )
    if not notes:
        return transcript
    return replace(transcript, segments=segments, notes=(*transcript.notes, *notes))


def _repaired_segment(segment: Segment, where: str, notes: list[str]) -> Segment:
    known = len(notes)
    words = tuple(_repaired(word, f"{where}, word {i}", notes) for i, word in enumerate(segment.words))
    mended = _repaired(segment, where, notes)
    return segment if len(notes) == known else replace(mended, words=words)


def _repaired(item: T, where: str, notes: list[str]) -> T:
    """A word or segment with times that can be."""
    if item.start is None and item.end is None:
        return item
    for value in (item.start, item.end):
        if value is not None and not _is_number(value):
            raise TranscriptError(f"{where} has the time {value!r}: {BOUNDS}.")
    start, end, note = repair_times(item.start, item.end, f"{where} ({item.text.strip()[:40]!r})")
    if note:
        notes.append(note)
        return replace(item, start=start, end=end)  # type: ignore[arg-type]  # a segment has both
    return item


def _is_number(value: object) -> bool:
    try:
        return math.isfinite(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False
