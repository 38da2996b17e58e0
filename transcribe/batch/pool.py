"""Worker processes on this machine: each has one recording at a time, so that whatever it does costs only that."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from ...fusion.errors import DiarfuseError, LowMemoryError
from ...fusion.types import Seconds
from ..screen.interrupt import ENDS
from .doing import Hands
from .items import Item, shown
from .settling import Outcome, Plan

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from .keys import Basis

Report = Callable[[Item, Outcome], None]
Lost = Callable[[Item, str, str], Outcome]
"""``lost(item, stage, reason)``: a recording took its worker with it; writes that down."""

POLL: Seconds = 0.2
_SLOWEST, _LEAST = 20.0, 600.0
"""A recording may take so many times its duration, and never less than so many seconds."""


class RefusedError(DiarfuseError):
    """A worker met what every other one would meet too; the message is its own."""

    def __init__(self, message: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(message)


_ONE_WISH = {signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)}


@dataclass(slots=True)
class Stop:
    """The wish to stop. times: how often it was said: once finishes what runs, twice drops it."""

    times: int = 0

    def on_signal(self, number: int, _: object) -> None:
        """Take Ctrl-C and a closed terminal as one wish; SIGQUIT and SIGTERM, after which time is short, as two."""
        self.times += 1 if number in _ONE_WISH else 2


@dataclass(slots=True)
class _Worker:
    """A process with what it is doing."""

    process: SpawnProcess
    pipe: Connection
    ready: bool = False
    loaded: bool = False
    item: Item | None = None
    stage: str = ""
    deadline: float = float("inf")


@dataclass(slots=True)
class Pool:
    """Up to `count` workers; one that dies is replaced.

    turns: whether the diarizer is needed. limit: how many times its duration a recording may take.
    on_note: hears what loading tells. on_stop: hears what is running when somebody first wishes to stop.
    """

    plan: Plan
    count: int
    turns: bool
    limit: float = _SLOWEST
    on_note: Callable[[str], None] = field(default=lambda _: None)
    on_stop: Callable[[Sequence[Item]], None] = field(default=lambda _: None)
    stop: Stop = field(default_factory=Stop)
    basis: Basis | None = None
    _workers: list[_Worker] = field(default_factory=list)
    _said: set[str] = field(default_factory=set)

    def load(self) -> Basis:
        """Start one worker, and wait until it has its models.

        Raises:
            RefusedError: a model cannot be had.
            LowMemoryError: it died of loading them.
        """
        self._start()
        while self.basis is None and self.stop.times == 0:
            self._hear(lambda *_: None, _nobody)
        if self.basis is None:
            raise KeyboardInterrupt
        return self.basis

    def run(self, items: Sequence[Item], report: Report, lost: Lost) -> list[Item]:
        """Do all of them in this order; those that were dropped, because somebody stopped it, come back.

        Raises:
            RefusedError: no recording could be done, so that the rest are not begun.
        """
        left, told = deque(items), False
        while (left and not self.stop.times) or self.running:
            if self.stop.times > 1:
                return self.running
            if self.stop.times and not told:
                told = True
                self.on_stop(self.running)
            while left and not self.stop.times and (worker := self._free(len(left))):
                if self._given(worker, left[0]):
                    left.popleft()
            self._hear(report, lost)
            self._end_late(report, lost)
        return []

    @property
    def running(self) -> list[Item]:
        """What is being done."""
        return [worker.item for worker in self._workers if worker.item is not None]

    def close(self) -> None:
        """End every worker now; what it was doing is lost, as if it had never begun."""
        for worker in self._workers:
            worker.process.kill()
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, self.plan, self.turns), daemon=True)
        process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours))

    def _free(self, left: int) -> _Worker | None:
        """A worker with nothing to do; more are started while there are too few."""
        idle = [worker for worker in self._workers if worker.item is None]
        if len(self._workers) < self.count and len(idle) < left:
            self._start()
        return next((worker for worker in idle if worker.ready), None)

    def _given(self, worker: _Worker, item: Item) -> bool:
        """Give a worker something to do; whether it took it."""
        try:
            worker.pipe.send(item)
        except OSError:  # it died with nothing to do
            worker.ready = False
            return False
        worker.item, worker.stage = item, "begin"
        worker.deadline = time.monotonic() + self._allowed(item)
        return True

    def _allowed(self, item: Item) -> Seconds:
        return max(_LEAST, self.limit * (item.duration or 0.0))

    def _hear(self, report: Report, lost: Lost) -> None:
        """What the workers say, for a moment at most."""
        ready = wait([worker.pipe for worker in self._workers], timeout=POLL)
        for worker in [worker for worker in self._workers if worker.pipe in ready]:
            try:
                self._heard(worker, worker.pipe.recv(), report)
            except (EOFError, OSError):
                self._died(worker, report, lost)

    def _heard(self, worker: _Worker, said: tuple[str, Any], report: Report) -> None:
        kind, what = said
        if kind == "stage":
            worker.stage = what
        elif kind == "note" and what not in self._said:
            self._said.add(what)
            self.on_note(what)
        elif kind == "ready":
            worker.ready = worker.loaded = True
            self.basis = self.basis or what
        elif kind == "refused":
            raise RefusedError(*what)
        elif kind == "done" and worker.item is not None:
            item, worker.item, worker.deadline = worker.item, None, float("inf")
            report(item, what)

    def _died(self, worker: _Worker, report: Report, lost: Lost) -> None:
        worker.process.join()
        self._workers.remove(worker)
        worker.pipe.close()
        how = _how(worker.process.exitcode)
        if not worker.loaded and not any(other.loaded for other in self._workers):
            raise LowMemoryError(f"A worker {how} while it loaded the models: give fewer --workers, or free memory.")
        if not worker.loaded:
            self.count = len(self._workers)
            self.on_note(f"A worker that was loading the models {how}; the work goes on with {self.count}.")
        if worker.item is not None:
            reason = f"{shown(worker.item.audio)}: its worker {how}."
            report(worker.item, lost(worker.item, worker.stage, reason))

    def _end_late(self, report: Report, lost: Lost) -> None:
        for worker in [worker for worker in self._workers if time.monotonic() > worker.deadline]:
            item = worker.item
            worker.process.kill()
            worker.process.join()
            self._workers.remove(worker)
            worker.pipe.close()
            if item is not None:
                limit = f"longer than {self._allowed(item):.0f} s"
                reason = f"{shown(item.audio)} took {limit} and was stopped: give a higher --time-limit."
                report(item, lost(item, worker.stage, reason))


def work(pipe: Connection, plan: Plan, turns: bool) -> None:
    """A worker's life: load, then do what comes, until the pipe or the parent ends."""
    for number in (signal.SIGINT, *ENDS):  # a terminal, a service and a cluster send them to all; the parent decides
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell(kind: str) -> Callable[[str], None]:
        return lambda what: pipe.send((kind, what))

    try:
        hands = Hands.of(plan, turns=turns, on_stage=tell("stage"), on_note=tell("note"))
        pipe.send(("ready", hands.basis))
        while True:
            pipe.send(("done", hands.do(pipe.recv())))
    except EOFError:
        return
    except DiarfuseError as error:
        pipe.send(("refused", (str(error), error.exit_code)))
    except Exception as error:  # noqa: BLE001 - told by the parent, which ends the run
        pipe.send(("refused", (f"The models cannot be loaded ({type(error).__name__}: {error}).", 1)))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nobody would take the result, and another run may have begun


def _how(code: int | None) -> str:
    """How a process ended."""
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in signal.Signals._value2member_map_ else str(-code)
        memory = ", as the system does when memory runs out" if -code == getattr(signal, "SIGKILL", 0) else ""
        return f"was ended by {name}{memory}"
    return f"ended with exit code {code}"


def _nobody(item: Item, stage: str, reason: str) -> Outcome:
    raise AssertionError((item, stage, reason))  # no recording was given out yet
