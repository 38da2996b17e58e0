"""A network whose calls have one of a few shapes, in memory that is bound once: what a GPU likes best.

Inputs are put together in one place on the host, which the CUDA runtime pins where it is there, and go from there to
the same place on the device. Rows of zeros fill a call up to the next size; rows are independent of each other. Fixed
shapes at fixed addresses are also what a CUDA graph takes. Only segmentation is run so: its windows are all 10 s long,
while the stretches that the trunk hears are not (`diarize.packing`).
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..fusion import cuda
from ..fusion.errors import LowMemoryError
from ..fusion.given import enough_memory
from ..fusion.types import SAMPLE_RATE
from .arrays import AnyArray
from .coreml import HostValue
from .options import WINDOW
from .runtime import Network, Runtime, Session

MOST = 256
"""Windows of one call: of one recording, or of several (`diarize.queue`)."""


def segmentation_network(path: Path, runtime: Runtime, *, cuda_graph: bool) -> Network:
    """The network that hears 10 s windows; `cuda_graph`: replayed, on a GPU."""
    if runtime.device != "cuda":
        return runtime.network(path)
    sizes = {"samples": round(WINDOW * SAMPLE_RATE)}
    return Fixed(runtime.session(path, sizes=sizes, cuda_graph=cuda_graph), MOST)


class Fixed:
    """A session with one input and one output, run on 1, 2, 4, ... rows up to `most`, or what there is memory for.

    Args:
        session: only the number of rows is free in its graph.
        most: rows of one call; more go in several.
    """

    def __init__(self, session: Session, most: int) -> None:
        self._session, self._most = session, most
        self._room = most
        self._bound: dict[int, _Bound] = {}
        self._lock = threading.Lock()

    def __call__(self, *inputs: AnyArray) -> AnyArray:
        """Run on the rows of the one input, any number of them."""
        (rows,) = inputs
        parts, done = [], 0
        with self._lock:
            while done < len(rows):
                some = rows[done : done + self._room]
                try:
                    parts.append(self._run(some))
                except LowMemoryError:
                    if len(some) == 1:
                        raise
                    self._room = self._size(len(some)) // 2
                    self._bound.clear()
                else:
                    done += len(some)
            self._room = min(2 * self._room, self._most)  # others may have given memory back until the next call
        return np.concatenate(parts)

    def on_device(self, *inputs: Any) -> HostValue:
        """Like calling: the place on the device is overwritten by the next call, so the output leaves it."""
        return HostValue(self(*inputs))

    def _size(self, rows: int) -> int:
        return min(1 << (rows - 1).bit_length(), self._room)

    def _run(self, rows: AnyArray) -> AnyArray:
        size = self._size(len(rows))
        if size not in self._bound:
            self._bound[size] = _Bound.of(self._session, size)
        return self._bound[size](rows)


@dataclass(frozen=True, slots=True)
class _Bound:
    """Calls of one size, bound to the session. staging: the input on the host; taken, given: what is on the device."""

    session: Any
    binding: Any
    options: Any
    staging: AnyArray
    taken: Any
    given: Any

    @classmethod
    def of(cls, session: Session, rows: int) -> _Bound:
        """The places for so many rows. Graphs of CUDA are told apart by that number."""
        import onnxruntime

        place, raw = onnxruntime.OrtValue.ortvalue_from_shape_and_type, session.raw
        with enough_memory("run the networks"):
            taken = place([rows, *session.rows_of_input], np.float32, session.memory, 0)
            given = place([rows, *session.rows_of_output], np.float32, session.memory, 0)
        binding, options = raw.io_binding(), onnxruntime.RunOptions()
        binding.bind_ortvalue_input(raw.get_inputs()[0].name, taken)
        binding.bind_ortvalue_output(raw.get_outputs()[0].name, given)
        options.add_run_config_entry("gpu_graph_id", str(rows))
        staging = np.zeros((rows, *session.rows_of_input), np.float32)
        pin(staging)
        return cls(raw, binding, options, staging, taken, given)

    def __call__(self, rows: AnyArray) -> AnyArray:
        """What the network makes of `rows`, no more than the size; rows of zeros are the rest."""
        self.staging[: len(rows)], self.staging[len(rows) :] = rows, 0
        with enough_memory("run the networks"):
            self.taken.update_inplace(self.staging)
            self.session.run_with_iobinding(self.binding, self.options)
            return np.array(self.given.numpy()[: len(rows)])  # on a CPU that is the place itself


def pin(array: AnyArray) -> bool:
    """Lock `array` into the machine's memory while it lives, so that a GPU reads it without a detour; whether it is.

    ONNX Runtime's Python offers no such memory for its CUDA provider. Without the CUDA runtime nothing is locked, and
    copies take that detour.
    """
    runtime = cuda.runtime()
    address = ctypes.c_void_p(array.ctypes.data)
    if runtime is None or runtime.cudaHostRegister(address, ctypes.c_size_t(array.nbytes), 0) != 0:
        return False
    weakref.finalize(array, runtime.cudaHostUnregister, address)
    return True
