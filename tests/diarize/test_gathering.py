"""Calls of several threads go through a network together, and each gets its own rows back."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnx.helper
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.diarize.gathering import Gathered, GatheredLists, in_parts
from diarfuse.diarize.runtime import Session
from diarfuse.fusion.errors import LowMemoryError
from tests.amounts import examples


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


def test_an_error_comes_to_whom_it_belongs() -> None:
    _, futures = all_at_once(100, rows(1), rows(-1), rows(2))
    assert [futures[n].result()[0, 0] for n in (0, 2)] == [2, 4]
    with pytest.raises(ValueError, match="below zero"):
        futures[1].result()


def test_who_is_interrupted_leaves_the_others_their_answers() -> None:
    begun, go_on, calls = threading.Event(), threading.Event(), []

    def work(items):
        calls.append(list(items))
        if len(calls) == 1:
            begun.set()
            assert go_on.wait(60)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return items

    lists = GatheredLists(work)
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(lists, [0])]
        assert begun.wait(60)
        for number in (1, 2):
            futures.append(pool.submit(lists, [number]))
            while len(lists._calls) < number:
                pass
        go_on.set()
        found = [future.exception(60) for future in futures]
    assert [type(error) for error in found].count(KeyboardInterrupt) == 1
    assert [future.result() for future, error in zip(futures, found, strict=True) if error is None].count([0]) == 1
    assert sum(error is None for error in found) == 2


class Shared:
    """A device that somebody else uses as well: each call finds room for another number of rows."""

    def __init__(self, *rooms: int) -> None:
        self._rooms, self.calls = itertools.cycle(rooms), 0

    def __call__(self, *inputs: np.ndarray) -> np.ndarray:
        self.calls += 1
        if len(inputs[0]) > next(self._rooms):
            raise LowMemoryError("There is not enough memory to run the networks.")
        return 2 * inputs[0]

    def on_device(self, *inputs: np.ndarray) -> np.ndarray:
        return self(*inputs)


@settings(max_examples=examples(20))
@given(st.lists(st.integers(1, 40), min_size=1, max_size=9), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_rows_that_have_no_room_together_go_in_parts(rooms: list[int], sizes: list[int]) -> None:
    network = Gathered(Shared(*rooms), most=64)
    for size in sizes:
        asked = rows(*range(size))
        assert np.array_equal(network(asked), 2 * asked)


def test_a_row_that_has_no_room_is_told() -> None:
    network = Shared(2, 0)
    with pytest.raises(LowMemoryError):
        in_parts(network, rows(*range(8)))
    assert network.calls < 8


LIMITED = """
import sys
import numpy as np
import onnxruntime
from pathlib import Path
from diarfuse.diarize import runtime
from diarfuse.diarize.gathering import in_parts
from diarfuse.fusion.errors import LowMemoryError

whole = runtime._options
def options(*given):
    found = whole(*given)
    found.add_session_config_entry("session.use_env_allocators", "1")
    return found
runtime._options = options
arena = onnxruntime.OrtArenaCfg(8 << 20, 1, -1, -1)
kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
onnxruntime.create_and_register_allocator(memory, arena)
session = runtime.Session(Path(sys.argv[1]))
rows = np.arange(64 * 100_000, dtype=np.float32).reshape(64, 100_000)
try:
    session(rows)
except LowMemoryError as error:
    print(error)
print(np.array_equal(in_parts(session, rows), -abs(rows)))
try:
    session.on_device(rows)
except LowMemoryError:
    print("told")
"""


def test_a_limit_of_onnx_runtimes_own_is_kept(tmp_path: Path) -> None:
    value = partial(onnx.helper.make_tensor_value_info, elem_type=onnx.TensorProto.FLOAT, shape=["rows", 100_000])
    nodes = [onnx.helper.make_node("Abs", ["x"], ["z"]), onnx.helper.make_node("Neg", ["z"], ["y"])]
    graph = onnx.helper.make_graph(nodes, "limited", [value("x")], [value("y")])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "limited.onnx")
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "limited.onnx")]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert said.splitlines() == [
        "There is not enough memory to run the networks: free some, or take shorter recordings.",
        "True",
        "told",
    ]


def test_lists_go_together_and_each_gets_its_own_results():
    begun, go_on, seen = threading.Event(), threading.Event(), []

    def doubled(items):
        seen.append(list(items))
        begun.set()
        assert go_on.wait(60)
        if -1 in items:
            raise ValueError("below zero")
        return [2 * item for item in items]

    lists = GatheredLists(doubled)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(lists, [1])
        assert begun.wait(60)
        others = []
        for number, items in enumerate(([2, 3], [], [4]), 1):
            others.append(pool.submit(lists, items))
            while len(lists._calls) < number:
                pass
        go_on.set()
        assert [list(each.result(60)) for each in (first, *others)] == [[2], [4, 6], [], [8]]
    assert seen == [[1], [2, 3, 4]]
    with pytest.raises(ValueError, match="below zero"):
        lists([-1])
