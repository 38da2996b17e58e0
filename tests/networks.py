"""Networks that remember: what a graph said of the very same numbers is not computed, and not loaded, again.

A graph gives the same bits for the same numbers, whatever is computed beside it; that is a law with tests of its own
(tests/diarize/models/test_bits.py), and these compute everything anew. So what one test heard need not be heard by the
next: anything else than the same graph with the same numbers, in as many threads, by the same ONNX Runtime, is
computed. The processes of a run share what they heard through files in a folder, which is empty when the run begins.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from diarfuse.diarize.arrays import AnyArray
from diarfuse.diarize.models import files
from diarfuse.diarize.runtime import NO_SIZES, Session

BYTES, SESSIONS = 256 << 20, 24
FOLDER = "DIARFUSE_HEARD_DIR"
"""The variable that names the folder which processes share; where there is none, each remembers its own."""
SETTLED = 1_000_000_000
"""Nanoseconds without a write, after which the next one has another time."""


class Memory:
    """Of the sessions that were loaded, by all that they were loaded with, and of what they said."""

    is_asked = True

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._sessions: OrderedDict[object, dict[str, Any]] = OrderedDict()
        self._said: OrderedDict[bytes, AnyArray] = OrderedDict()
        self._digests: dict[object, bytes] = {}
        self._bytes = 0

    def loaded(self, key: object, load: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The attributes of a session; its lists are the caller's to change."""
        found = self._sessions.get(key) or _copied(load())
        with self._lock:
            self._sessions[key] = found
            self._sessions.move_to_end(key)
            while len(self._sessions) > SESSIONS:
                self._sessions.popitem(last=False)
        return _copied(found)

    def said(self, key: bytes, compute: Callable[[], AnyArray]) -> AnyArray:
        """An array, which is the caller's to change."""
        with self._lock:
            found = self._said.get(key)
        if found is None:
            found = self._of_all(key, compute)
            with self._lock:
                self._said[key] = found
                self._bytes += found.nbytes
                while self._bytes > BYTES:
                    self._bytes -= self._said.popitem(last=False)[1].nbytes
        return found.copy()

    def _of_all(self, key: bytes, compute: Callable[[], AnyArray]) -> AnyArray:
        """What another process computed; or, for the others too, what is computed now."""
        if self._folder is None:
            return compute()
        path = self._folder / f"{key.hex()}.npy"
        with contextlib.suppress(FileNotFoundError):
            said: AnyArray = np.load(path, allow_pickle=False)
            return said
        found = compute()
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
            np.save(file, found, allow_pickle=False)
        Path(file.name).replace(path)  # whole, whoever looks
        return found

    def digest(self, graph: Path | bytes) -> bytes:
        """Of all that is in a graph."""
        if isinstance(graph, bytes):
            return hashlib.blake2b(graph).digest()
        facts = graph.stat()
        key = (graph, facts.st_ino, facts.st_mtime_ns, facts.st_size)
        if key not in self._digests:
            self._digests[key] = hashlib.blake2b(graph.read_bytes()).digest()
        return self._digests[key]


MEMORY = Memory(Path(os.environ[FOLDER]) if FOLDER in os.environ else None)


def _copied(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, list) else value for name, value in attributes.items()}


def _array(value: Any) -> AnyArray:
    """Of an array, or of a value of ONNX Runtime's own."""
    array: AnyArray = value if isinstance(value, np.ndarray) else value.numpy()
    return array


def _value(array: AnyArray) -> onnxruntime.OrtValue:
    """Of ONNX Runtime's own, with memory of its own: arrays that are views of it outlive it."""
    value = onnxruntime.OrtValue.ortvalue_from_shape_and_type(array.shape, array.dtype.type, "cpu", 0)
    value.update_inplace(array)
    return value


def _key(graph: bytes, call: str, inputs: Sequence[Any]) -> bytes:
    seen = hashlib.blake2b(graph + call.encode() + onnxruntime.__version__.encode(), digest_size=32)
    for value in inputs:
        array = np.ascontiguousarray(_array(value))
        seen.update(f"{array.dtype} {array.shape}".encode())
        seen.update(array)
    return seen.digest()


def _remembering(call: str) -> Callable[..., Any]:
    real = getattr(Session, call)

    def asked(self: Session, *inputs: Any) -> Any:
        graph = vars(self).get("digest")
        if graph is None or not MEMORY.is_asked:
            return real(self, *inputs)
        said = MEMORY.said(_key(graph, call, inputs), lambda: _array(real(self, *inputs)))
        return said if call == "__call__" else _value(said)

    return asked


def _loading() -> Callable[..., None]:
    real = Session.__init__

    def load(
        self: Session, path: Path | bytes, device: Any = "cpu", *, threads: int = 1, sizes: Any = NO_SIZES, **how: Any
    ) -> None:
        def anew() -> dict[str, Any]:
            real(self, path, device, threads=threads, sizes=sizes, **how)
            return vars(self)

        if not MEMORY.is_asked or device != "cpu" or not (isinstance(path, bytes) or path.is_file()):
            anew()
            return
        digest = MEMORY.digest(path)
        found = MEMORY.loaded((digest, threads, *sorted(sizes.items()), *how.items()), anew)
        vars(self).update(found, digest=digest + str(threads).encode())

    return load


def hashing(real: Callable[[Path], str]) -> Callable[[Path], str]:
    """As `real`, but what a file's content is worth is remembered for as long as nobody has touched the file.

    Each write moves its times, but for one within the same tick of the clock as the last: what has just been written
    is hashed again.
    """
    known: dict[tuple[int, ...], str] = {}

    def sha256_of(path: Path) -> str:
        facts = path.stat()
        key = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        if key in known:
            return known[key]
        if time.time_ns() - max(facts.st_mtime_ns, facts.st_ctime_ns) < SETTLED:
            return real(path)
        return known.setdefault(key, real(path))

    return sha256_of


@contextlib.contextmanager
def remembering() -> Iterator[None]:
    """Within the block, all sessions do; and the files of packs are hashed once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "sha256_of", hashing(files.sha256_of))
        for call in ("__call__", "on_device"):  # not `every`: networks with a state hear nothing twice
            patch.setattr(Session, call, _remembering(call))
        patch.setattr(Session, "__init__", _loading())
        yield


@contextlib.contextmanager
def afresh() -> Iterator[None]:
    """Within the block, none does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Memory, "is_asked", False)
        yield
