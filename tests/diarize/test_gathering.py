"""Calls of several threads go through a network together, and each gets its own rows back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from diarfuse.diarize.gathering import Gathered
from diarfuse.diarize.runtime import Session


class Doubling(Session):
    """Doubles its rows; the first call waits until it may go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.shapes: list[tuple[int, ...]] = []
        self._session = self
        self._inputs, self._outputs = ["x"], ["y"]

    def run(self, _: object, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        (rows,) = feeds.values()
        self.shapes.append(rows.shape)
        if len(self.shapes) == 1:
            self.begun.set()
            assert self.go_on.wait(60)
        if (rows < 0).any():
            raise ValueError("below zero")
        return [2 * rows]


def rows(*values: float, width: int = 2) -> np.ndarray:
    return np.repeat(np.array(values, np.float32)[:, None], width, axis=1)


def all_at_once(most: int, *calls: np.ndarray) -> tuple[Doubling, list]:
    """Futures of `calls`, the first of which was begun before the others came."""
    network = Doubling()
    gathered = Gathered(network, most=most)
    with ThreadPoolExecutor(len(calls)) as pool:
        first = pool.submit(gathered, calls[0])
        assert network.begun.wait(60)
        futures = [first]
        for number, call in enumerate(calls[1:], 1):
            futures.append(pool.submit(gathered, call))
            while len(gathered._calls) < number:
                pass
        network.go_on.set()
    return network, futures


def test_what_waits_goes_together_and_comes_back_apart() -> None:
    calls = [rows(1), rows(2, 3), rows(4), rows(5, width=3), rows(6)]
    network, futures = all_at_once(100, *calls)
    for call, future in zip(calls, futures, strict=True):
        np.testing.assert_array_equal(future.result(), 2 * call)
    assert network.shapes == [(1, 2), (4, 2), (1, 3)]


def test_a_call_is_never_larger_than_it_may_be_unless_one_alone_is() -> None:
    network, futures = all_at_once(2, rows(1), rows(2, 3, 4), rows(5), rows(6), rows(7))
    assert [future.result()[0, 0] for future in futures] == [2, 4, 10, 12, 14]
    assert network.shapes == [(1, 2), (3, 2), (2, 2), (1, 2)]


def test_an_error_comes_to_everybody_who_was_in_the_call() -> None:
    _, futures = all_at_once(100, rows(1), rows(-1), rows(2))
    assert futures[0].result()[0, 0] == 2
    for future in futures[1:]:
        with pytest.raises(ValueError, match="below zero"):
            future.result()
