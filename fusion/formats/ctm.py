"""CTM text (NeMo, Kaldi, NIST): ``file channel start duration word [confidence]`` a line, in seconds."""

from __future__ import annotations

from dataclasses import replace

from ..errors import TranscriptError
from ..given import is_written_number
from .fields import Row, check_one_recording, check_words, rows, span
from .reading import Reading, flat_lines, make_slot

_SHAPE = "file channel start duration word [confidence]"
_START = 2
_NO_SCORE = ("NA", "<NA>")


def read(text: str, name: str) -> Reading:
    """Read CTM text; words are in the order of time, as CTM is defined, each channel by itself.

    The file's name may hold spaces, if all lines agree where it ends.

    Raises:
        TranscriptError: a line with too few fields or no number where a time belongs,
            several recordings, or turns.
    """
    found = list(rows(text, name))
    check_words(found, name)
    at = _start_of(found)
    check_one_recording((" ".join(row.fields[: at - 1]) for row in found), name)
    slots = []
    for row in found:
        start, end = span(row, row.fields[at], row.fields[at + 1])
        score = next((field for field in row.fields[at + 3 : at + 4] if field not in _NO_SCORE), None)
        slot = make_slot(None, row.where, row.fields[at + 2], start, end, probability=score)
        slots.append(replace(slot, channel=row.fields[at - 1]))
    slots.sort(key=lambda slot: slot.start or 0.0)
    return Reading("CTM", flat_lines(slots, name))


def _start_of(found: list[Row]) -> int:
    """Which field is the start in all lines, the foremost if it could be several."""
    common: set[int] | None = None
    for row in found:
        starts = _starts(row.fields)
        if not starts:
            raise row.refuse("CTM", _SHAPE)
        common = starts if common is None else common & starts
        if not common:
            raise TranscriptError(f"{row.where}: {row.text[:60]!r} has its start elsewhere than the lines before it.")
    times = {at: len({row.fields[at] for row in found}) for at in common or {_START}}
    # Where several would do, no channel is a fraction, and a number that never changes belongs to the name.
    fractions = {at: any("." in row.fields[at - 1] for row in found) for at in times}
    return min(times, key=lambda at: (fractions[at], times[at] == 1, at))


def _starts(fields: tuple[str, ...]) -> set[int]:
    """Which fields could be the start: two numbers, a word, and a confidence if anything follows."""
    return {
        i
        for i in range(_START, len(fields) - 2)
        if is_written_number(fields[i])
        and is_written_number(fields[i + 1])
        and all(map(_is_score, fields[i + 3 : i + 4]))
    }


def _is_score(field: str) -> bool:
    return field in _NO_SCORE or (is_written_number(field) and 0 <= float(field) <= 1)


def looks_like(text: str) -> bool:
    """Whether the first line that is no comment could be CTM."""
    first = next(rows(text, ""), None)
    if first is None:
        return False
    return any(float(first.fields[i]) >= 0 <= float(first.fields[i + 1]) for i in _starts(first.fields))
