"""Progress, notes, timings and the wish to stop of one recording, whichever thread works on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from ..fusion.errors import CancelledError

if TYPE_CHECKING:
    from ..fusion.types import Progress, Seconds

Note: TypeAlias = Callable[[str], None]


@dataclass(slots=True)
class Watch:
    """What a job tells its caller; two stages that run at once share one, and call back one at a time.

    notes: sentences for `Result.notes`. suffix: follows the stages' names, as in ``recognise, channel 2``.
    """

    on_progress: Progress | None = None
    on_note: Note | None = None
    cancel: threading.Event | None = None
    timings: dict[str, Seconds] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    suffix: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def part(self, suffix: str) -> Watch:
        """The same watch for a part of the recording, whose stages have names of their own."""
        return replace(self, suffix=suffix)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Pass progress on; stops the stage where the caller wants to stop, or a stage beside it has failed."""
        with self._lock:
            self.check()
            if self.on_progress is not None:
                self.on_progress(stage + self.suffix, done, total)

    def note(self, sentence: str) -> None:
        """Pass a sentence on."""
        with self._lock:
            if self.on_note is not None:
                self.on_note(sentence)

    def stop(self) -> None:
        """Let every stage end at its next report."""
        self._stop.set()

    def check(self) -> None:
        """Raise `CancelledError` if the caller wants to stop, or `stop` was called."""
        if self._stop.is_set() or (self.cancel is not None and self.cancel.is_set()):
            raise CancelledError("Stopped, as asked.")

    @contextmanager
    def stage(self, name: str, *, silent: bool = True) -> Iterator[None]:
        """Time the stage `name`; report its begin and end if it is `silent`, that is, reports nothing itself."""
        if silent:
            self.progress(name, 0, 1)
        started = time.perf_counter()
        yield
        if silent:
            self.progress(name, 1, 1)
        self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started
