"""What a pack is: which files it is made of, where these come from, how they are run, and under which licence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ...fusion.errors import LicenceError
from ...fusion.given import OfThisProcess

if TYPE_CHECKING:
    from ..options import RecipeName

FrontEndName: TypeAlias = Literal["kaldi", "3d-speaker", "nemo", "speechbrain"]
Use: TypeAlias = Literal["export", "serve", "voices"]
"""What may be done with a pack besides diarizing: carry it elsewhere, answer requests with it, enrol voices."""
Basis: TypeAlias = Literal["measured", "calibrated", "given", "guess"]
"""Where a distance comes from: benchmarks/RESULTS.md, the user's recordings, the user, or a few voices."""

Precision: TypeAlias = Literal["float32", "float16", "int8"]
"""What the heavy parts of a network compute in."""

READY = "onnx"
"""The network of an embedding that is a graph already: features in, one vector out, no masks."""
VOICE_PACK = "campplus"
"""The pack whose embeddings name people, unless another is asked for; it need not be the diarizer's."""
_SPACE_NAMES = {"kaldi": "fbank80-1"}
"""What front ends are called in spaces, where voices were enrolled before they had their names of today."""


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack.

    path: where it lies, relative to the pack's folder, with forward slashes.
    size: bytes. sha256: of the content, in hexadecimal. 0 and "": not known before it was first fetched (`first_use`).
    member: its name in the source, where that differs from `path`.
    """

    path: str
    size: int
    sha256: str
    member: str = ""

    @property
    def known(self) -> bool:
        """Whether anybody has said what its content is."""
        return bool(self.sha256)

    @property
    def source_name(self) -> str:
        """Its name in the repository or the wheel it comes from."""
        return self.member or self.path


@dataclass(frozen=True, slots=True)
class HubSource:
    """A Hugging Face repository at one commit; nothing in it asks for a token."""

    repository: str
    revision: str


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A wheel of a Python index, read as an archive and never installed.

    python, platform: which of the release's wheels; any of them could be read,
        naming one makes the download the same on every machine.
    size: bytes of that wheel.
    """

    requirement: str
    python: str
    platform: str
    size: int


@dataclass(frozen=True, slots=True)
class Network:
    """A file of the pack and the module of this folder that turns it into graphs, or `READY`."""

    file: str
    builder: str


@dataclass(frozen=True, slots=True)
class Cut:
    """How speech is cut for a network: the longest stretch in seconds, and whether also at every change of speakers."""

    longest: float
    at_changes: bool


@dataclass(frozen=True, slots=True)
class EmbeddingNetwork(Network):
    """The network that tells voices apart.

    front_end: the features it eats, one of `diarize.front_ends`.
    dimension: numbers in an embedding.
    stride: feature frames (10 ms) in a frame of its trunk. cut: how speech is cut for it.
    output, bands_first: of a `READY` one: the output that is the embedding, and whether its input is
        [batch, 80, frames] instead of [batch, frames, 80].
    """

    front_end: FrontEndName
    dimension: int
    stride: int = 1
    cut: Cut = Cut(longest=30.0, at_changes=False)
    output: str = ""
    bands_first: bool = False


