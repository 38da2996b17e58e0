"""Many recordings through one diarizer: pushed from any thread, answered as they are done.

Several files are in work at once and share the machine: on a CPU one pool of
threads computes whichever file's windows come next, so that every core is busy
whether there is one long file or many short ones; on a GPU windows of several
files go through the networks in one call. Answers are those of
`Diarizer.diarize`; a file that fails, fails alone.

    with DiarizationQueue(diarizer) as queue:
        for path in paths:
            queue.push(path, path)
        queue.close()
        for done in queue:
            print(done.id, done.error or done.get().turns)
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeAlias, TypeVar

import numpy.typing as npt

from ..fusion.errors import CancelledError, OptionError
from ..fusion.given import OfThisProcess, is_number
from ..fusion.types import Diarization, SpeakerCount
from ..fusion.watch import usable_cores
from .fixed import MOST
from .gathering import Gathered
from .options import check_loaded
from .runtime import Runtime, SharedRuntime

if TYPE_CHECKING:
    from .loading import AnyDiarizer

Audio = TypeVar("Audio")
Answer = TypeVar("Answer")
Recording: TypeAlias = npt.ArrayLike | str | os.PathLike[str]

CAPACITY = 32
"""Recordings that may wait; whoever pushes more has to wait too."""
_FILES_ON_GPU = 16


@dataclass(frozen=True, slots=True)
class Done(Generic[Answer]):
    """What became of a recording: an answer or an error. id: as it was pushed."""

    id: Hashable
    answer: Answer | None = None
    error: Exception | None = None

    def get(self) -> Answer:
        """The answer.

        Raises:
            Exception: the recording's own error.
        """
        if self.error is not None:
            raise self.error
        return self.answer  # type: ignore[return-value]  # without an error there is one


@dataclass(slots=True, eq=False)
class _Task(Generic[Audio]):
    id: Hashable
    audio: Audio
    cancel: threading.Event = field(default_factory=threading.Event)


class Queue(OfThisProcess, Generic[Audio, Answer]):
    """Recordings in, answers out as they come; every recording that was taken gives exactly one `Done`.

    All methods may be called from any thread. Iterating waits for the next answer and ends when the queue is closed and
    empty; ``async for`` does the same in an event loop. Answers that nobody has taken yet wait without a limit.

    Args:
        work: ``work(audio, cancel)`` -> answer; stops soon after `cancel` is set.
        files: how many recordings are in work at once.
        capacity: how many more may wait.

    Raises:
        OptionError: a number below one.
    """

    def __init__(
        self, work: Callable[[Audio, threading.Event], Answer], *, files: int, capacity: int = CAPACITY
    ) -> None:
        for name, value in (("files", files), ("capacity", capacity)):
            if not is_number(value, whole=True) or value < 1:
                raise OptionError(f"{name}={value!r} must be a whole number, 1 or more.")
        self._work, self._capacity = work, capacity
        self._changed, self._process = threading.Condition(), os.getpid()
        self._waiting: deque[_Task[Audio]] = deque()
        self._running: dict[Hashable, _Task[Audio]] = {}
        self._done: deque[Done[Answer]] = deque()
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = set()
        self._closed = False
        self._threads = [threading.Thread(target=self._serve, name="queue", daemon=True) for _ in range(files)]
        for thread in self._threads:
            thread.start()

    def push(self, id: Hashable, audio: Audio) -> None:  # noqa: A002 - what it is
        """Take a recording, waiting for room.

        Raises:
            OptionError: the queue is closed, or a recording of that id is in it.
        """
        with self._alone():
            while len(self._waiting) >= self._capacity and not self._closed:
                self._changed.wait()
            self._take(id, audio)

    def try_push(self, id: Hashable, audio: Audio) -> bool:  # noqa: A002 - what it is
        """Take a recording if there is room; whether there was.

        Raises:
            OptionError: as `push`.
        """
        with self._alone():
            if len(self._waiting) >= self._capacity and not self._closed:
                return False
            self._take(id, audio)
            return True

    def cancel(self, id: Hashable) -> bool:  # noqa: A002 - what it is
        """Give up a recording, whose answer is then a `CancelledError`; False where it is done, or was never there."""
        with self._alone():
            if id in self._running:
                self._running[id].cancel.set()
                return True
            for task in self._waiting:
                if task.id == id:
                    self._waiting.remove(task)
                    self._answer(Done(id, error=CancelledError("Stopped before it began, as asked.")))
                    return True
            return False

    def close(self) -> None:
        """Take no more recordings; what is in the queue is still done."""
        with self._alone():
            self._closed = True
            self._tell()

    def stop(self) -> None:
        """Take no more recordings, and give up all that are in the queue."""
        with self._alone():
            self.close()
            for name in [task.id for task in self._waiting] + list(self._running):
                self.cancel(name)

    def __enter__(self) -> Queue[Audio, Answer]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give up what is left, and wait until nothing is in work any more."""
        self.stop()
        for thread in self._threads:
            thread.join()

    def __iter__(self) -> Iterator[Done[Answer]]:
        """Answers in the order in which they are done."""
        while True:
            with self._alone():
                while not self._done and not self._empty():
                    self._changed.wait()
                if not self._done:
                    return
                done = self._done.popleft()
            yield done

    def __aiter__(self) -> Self:
        """The same, in an event loop."""
        return self

    async def __anext__(self) -> Done[Answer]:
        """The next answer; whoever gives up waiting for it, after a timeout say, loses none and may ask again."""
        loop = asyncio.get_running_loop()
        while True:
            with self._alone():
                if self._done:
                    return self._done.popleft()
                if self._empty():
                    raise StopAsyncIteration
                listener = loop, loop.create_future()
                self._listeners.add(listener)
            try:
                await listener[1]
            finally:
                with self._changed:
                    self._listeners.discard(listener)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock.

        Raises:
            OptionError: this is a fork of the process in which the queue's threads are, and nothing would ever be done.
        """
        if os.getpid() != self._process:
            raise OptionError("The queue's threads stayed in the process that this one was forked from: make it here.")
        with self._changed:
            yield

    def _empty(self) -> bool:
        """Whether no answer will come any more."""
        return self._closed and not self._waiting and not self._running

    def _take(self, name: Hashable, audio: Audio) -> None:
        if self._closed:
            raise OptionError(f"The queue is closed and takes {name!r} no more: make a new one.")
        if name in self._running or any(task.id == name for task in self._waiting):
            raise OptionError(f"A recording of the id {name!r} is in the queue already: give each its own.")
        self._waiting.append(_Task(name, audio))
        self._tell()

    def _serve(self) -> None:
        """What a thread does: one recording after another, until the queue is closed and nothing waits."""
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                task = self._waiting.popleft()
                self._running[task.id] = task
                self._tell()
            try:
                done: Done[Answer] = Done(task.id, self._work(task.audio, task.cancel))
            except Exception as error:  # noqa: BLE001 - it is the recording's answer
                done = Done(task.id, error=error)
            except BaseException as error:  # noqa: BLE001 - a plug-in that calls sys.exit() must end nobody's waiting
                done = Done(task.id, error=RuntimeError(f"The recording was ended by {error!r}."))
            with self._changed:
                del self._running[task.id]
                self._answer(done)

    def _answer(self, done: Done[Answer]) -> None:
        self._done.append(done)
        self._tell()

    def _tell(self) -> None:
        """Wake whoever waits, in threads and in event loops."""
        self._changed.notify_all()
        for loop, more in self._listeners:
            try:
                loop.call_soon_threadsafe(_wake, more)
            except RuntimeError:  # the loop has ended, and nobody waits in it
                continue
        self._listeners.clear()


def _wake(more: asyncio.Future[None]) -> None:
    if not more.done():
        more.set_result(None)


class DiarizationQueue(Queue[Recording, Diarization]):
    """A queue that finds who spoke when.

    Args:
        diarizer: its networks are used; it may be used beside the queue.
        capacity: how many recordings may wait.
        asked: options of `Diarizer.diarize` for every recording, such as ``num_speakers``.

    Raises:
        TypeError, OptionError: it has no such option, or not of that value, of which every recording would fail; or it
            is no diarizer.
    """

    def __init__(self, diarizer: AnyDiarizer, *, capacity: int = CAPACITY, **asked: Any) -> None:
        check_loaded(diarizer, "diarizer", "diarize", "within")
        signature(diarizer.diarize).bind((), **asked)
        SpeakerCount.of(*(asked.get(name) for name in ("num_speakers", "min_speakers", "max_speakers")))
        together = sharing(diarizer)

        def work(audio: Recording, cancel: threading.Event) -> Diarization:
            return together.diarize(audio, cancel=cancel, **asked)

        super().__init__(work, files=files_at_once(diarizer.runtime), capacity=capacity)


def sharing(diarizer: AnyDiarizer) -> AnyDiarizer:
    """The same diarizer for several threads at once, which share the machine instead of each taking all of it."""
    runtime = diarizer.runtime
    if runtime.device == "cpu":
        pool = ThreadPoolExecutor(runtime.workers, thread_name_prefix="networks")
        return diarizer.within(SharedRuntime(runtime.device, runtime.workers, pool), lambda network: network)
    most = MOST if runtime.device == "cuda" else 1  # CoreML's programs have bounds: calls go one after the other
    return diarizer.within(runtime, partial(Gathered, most=most))


def files_at_once(runtime: Runtime) -> int:
    """How many recordings in work keep the device busy: on a CPU one a thread, since parts of each take but one."""
    return min(runtime.workers, usable_cores()) if runtime.device == "cpu" else _FILES_ON_GPU
