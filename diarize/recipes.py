"""What differs between the packs, in one table: their clustering, and what each mode does.

The numbers were chosen by measurement; the tables that decided are in
benchmarks/RESULTS.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diarize.options import Mode
from fusion.types import Seconds

SHORT: Seconds = 180.0
"""A recording up to this long keeps the 1 s hop in every mode: it has few windows to learn from."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a pack is run.

    threshold: distance at which agglomerative clustering stops.
    steps: hop of the windows by mode, in seconds, for recordings longer than `SHORT`.
    longest: stretches of speech are cut at this many seconds.
    whole_windows: the modes that embed each window by itself, as upstream does.
    """

    threshold: float
    steps: Mapping[Mode, Seconds]
    longest: Seconds
    whole_windows: frozenset[Mode] = frozenset()

    def step(self, mode: Mode, duration: Seconds) -> Seconds:
        """The hop for a recording of `duration` seconds."""
        return self.steps["exact"] if duration <= SHORT else self.steps[mode]


COMMUNITY_1 = Recipe(
    threshold=0.6,
    steps={"exact": 1.0, "default": 1.0, "fast": 2.0},
    longest=10.0,
    whole_windows=frozenset({"exact"}),
)

CAMPPLUS = Recipe(threshold=0.8, steps={"exact": 1.0, "default": 2.0, "fast": 4.0}, longest=3.0)
