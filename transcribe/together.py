"""Recogniser and diarizer at the same time, where that is sooner than one after the other."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..diarize.options import Execution

First = TypeVar("First")
Second = TypeVar("Second")

RECOGNISER_CORES = 4
"""Threads that faster-whisper computes with unless told otherwise; the other engines gain little from more."""
LEAST_LEFT = 2
"""Cores that must be left beside these; with one alone the diarizer could take longer than both in turns."""


def beside_recogniser(execution: Execution) -> Execution | None:
    """How the diarizer runs while a recogniser does; None where the two take turns.

    Both keep every core busy as long as they have no more than they can use,
    so sharing those cores wins nothing: the same arithmetic takes the same
    time, and a recogniser whose threads wait for each other loses by it. Hence
    they take turns on fewer than six cores, and where the caller has limited
    the threads. A diarizer on a GPU needs one thread, so then two cores are enough.

    Raises:
        DeviceError: the device asked for is not usable.
    """
    from ..diarize.runtime import pick_device
    from ..fusion.watch import usable_cores

    cores = usable_cores()
    if pick_device(execution.device) != "cpu":
        return execution if cores > 1 else None
    left = cores - RECOGNISER_CORES
    return replace(execution, threads=left) if not execution.threads and left >= LEAST_LEFT else None


def together(
    first: Callable[[], First], second: Callable[[], Second], stop: Callable[[], None]
) -> tuple[First, Second]:
    """Run `first` here and `second` in a thread of its own; both results, or the error that came first.

    Whichever fails, `stop` is called, which must end the other soon; this
    returns when both have ended.
    """
    one: list[First] = []
    two: list[Second] = []
    errors: list[BaseException] = []

    def attempt(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised again below, in the caller's thread
            errors.append(error)
            stop()

    # A daemon, because Ctrl-C ends the process without waiting for threads.
    beside = threading.Thread(
        target=attempt, args=(lambda: two.append(second()),), name="beside the recogniser", daemon=True
    )
    beside.start()
    attempt(lambda: one.append(first()))
    try:
        beside.join()
    except BaseException:  # KeyboardInterrupt, while only the thread still works
        stop()
        raise
    if errors:
        raise errors[0]
    return one[0], two[0]
