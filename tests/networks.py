"""Networks that remember: what a graph said of the very same numbers is not computed, and not loaded, again.

A graph gives the same bits for the same numbers, whatever is computed beside it; that is a law with tests of its own
(tests/diarize/models/test_bits.py), and these compute everything anew. So what one test heard need not be heard by the
next: anything else than the same graph with the same numbers, in as many threads, is computed.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarfuse.diarize.models import files
from diarfuse.diarize.runtime import NO_SIZES, Session

BYTES, SESSIONS = 256 << 20, 24
SETTLED = 1_000_000_000
"""Nanoseconds without a write, after which the next one has another time."""


class Memory:
    """Of the sessions that were loaded, by all that they were loaded with, and of what they said."""

    is_asked = True

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: OrderedDict[object, dict[str, Any]] = OrderedDict()
        self._said: OrderedDict[bytes, Any] = OrderedDict()
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

    def said(self, key: bytes, compute: Callable[[], Any]) -> Any:
        """An array, which is the caller's to change, or a value of ONNX Runtime's own."""
        with self._lock:
            found = self._said.get(key)
        if found is None:
            found = compute()
            with self._lock:
                self._said[key] = found
                self._bytes += _size(found)
                while self._bytes > BYTES:
                    self._bytes -= _size(self._said.popitem(last=False)[1])
        return found.copy() if isinstance(found, np.ndarray) else found

    def digest(self, graph: Path | bytes) -> bytes:
        """Of all that is in a graph."""
        if isinstance(graph, bytes):
            return hashlib.blake2b(graph).digest()
        facts = graph.stat()
        key = (graph, facts.st_ino, facts.st_mtime_ns, facts.st_size)
        if key not in self._digests:
            self._digests[key] = hashlib.blake2b(graph.read_bytes()).digest()
        return self._digests[key]


MEMORY = Memory()


def _copied(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, list) else value for name, value in attributes.items()}


def _size(said: Any) -> int:
    return int(said.nbytes if isinstance(said, np.ndarray) else said.numpy().nbytes)


def _key(graph: bytes, call: str, inputs: Sequence[Any]) -> bytes:
    seen = hashlib.blake2b(graph + call.encode())
    for value in inputs:
        array = np.ascontiguousarray(value if isinstance(value, np.ndarray) else value.numpy())
        seen.update(f"{array.dtype} {array.shape}".encode())
        seen.update(array)
    return seen.digest()


def _remembering(call: str) -> Callable[..., Any]:
    real = getattr(Session, call)

    def asked(self: Session, *inputs: Any) -> Any:
        graph = vars(self).get("digest")
        if graph is None or not MEMORY.is_asked:
            return real(self, *inputs)
        return MEMORY.said(_key(graph, call, inputs), lambda: real(self, *inputs))

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
