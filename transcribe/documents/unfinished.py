"""Words of a recogniser that is at work, kept as they come, so that the next run of the same goes on behind them.

::

    FOLDER/KEY   a line a segment, and a line a mark from which the recogniser can go on (`asr_adapters.resuming`)

The key is of all that has a say in the words: the samples, the recogniser with its
model and options, and the program. A file is only ever appended to, each line behind
its checksum, and whatever does not lead to a whole mark, as after a kill, where two
ran at once or a disk has damaged it, counts as not written. Nothing is written
before a minute was heard; what is finished is deleted.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
import zlib
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from ...asr_adapters.resuming import Begun, Mark, OtherwiseError, ResumingRecognizer
from ...fusion.editing.selecting import clock
from ...fusion.errors import OptionError, TranscriptError
from ...fusion.given import at_home, usual_folder
from ...fusion.records import read_segment, write_segment
from ...fusion.types import SAMPLE_RATE
from ..options import Wish
from ..screen.interrupt import WORTH
from .hashes import hash_of_samples, hashed
from .origin import origin_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...fusion.types import Note, OnSegment, Progress, Recognizer, Samples, Seconds, Segment, Transcript
    from ..options import Setup

_OLD = 30 * 24 * 3600.0
"""Seconds after which nobody goes on with it any more."""
_KEY = re.compile("[0-9a-f]{64}")
"""What ours are called: the folder may be one that holds other files as well."""
_DAMAGED = (ValueError, KeyError, TypeError, RecursionError, TranscriptError)


def usual_place() -> Path | None:
    """``$DIARFUSE_UNFINISHED_DIR``, or a folder of the user's cache; None where the user has no home."""
    chosen = os.environ.get("DIARFUSE_UNFINISHED_DIR")
    try:
        return at_home(chosen) if chosen else usual_folder("cache") / "unfinished"
    except OptionError:
        return None


def forget_old(folder: Path) -> None:
    """Delete what nobody has gone on with for a month."""
    with contextlib.suppress(OSError):
        for file in folder.iterdir():
            if _KEY.fullmatch(file.name) and time.time() - file.stat().st_mtime > _OLD:
                file.unlink()


def can_go_on(recogniser: Recognizer, samples: Samples) -> TypeGuard[ResumingRecognizer]:
    """Whether a recogniser can be stopped and go on in these samples, and they are worth it."""
    worth = len(samples) > WORTH * SAMPLE_RATE and bool(samples.any())
    return worth and isinstance(recogniser, ResumingRecognizer)


def key_of(setup: Setup, recogniser: ResumingRecognizer, samples: Samples, language: str | None) -> str:
    """Of all that has a say in the words; loads the recogniser, whose files are known only then.

    Raises:
        DiarfuseError: its model cannot be had.
    """
    if hasattr(recogniser, "load"):
        recogniser.load()
    origin = origin_of(setup, Wish(), recogniser, None)
    kind = type(recogniser)
    model = [kind.__module__, kind.__qualname__, str(setup.model), setup.compute_type, repr(setup.asr_options)]
    packages = {name: _version(name) for name in recogniser.resumes_with}
    machine = [origin.program, dict(origin.models), packages, setup.execution.device]
    return hashed([*model, *machine, language, hash_of_samples(samples)])


