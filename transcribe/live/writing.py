"""Files that hold, at any instant, all that was said to be committed."""

from __future__ import annotations

import io
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ...fusion.errors import OptionError, OutputError
from ...fusion.landing import check_writable, is_protected
from .. import output

if TYPE_CHECKING:
    from ...fusion.document import Document
    from ...fusion.types import Note, Seconds

_GOES_ON = "The recording goes on, and it is tried again."
_SHARE = 20
"""Writing takes at most the twentieth part of the time."""


@dataclass(slots=True)
class Files:
    """The outputs, written anew as more is committed: each whole, under its name at once.

    targets: where. render: a document as one target has it.
    on_note: hears, once, of one that cannot be written: nobody says again what was said, so the recording goes on.
    """

    targets: Sequence[output.Target]
    render: Callable[[Document, output.Target], str | bytes]
    on_note: Note
    _next: Seconds = 0.0
    _failed: bool = False

    @property
    def are_due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() >= self._next

    def write(self, document: Document) -> None:
        """Write all targets but stdout, pipes and devices, which get only what is last."""
        began, failed = time.monotonic(), list[OSError]()
        for target in self.targets:
            if not output.is_stream(target):
                failed += self._written(document, target)
        if failed and not self._failed:
            self.on_note(f"{failed[0]} {_GOES_ON}")
        self._failed = bool(failed)
        now = time.monotonic()
        self._next = now + _SHARE * (now - began)

    def end(self, document: Document, on_wrote: Callable[[Path], None]) -> None:
        """Write the last of all targets; `on_wrote` hears of each file.

        Raises:
            OutputError: one of them cannot be written; the others are, and of more that cannot `on_note` hears.
            BrokenPipeError: nobody reads stdout any more; the files are written.
            DiarfuseError, MemoryError: one cannot be made; the others are.
        """
        output.write_each(self.targets, partial(self.render, document), on_wrote, self.on_note, document)

    def _written(self, document: Document, target: output.Target) -> list[OSError]:
        """What went wrong."""
        try:
            output.write(target, self.render(document, target))
        except (OutputError, BrokenPipeError) as error:
            return [error]
        return []


@dataclass(slots=True)
class EventLines:
    """Events as JSON lines, written before the next are made. path: None keeps none. on_note: as of `Files`.

    What a file held before stays until there is a first event. What the disk has no room for is kept, and tried again
    with the next and at the end.
    """

    path: Path | None
    on_note: Note
    _file: io.RawIOBase | None = field(default=None, init=False)
    _rest: bytes = b""
    _failed: bool = False
    _stays: bool = False

    def __enter__(self) -> Self:
        if self.path is not None:
            with self._failing():
                handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
                self._stays = stat.S_ISREG(os.fstat(handle).st_mode)
                self._file = os.fdopen(handle, "wb", buffering=0)
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        try:
            if self._file is not None:
                with self._failing(), self._file:
                    self._write_rest()
        except OutputError as own:
            if error is None:
                raise
            self.on_note(str(own))  # and what went wrong before is told after it

    def write(self, events: Iterable[dict[str, Any]]) -> None:
        """Add `events`."""
        if self._file is None:
            return
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
        self._rest += lines.encode("utf-8", "replace")
        try:
            with self._failing():
                self._write_rest()
            self._failed = False
        except OutputError as error:
            if not self._failed:
                self.on_note(f"{error} {_GOES_ON}")
            self._failed = True

    def _write_rest(self) -> None:
        if self._rest and self._stays and self._file is not None:
            self._file.truncate()
            self._stays = False
        while self._rest:
            self._rest = self._rest[self._file.write(self._rest) if self._file else 0 :]

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written: {error.strerror}. Choose another --events.") from error


def check_places(
    events: Path | None, save_audio: Path | None, played: Path | None, targets: Sequence[output.Target]
) -> None:
    """Refuse, before anything is heard, what could not be written beside the outputs.

    Args:
        events: where JSON lines go. save_audio: where the sound does.
        played: the recording, where it is a file.
        targets: the outputs, which have been checked.

    Raises:
        OptionError: it would replace the recording or another file of these, or has an ending that is not of sound.
        OutputError: it is a folder, write-protected, or in no folder that can be written to; sound would go to a pipe.
    """
    if save_audio is not None and save_audio.suffix.lower() not in (".wav", ".flac"):
        raise OptionError(f"--save-audio {str(save_audio)!r} must end in .wav or .flac.")
    taken = {os.path.realpath(target.path): "written by -o" for target in targets if target.path is not None}
    if played is not None:
        taken[os.path.realpath(played)] = "the recording itself"
    for name, path in (("--events", events), ("--save-audio", save_audio)):
        if path is None:
            continue
        if path.exists() and not path.is_file() and not path.is_dir():
            if path == save_audio:
                raise OutputError(f"{name} {str(path)!r} is a pipe or a device: sound needs a file.")
            continue
        place = os.path.realpath(path)
        if place in taken:
            raise OptionError(f"{name} {str(path)!r} is {taken[place]}: choose another file.")
        taken[place] = f"written by {name}"
        _check_place(name, path)


def _check_place(name: str, path: Path) -> None:
    if path.is_dir():
        raise OutputError(f"{name} {str(path)!r} is a folder: name a file in it.")
    if is_protected(path):
        raise OutputError(f"{name} {str(path)!r} is write-protected: choose another file, or allow writing to it.")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise OutputError(f"{name} {str(path)!r}: there is no folder {str(path.parent)!r}. Choose another {name}.")
    try:
        check_writable(folder)
    except OSError as error:
        raise OutputError(
            f"{name} {str(path)!r} cannot be written ({error.strerror or error}): choose another file."
        ) from error
