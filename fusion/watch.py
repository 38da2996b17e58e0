"""One piece of work, whichever threads do it: progress, notes, timings, the wish to stop, and results in order."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias, TypeVar

from .errors import CancelledError, OptionError
from .given import short
from .types import Diarization, Note, OnFound, OnSegment, Progress, Seconds, Transcript

Item = TypeVar("Item")
Result = TypeVar("Result")

Advance: TypeAlias = Callable[[int, int], None]
"""``advance(done, total)``: a stage has come so far. Raises `CancelledError` where the caller wants to stop."""


def log_note(sentence: str) -> None:
    """Take a note that nobody was given to hear: what gives way to something else never does so in silence.

    It is a warning of the logger ``diarfuse``, which Python writes to stderr where a program has set up no logging.
    """
    # Made here, not by the import: what sets up a program's logging disables all loggers that there are by then.
    logging.getLogger("diarfuse").warning("%s", sentence)


def unheard(_sentence: str) -> None:
    """Take a note that is told elsewhere."""


@dataclass(slots=True)
class Watch:
    """What some work tells its caller, and the one place that looks whether the caller wants to stop.

    Stages that run at once share one watch, and call back one at a time.

    on_progress, on_note: hear of it; what they raise stops the work. Without `on_note` the log has what the
        result does not tell. cancel: set from any thread, stops the stage at its next report. on_heard: hears
        segments as they are recognised, before more is known of them. on_found: hears what there is before all is
        done; on_part: each segment as soon as it is.
    timings: seconds by stage, summed where a stage comes again.
    notes: sentences for the result. suffix: follows the stages' names, as in ``recognise, channel 2``.
    """

    on_progress: Progress | None = None
    on_note: Note | None = None
    cancel: threading.Event | None = None
    on_heard: OnSegment | None = None
    on_found: OnFound | None = None
    on_part: OnSegment | None = None
    timings: dict[str, Seconds] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    suffix: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Refuse what can hear of nothing before any work is done.

        Raises:
            OptionError: one is no function, or `cancel` no event.
        """
        for name in ("on_progress", "on_note", "on_heard", "on_found", "on_part"):
            if (given := getattr(self, name)) is not None and not callable(given):
                raise OptionError(f"{name}={short(given)} must be a function.")
        if self.cancel is not None and not hasattr(self.cancel, "is_set"):
            raise OptionError(f"cancel={short(self.cancel)} must be a threading.Event, which you set to stop the work.")

    def part(self, suffix: str) -> Watch:
        """The same watch for a part of the recording, whose stages have names of their own; it finds no whole."""
        return replace(self, suffix=suffix, on_found=None)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Pass progress on.

        Raises:
            CancelledError: the caller wants to stop, or a stage beside this one has failed.
        """
        with self._lock:
            if self._stop.is_set() or (self.cancel is not None and self.cancel.is_set()):
                raise CancelledError(f"Stopped during {stage}, as asked.")
            if self.on_progress is not None:
                self.on_progress(stage + self.suffix, done, total)

    def note(self, sentence: str) -> None:
        """Pass a sentence on."""
        with self._lock:
            (self.on_note or log_note)(sentence)

    def keep(self, sentence: str) -> None:
        """Pass a sentence on at once, and keep it for the result."""
        self.notes.append(sentence)
        if self.on_note is not None:
            self.note(sentence)

    def found(self, transcript: Transcript | None, diarization: Diarization | None) -> None:
        """Pass on what there is so far."""
        with self._lock:
            if self.on_found is not None:
                self.on_found(transcript, diarization)

    def stop(self) -> None:
        """Let every stage end at its next report."""
        self._stop.set()

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        """Time the stage `name` and report its begin and end; yields what reports the way between."""
        self.progress(name, 0, 1)
        with self.timed(name):
            yield partial(self.progress, name)
        self.progress(name, 1, 1)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time work that reports its own stages."""
        started = time.perf_counter()
        yield
        self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started


def usable_cores() -> int:
    """Cores this process may use: the affinity mask where the system has one."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def spread(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Apply `work` to `items` in so many threads; results in order, only a few items ahead."""
    if workers == 1:
        yield from map(work, items)
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield from ahead(pool, work, items, 2 * workers)
    finally:  # also when the consumer stops early: nothing that was queued starts any more
        pool.shutdown(wait=True, cancel_futures=True)


def ahead(
    pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item], most: int
) -> Iterator[Result]:
    """Results in order, of at most so many items ahead; what was given to the pool ends with the consumer."""
    given: deque[Future[Result]] = deque()
    try:
        for item in items:
            given.append(begun(pool, work, item))
            if len(given) > most:
                yield given.popleft().result()
        while given:
            yield given.popleft().result()
    finally:
        for future in given:
            future.cancel()
        wait(given)


def begun(pool: ThreadPoolExecutor, work: Callable[[Item], Result], item: Item) -> Future[Result]:
    """``work(item)`` in the pool; done here, at once, where the pool takes nothing more.

    So it is once the program's main thread has ended, while others that it began go on, and where no thread can be had.
    """
    with suppress(RuntimeError):
        return pool.submit(work, item)
    done: Future[Result] = Future()
    try:
        done.set_result(work(item))
    except Exception as error:  # noqa: BLE001 - of whoever takes the result, as the pool's are
        done.set_exception(error)
    return done
