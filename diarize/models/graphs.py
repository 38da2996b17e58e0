"""Checkpoints turned into ONNX graphs once, and kept under the hash of what they were made from.

A graph's file name holds the sha256 of its checkpoint and the builder's version,
so that neither new weights nor a better builder can meet a stale graph. Beside
it lies its own sha256: a graph damaged on disk is found, named and built again.
That hash tells damage, not intent; graphs that somebody else made are never
taken, and `differing` compares those here with what is built from the checkpoint.
Graphs in 8-bit integers are made from the others when they are first asked for.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from ...fusion.errors import CorruptModelError
from ...fusion.watch import log_note, unheard
from .files import is_intact, landing, locked

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ...fusion.types import Note

_INTEGERS = "-int8"
"""Ends the name of a graph that computes in 8-bit integers what the one without it does in float32."""
IN_INTEGERS = ("segmentation", "trunk")
"""The graphs that `fast` mode has in them, on a CPU."""


class Serializable(Protocol):
    """What ``onnx.ModelProto`` is to us."""

    def SerializeToString(self) -> bytes:  # noqa: N802  (protobuf's name)
        """Return the graph as bytes."""
        ...


class Builder(Protocol):
    """A module that turns flat numpy weights into graphs."""

    VERSION: int
    GRAPHS: tuple[str, ...]

    def build(self, weights: Mapping[str, npt.NDArray[np.generic]]) -> Mapping[str, Serializable]:
        """Return the graphs of `GRAPHS`."""
        ...

    def with_integers(self, graph: Serializable) -> Serializable:
        """Return a graph of `build` in 8-bit integers."""
        ...


def ensure_graphs(
    network: str,
    checkpoint: Path,
    sha256: str,
    folders: tuple[Path, ...],
    on_note: Note | None = None,
    *,
    fresh: bool = False,
) -> dict[str, Path]:
    """Paths of a network's graphs, built from `checkpoint` where no intact copy lies in any of `folders`.

    Args:
        network: a module of this folder.
        checkpoint: the weights.
        sha256: of the checkpoint, already verified.
        folders: where graphs are kept; new ones go to the first that can be written to.
        on_note: hears of graphs that were damaged.
        fresh: build them anyway.
    """
    builder = _builder(network)
    names = {graph: _file_name(sha256, builder, graph) for graph in builder.GRAPHS}

    def make() -> dict[str, bytes]:
        graphs = _build(builder, checkpoint)
        return {names[graph]: graphs[graph].SerializeToString() for graph in names}

    hears = unheard if fresh else on_note or log_note
    found = _ensure(tuple(names.values()), folders, sha256, make, hears, fresh=fresh)
    return {graph: found[name] for graph, name in names.items()}


def ensure_integers(network: str, graph: Path, folders: tuple[Path, ...], on_note: Note | None = None) -> Path:
    """The graph in 8-bit integers that is made from `graph`, one of the network's in float32."""
    name = _in_integers(graph).name

    def make() -> dict[str, bytes]:
        import onnx

        return {name: _builder(network).with_integers(onnx.load(str(graph))).SerializeToString()}

    return _ensure((name,), folders, graph.name, make, on_note or log_note)[name]


def differing(network: str, checkpoint: Path, sha256: str, folder: Path) -> list[Path]:
    """The graphs in `folder` that are not what is made of the checkpoint now."""
    builder = _builder(network)
    kept = {graph: folder / _file_name(sha256, builder, graph) for graph in builder.GRAPHS}
    integers = {graph: _in_integers(path) for graph, path in kept.items()}
    if not any(path.is_file() for path in (*kept.values(), *integers.values())):
        return []
    built = _build(builder, checkpoint)
    differs = [path for graph, path in kept.items() if path.is_file() and not _holds(path, built[graph])]
    return differs + [
        path
        for graph, path in integers.items()
        if path.is_file() and not _holds(path, builder.with_integers(built[graph]))
    ]


def graph_problems(folder: Path) -> list[str]:
    """Names of the graphs in `folder` that differ from their recorded hash."""
    return sorted(graph.name for graph in folder.glob("*.onnx") if not _matches(graph))


def hash_file(graph: Path) -> Path:
    """Where the size and the sha256 of `graph` are recorded."""
    return graph.with_name(graph.name + ".sha256")


def _in_integers(graph: Path) -> Path:
    return graph.with_name(f"{graph.stem}{_INTEGERS}{graph.suffix}")


def _builder(network: str) -> Builder:
    return cast("Builder", importlib.import_module(f".{network}", __package__))


def _file_name(sha256: str, builder: Builder, graph: str) -> str:
    return f"{sha256}-v{builder.VERSION}-{graph}.onnx"


def _build(builder: Builder, checkpoint: Path) -> Mapping[str, Serializable]:
    from .end_to_end.weights import read_weights

    weights = read_weights(checkpoint)
    try:
        return builder.build(weights)
    except CorruptModelError as error:
        raise CorruptModelError(f"{checkpoint}: {error}") from error


def _ensure(
    names: tuple[str, ...],
    folders: tuple[Path, ...],
    lock: str,
    make: Callable[[], dict[str, bytes]],
    on_note: Note,
    *,
    fresh: bool = False,
) -> dict[str, Path]:
    """The files called `names`, all in one of the folders; made where they are not there and intact."""
    for folder in folders:
        if not fresh and all(_is_good(folder / name, on_note) for name in names):
            return {name: folder / name for name in names}
    target = next((folder for folder in folders if _writable(folder)), folders[0])
    waits = f"Another program converts the same network in {target}: this one waits until it is done."
    with locked(target / f"{lock[:16]}.lock", lambda: on_note(waits)):
        if fresh or not all(_is_good(target / name) for name in names):  # Another process may have been faster.
            for name, content in make().items():
                _keep(target / name, content)
                _in_integers(target / name).unlink(missing_ok=True)  # made of the old one
    return {name: target / name for name in names}


def _keep(target: Path, content: bytes) -> None:
    with landing(target) as file:
        file.write(content)
    with landing(hash_file(target)) as file:
        file.write(f"{len(content)} {hashlib.sha256(content).hexdigest()}\n".encode("ascii"))


def _is_good(graph: Path, on_note: Note = unheard) -> bool:
    if not graph.is_file():
        return False
    good = _matches(graph)
    if not good:
        on_note(f"The converted model {graph} was corrupt and is built again.")
    return good


def _matches(graph: Path) -> bool:
    """Whether the graph has the hash beside it; a graph without one never finished landing."""
    try:
        size, sha256 = hash_file(graph).read_text("ascii").split()
        return is_intact(graph, int(size), sha256)
    except (OSError, ValueError):
        return False


def _holds(path: Path, graph: Serializable) -> bool:
    content = graph.SerializeToString()
    return is_intact(path, len(content), hashlib.sha256(content).hexdigest())


def _writable(folder: Path) -> bool:
    """Whether `folder`, or the nearest parent that exists, may be written to."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(there, os.W_OK)
