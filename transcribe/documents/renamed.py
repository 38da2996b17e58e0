"""A recording that was renamed since it was transcribed: it is known by what it holds."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from ...diarize.models.files import sha256_of
from ...fusion.audio.decode import probable_duration

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ...fusion.document import Recording
    from ...fusion.types import Seconds

_ROUNDING: Seconds = 1.0
"""So much a header's length may differ from what was heard."""
_KEPT = 4096


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
    if not recording.sha256:
        return None
    for path in sorted(among, key=lambda path: path.stem != document.stem):
        with suppress(OSError):
            state = path.stat()
            seen = (path, state.st_mtime_ns, state.st_size, state.st_ino)
            likely = path.stem == document.stem or abs(_length(*seen) - recording.duration) <= _ROUNDING
            if likely and path.is_file() and _hash(*seen) == recording.sha256:
                return path
    return None


@lru_cache(maxsize=_KEPT)
def _length(path: Path, *_state: int) -> Seconds:
    """Once while a file stays as it is."""
    return probable_duration(path)


@lru_cache(maxsize=_KEPT)
def _hash(path: Path, *_state: int) -> str:
    return sha256_of(path)
