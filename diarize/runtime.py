"""The only file that creates ONNX Runtime sessions, and that decides where and how they run.

On a CPU every session computes with one thread and several calls run at once:
two single-thread calls finish sooner than one call on two threads (the
networks' operators are too small to split well), and a result never depends on
the number of threads. On a GPU a recording has one caller, and batches are larger.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import numpy as np

from ..fusion import cuda
from ..fusion.errors import CorruptModelError, DeviceError, LowMemoryError
from ..fusion.given import OfThisProcess, enough_memory, first_line, ran_out
from ..fusion.types import Note
from ..fusion.watch import ahead, log_note, spread, usable_cores
from .arrays import AnyArray
from .coreml import Program
from .options import Device, Execution

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")
Result = TypeVar("Result")

PROVIDERS: Mapping[str, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": cuda.PROVIDER,
    "coreml": "CoreMLExecutionProvider",
}


_HOST_THREADS = 8
"""That make filterbanks beside a GPU, at most: one makes those of an hour in two seconds."""
NO_SIZES: Mapping[str, int] = MappingProxyType({})


class Network(Protocol):
    """A loaded graph of ours, whatever runs it. Calls are thread-safe; arrays are float32, in the graph's order."""

    def __call__(self, *inputs: AnyArray) -> AnyArray:
        """Run on host arrays; return the first output (host)."""
        ...

    def on_device(self, *inputs: Any) -> Any:
        """Like calling, but takes what this returned before; the result has ``shape()`` and ``numpy()``."""
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where networks run: a device that is known to be usable, and how many calls at once.

    half: CoreML programs that bear it compute in float16.
    """

    device: Device
    workers: int
    half: bool = field(default=False, kw_only=True)

    @classmethod
    def of(cls, execution: Execution) -> Runtime:
        """Settle `auto` and 0; raise `DeviceError` with the remedy if the device cannot be used."""
        device = pick_device(execution.device)
        if execution.cuda_graph and device != "cuda":
            raise DeviceError(f"cuda_graph=True is for device='cuda', and {device} is used: leave it out.")
        workers = (execution.threads or usable_cores()) if device == "cpu" else 1
        return cls(device, workers, half=device == "coreml" and execution.mode == "fast")

    def session(
        self, path: Path | bytes, *, threads: int = 1, sizes: Mapping[str, int] = NO_SIZES, cuda_graph: bool = False
    ) -> Session:
        """Load a graph on this device. See `Session`."""
        return Session(path, self.device, threads=threads, sizes=sizes, cuda_graph=cuda_graph)

    def network(self, path: Path, *, bears_half: bool = False) -> Network:
        """Load a graph of ours: as `session`, or as a program where CoreML is asked for and coremltools is there."""
        if self.device != "coreml" or not _runs_programs():
            return self.session(path)
        from .models.programs import program_of

        return Program(program_of(path, half=self.half and bears_half))

    def staged(
        self,
        prepare: Callable[[Item], Prepared],
        work: Callable[[Prepared], Result],
        items: Iterable[Item],
        *,
        lead: int = _HOST_THREADS,
    ) -> Iterator[Result]:
        """``work(prepare(item))`` of each, in order; the host prepares the next `lead` or so while a GPU works."""
        if self.device != "cuda":
            yield from self.map(lambda item: work(prepare(item)), items)
            return
        threads = min(lead, usable_cores())
        with ThreadPoolExecutor(threads) as pool:
            yield from self.map(work, ahead(pool, prepare, items, threads))

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Apply `work` to `items` on all workers; results in order, only a few items ahead."""
        return spread(work, items, self.workers)


@dataclass(frozen=True, slots=True)
class SharedRuntime(Runtime):
    """A runtime whose workers are those of a pool, which others use at the same time."""

    pool: ThreadPoolExecutor

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """See `Runtime.map`."""
        return ahead(self.pool, work, items, 2 * self.workers)


