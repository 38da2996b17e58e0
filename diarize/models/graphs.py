"""Checkpoints turned into ONNX graphs once, and kept under the hash of what they were made from.

A graph's file name holds the sha256 of its checkpoint and the builder's version,
so that neither new weights nor a better builder can meet a stale graph. Beside
it lies its own sha256: a graph damaged on disk is found, named and built again.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, cast

from .files import is_intact, landing, locked

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from ...fusion.types import Note
    from .packs import Network


class Serializable(Protocol):
    """What ``onnx.ModelProto`` is to us."""

    def SerializeToString(self) -> bytes:  # noqa: N802  (protobuf's name)
        """Return the graph as bytes."""
        ...


class Builder(Protocol):
    """A module that turns flat numpy weights into graphs."""

    VERSION: int

    def build(self, weights: Mapping[str, npt.NDArray[np.generic]]) -> Mapping[str, Serializable]:
        """Return one graph a name."""
        ...


def ensure_graphs(
    network: Network, checkpoint: Path, sha256: str, folders: tuple[Path, ...], on_note: Note | None = None
) -> dict[str, Path]:
    """Paths of the network's graphs, built from `checkpoint` where no intact copy lies in any of `folders`.

    sha256: of the checkpoint, already verified. New graphs go to the first folder that can be written to.
    """
    builder = cast("Builder", importlib.import_module(network.builder, __package__))
    names = {graph: f"{sha256}-v{builder.VERSION}-{graph}.onnx" for graph in network.graphs}
    for folder in folders:
        if all(_is_good(folder / name, on_note) for name in names.values()):
            return {graph: folder / name for graph, name in names.items()}
    target = next((folder for folder in folders if _writable(folder)), folders[0])
    with locked(target / f"{sha256[:16]}.lock"):
        if not all(_is_good(target / name) for name in names.values()):  # Another process may have been faster.
            _build(builder, checkpoint, {graph: target / name for graph, name in names.items()})
    return {graph: target / name for graph, name in names.items()}


def graph_problems(folder: Path) -> list[str]:
    """Names of the graphs in `folder` that differ from their recorded hash."""
    return sorted(graph.name for graph in folder.glob("*.onnx") if not _matches(graph))


def hash_file(graph: Path) -> Path:
    """Where the size and the sha256 of `graph` are recorded."""
    return graph.with_name(graph.name + ".sha256")


def _is_good(graph: Path, on_note: Note | None = None) -> bool:
    if not graph.is_file():
        return False
    good = _matches(graph)
    if not good and on_note is not None:
        on_note(f"The converted model {graph} was corrupt and is built again.")
    return good


def _matches(graph: Path) -> bool:
    """Whether the graph has the hash beside it; a graph without one never finished landing."""
    try:
        size, sha256 = hash_file(graph).read_text("ascii").split()
        return is_intact(graph, int(size), sha256)
    except (OSError, ValueError):
        return False


def _build(builder: Builder, checkpoint: Path, targets: Mapping[str, Path]) -> None:
    from .checkpoint import read_checkpoint

    graphs = builder.build(read_checkpoint(checkpoint))
    for name, target in targets.items():
        content = graphs[name].SerializeToString()
        with landing(target) as file:
            file.write(content)
        with landing(hash_file(target)) as file:
            file.write(f"{len(content)} {hashlib.sha256(content).hexdigest()}\n".encode("ascii"))


def _writable(folder: Path) -> bool:
    """Whether `folder`, or the nearest parent that exists, may be written to."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(there, os.W_OK)
