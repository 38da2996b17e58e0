"""What an edit changed, so that it can be undone: only the part that is no longer as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Generic, TypeVar

from ..errors import TranscriptError
from ..relabel import rename_diarization, rename_transcript
from ..types import Segment, Turn
from .content import Content

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """From `first` on, `count` items stand where `was` stood."""

    first: int
    count: int
    was: tuple[T, ...]


@dataclass(frozen=True, slots=True)
class Undo:
    """How to get back to what was there; one of three ways.

    names: where only names changed: name now -> name before.
    segments, turns, exclusive: where parts changed, each rising and apart.
    whole: where everything is new.
    """

    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    segments: tuple[Slice[Segment], ...] = ()
    turns: tuple[Slice[Turn], ...] = ()
    exclusive: tuple[Slice[Turn], ...] = ()
    whole: Content | None = None


def undo_of(before: Content, after: Content, names: Mapping[str, str] | None = None) -> Undo:
    """How to get from `after` back to `before`, exactly.

    names: name now -> name before, where the edit was a renaming: shorter, if that leads back.
    """
    if names and renamed(after, names) == before:
        return Undo(names=names)
    then, now = before.diarization, after.diarization
    if _heads(before) != _heads(after) or (then is None) != (now is None):
        return Undo(whole=before)
    undo = Undo(segments=_slices(before.transcript.segments, after.transcript.segments))
    if then is None or now is None:
        return undo
    return replace(undo, turns=_slices(then.turns, now.turns), exclusive=_slices(then.exclusive, now.exclusive))


def undone(after: Content, undo: Undo) -> Content:
    """What was there before."""
    if undo.whole is not None:
        return undo.whole
    if undo.names:
        return renamed(after, undo.names)
    back = after.with_segments(_restored(after.transcript.segments, undo.segments))
    now = after.diarization
    if now is None:
        return back
    return back.with_turns(_restored(now.turns, undo.turns), _restored(now.exclusive, undo.exclusive))


def renamed(content: Content, names: Mapping[str, str]) -> Content:
    """Every speaker that is a key of `names` under the name that is its value; two with one name become one."""
    diarization = None if content.diarization is None else rename_diarization(content.diarization, names)
    return replace(content, transcript=rename_transcript(content.transcript, names), diarization=diarization)


def _heads(content: Content) -> tuple[object, ...]:
    """All but segments and turns."""
    return replace(content.transcript, segments=()), content.origin, content.notes


def _slices(before: Sequence[T], after: Sequence[T]) -> tuple[Slice[T], ...]:
    """The parts that differ: runs of items where as many stand as before, else all from the first to the last."""
    if len(before) != len(after):
        head = _alike(before, after)
        tail = _alike(before[head:][::-1], after[head:][::-1])
        return (Slice(head, len(after) - tail - head, tuple(before[head : len(before) - tail])),)
    other = [index for index, (was, now) in enumerate(zip(before, after, strict=True)) if was != now]
    runs = (list(run) for _, run in groupby(enumerate(other), lambda item: item[1] - item[0]))
    spans = ((run[0][1], len(run)) for run in runs)
    return tuple(Slice(first, count, tuple(before[first : first + count])) for first, count in spans)


def _alike(one: Sequence[T], other: Sequence[T]) -> int:
    """How many items at the beginning are the same."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _restored(after: tuple[T, ...], slices: tuple[Slice[T], ...]) -> tuple[T, ...]:
    items = list(after)
    for part in reversed(slices):
        if part.first + part.count > len(items):
            raise TranscriptError("What the last edit changed is no longer there: the history is damaged.")
        items[part.first : part.first + part.count] = part.was
    return tuple(items)
