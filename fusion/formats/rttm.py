"""Read RTTM: who spoke when, as other programs (and ours) write it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TranscriptError
from ..types import Turn

if TYPE_CHECKING:
    import os

_OTHER_TYPES = frozenset({
    "SPKR-INFO", "SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT", "IP",
    "SU", "CB", "A/P",
})  # fmt: skip
"""The types of line of the NIST specification that are no turns."""
_FIELDS = 8
_START, _LENGTH, _NAME = 3, 4, 7


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
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TranscriptError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise TranscriptError(f"{path} is no text: give an RTTM file in UTF-8.") from error
    return parse_rttm(text, name=str(path), recording=recording)


def parse_rttm(text: str, *, name: str = "RTTM", recording: str | None = None) -> tuple[Turn, ...]:
    """Read the turns of RTTM text; blank lines, comments and lines of other types are passed over.

    Example:
        >>> parse_rttm("SPEAKER a 1 0.5 1.5 <NA> <NA> SPEAKER_00 <NA> <NA>")
        (Turn(start=0.5, end=2.0, speaker='SPEAKER_00'),)
    """
    found: list[tuple[str, Turn]] = []
    for index, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if fields and not line.startswith(";;"):
            turn = _turn(fields, f"{name}, line {index}")
            if turn is not None:
                found.append((fields[1], turn))
    recordings = sorted({file for file, _ in found})
    if recording is None and len(recordings) > 1:
        raise TranscriptError(
            f"{name} holds {len(recordings)} recordings ({', '.join(recordings[:3])} ...): give the lines of one."
        )
    if recording is not None and found and recording not in recordings:
        raise TranscriptError(f"{name} has no recording {recording!r}: it holds {', '.join(recordings[:5])}.")
    kept = (turn for file, turn in found if recording in (None, file))
    return tuple(sorted(kept, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def _turn(fields: list[str], where: str) -> Turn | None:
    """One line; None for the types of line that are no turns."""
    if fields[0] in _OTHER_TYPES:
        return None
    if fields[0] != "SPEAKER" or len(fields) < _FIELDS:
        shape = "SPEAKER file channel start duration <NA> <NA> name <NA> <NA>"
        raise TranscriptError(f"{where}: {' '.join(fields)[:60]!r} is no RTTM: a line reads {shape}.")
    try:
        start, length = float(fields[_START]), float(fields[_LENGTH])
    except ValueError:
        start = length = math.nan
    if not (math.isfinite(start) and math.isfinite(length)) or start < 0 or length < 0:
        raise TranscriptError(
            f"{where}: start {fields[_START]!r} and duration {fields[_LENGTH]!r} must be seconds, 0 or more."
        )
    return Turn(start, start + length, fields[_NAME])
