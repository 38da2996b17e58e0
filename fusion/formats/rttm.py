"""Read RTTM: who spoke when, as other programs (and ours) write it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import TranscriptError
from ..given import is_written_number
from ..relabel import one_spelling
from ..types import Turn
from .fields import NONE as _NONE
from .fields import Row, check_one_recording, is_nothing_twice, read_text, rows, span

if TYPE_CHECKING:
    import os

_OTHER_TYPES = frozenset({
    "SPKR-INFO", "SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT", "IP",
    "SU", "CB", "A/P",
})  # fmt: skip
"""The types of line of the NIST specification that are no turns."""
_SHAPE = "SPEAKER file channel start duration <NA> <NA> name <NA> <NA>"
_LEAST, _MOST = 8, 10
"""Fields of a line whose names have no spaces; the last two may be left out."""
_START = 3


def read_rttm(path: str | os.PathLike[str], *, recording: str | None = None) -> tuple[Turn, ...]:
    """Read the turns of an RTTM file.

    Args:
        path: the file.
        recording: keep only this one; needed where the file holds several.

    Returns:
        the turns, sorted by (start, end, speaker).

    Raises:
        TranscriptError: no such file, not text, a bad line (named), or several recordings.
    """
    return parse_rttm(read_text(path, "an RTTM file"), name=str(path), recording=recording)


def parse_rttm(text: str, *, name: str = "RTTM", recording: str | None = None) -> tuple[Turn, ...]:
    """Read the turns of RTTM text; blank lines, comments and lines of other types are passed over.

    Names of files and speakers may hold spaces, as some programs write them.

    Example:
        >>> parse_rttm("SPEAKER a 1 0.5 1.5 <NA> <NA> SPEAKER_00 <NA> <NA>")
        (Turn(start=0.5, end=2.0, speaker='SPEAKER_00'),)
    """
    found = [_turn(row) for row in rows(text, name) if row.fields[0] not in _OTHER_TYPES]
    recordings = {file for file, _ in found}
    if recording is None:
        check_one_recording(recordings, name)
    elif found and recording not in recordings:
        raise TranscriptError(f"{name} has no recording {recording!r}: it holds {', '.join(sorted(recordings)[:5])}.")
    return one_spelling(turn for file, turn in found if recording in (None, file))


def _turn(row: Row) -> tuple[str, Turn]:
    """The recording and the turn of one line."""
    fields = row.fields
    if fields[0] != "SPEAKER" or len(fields) < _LEAST:
        raise row.refuse("RTTM", _SHAPE)
    fields = _as_specified(fields)
    row = replace(row, fields=fields)
    at = _start_of(row)
    start, end = span(row, fields[at], fields[at + 1])
    return " ".join(fields[1 : at - 1]), Turn(start, end, _name(row, fields[at + 4 :]))


def _as_specified(fields: tuple[str, ...]) -> tuple[str, ...]:
    """The fields with <NA> where their writer has another sign for nothing, told by the two before the name."""
    for i in range(_START, len(fields) - 4):
        signs, name = fields[i + 2 : i + 4], i + 4
        if is_nothing_twice(signs) and is_written_number(fields[i]) and is_written_number(fields[i + 1]):
            after = (_NONE if field == signs[0] else field for field in fields[name + 1 :])
            return (*fields[: i + 2], _NONE, _NONE, fields[name], *after)
    return fields


def _start_of(row: Row) -> int:
    """Which field is the start: it and the duration are numbers before two fields that hold nothing.

    Where those two say something after all, fields count by their places, if no name can hold a space.
    """
    fields = row.fields
    found = [
        i
        for i in range(_START, len(fields) - 4)
        if is_written_number(fields[i]) and is_written_number(fields[i + 1]) and fields[i + 2 : i + 4] == (_NONE, _NONE)
    ]
    if len(found) == 1:
        return found[0]
    by_place = len(fields) <= _MOST and fields[_LEAST - 1] != _NONE and all(map(_is_value, fields[_LEAST:]))
    if found or not by_place:
        raise row.refuse("RTTM", f"{_SHAPE}, and its names hold spaces that leave its fields unclear")
    return _START


def _name(row: Row, rest: tuple[str, ...]) -> str:
    """The speaker's name, without the two fields for a confidence and a time that may follow it."""
    drop = 0
    while drop < len(rest) - 1 and drop < _MOST - _LEAST and _is_value(rest[len(rest) - 1 - drop]):
        drop += 1
    name = rest[: len(rest) - drop]
    if _NONE in name[1:]:
        raise row.refuse("RTTM", f"{_SHAPE}, and nothing more")
    cut = rest[len(name) :]
    if cut and cut[0].isdigit() and (len(cut) == 1 or cut[0] not in "01"):
        raise row.refuse("RTTM", f"{_SHAPE}; whether {cut[0]!r} belongs to the name cannot be told")
    return " ".join(name)


def _is_value(field: str) -> bool:
    """Whether it is what RTTM has after the name: nothing, or a number."""
    return field == _NONE or is_written_number(field)