@dataclass(frozen=True, slots=True)
class Distances:
    """Where agglomerative clustering stops for an embedding network, as distances of unit vectors.

    alone: where it has the last word. before_vbx: where VBx refines it. basis: how they were found.
    plainly: where it may tell more people apart than communities of stretches do; None: a tenth above `alone`.
    bands: names the network's mean voices in full and narrow band (`diarize.bands`); empty where nobody measured them.
    """

    alone: float
    before_vbx: float = 0.6
    basis: Basis = "measured"
    bands: str = ""
    plainly: float | None = None

    @property
    def surely(self) -> float:
        """`plainly`, or what stands for it."""
        return self.plainly or 1.1 * self.alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack(ABC):
    """A named set of model files that together diarize.

    source: where its files come from; None for one that its user added.
    auto: its turn when `auto` looks for a pack; None: never.
    forbids: what its licence does not allow.
    """

    name: str
    summary: str
    source: HubSource | WheelSource | None
    files: tuple[PackFile, ...]
    licence: str
    attribution: str
    auto: int | None = None
    forbids: frozenset[Use] = frozenset()

    @property
    def size(self) -> int:
        """Bytes of all its files, as far as they are known."""
        return sum(file.size for file in self.files)

    @property
    @abstractmethod
    def networks(self) -> tuple[Network, ...]:
        """Those that are converted here."""

    def file(self, path: str) -> PackFile:
        """The file at `path`, which must be one of the pack's."""
        return next(file for file in self.files if file.path == path)

    def permit(self, use: Use) -> None:
        """Refuse what the licence forbids.

        Raises:
            LicenceError: `use` is among what it forbids.
        """
        if use in self.forbids:
            what = {"export": "to be copied elsewhere", "serve": "to answer others", "voices": "to identify people"}
            raise LicenceError(
                f"The licence of the pack {self.name} ({self.licence}) does not allow it {what[use]}: "
                "take another pack."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteringPack(Pack):
    """A pack that says who speaks where, and tells voices apart.

    recipe: how it is run, one of `diarize.recipes`. distances: its numbers for this embedding network.
    plda: paths of the transform and of the PLDA, or None where the pack has none.
    """

    segmentation: Network
    embedding: EmbeddingNetwork
    recipe: RecipeName
    distances: Distances
    plda: tuple[str, str] | None

    @property
    def networks(self) -> tuple[Network, ...]:
        """Those that are converted here."""
        return tuple(network for network in (self.segmentation, self.embedding) if network.builder != READY)

    @property
    def space(self) -> str:
        """What makes embeddings comparable: the embedding network's weights and its front end."""
        features = _SPACE_NAMES.get(self.embedding.front_end, self.embedding.front_end)
        return f"{self.file(self.embedding.file).sha256[:16]}-{features}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndToEndPack(Pack):
    """A pack of one end-to-end network (`diarize.sortformer`).

    speakers: how many it tells apart.
    """

    network: Network
    speakers: int

    @property
    def networks(self) -> tuple[Network, ...]:
        """It alone."""
        return (self.network,)


@dataclass(frozen=True, slots=True)
class NetworkSet(OfThisProcess):
    """A pack of one end-to-end network, ready to be used.

    folder: where its files lie. graphs: ONNX files by name. notes: what a reader of a result must know of it.
    """

    pack: EndToEndPack
    folder: Path
    graphs: Mapping[str, Path]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelSet(OfThisProcess):
    """A pack that tells voices apart, ready to be used.

    graphs: ONNX files named ``segmentation``, and ``trunk`` and ``pooling``, or ``embedding`` where it has no masks.
    plda: the transform's and the PLDA's npz file, or None where the pack has none.
    added: the day its user added it; empty for a pinned pack.
    integers: makes the graph of a name in 8-bit integers, or gives the float32 one where there is no other.
    """

    pack: ClusteringPack
    graphs: Mapping[str, Path]
    plda: tuple[Path, Path] | None
    added: str
    integers: Callable[[str], Path] = field(compare=False)

    @property
    def name(self) -> str:
        """The pack's name."""
        return self.pack.name

    @property
    def space(self) -> str:
        """Two embeddings compare only if theirs are equal."""
        return self.pack.space

    @property
    def recipe(self) -> RecipeName:
        """How the pack is run."""
        return self.pack.recipe

    @property
    def distances(self) -> Distances:
        """Where agglomerative clustering stops for its embeddings."""
        return self.pack.distances

    @property
    def hashes(self) -> Mapping[str, str]:
        """The sha256 of each of the pack's files."""
        return {file.path: file.sha256 for file in self.pack.files}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of a result must know of where it comes from: nothing for a pinned pack."""
        if not self.added:
            return ()
        basis = self.distances.basis
        how = {"guess": "a guess", "given": "the one given then", "calibrated": "calibrated on recordings given then"}
        return (
            (
                f"The pack {self.name} is yours: its files are those added on {self.added}, and nobody else vouches "
                f"for them; its distance {self.distances.alone:.2f} is {how.get(basis, basis)}."
            ),
        )

    def graph(self, name: str, precision: Precision = "float32") -> Path:
        """The graph called `name`, in 8-bit integers where wanted and possible (made when first asked for)."""
        return self.integers(name) if precision == "int8" else self.graphs[name]
