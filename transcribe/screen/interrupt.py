"""Ctrl-C that works at once, even while a worker sits in a long native call."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

T = TypeVar("T")

POLL = 0.1
"""Seconds between two looks at the worker; a signal is seen within one."""
GRACE = 0.5
"""Seconds that an interrupted worker has to stop by itself and tidy up."""

ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Windows has no SIGHUP."""


class Interruptible(Generic[T]):
    """`work(cancel)` in a daemon thread, for which the main thread waits, and which it can leave behind.

    What ends a process is taken for Ctrl-C from now on. On any of it whoever waits gets KeyboardInterrupt: it ends the
    work, and then the process without waiting for threads.
    """

    def __init__(self, work: Callable[[threading.Event], T]) -> None:
        self.cancel, self._ended = threading.Event(), threading.Event()
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
        """Let it stop; it has `GRACE` seconds to tidy up."""
        self.cancel.set()
        self._ended.wait(GRACE)

    def _run(self) -> None:
        try:
            self._value = self._work(self.cancel)
        except BaseException as error:  # noqa: BLE001  # carried to the waiting thread, where it is raised again
            self._error = error
        finally:
            self._ended.set()


def take_for_ctrl_c() -> None:
    """Take SIGTERM, and SIGHUP of a terminal that is closed, for Ctrl-C, unless they are ignored, as under nohup."""
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


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
