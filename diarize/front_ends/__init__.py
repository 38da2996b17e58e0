"""From samples to what an embedding network eats, one `FrontEnd` a family of networks.

All of them are 80 values every 10 ms, so that nothing about a network's input
tells which one it was trained on: a front end is named, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from ...fusion.types import Samples
from ..arrays import Float32
from ..models.packs import FrontEndName
from . import nemo, speechbrain
from .kaldi import Window, fbank, num_frames
from .nemo import nemo_features
from .speechbrain import speechbrain_features


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """What a family of networks was trained to see.

    name: as packs name it.
    features: float32 (frames, 80) of samples (num_samples,) at 16 kHz, normalised.
    num_frames: how many of these frames so many samples give; any behind them are padding.
    energies: the features before their mean over time is removed, where that is all that depends on other frames.
    bands_first: whether its networks take [batch, 80, frames].
    """

    name: FrontEndName
    features: Callable[[Samples], Float32]
    num_frames: Callable[[int], int]
    bands_first: bool = False
    energies: Callable[[Samples], Float32] | None = None


def _kaldi(name: FrontEndName, window: Window) -> FrontEnd:
    """Filterbank with its mean over time removed."""
    energies = partial(fbank, window=window)
    return FrontEnd(name, lambda samples: centred(energies(samples)), num_frames, energies=energies)


def centred(energies: Float32) -> Float32:
    """Features (frames, 80) without their mean over time."""
    without_mean: Float32 = energies - energies.mean(axis=0)
    return without_mean


FRONT_ENDS: Mapping[FrontEndName, FrontEnd] = MappingProxyType(
    {
        front_end.name: front_end
        for front_end in (
            _kaldi("kaldi", "hamming"),
            _kaldi("3d-speaker", "povey"),
            FrontEnd("nemo", nemo_features, nemo.num_frames, bands_first=True),
            FrontEnd("speechbrain", speechbrain_features, speechbrain.num_frames),
        )
    }
)
