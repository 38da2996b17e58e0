"""Calls of several threads as one call of a network, for devices that are no busier with many rows than with few."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..fusion.errors import LowMemoryError
from .arrays import AnyArray
from .runtime import Network


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
class _Call:
    rows: AnyArray
    result: AnyArray | None = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Gathered:
    """A network whose calls wait while another one runs, and then go together, first come first.

    Whoever finds the network free runs it for all that wait with inputs of the same shape, so nothing waits when
    nobody else does. Only calls with one input, rows of which are independent of each other, are put together.

    Args:
        network: as it was loaded.
        most: rows of one call.
    """

    def __init__(self, network: Network, *, most: int) -> None:
        self._network = network
        self._most = most
        self._calls: list[_Call] = []
        self._list = threading.Lock()
        self._free = threading.Lock()

    def __call__(self, *inputs: AnyArray) -> AnyArray:
        """See `Network`; the rows of the output are those of the input."""
        if len(inputs) != 1:
            return self._network(*inputs)
        call = _Call(inputs[0])
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

    def on_device(self, *inputs: Any) -> Any:
        """See `Network`; these are not put together."""
        return self._network.on_device(*inputs)

    def _run(self) -> None:
        """Run the oldest call, with those that fit to it."""
        with self._list:
            shape, rows = self._calls[0].rows.shape[1:], 0
            taken: list[_Call] = []
            for call in self._calls:
                if call.rows.shape[1:] == shape and (not taken or rows + len(call.rows) <= self._most):
                    taken.append(call)
                    rows += len(call.rows)
            self._calls = [call for call in self._calls if call not in taken]
        try:
            results = in_parts(self._network, np.concatenate([call.rows for call in taken]))
        except Exception as error:  # noqa: BLE001 - each caller raises it
            for call in taken:
                call.error = error
                call.done.set()
            return
        start = 0
        for call in taken:
            call.result = results[start : start + len(call.rows)]
            start += len(call.rows)
            call.done.set()
