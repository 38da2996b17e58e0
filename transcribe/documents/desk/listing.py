"""What lies in a folder: recordings, and the transcripts that belong to them."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ....fusion.document import Recording
from ....fusion.errors import AudioError, OptionError
from ....fusion.text import graphemes
from ....fusion.times import is_time
from ...batch.finding import AUDIO
from ..renamed import all_renamed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ....fusion.types import Seconds

DOCUMENT = ".json"
_OURS, _HEAD = b'"diarfuse/', 4096
"""What stands in the first so many bytes of our documents: others, of any size, are not read."""
_Stamp: TypeAlias = tuple[int, int]
"""When a file was changed, in nanoseconds, and its bytes."""
_NEVER: _Stamp = (-1, -1)
_UNTOLD = Recording("", "", 0.0)
_NAME_MAX = 255
"""Of a file's name, where the system does not tell it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A recording with its transcript, or a transcript alone.

    recording, transcript: names of files in the folder. changed: when the recording was, or a transcript alone, since
    1970. size: bytes of the recording.
    """

    recording: str | None
    transcript: str | None
    changed: Seconds
    size: int


@dataclass(slots=True)
class Listing:
    """A folder that is looked at again and again; a file is read once for as long as it stays the same."""

    folder: Path
    _known: dict[str, tuple[_Stamp, Recording | None]] = field(default_factory=dict)
    _looked: dict[str, _Stamp] = field(default_factory=dict)

    def entries(self) -> list[Entry]:
        """Newest recordings first: their order does not change while they are transcribed.

        Raises:
            AudioError: the folder cannot be read.
        """
        try:
            with os.scandir(self.folder) as found:
                files = {one.name: seen for one in found if (seen := _seen(one)) is not None}
        except OSError as error:
            raise AudioError(f"{self.folder} cannot be read ({error.strerror or error}): check the folder.") from error
        sounds = {name for name in files if Path(name).suffix.lower() in AUDIO}
        belongs = {name: self._recording_of(name, files[name]) for name in files.keys() - sounds}
        transcripts = self._named({name: about for name, about in belongs.items() if about is not None}, sounds, files)
        rows = [
            Entry(recording, name, files[recording or name or ""].st_mtime, size)
            for recording, name in _paired(sounds, transcripts)
            for size in [files[recording].st_size if recording else 0]
        ]
        return in_order(rows)

    def transcript_for(self, recording: str) -> Path:
        """Where the transcript of a recording that has none yet goes: beside it, in a file that is not there.

        Raises:
            OptionError: all names are taken.
        """
        endings = ("", *(f" ({number})" for number in range(2, 1000)))
        names = [(Path(recording).stem, DOCUMENT), *((recording, f"{ending}{DOCUMENT}") for ending in endings)]
        free = (path for name in names if not os.path.lexists(path := self.folder / fitting(self.folder, *name)))
        for path in free:
            return path
        raise OptionError(f"There are a thousand transcripts of {recording} in {self.folder}: move some away.")

    def _named(self, told: dict[str, Recording], sounds: set[str], files: dict[str, os.stat_result]) -> dict[str, str]:
        """The name of the recording of each transcript: the new one, where it was renamed since."""
        names = {name: about.name for name, about in told.items()}
        free = [self.folder / sound for sound in self._settled(sounds, files) - set(names.values())]
        alone = {self.folder / name: about for name, about in told.items() if about.name not in sounds}
        return names | {path.name: found.name for path, found in all_renamed(alone, free).items()}

    def _settled(self, sounds: set[str], files: dict[str, os.stat_result]) -> set[str]:
        """Those that stayed as they were at the last look: what somebody still writes is not read again at each."""
        now = {name: (files[name].st_mtime_ns, files[name].st_size) for name in sounds}
        last, self._looked = self._looked, now
        return {name for name, stamp in now.items() if last.get(name, stamp) == stamp}

    def _recording_of(self, name: str, found: os.stat_result) -> Recording | None:
        """Which recording a document of ours is of, with the name "" where it tells none; None of another file."""
        stamp, about = self._known.get(name, (_NEVER, None))
        seen = (found.st_mtime_ns, found.st_size)
        if stamp != seen:
            about = _about(self.folder / name)
            self._known[name] = (seen, about)
        return about


def fitting(folder: Path, stem: str, ending: str) -> str:
    """`stem` with `ending`; where the disk takes no name so long, with less of the stem, cut between characters."""
    name = f"{stem}{ending}"
    most = os.pathconf(folder, "PC_NAME_MAX") if hasattr(os, "pathconf") else _NAME_MAX
    if len(os.fsencode(name)) <= most:
        return name
    parts = graphemes(stem)
    while parts and len(os.fsencode(name)) > most:
        parts.pop()
        name = f"{''.join(parts)}{ending}"
    return name


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Newest first."""
    return sorted(entries, key=lambda one: (-one.changed, one.recording or one.transcript or ""))


def _seen(found: os.DirEntry[str]) -> os.stat_result | None:
    """What the system tells of a file that may matter here; None of all else.

    So also of what is gone by now, and of links that lead nowhere or in circles: none of them hides the others.
    """
    suffix = Path(found.name).suffix.lower()
    if found.name.startswith(".") or not (suffix in AUDIO or suffix == DOCUMENT):
        return None
    try:
        seen = found.stat()
    except OSError:
        return None
    return seen if stat.S_ISREG(seen.st_mode) else None


def _about(path: Path) -> Recording | None:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if _OURS not in head:
                return None
            row: Any = json.loads(head + file.read())
    except OSError:
        return None
    except (ValueError, RecursionError):  # ours and damaged: whoever opens it is told what of it
        return _UNTOLD
    if not isinstance(row, dict):
        return None
    audio = row.get("audio")
    told = audio if isinstance(audio, dict) else {}
    name, sha256, duration = (told.get(key) for key in ("name", "sha256", "duration"))
    if not isinstance(name, str):
        return _UNTOLD
    seconds = float(duration) if isinstance(duration, int | float) and is_time(duration) else 0.0
    return Recording(name, sha256 if isinstance(sha256, str) else "", seconds)


def _paired(sounds: set[str], transcripts: dict[str, str]) -> Iterator[tuple[str | None, str | None]]:
    """Each recording with the transcript whose name is most like its own, and the transcripts that are left."""
    left: dict[str, list[str]] = {}
    for name in sorted(transcripts, key=lambda name: (len(name), name), reverse=True):
        left.setdefault(transcripts[name], []).append(name)
    for recording in sorted(sounds):
        # Documents are in UTF-8, names need not be.
        known_as = {recording, recording.encode("utf-8", "replace").decode()}
        of_it = [left[about] for about in known_as if left.get(about)]
        first = min(of_it, key=lambda names: (len(names[-1]), names[-1]), default=None)
        yield recording, (first.pop() if first is not None else None)
    yield from ((None, name) for name in sorted(name for names in left.values() for name in names))
