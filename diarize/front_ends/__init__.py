"""From samples to what an embedding network eats, one `FrontEnd` a family of networks.

All of them are 80 values every 10 ms, so that nothing about a network's input
tells which one it was trained on: a front end is named, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ...fusion.types import Samples
from ..arrays import Float32
from .kaldi import Window, fbank
from .nemo import nemo_features
from .speechbrain import speechbrain_features


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """What a family of networks was trained to see.

    name: as packs name it.
    features: float32 (frames, 80) of samples (num_samples,) at 16 kHz, normalised.
    """

    name: str
    features: Callable[[Samples], Float32]


def _kaldi(window: Window) -> Callable[[Samples], Float32]:
    """Filterbank with its mean over time removed."""

    def features(samples: Samples) -> Float32:
        energies = fbank(samples, window)
        centred: Float32 = energies - energies.mean(axis=0)
        return centred

    return features


FRONT_ENDS: Mapping[str, FrontEnd] = MappingProxyType(
    {
        front_end.name: front_end
        for front_end in (
            FrontEnd("kaldi", _kaldi("hamming")),
            FrontEnd("3d-speaker", _kaldi("povey")),
            FrontEnd("nemo", nemo_features),
            FrontEnd("speechbrain", speechbrain_features),
        )
    }
)
