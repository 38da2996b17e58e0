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


class _Outcome(Generic[T]):
    value: T
    error: BaseException | None = None


def run_interruptible(work: Callable[[threading.Event], T]) -> T:
    """Run `work(cancel)` in a daemon thread while this, the main thread, waits for signals.

    On Ctrl-C or SIGTERM `cancel` is set and the worker has `GRACE` seconds;
    then KeyboardInterrupt goes on to the caller, who must end the process
    without waiting for threads.
    """
    cancel, outcome = threading.Event(), _Outcome[T]()

    def target() -> None:
        try:
            outcome.value = work(cancel)
        except BaseException as error:  # noqa: BLE001  # carried to the waiting thread, where it is raised again
            outcome.error = error

    worker = threading.Thread(target=target, name="job", daemon=True)
    signal.signal(signal.SIGTERM, _interrupt)
    worker.start()
    try:
        while worker.is_alive():
            worker.join(POLL)
    except KeyboardInterrupt:
        cancel.set()
        worker.join(GRACE)
        raise
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
