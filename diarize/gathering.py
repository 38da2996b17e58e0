"""Calls of several threads as one call of a network, for devices that are no busier with many rows than with few."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from ..fusion.errors import LowMemoryError
from .arrays import AnyArray
from .runtime import Network

Given = TypeVar("Given")
Got = TypeVar("Got")
Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parts(network: Callable[[AnyArray], AnyArray], rows: AnyArray) -> AnyArray:
    """What `network` makes of `rows`, in halves where there is no memory for all at once.

    A device may be shared with a recogniser, or with another program, that takes what it needs at any moment; rows are
    independent of each other, so that the result is the same.

    Raises:
        LowMemoryError: there is none for a single row either.
    """
    try:
        return network(rows)
    except LowMemoryError:
        if len(rows) == 1:
            raise
    half = len(rows) // 2
    return np.concatenate([in_parts(network, rows[:half]), in_parts(network, rows[half:])])


@dataclass(slots=True, eq=False)
class _Call(Generic[Given, Got]):
    given: Given
    result: Got | None = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)


class _Gathering(ABC, Generic[Given, Got]):
    """Calls that wait while another one runs, and then go together, first come first.

    Whoever finds nothing running runs all that wait and fit, so nothing waits when nobody else does.
    """

    def __init__(self) -> None:
        self._calls: list[_Call[Given, Got]] = []
        self._list = threading.Lock()
        self._free = threading.Lock()

    def _call(self, given: Given) -> Got:
        call = _Call[Given, Got](given)
        with self._list:
            self._calls.append(call)
        while not call.done.is_set():
            with self._free:
                if not call.done.is_set():
                    self._run()
        if call.error is not None:
            raise call.error
        assert call.result is not None  # noqa: S101 - it is done, and without an error
        return call.result

    def _run(self) -> None:
        """Run the oldest call, with those that fit to it."""
        with self._list:
            fitting = set(self._fitting([call.given for call in self._calls]))
            taken = [call for number, call in enumerate(self._calls) if number in fitting]
            self._calls = [call for number, call in enumerate(self._calls) if number not in fitting]
        try:
            self._answer(taken)
        except BaseException:  # Ctrl-C: the others go on without whoever it reached
            with self._list:
                self._calls[:0] = [call for call in taken if not call.done.is_set()]
            raise

    def _answer(self, calls: Sequence[_Call[Given, Got]]) -> None:
        """Give each its result; or its error, which is not that of the others."""
        try:
            results = list(self._together([call.given for call in calls]))
        except Exception as error:  # noqa: BLE001 - its caller raises it
            if len(calls) > 1:
                for call in calls:
                    self._answer([call])
                return
            calls[0].error = error
            calls[0].done.set()
            return
        for call, result in zip(calls, results, strict=True):
            call.result = result
            call.done.set()

    @abstractmethod
    def _fitting(self, waiting: Sequence[Given]) -> Iterable[int]:
        """Which of `waiting` go together: the first, and others."""

    @abstractmethod
    def _together(self, given: Sequence[Given]) -> Iterable[Got]:
        """What each call gets."""


class Gathered(_Gathering[AnyArray, AnyArray]):
    """A network whose calls go together when several threads make them.

    Only calls with one input, rows of which are independent of each other, are put together, and inputs of one shape.

    Args:
        network: as it was loaded.
        most: rows of one call.
    """

    def __init__(self, network: Network, *, most: int) -> None:
        super().__init__()
        self._network = network
        self._most = most

    def __call__(self, *inputs: AnyArray) -> AnyArray:
        """See `Network`; the rows of the output are those of the input."""
        return self._call(inputs[0]) if len(inputs) == 1 else self._network(*inputs)

    def on_device(self, *inputs: Any) -> Any:
        """See `Network`; these are not put together."""
        return self._network.on_device(*inputs)

    def _fitting(self, waiting: Sequence[AnyArray]) -> Iterator[int]:
        shape, rows = waiting[0].shape[1:], 0
        for number, one in enumerate(waiting):
            if one.shape[1:] == shape and (not rows or rows + len(one) <= self._most):
                yield number
                rows += len(one)

    def _together(self, given: Sequence[AnyArray]) -> Iterator[AnyArray]:
        results, start = in_parts(self._network, np.concatenate(given)), 0
        for one in given:
            yield results[start : start + len(one)]
            start += len(one)


class GatheredLists(_Gathering[Sequence[Item], Sequence[Result]]):
    """Work on a list, a result an item, whose lists go together when several threads bring them."""

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        super().__init__()
        self._work = work

    def __call__(self, items: Sequence[Item]) -> Sequence[Result]:
        """The results of `items`, in order."""
        return self._call(items)

    def _fitting(self, waiting: Sequence[Sequence[Item]]) -> Iterable[int]:
        return range(len(waiting))

    def _together(self, given: Sequence[Sequence[Item]]) -> Iterator[Sequence[Result]]:
        results, start = self._work([item for items in given for item in items]), 0
        for items in given:
            yield results[start : start + len(items)]
            start += len(items)
