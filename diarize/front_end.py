"""From samples to what an embedding network eats, one `FrontEnd` a family of networks.

A frame is 25 ms and frames follow each other by 10 ms in all of them, so that
masks and stretches lie on one grid whichever network comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..fusion.types import Samples
from .arrays import Float32
from .fbank import fbank


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """What a network was trained to see.

    name: as packs name it.
    compute: float32 (frames, bands) of samples (num_samples,), 16 kHz, not normalised.
    """

    name: str
    compute: Callable[[Samples], Float32]

    def __call__(self, samples: Samples) -> Float32:
        """Features with their mean over time removed, float32 (frames, bands)."""
        features = self.compute(samples)
        centred: Float32 = features - features.mean(axis=0)
        return centred


KALDI = FrontEnd("kaldi", fbank)

FRONT_ENDS: Mapping[str, FrontEnd] = MappingProxyType({front_end.name: front_end for front_end in (KALDI,)})