def pick_device(asked: Device) -> Device:
    """`auto` is CUDA where ONNX Runtime can use it, else the CPU; see `settled`.

    CoreML is never picked by itself: what it computes has not been measured.

    Raises:
        DeviceError: the device asked for cannot be used.
    """
    if asked == "auto":
        return "cpu" if cuda.problem() else "cuda"
    if asked == "cuda" and (problem := cuda.problem()):
        raise DeviceError(f"device='cuda' is not usable: {problem}; or use device='cpu'.")
    if asked == "coreml" and not (_runs_programs() or PROVIDERS["coreml"] in _available_providers()):
        raise DeviceError(
            "device='coreml' needs macOS, with coremltools or onnxruntime's CoreML provider; use device='cpu' here."
        )
    return asked


def settled(execution: Execution, on_note: Note | None = None) -> Execution:
    """The same; but on the CPU, and `on_note` hears why, where `auto` passes over the package for GPUs."""
    if execution.device != "auto" or PROVIDERS["cuda"] not in _available_providers():
        return execution
    if (problem := cuda.problem()) is None:
        return execution
    (on_note or log_note)(f"onnxruntime-gpu cannot compute here, so the CPU does: {problem}.")
    return replace(execution, device="cpu")


def _available_providers() -> Sequence[str]:
    import onnxruntime

    providers: Sequence[str] = onnxruntime.get_available_providers()
    return providers


def _runs_programs() -> bool:
    """Whether coremltools is installed, on the one system where it can run what it makes."""
    return sys.platform == "darwin" and find_spec("coremltools") is not None


