"""What the networks said of the windows so far, in little memory: about 8 MB an hour."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..arrays import Bits, Float32, Int32
from ..windows import FRAMES_PER_WINDOW

LOCAL = 3
"""Local speakers of a window."""


@dataclass(slots=True)
class Heard:
    """Segmentations of whole windows by their first sample, a bit a frame and local speaker."""

    _packed: dict[int, bytes] = field(default_factory=dict)

    def keep(self, first_sample: int, segmentation: Bits) -> None:
        """Remember a window, uint8 (frames, local speakers) of 0 and 1."""
        self._packed[first_sample] = np.packbits(segmentation).tobytes()

    def get(self, first_sample: int) -> Bits | None:
        """The window that begins there; None where none was heard."""
        packed = self._packed.get(first_sample)
        if packed is None:
            return None
        bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=FRAMES_PER_WINDOW * LOCAL)
        return bits.reshape(FRAMES_PER_WINDOW, LOCAL)


@dataclass(slots=True)
class Voices:
    """The windows that were embedded, evenly apart; the first may still be growing, and is replaced meanwhile.

    firsts: their first samples. vectors: of each, (local speakers, dimension). labels: int32 (local speakers,) of
        each, the speaker's number or -1.
    """

    firsts: list[int] = field(default_factory=list)
    vectors: list[Float32] = field(default_factory=list)
    labels: list[Int32] = field(default_factory=list)

    def keep(self, first_sample: int, vectors: Float32, labels: Int32) -> None:
        """Add a window, or write over the last if it begins at the same sample."""
        if self.firsts and self.firsts[-1] == first_sample:
            self.vectors[-1], self.labels[-1] = vectors, labels
            return
        self.firsts.append(first_sample)
        self.vectors.append(vectors)
        self.labels.append(labels)

    def thin(self, step: int) -> None:
        """Keep only windows whose first sample is a multiple of `step`."""
        kept = [place for place, first in enumerate(self.firsts) if first % step == 0]
        self.firsts = [self.firsts[place] for place in kept]
        self.vectors = [self.vectors[place] for place in kept]
        self.labels = [self.labels[place] for place in kept]
