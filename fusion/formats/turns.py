"""Who spoke when, from a file: RTTM, or JSON as `transcribe diarize`, `transcribe` and pyannote write it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TranscriptError
from ..relabel import one_spelling
from ..times import check_time
from ..types import Turn
from .files import load_json
from .jobs import failure, unfinished
from .reading import get, items, number
from .rttm import read_rttm

if TYPE_CHECKING:
    from ..types import Seconds

_ENDING = ".json"


def read_turns_file(path: str | os.PathLike[str]) -> tuple[Turn, ...]:
    """The turns of a file, sorted by (start, end, speaker); JSON keeps every name as it is.

    Args:
        path: RTTM; or, if its name ends in ``.json``, ``{"turns": [{"start", "end", "speaker"}]}``, such a list alone,
            as WhisperX's table is saved, or what pyannote.audio's `serialize()` or a job of pyannoteAI gave,
            ``{"diarization": [...]}``.

    Raises:
        TranscriptError: no such file, neither of the two, or a bad turn, by its place.
    """
    if Path(path).suffix.lower() != _ENDING:
        return read_rttm(path)
    data = load_json(Path(path))
    if (found := _rows(data)) is None:
        raise TranscriptError(f"{path} holds no turns{_why(data)}")
    key, rows = found
    return one_spelling(_turn(node, f"{path}: {key}[{i}]") for i, node in enumerate(items(rows, f"{path}: {key}")))


def has_turns(path: str | os.PathLike[str]) -> bool:
    """Whether `read_turns_file` finds turns in it: any RTTM, and JSON that has the key."""
    return Path(path).suffix.lower() != _ENDING or _rows(load_json(Path(path))) is not None


def _rows(data: Any) -> tuple[str, Any] | None:
    """The key under which a file's turns stand, and they: ``turns`` in our own, ``diarization`` in pyannote's."""
    if isinstance(data, list) and data and all(map(_is_turn, data)):
        return "", data
    if not isinstance(data, Mapping):
        return None
    if data.get("turns") is not None:
        return "turns", data["turns"]
    job = data.get("output")  # of pyannoteAI
    told = (part.get("diarization") for part in (data, job) if isinstance(part, Mapping))
    return next((("diarization", rows) for rows in told if isinstance(rows, list)), None)  # a flag in files of others


def _is_turn(row: Any) -> bool:
    """Whether it has what a turn has, and no text, as words and lines of others that name a speaker too."""
    return isinstance(row, Mapping) and {"start", "end", "speaker"} <= row.keys() and not {"word", "text"} & row.keys()


def _why(data: Any) -> str:
    """The rest of a sentence: what became of the job that should have found turns, or what to give instead."""
    if reason := failure(data):
        return f", since its job failed ({reason})."
    if state := unfinished(data):
        return f" yet: its job is {state!r}. Give what it writes once it is done."
    return ": give RTTM, or the .json of `transcribe diarize` or pyannote."


def _turn(node: Any, where: str) -> Turn:
    start, end = time_of(node, "start", where), time_of(node, "end", where)
    speaker = get(node, "speaker")
    if isinstance(speaker, int) and not isinstance(speaker, bool):
        speaker = str(speaker)
    if not isinstance(speaker, str) or not speaker.strip() or end < start:
        raise TranscriptError(f"{where} is {str(node)[:60]}: give a start, an end at or after it, and a speaker.")
    return Turn(start, end, speaker)


def time_of(node: Any, key: str, where: str) -> Seconds:
    """The time that a row of JSON has under `key`; `where` names the row.

    Raises:
        TranscriptError: it has none, or one that cannot be.
    """
    value = number(get(node, key), f"{where}.{key}", needed=True)
    if value is None:
        raise TranscriptError(f"{where} has no {key}: give it in seconds.")
    return check_time(value, f"{where}.{key}")
