"""A recording that was renamed since it was transcribed: it is known by what it holds."""

from __future__ import annotations

import stat
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from ...diarize.models.files import sha256_of
from ...fusion.audio.decode import probable_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ...fusion.document import Recording
    from ...fusion.types import Seconds

    _Seen: TypeAlias = tuple[Path, tuple[int, ...]]
    """A file, and its state."""

_ROUNDING: Seconds = 1.0
"""So much a header's length may differ from what was heard."""
_KEPT = 1 << 16
"""More files than a folder holds: where it holds more, none of them is known again."""


def recordings_beside(document: Path) -> list[Path]:
    """What lies beside a document and is a recording by its ending, sorted."""
    from ..batch.finding import AUDIO

    with suppress(OSError):
        return sorted(path for path in document.parent.iterdir() if path.suffix.lower() in AUDIO)
    return []


def renamed(document: Path, recording: Recording, among: Iterable[Path]) -> Path | None:
    """The one of `among` that holds the very bytes that a document is about; None where none does.

    Only those are read that are called as the document is, or that last as long as it says.
    """
    return all_renamed({document: recording}, among).get(document)


def all_renamed(recordings: Mapping[Path, Recording], among: Iterable[Path]) -> dict[Path, Path]:
    """`renamed` for many documents at once, by the document: each of `among` is looked at once for all of them."""
    wanted = {document: recording for document, recording in recordings.items() if recording.sha256}
    if not wanted:
        return {}
    seen = [(path, state) for path in sorted(among) if (state := _state(path)) is not None]
    called: dict[str, list[_Seen]] = {}
    for one in seen:
        called.setdefault(one[0].stem, []).append(one)
    lasting: dict[int, list[_Seen]] | None = None
    found: dict[Path, Path] = {}
    for document, recording in wanted.items():
        match = _first(called.get(document.stem, ()), recording)
        if match is None:
            lasting = _by_length(seen) if lasting is None else lasting
            match = _first(_as_long(recording.duration, lasting), recording)
        if match is not None:
            found[document] = match
    return found


def _state(path: Path) -> tuple[int, ...] | None:
    """What differs where a file is another one; None of what is no file, or cannot be looked at."""
    with suppress(OSError):
        state = path.stat()
        return (state.st_mtime_ns, state.st_size, state.st_ino) if stat.S_ISREG(state.st_mode) else None
    return None


def _by_length(seen: Iterable[_Seen]) -> dict[int, list[_Seen]]:
    """By the second in which each ends."""
    found: dict[int, list[_Seen]] = {}
    for path, state in seen:
        found.setdefault(int(_length(path, *state)), []).append((path, state))
    return found


def _as_long(length: Seconds, lasting: Mapping[int, list[_Seen]]) -> Iterator[_Seen]:
    for second in range(int(length - _ROUNDING), int(length + _ROUNDING) + 1):
        for path, state in lasting.get(second, ()):
            if abs(_length(path, *state) - length) <= _ROUNDING:
                yield path, state


def _first(likely: Iterable[_Seen], recording: Recording) -> Path | None:
    """The first that holds what the recording held."""
    for path, state in likely:
        with suppress(OSError):
            if _hash(path, *state) == recording.sha256:
                return path
    return None


@lru_cache(maxsize=_KEPT)
def _length(path: Path, *_state: int) -> Seconds:
    """Once while a file stays as it is."""
    return probable_duration(path)


@lru_cache(maxsize=_KEPT)
def _hash(path: Path, *_state: int) -> str:
    return sha256_of(path)
