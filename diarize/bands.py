"""What a narrow band does to all voices alike, taken out of embeddings before they are compared.

On the telephone, or over a radio, the embeddings of all people move the same
way and so towards each other: two people are 1.10 apart there at the median,
where they are 1.31 in full band (CAM++), and a threshold on distances merges
them. The mean voice in full and in narrow band, measured once over many people
(`benchmarks.bands`), says which way. How far a recording went is told by the
mean of its own embeddings: 0 in full band, 1 on the telephone. Leaving the
recording's own mean out instead would take the speakers out with the line where
there are few.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .arrays import AnyFloat, Float32, Float64
from .plda import unit_length

_TOLD = 0.5  # above it a user hears of it: made-up talk has at most 0.35 in full band, at least 0.7 on the telephone


@dataclass(frozen=True, slots=True)
class Bands:
    """Mean unit vectors, float64 (dimension,), of many people's speech in full and in narrow band."""

    full: Float64
    narrow: Float64

    @classmethod
    def of(cls, name: str) -> Bands | None:
        """Those of an embedding network that were measured; None for the empty name."""
        if not name:
            return None
        table = json.loads(Path(__file__).with_name("bands.json").read_text(encoding="ascii"))[name]
        return cls(np.array(table["full"]), np.array(table["narrow"]))

    def narrowness(self, vectors: AnyFloat) -> float:
        """How far the recording lies on the way from full to narrow band, 0 to 1, by its embeddings (n, dimension)."""
        if not len(vectors):
            return 0.0
        way = self.narrow - self.full
        mean = unit_length(vectors.astype(np.float64)).mean(axis=0)
        return float(np.clip((mean - self.full) @ way / (way @ way), 0, 1))

    def centred(self, vectors: AnyFloat, narrowness: float) -> Float32:
        """Unit vectors less the mean voice of such a band, of the shape of `vectors` (..., dimension); NaN stays."""
        mean = self.full + narrowness * (self.narrow - self.full)
        return (unit_length(vectors) - mean).astype(np.float32)

    def note(self, narrowness: float) -> tuple[str, ...]:
        """A sentence for the user where the band is narrow."""
        if narrowness < _TOLD:
            return ()
        return ("narrow band: voices are compared without what the telephone does to all of them.",)
