"""What the references' memories chose, so that a network here hears what theirs heard at every piece.

Two networks that differ by a rounding say of two frames now one, now the other is surer, where a speaker's share of the
cache ends; then their memories differ, and so does all that they say afterwards. So what is compared is each by itself:
the network, with the memory that the reference had, and the choice, from what the reference had said.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from diarfuse.diarize.sortformer import memory

CLOSE = 1e-4


class Choices:
    """In the place of `memory.choose`: compares what it is told with what the reference was told, and what is chosen.

    Args: kept: as `make_sortformer_networks.Choices.taken` gave it. case: of it.
    """

    def __init__(self, kept: Mapping[str, np.ndarray], case: str) -> None:
        sizes = kept[f"{case}:sizes"]
        self._said = np.split(kept[f"{case}:said"], np.cumsum(sizes, dtype=np.int64)[:-1])
        self._kept = kept[f"{case}:kept"]
        self.calls = self.others = 0
        """How often it was asked; how often what was said here would have made another choice."""

    def __call__(self, said: np.ndarray, room: memory.Room) -> np.ndarray:
        """The reference's choice, which is ours where we are told what it was."""
        theirs, chosen = self._said[self.calls], self._kept[self.calls]
        np.testing.assert_allclose(said, theirs, rtol=0, atol=CLOSE)
        np.testing.assert_array_equal(CHOOSE(theirs, room), chosen)
        self.calls += 1
        self.others += not np.array_equal(CHOOSE(said, room), chosen)
        return chosen.astype(np.int64)

    @property
    def left(self) -> int:
        """Choices of the reference that nobody asked for."""
        return len(self._said) - self.calls


CHOOSE = memory.choose
