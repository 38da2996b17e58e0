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
from .reading import get, items, number
from .rttm import read_rttm

if TYPE_CHECKING:
    from ..types import Seconds

_ENDING = ".json"


def read_turns_file(path: str | os.PathLike[str]) -> tuple[Turn, ...]:
    """The turns of a file, sorted by (start, end, speaker); JSON keeps every name as it is.

    Args:
        path: RTTM; or, if its name ends in ``.json``, ``{"turns": [{"start", "end", "speaker"}]}``, or what
            pyannote.audio's `serialize()` or a job of pyannoteAI gave, ``{"diarization": [...]}``.

    Raises:
        TranscriptError: no such file, neither of the two, or a bad turn, by its place.
    """
    if Path(path).suffix.lower() != _ENDING:
        return read_rttm(path)
    if (found := _rows(path)) is None:
        raise TranscriptError(f"{path} holds no turns: give RTTM, or the .json of `transcribe diarize` or pyannote.")
    key, rows = found
    return one_spelling(_turn(node, f"{path}: {key}[{i}]") for i, node in enumerate(items(rows, f"{path}: {key}")))


def has_turns(path: str | os.PathLike[str]) -> bool:
    """Whether `read_turns_file` finds turns in it: any RTTM, and JSON that has the key."""
    return Path(path).suffix.lower() != _ENDING or _rows(path) is not None


def _rows(path: str | os.PathLike[str]) -> tuple[str, Any] | None:
    """The key under which a file's turns stand, and they: ``turns`` in our own, ``diarization`` in pyannote's."""
    data = load_json(Path(path))
    if not isinstance(data, Mapping):
        return None
    if data.get("turns") is not None:
        return "turns", data["turns"]
    job = data.get("output")  # of pyannoteAI
    told = (part.get("diarization") for part in (data, job) if isinstance(part, Mapping))
    return next((("diarization", rows) for rows in told if isinstance(rows, list)), None)  # a flag in files of others


def _turn(node: Any, where: str) -> Turn:
    start, end = time_of(node, "start", where), time_of(node, "end", where)
    speaker = get(node, "speaker")
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
