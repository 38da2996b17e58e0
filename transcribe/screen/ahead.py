"""Several recordings in work at once; what becomes of them, and what they tell, comes in their order."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from .interrupt import Interruptible
from .terminal import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ...fusion.types import Segment

Item = TypeVar("Item")
Found = TypeVar("Found")


class Ahead(AbstractContextManager["Ahead[Item, Found]"], Generic[Item, Found]):
    """Works on items before their turn. Whatever ends the block ends what is in work.

    Args:
        items: what is worked on.
        work: ``work(item, screen, cancel)``, in a thread of its own; soon after `cancel` is set it must end.
        screen: hears of an item when its turn has come.
        at_once: how many are in work, asked anew at every turn.
    """

    def __init__(
        self,
        items: Iterable[Item],
        work: Callable[[Item, Reporter, threading.Event], Found],
        screen: Reporter,
        at_once: Callable[[], int],
    ) -> None:
        self._waiting = deque(items)
        self._running: deque[tuple[_InTurn, Interruptible[Found]]] = deque()
        self._work, self._screen, self._at_once = work, screen, at_once

    def next(self) -> Found:
        """Wait for the next item's result, or raise its error."""
        while self._waiting and len(self._running) < self._at_once():
            telling = _InTurn(self._screen)
            self._running.append((telling, Interruptible(partial(self._work, self._waiting.popleft(), telling))))
        telling, running = self._running[0]
        telling.begin()
        running.wait()
        self._running.popleft()
        return running.result()

    def __exit__(self, *_: object) -> None:
        """Stop what is in work."""
        for _screen, running in self._running:
            running.cancel.set()
        for _screen, running in self._running:
            running.end()


class _InTurn(Reporter):
    """Keeps what it is told until its turn has come."""

    def __init__(self, screen: Reporter) -> None:
        self._screen, self._lock, self._on = screen, threading.RLock(), False
        self._kept: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Pass on what was kept, and from now on all."""
        with self._lock:
            self._on = True
            for tell in self._kept:
                tell()
            self._kept.clear()

    def on_progress(self, stage: str, done: int, total: int) -> None:
        """See `Reporter`."""
        self._tell(partial(self._screen.on_progress, stage, done, total))

    def note(self, sentence: str) -> None:
        """See `Reporter`."""
        self._tell(partial(self._screen.note, sentence))

    def problem(self, sentence: str) -> None:
        """Pass it on at once: its turn may never come."""
        self._screen.problem(sentence)

    def heard(self, segment: Segment) -> None:
        """See `Reporter`."""
        self._tell(partial(self._screen.heard, segment))

    def _tell(self, tell: Callable[[], None]) -> None:
        with self._lock:
            if self._on:
                tell()
            else:
                self._kept.append(tell)
