"""A network run by CoreML: a program that coremltools made of our graph (`diarize.models.programs`)."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..fusion.errors import DeviceError
from ..fusion.given import OfThisProcess, first_line
from .arrays import AnyArray


@dataclass(frozen=True, slots=True)
class HostValue:
    """What a `Program` returns where a `Session` returns a device's value: an array on the host."""

    array: AnyArray

    def numpy(self) -> AnyArray:
        """The array itself."""
        return self.array

    def shape(self) -> list[int]:
        """Its sizes."""
        return list(self.array.shape)


class Program(OfThisProcess):
    """One CoreML program, called like a `Session`; inputs and outputs are float32 arrays by name and order.

    Apple wants a model used by one thread at a time: calls wait for each other.

    Args:
        path: the ``.mlpackage``.

    Raises:
        DeviceError: CoreML cannot load it.
    """

    def __init__(self, path: Path) -> None:
        from .models.mil import coremltools

        tools = coremltools()
        self._free = threading.Lock()
        try:
            self._model = tools.models.MLModel(os.fspath(path))
        except Exception as error:  # CoreML's exceptions share no public base
            raise DeviceError(f"CoreML cannot load {path.name} ({first_line(error)}): use device='cpu'.") from error
        description = self._model.get_spec().description
        self._inputs = [value.name for value in description.input]
        self._output = description.output[0].name

    def __call__(self, *inputs: AnyArray) -> AnyArray:
        """Run on host arrays, in the graph's input order; return its output.

        Raises:
            DeviceError: CoreML cannot compute it.
        """
        feeds = {
            name: np.ascontiguousarray(value, np.float32) for name, value in zip(self._inputs, inputs, strict=True)
        }
        try:
            with self._free:
                output: AnyArray = self._model.predict(feeds)[self._output]
        except Exception as error:  # as above
            raise DeviceError(f"CoreML cannot compute ({first_line(error)}): use device='cpu'.") from error
        return output

    def on_device(self, *inputs: Any) -> HostValue:
        """Like calling; inputs may be what an earlier call of this returned."""
        return HostValue(self(*(value.array if isinstance(value, HostValue) else value for value in inputs)))