@dataclass(slots=True)
class Journal:
    """The words of one recogniser in one recording (or channel of it), in a file for its owner alone.

    begun: what an earlier run has left. kept: so far it goes on the disk. language: of its words, where that is known.
    """

    path: Path
    begun: Begun | None = None
    kept: Seconds = 0.0
    language: str | None = None
    _handle: int | None = None
    _count: int = 0
    _lines: list[bytes] = field(default_factory=list)
    _given_up: bool = False

    @classmethod
    def at(cls, path: Path) -> Journal:
        """With what lies at `path`."""
        found = cls(path)
        found.begun, _ = _read(path)
        if found.begun is not None:
            found.kept, found.language = found.begun.mark.until, found.begun.mark.language
        return found

    def hear(self, segment: Segment) -> None:
        """The next segment; the first ones are those of `begun`, which stand in the file."""
        self._count += 1
        if self.begun is None or self._count > len(self.begun.segments):
            self._lines.append(_line(write_segment(segment)))

    def mark(self, mark: Mark) -> None:
        """A place to go on from, behind all segments so far."""
        row = {"count": self._count, "until": float(mark.until), "language": mark.language, "state": dict(mark.state)}
        self._lines.append(_line(row))
        self.language = mark.language
        if mark.until >= WORTH and not self._given_up:
            try:
                self._write()
                self.kept = mark.until
            except OSError:  # there is no room, or no folder: only time is lost
                self._given_up = True

    def begin_anew(self) -> None:
        """Take what was left for nothing."""
        self.forget()
        self.begun, self.kept, self._count, self._lines = None, 0.0, 0, []

    def close(self) -> None:
        """Leave it for the next run."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def forget(self) -> None:
        """Delete it."""
        self.close()
        with contextlib.suppress(OSError):
            self.path.unlink()

    @property
    def told(self) -> str:
        """Up to where it goes, as ``00:12:03``."""
        return clock(self.kept).partition(".")[0]

    def _write(self) -> None:
        if self._handle is None:
            self._handle = self._opened()
        content, self._lines = b"".join(self._lines), []
        while content:
            content = content[os.write(self._handle, content) :]

    def _opened(self) -> int:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _, whole = _read(self.path)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        os.truncate(handle, whole)
        return handle


def heard(
    recogniser: ResumingRecognizer,
    samples: Samples,
    journal: Journal,
    name: str,
    on_note: Note,
    *,
    language: str | None,
    on_progress: Progress | None,
    on_segment: OnSegment | None = None,
) -> Transcript:
    """What a recogniser hears, from where an earlier run has left it.

    Args:
        recogniser: that of the journal's key.
        samples: of the journal's key.
        journal: is left open for whoever has more to do before it is finished.
        name: of the recording.
        on_note: hears that it goes on, or that it cannot.
        language, on_progress, on_segment: see `ResumingRecognizer.transcribe`.
    """
    transcribe = partial(
        recogniser.transcribe,
        samples,
        language=language,
        on_progress=on_progress,
        on_segment=partial(_tell, (journal.hear, on_segment)),
        on_mark=journal.mark,
    )
    if journal.begun is not None:
        on_note(f"{name} goes on from {journal.told}, where it was stopped (to begin anew, delete {journal.path}).")
        try:
            return transcribe(begun=journal.begun)
        except OtherwiseError:
            on_note(f"The recogniser hears something else in {name} now than it did then, so it begins anew.")
            journal.begin_anew()
    return transcribe()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _tell(hears: Sequence[OnSegment | None], segment: Segment) -> None:
    for hear in hears:
        if hear is not None:
            hear(segment)


def _line(row: dict[str, Any]) -> bytes:
    content = json.dumps(row).encode()
    return b"%08x %s\n" % (zlib.crc32(content), content)


def _row(line: bytes) -> dict[str, Any]:
    """What `_line` wrote; a damaged digit would be words that nobody has said.

    Raises:
        ValueError: it is something else.
    """
    checksum, _, content = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(content):
        raise ValueError
    row: dict[str, Any] = json.loads(content)
    return row


def _read(path: Path) -> tuple[Begun | None, int]:
    """What a file has up to its last mark, and up to which byte that is."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last line's end was cut
    except OSError:
        return None, 0
    segments: list[Segment] = []
    begun, place, whole = None, 0, 0
    for line in lines:
        place += len(line) + 1
        try:
            row = _row(line)
            if "count" not in row:
                segments.append(read_segment(row))
                continue
            if row["count"] != len(segments):
                break
            begun, whole = Begun(tuple(segments), Mark(float(row["until"]), row["language"], dict(row["state"]))), place
        except _DAMAGED:
            break
    return begun, whole
