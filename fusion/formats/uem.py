"""Read UEM: which parts of a recording are scored, as scorers of the field take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import TranscriptError
from ..given import is_written_number
from ..times import BOUNDS, LONGEST
from .fields import Row, check_one_recording, read_text, rows

if TYPE_CHECKING:
    import os

    from ..types import Seconds

_SHAPE = "file channel start end"
_FIELDS = 4


def read_uem(path: str | os.PathLike[str]) -> tuple[tuple[Seconds, Seconds], ...]:
    """Starts and ends of the parts, in the order of the file: ``file channel start end`` a line.

    Raises:
        TranscriptError: no such file, not text, a bad line (named), several recordings, or no part.
    """
    found = list(rows(read_text(path, "a UEM file"), str(path)))
    parts = tuple(map(_part, found))
    check_one_recording((row.fields[0] for row in found), str(path))
    if not parts:
        raise TranscriptError(f"{path} names no part of a recording: give lines that read {_SHAPE}.")
    return parts


def _part(row: Row) -> tuple[Seconds, Seconds]:
    times = row.fields[_FIELDS - 2 :]
    if len(row.fields) != _FIELDS or not all(map(is_written_number, times)):
        raise row.refuse("UEM", f"{_SHAPE}, whose names hold no spaces")
    start, end = map(float, times)
    if not 0 <= start < end <= LONGEST:
        raise TranscriptError(
            f"{row.where}: a part from {times[0]} to {times[1]} s cannot be: it ends after its start, and {BOUNDS}."
        )
    return start, end