class Session(OfThisProcess):
    """One loaded graph. Calls are thread-safe; inputs and outputs are float32 arrays by name and order.

    Args:
        path: of the graph; or the graph itself.
        device: where it runs.
        threads: that one call computes with, on a CPU.
        sizes: of dimensions that are free in the graph, by their names.
        cuda_graph: calls are captured and replayed, and must go through one binding each (`diarize.fixed`).
    """

    def __init__(
        self,
        path: Path | bytes,
        device: Device = "cpu",
        *,
        threads: int = 1,
        sizes: Mapping[str, int] = NO_SIZES,
        cuda_graph: bool = False,
    ) -> None:
        import onnxruntime

        if device == "cuda":  # cuDNN's search for a way to compute something prints every way that it has not
            onnxruntime.set_default_logger_severity(4)
        self.device = device
        source = Path("graph") if isinstance(path, bytes) else path
        try:
            self._session = onnxruntime.InferenceSession(
                path if isinstance(path, bytes) else os.fspath(path),
                sess_options=_options(path, threads, sizes),
                providers=providers_of(device, cuda_graph=cuda_graph),
            )
        except Exception as error:  # ONNX Runtime's exceptions share no public base
            if ran_out(error):
                raise LowMemoryError(f"There is not enough memory to load {source.name}: free some.") from error
            if device == "cpu":
                message = (
                    f"{source} is no graph that ONNX Runtime can load ({first_line(error)}); delete it and pull again."
                )
                raise CorruptModelError(message) from error
            raise DeviceError(f"device={device!r} failed while loading {source.name}: {first_line(error)}") from error
        self._inputs = [value.name for value in self._session.get_inputs()]
        self.input_types: tuple[str, ...] = tuple(value.type for value in self._session.get_inputs())
        self._outputs = [value.name for value in self._session.get_outputs()]
        used = self._session.get_providers()[0]
        if used != PROVIDERS[device]:  # ONNX Runtime falls back without a word; we do not
            raise DeviceError(
                f"device={device!r} is not usable: ONNX Runtime fell back to {used}; see `transcribe doctor`."
            )

    def __call__(self, *inputs: AnyArray) -> AnyArray:
        """Run on host arrays, in the graph's input order; return its first output (host)."""
        feeds = {name: np.ascontiguousarray(value) for name, value in zip(self._inputs, inputs, strict=True)}
        with enough_memory("run the networks"):
            output: AnyArray = self._session.run(self._outputs[:1], feeds)[0]
        return output

    def every(self, *inputs: AnyArray) -> list[AnyArray]:
        """Like calling, but returns all outputs; scalars stay scalars."""
        feeds = {name: np.asarray(value, order="C") for name, value in zip(self._inputs, inputs, strict=True)}
        with enough_memory("run the networks"):
            outputs: list[AnyArray] = self._session.run(self._outputs, feeds)
        return outputs

    def output(self, name: str, *inputs: AnyArray) -> AnyArray:
        """The output `name` of a graph that others made.

        Raises:
            CorruptModelError: the graph cannot compute it.
        """
        return self.named([name], dict(zip(self._inputs, inputs, strict=True)))[0]

    def named(self, wanted: Sequence[str], feeds: Mapping[str, AnyArray]) -> list[AnyArray]:
        """The outputs `wanted` of a graph that others made; its inputs by name.

        Raises:
            CorruptModelError: the graph cannot compute them.
        """
        try:
            found: list[AnyArray] = self._session.run(
                list(wanted), {name: np.asarray(value, order="C") for name, value in feeds.items()}
            )
        except Exception as error:  # ONNX Runtime's exceptions share no public base
            if ran_out(error):
                raise LowMemoryError("There is not enough memory to run the networks: free some.") from error
            shapes = ", ".join(str(value.shape) for value in feeds.values())
            raise CorruptModelError(
                f"The network cannot compute {', '.join(map(repr, wanted))} of inputs {shapes} ({first_line(error)}): "
                "export it with a free number of frames."
            ) from error
        return found

    def on_device(self, *inputs: Any) -> Any:
        """Like calling, but inputs may be device values and the output stays on the device.

        Takes arrays or what an earlier `on_device` returned; returns an
        ``OrtValue`` (its ``.numpy()`` copies to the host).
        """
        import onnxruntime

        binding = self._session.io_binding()
        with enough_memory("run the networks"):
            for name, value in zip(self._inputs, inputs, strict=True):
                if isinstance(value, np.ndarray):
                    value = onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(value), self.memory, 0)  # noqa: PLW2901 - same value, moved
                binding.bind_ortvalue_input(name, value)
            binding.bind_output(self._outputs[0], self.memory)
            self._session.run_with_iobinding(binding)
        return binding.get_outputs()[0]

    @property
    def raw(self) -> Any:
        """ONNX Runtime's own session."""
        return self._session

    @property
    def memory(self) -> str:
        """ONNX Runtime's name for where values between two graphs stay."""
        return "cuda" if self.device == "cuda" else "cpu"

    @property
    def rows_of_input(self) -> tuple[int, ...]:
        """The shape of one row of the first input, where its sizes are fixed."""
        return tuple(self._session.get_inputs()[0].shape[1:])

    @property
    def rows_of_output(self) -> tuple[int, ...]:
        """The same of the first output."""
        return tuple(self._session.get_outputs()[0].shape[1:])


def _options(path: Path | bytes, threads: int, sizes: Mapping[str, int]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # notices of providers are not for users, and errors come as exceptions too
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Freed arenas go back to the system instead of being kept for the largest batch ever seen.
    options.enable_mem_pattern = False
    for name, size in sizes.items():
        options.add_free_dimension_override_by_name(name, size)
    if isinstance(path, Path) and path.suffix == ".ort":
        options.add_session_config_entry("session.load_model_format", "ORT")
    return options


def providers_of(device: Device, *, cuda_graph: bool = False) -> list[Any]:
    """ONNX Runtime's providers for a device, with their options."""
    if device == "cuda":
        # TF32 keeps 10 bits of mantissa in all products: pooling, which squares and subtracts, does not bear that. The
        # arena takes what is needed, not twice as much each time: a recogniser may want the rest of the device.
        options = {
            "use_tf32": "0",
            "cudnn_conv_algo_search": "HEURISTIC",
            "arena_extend_strategy": "kSameAsRequested",
            "enable_cuda_graph": str(int(cuda_graph)),
        }
        return [(PROVIDERS["cuda"], options), PROVIDERS["cpu"]]
    if device == "coreml":
        return [PROVIDERS["coreml"], PROVIDERS["cpu"]]
    return [PROVIDERS["cpu"]]
