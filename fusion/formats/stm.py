"""Read STM: who said what when, as references for scoring are written."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..errors import TranscriptError
from ..given import is_written_number
from ..relabel import alike
from ..times import LONGEST
from .fields import Row, check_one_recording, check_words, read_text, rows

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from ..types import Seconds

_SHAPE = "file channel speaker start end [<label>] text"
_START = 3
_ALTERNATIVES = re.compile(r"\{ ([^{}]*) \}")
_NOTHING = "@"
_UNSCORED = "ignore_time_segment_in_scoring"
"""Stands for the words where nobody wrote down what is said, as TED-LIUM and sclite have it."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a speaker said from `start` to `end`."""

    start: Seconds
    end: Seconds
    speaker: str
    text: str

    @property
    def is_scored(self) -> bool:
        """Whether it tells what is said, and not that nobody wrote it down."""
        return self.text.casefold() != _UNSCORED


def read_stm(path: str | os.PathLike[str]) -> tuple[Utterance, ...]:
    """Read an STM file: ``file channel speaker start end [<label>] text`` a line.

    A space in a speaker's name is written as ``%20``, and comes back as one.

    Raises:
        TranscriptError: no such file, not text, a bad line (named), several recordings, or turns.
    """
    found = list(rows(read_text(path, "an STM file"), str(path)))
    check_words(found, str(path))
    utterances = tuple(_utterance(row) for row in found)
    check_one_recording((row.fields[0] for row in found), str(path))
    _check_names(found)
    names = alike(utterance.speaker for utterance in utterances)
    return tuple(replace(said, speaker=names.get(said.speaker, said.speaker)) for said in utterances)


def _utterance(row: Row) -> Utterance:
    fields = row.fields
    if len(fields) < _START + 2 or not all(map(is_written_number, fields[_START : _START + 2])):
        wrong = len(fields) > _START and any(field.lower().lstrip("+-") in _NO_TIMES for field in fields[_START:5])
        if wrong:
            raise _impossible(row)
        raise row.refuse("STM", f"{_SHAPE}, whose names hold no spaces")
    start, end = float(fields[_START]), float(fields[_START + 1])
    if not 0 <= start <= end <= LONGEST:
        raise _impossible(row)
    words = fields[_START + 2 :]
    text = " ".join(words[1:] if words and words[0].startswith("<") else words)
    return Utterance(start, end, unquote(fields[2]), _spoken(text))


def _spoken(text: str) -> str:
    """The words of a text: the first of alternatives, ``{ a / b }``, and nothing for ``@``, as NIST writes them.

    Either alternative is right there; `eval` counts one, since cpWER has no room for two.
    """
    first = _ALTERNATIVES.sub(lambda found: found[1].split(" / ")[0], text)
    return " ".join(word for word in first.split() if word != _NOTHING)


_NO_TIMES = ("nan", "inf", "infinity")


def _impossible(row: Row) -> TranscriptError:
    start, end = row.fields[_START : _START + 2]
    return TranscriptError(f"{row.where} runs from {start} to {end}: give seconds that can be, up to a year.")


def _check_names(found: Sequence[Row]) -> None:
    """Refuse names with a space and a whole number after it, which read as times: every text would begin with a number.

    Raises:
        TranscriptError: the fields of several lines could all begin one further on.
    """
    shifted = [row for row in found if "." not in row.fields[_START] and _could_begin(row.fields, _START + 1)]
    if len(found) > 1 and len(shifted) == len(found):
        raise found[0].refuse("STM", f"{_SHAPE}, whose names hold no spaces")


def _could_begin(fields: tuple[str, ...], at: int) -> bool:
    times = fields[at : at + 2]
    return (
        len(times) == len(("start", "end"))
        and all(map(is_written_number, times))
        and float(times[0]) <= float(times[1])
    )
