"""What differs between the packs, in one table: their clustering, and what each mode does.

The numbers were chosen by measurement; the tables that decided are in
benchmarks/RESULTS.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..fusion.types import Seconds
from .options import Mode
from .stretches import Cut

SHORT: Seconds = 180.0
"""A recording up to this long keeps the 1 s hop in every mode: it has few windows to learn from."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a pack is run.

    threshold: distance at which agglomerative clustering stops (before VBx, where there is a PLDA).
    alone: that distance where agglomerative clustering has the last word.
    steps: hop of the windows by mode, in seconds, for recordings longer than `SHORT`.
    stretches: how speech is cut for the embedding network.
    upstream: the modes that do exactly what pyannote.audio does: each window
        embedded by itself, VBx on however little evidence.
    """

    threshold: float
    alone: float
    steps: Mapping[Mode, Seconds]
    stretches: Cut
    upstream: frozenset[Mode] = frozenset()

    def step(self, mode: Mode, duration: Seconds) -> Seconds:
        """The hop for a recording of `duration` seconds."""
        return self.steps["exact"] if duration <= SHORT else self.steps[mode]


COMMUNITY_1 = Recipe(
    threshold=0.6,
    alone=0.9,
    steps={"exact": 1.0, "default": 2.0, "fast": 2.0},
    stretches=Cut(longest=30.0, at_changes=False),
    upstream=frozenset({"exact"}),
)

CAMPPLUS = Recipe(
    threshold=0.8,
    alone=0.8,
    steps={"exact": 1.0, "default": 2.0, "fast": 2.0},
    stretches=Cut(longest=3.0, at_changes=True),
)
