"""Files of a line each with fields between spaces (RTTM, CTM, STM): what is the same in reading all three."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ..errors import TranscriptError
from ..given import decoded, is_written_number, read_bytes, short
from ..times import BOUNDS, LONGEST

if TYPE_CHECKING:
    from ..types import Seconds

_COMMENT = ";;"
NONE = "<NA>"
_NOTHING = frozenset({NONE.lower(), "na", "n/a", "-"})
"""What programs write where RTTM has nothing, in lower case."""
_LINES = re.compile(r"\r{0,2}\n|\r")
"""What ends a line; ``str.splitlines`` also takes characters that may stand in a name."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line that is no comment. where: its file and number, for messages."""

    where: str
    text: str
    fields: tuple[str, ...]

    def refuse(self, kind: str, shape: str) -> TranscriptError:
        """The error for a line that cannot be read."""
        return TranscriptError(f"{self.where}: {self.text[:60]!r} is no {kind}: a line reads {shape}.")


def read_text(path: str | os.PathLike[str], kind: str) -> str:
    """A text file.

    Raises:
        TranscriptError: no such file, or not text.
    """
    try:
        return decoded(read_bytes(path, kind))
    except UnicodeDecodeError as error:
        raise TranscriptError(f"{path} is no text in UTF-8: save it as such, and give {kind}.") from error


def rows(text: str, name: str) -> Iterator[Row]:
    """The lines that are neither blank nor comments; `name` is the file's."""
    if not isinstance(text, str):
        raise TranscriptError(f"{name} is a {type(text).__name__}: give text, or the file to a function that reads it.")
    for index, line in enumerate(_LINES.split(text), 1):
        fields = tuple(line.split())
        if fields and not line.startswith(_COMMENT):
            yield Row(f"{name}, line {index}", line.strip(), fields)


def check_words(found: Sequence[Row], name: str) -> None:
    """Refuse RTTM where words are wanted: its fields fit those of CTM and STM, and would be read as words.

    Raises:
        TranscriptError: the first line is a turn.
    """
    if found and found[0].fields[0] == "SPEAKER" and any(map(is_nothing_twice, pairwise(found[0].fields))):
        raise TranscriptError(f"{name} is RTTM, which says who speaks when and holds no words: give it as the turns.")


def is_nothing_twice(pair: tuple[str, ...]) -> bool:
    """Whether two fields of RTTM hold nothing, in any of the ways to write that."""
    return pair[0] == pair[1] and pair[0].lower() in _NOTHING


def span(row: Row, start: str, length: str) -> tuple[Seconds, Seconds]:
    """Start and end from the fields that hold start and duration.

    Raises:
        TranscriptError: they are no numbers, or lie outside [0, one year].
    """
    begin, duration = (float(field) if is_written_number(field) else -1.0 for field in (start, length))
    shown = f"{short(start)} and duration {short(length)}"
    if begin < 0 or duration < 0:
        raise TranscriptError(
            f"{row.where}: start {short(start)} and duration {short(length)} must be seconds, 0 or more."
        )
    if begin + duration > LONGEST:
        raise TranscriptError(f"{row.where}: start {shown} cannot be: {BOUNDS}.")
    return begin, begin + duration


def check_one_recording(names: Iterable[str], file: str) -> None:
    """Refuse the lines of several recordings.

    Raises:
        TranscriptError: `names` are those of more than one.
    """
    found = sorted(set(names))
    if len(found) > 1:
        raise TranscriptError(
            f"{file} holds {len(found)} recordings ({', '.join(found[:3])} ...): give the lines of one."
        )
