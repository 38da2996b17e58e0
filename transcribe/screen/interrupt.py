"""Ctrl-C that works at once, even while a worker sits in a long native call."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from ...fusion.types import Seconds

T = TypeVar("T")

POLL = 0.1
"""Seconds between two looks at the worker; a signal is seen within one."""
GRACE = 0.5
"""Seconds that an interrupted worker has to stop by itself and tidy up."""

WORTH: Seconds = 60.0
"""Of speech that was heard: whoever stops the work sooner than that wants nothing of it."""

_BY_KEY = [getattr(signal, name) for name in ("SIGQUIT", "SIGBREAK") if hasattr(signal, name)]
"""A terminal sends it at Ctrl and a backslash, Windows at Ctrl-Break."""
ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)] + _BY_KEY
"""Windows has no SIGHUP."""


class Cancel(threading.Event):
    """Set when a worker is to stop. `instead` is done for one that sits in a native call, and cannot tidy up."""

    def __init__(self) -> None:
        super().__init__()
        self.instead: list[Callable[[], None]] = []


class Interruptible(Generic[T]):
    """`work(cancel)` in a daemon thread, for which the main thread waits, and which it can leave behind.

    What ends a process is taken for Ctrl-C from now on. On any of it whoever waits gets KeyboardInterrupt: it ends the
    work, and then the process without waiting for threads.
    """

    def __init__(self, work: Callable[[threading.Event], T]) -> None:
        self.cancel, self._ended = Cancel(), threading.Event()
        self._work = work
        self._value: T
        self._error: BaseException | None = None
        take_for_ctrl_c()
        threading.Thread(target=self._run, name="job", daemon=True).start()

    def wait(self) -> None:
        """Wait until it has ended.

        Not by `Thread.join`, after whose interruption Python up to 3.12 takes the thread for ended.
        """
        while not self._ended.wait(POLL):
            pass

    def result(self) -> T:
        """What the work gives, or raises."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._value

    def end(self) -> None:
        """Let it stop; it has `GRACE` seconds to tidy up. What it left to be done instead is done in any case."""
        self.cancel.set()
        self._ended.wait(GRACE)
        for act in self.cancel.instead:
            act()

    def _run(self) -> None:
        try:
            self._value = self._work(self.cancel)
        except BaseException as error:  # noqa: BLE001  # carried to the waiting thread, where it is raised again
            self._error = error
        finally:
            self._ended.set()


def take_for_ctrl_c() -> None:
    """Take what ends a process, as SIGHUP of a terminal that is closed, for Ctrl-C, unless it is ignored (nohup)."""
    for number in ENDS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def run_interruptible(work: Callable[[threading.Event], T]) -> T:
    """Run `work(cancel)` while this, the main thread, waits for signals; see `Interruptible`."""
    running = Interruptible(work)
    try:
        return running.result()
    except KeyboardInterrupt:
        running.end()
        raise


def _interrupt(number: int, _: FrameType | None) -> None:
    if number in _BY_KEY:
        signal.signal(number, signal.SIG_DFL)  # pressed once more, it ends whatever hears nothing
    raise KeyboardInterrupt
