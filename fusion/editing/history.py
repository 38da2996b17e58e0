"""What was edited, each edit with the way back; and how that and a document's content are written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..records import (
    DamagedError,
    Json,
    check_keys,
    count,
    item,
    optional,
    read_segment,
    read_turn,
    rows,
    text,
    texts,
    time,
    write_segment,
    write_turn,
)
from ..relabel import alike
from ..types import Diarization, Transcript
from .changes import Slice, Undo, renamed
from .content import Content, Origin
from .operations import Operation, read_operation, write_operation

T = TypeVar("T")

CONTENT = frozenset(("duration", "language", "speakers", "notes", "segments"))
CONTENT_MORE = frozenset(("turns", "exclusive", "program", "settings", "models"))
_UNDO = frozenset(("names", "segments", "turns", "exclusive", "whole"))


@dataclass(frozen=True, slots=True)
class Edit:
    """What was asked for, and how to get back to what was there."""

    operation: Operation
    undo: Undo


def write_edit(edit: Edit) -> Json:
    """An edit as plain values."""
    return write_operation(edit.operation) | {"undo": _write_undo(edit.undo)}


def read_edit(row: Any) -> Edit:
    """What `write_edit` wrote.

    Raises:
        DamagedError: it is no edit.
    """
    check_keys(row, frozenset(("op", "undo")), frozenset(row) if isinstance(row, dict) else frozenset())
    operation = read_operation({key: value for key, value in row.items() if key != "undo"})
    return Edit(operation, item(row, "undo", _read_undo))


def write_content(content: Content) -> Json:
    """A document's content as plain values, keys in a fixed order."""
    transcript, diarization, origin = content.transcript, content.diarization, content.origin
    row: Json = {}
    if origin is not None:
        row |= {"program": origin.program, "settings": dict(origin.settings), "models": dict(origin.models)}
    row |= {
        "duration": float(transcript.duration),
        "language": transcript.language,
        "speakers": _said_by(content),
        "notes": list(content.notes),
        "segments": [write_segment(segment) for segment in transcript.segments],
    }
    if diarization is not None:
        row |= {
            "turns": [write_turn(turn) for turn in diarization.turns],
            "exclusive": [write_turn(turn) for turn in diarization.exclusive],
        }
    return row


def read_content(row: Json) -> Content:
    """What `write_content` wrote; the keys are known to be there.

    Raises:
        DamagedError: one of them holds what it cannot.
    """
    duration = item(row, "duration", time)
    transcript = Transcript(rows(row, "segments", read_segment), optional(row, "language", text), duration)
    diarization = None
    if "turns" in row or "exclusive" in row:
        check_keys(row, frozenset(("turns", "exclusive")), frozenset(row))
        diarization = Diarization(rows(row, "turns", read_turn), rows(row, "exclusive", read_turn), duration)
    content = Content(transcript, diarization, _read_origin(row), rows(row, "notes", text))
    if list(rows(row, "speakers", text)) != _said_by(content):
        raise DamagedError("does not list those who speak below: rename speakers with `transcribe rename`", "speakers")
    names = alike(content.speakers)
    return renamed(content, names) if names else content


def _said_by(content: Content) -> list[str]:
    """Who says a word; where nothing was recognised, who speaks."""
    segments, diarization = content.transcript.segments, content.diarization
    if segments or diarization is None:
        return sorted({segment.speaker for segment in segments if segment.speaker is not None})
    return sorted({turn.speaker for turn in diarization.turns})


def _read_origin(row: Json) -> Origin | None:
    if not {"program", "settings", "models"} & row.keys():
        return None
    check_keys(row, frozenset(("program", "settings", "models")), frozenset(row))
    settings = row["settings"]
    if not isinstance(settings, dict):
        raise DamagedError("is no object", "settings")
    return Origin(item(row, "program", text), settings, item(row, "models", texts))


def _write_undo(undo: Undo) -> Json:
    parts = {
        "segments": _write_slices(undo.segments, write_segment),
        "turns": _write_slices(undo.turns, write_turn),
        "exclusive": _write_slices(undo.exclusive, write_turn),
    }
    row: Json = {key: value for key, value in parts.items() if value}
    row |= {"names": dict(undo.names)} if undo.names else {}
    return row | ({} if undo.whole is None else {"whole": write_content(undo.whole)})


def _read_undo(row: Any) -> Undo:
    check_keys(row, frozenset(), _UNDO)
    return Undo(
        item(row, "names", texts) if "names" in row else {},
        _read_slices(row, "segments", read_segment),
        _read_slices(row, "turns", read_turn),
        _read_slices(row, "exclusive", read_turn),
        item(row, "whole", _read_whole) if "whole" in row else None,
    )


def _read_whole(row: Any) -> Content:
    check_keys(row, CONTENT, CONTENT_MORE)
    return read_content(row)


def _write_slices(slices: Sequence[Slice[T]], write: Callable[[T], Json]) -> list[Json]:
    return [{"first": part.first, "count": part.count, "was": [write(was) for was in part.was]} for part in slices]


def _read_slices(row: Json, key: str, read: Callable[[Any], T]) -> tuple[Slice[T], ...]:
    def one(part: Any) -> Slice[T]:
        check_keys(part, frozenset(("first", "count", "was")))
        return Slice(item(part, "first", count), item(part, "count", count), rows(part, "was", read))

    return rows(row, key, one) if key in row else ()
