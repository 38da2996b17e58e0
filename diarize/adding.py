"""A pack out of somebody else's speaker embedding and a segmentation that is here: looked at, tried, then added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..fusion.errors import ModelError, OptionError
from ..fusion.types import Note, Progress, Samples, Turn
from ..fusion.watch import Watch
from .front_ends import FRONT_ENDS
from .joined import JoinedEmbedder
from .models.foreign import Foreign, inspect
from .models.packs import (
    READY,
    Basis,
    ClusteringPack,
    Distances,
    EmbeddingNetwork,
    FrontEndName,
    ModelSet,
    Network,
    PackFile,
    Use,
)
from .models.store import Store
from .options import FARTHEST, Execution
from .pipeline import Diarizer
from .runtime import Runtime
from .staging import check_name, commit, put, stage
from .trial import Separation, calibrated, separation


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the new pack is to be.

    segmentation: the pack whose segmentation it takes.
    front_end: None reads it from the graph's metadata.
    distance: None finds one: on `recordings`, or else a guess.
    recordings: samples and true turns of recordings to calibrate on.
    licence, forbids: of the embedding, as its user knows them.
    """

    segmentation: str
    front_end: FrontEndName | None = None
    distance: float | None = None
    recordings: Sequence[tuple[Samples, Sequence[Turn]]] = ()
    licence: str = "unknown"
    forbids: frozenset[Use] = frozenset()

    def __post_init__(self) -> None:
        if self.distance is not None and not 0 < self.distance <= FARTHEST:
            raise OptionError(f"threshold={self.distance:g} must be above 0 and at most {FARTHEST:g}, or auto.")


@dataclass(frozen=True, slots=True)
class Added:
    """The pack that was added, and how well it told the voices of `examples/` apart."""

    pack: ClusteringPack
    separation: Separation


def add_pack(
    store: Store,
    name: str,
    graph: Path,
    wanted: Wanted,
    *,
    on_progress: Progress | None = None,
    on_note: Note | None = None,
) -> Added:
    """Make a pack of the user's own.

    Args:
        store: where it goes.
        name: what it will be called.
        graph: an ONNX speaker embedding: features in, one vector out.
        wanted: how it is to be.
        on_progress: hears of the calibration, and of a download of the segmentation.
        on_note: hears sentences a user should see.

    Raises:
        OptionError: the name is taken, or the front end is not known and not named.
        ModelError: the graph is no such network, is unsafe, or does not tell voices apart.
    """
    check_name(store, name)
    foreign = inspect(graph, join=True)
    front_end = foreign.front_end(wanted.front_end)
    source = store.load(wanted.segmentation, on_progress=on_progress, on_note=on_note)
    with stage(store) as folder:
        checkpoint = store.folder(source.name) / source.pack.segmentation.file
        files = (
            put(folder, f"segmentation/{checkpoint.name}", checkpoint.read_bytes()),
            put(folder, "embedding/model.onnx", foreign.model.SerializeToString()),
        )
        network = _network(foreign, front_end, folder / files[1].path)
        pack = _untried(name, graph, wanted, source, files, network)
        graphs = {"segmentation": source.graph("segmentation"), "embedding": folder / files[1].path}
        models = ModelSet(pack, graphs, None, "", lambda graph: graphs[graph])
        found = _tried(models, graph)
        pack = replace(pack, distances=_distances(models, found, wanted, Watch(on_progress, on_note)))
        commit(store, folder, pack)
    return Added(pack, found)


def _untried(
    name: str,
    graph: Path,
    wanted: Wanted,
    source: ModelSet,
    files: tuple[PackFile, PackFile],
    network: EmbeddingNetwork,
) -> ClusteringPack:
    """The pack as it is before its voices were compared: its distance means nothing yet."""
    return ClusteringPack(
        name=name,
        summary=f"{graph.name} over the segmentation of {source.name}",
        source=None,
        files=files,
        segmentation=Network(files[0].path, source.pack.segmentation.builder),
        embedding=network,
        recipe="agglomerative",
        distances=Distances(alone=1.0, basis="guess"),
        plda=None,
        licence=f"{wanted.licence} (embedding), {source.pack.licence} (segmentation of {source.name})",
        attribution=f"embedding: {graph.name}, added by its user; segmentation: {source.pack.attribution}",
        forbids=wanted.forbids | source.pack.forbids,
    )


def _network(foreign: Foreign, front_end: FrontEndName, path: Path) -> EmbeddingNetwork:
    """The network as the pack describes it; its dimension is found by running it on a second of silence."""
    bands_first = FRONT_ENDS[front_end].bands_first if foreign.bands_first is None else foreign.bands_first
    session = Runtime.of(Execution(device="cpu", threads=1)).session(path)
    probe = JoinedEmbedder(FRONT_ENDS[front_end], session, foreign.output, bands_first, dimension=0)
    dimension = probe.measured_dimension()
    if foreign.dimension not in (None, dimension):
        raise ModelError(
            f"The graph gives {dimension} numbers, and its metadata says output_dim={foreign.dimension}: "
            "it is not the network that it says it is."
        )
    return EmbeddingNetwork(
        "embedding/model.onnx", READY, front_end, dimension, output=foreign.output, bands_first=bands_first
    )


def _tried(models: ModelSet, graph: Path) -> Separation:
    """How well the voices of `examples/` separate.

    Raises:
        ModelError: they do not.
    """
    found = separation(JoinedEmbedder.of(models, Runtime.of(Execution(device="cpu"))))
    if not found.apart:
        raise ModelError(
            f"{graph} does not tell the voices of examples/ apart with the front end "
            f"{models.pack.embedding.front_end}: clips of one voice have cosines down to {found.same:.2f}, of two "
            f"voices up to {found.different:.2f}; "
            "it was trained on other features, or is no speaker embedding."
        )
    return found


def _distances(models: ModelSet, found: Separation, wanted: Wanted, watch: Watch) -> Distances:
    """The distance that was given, else one calibrated on the user's recordings, else a guess."""
    basis: Basis = "given" if wanted.distance is not None else "calibrated" if wanted.recordings else "guess"
    if wanted.distance is not None:
        return Distances(wanted.distance, basis=basis)
    if wanted.recordings:
        return Distances(calibrated(Diarizer(models), wanted.recordings, watch), basis=basis)
    return Distances(round(found.guess, 3), basis=basis)
