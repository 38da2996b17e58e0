"""Agglomerative clustering that knows who was heard beside whom.

Two local speakers of one window are two people, whatever their voices are
like. So clusters that come from the same windows are kept apart, and others
may be merged at a greater distance than distances alone allow. And a cluster of
a few windows lies beside its speaker's place by chance: that much of its
distance to others is left out of account. benchmarks/RESULTS.md has the tables.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fusion.types import SpeakerCount
from . import ahc
from .arrays import AnyFloat, Float64, Int64, Labels
from .plda import unit_length

_SHARES = (0.75, 0.9, 1.0)  # of the limit, at which the first clusters stop, until there are few enough of them:
_LOWER = (0.5, 0.25, 0.1, 0.0)  # where they are fewer than are asked for
_MOST = 2_000
ANY_NUMBER = SpeakerCount()
_BESIDE = 4.0
"""What it adds to the distance of two clusters if the smaller is always heard beside the larger."""
SCATTER = 0.1
"""Squared distance by which one turn's embeddings lie beside their speaker's mean, as left out of account."""
_ONE_TURN = 8.0
"""Seconds' worth of windows that hear one turn: they count as one observation."""


def cluster(training: Float64, windows: Int64, limit: float, step: float, bounds: SpeakerCount = ANY_NUMBER) -> Labels:
    """Clusters of embeddings, told apart by distance and by who was heard beside whom.

    Args:
        training: float64 (n, dimension), n >= 1, finite, in order of time.
        windows: int64 (n,), the window that each comes from.
        limit: clusters further apart than this stay apart.
        step: seconds between windows.
        bounds: how many clusters may be left: too many are merged at any distance, those that cost least first, and so
            few at none.

    Returns:
        int64 (n,), 0..K-1 by first member.
    """
    labels = _first(training, limit, bounds.low)
    pool = _Pool.of(unit_length(training), windows, labels, _ONE_TURN / step)
    while pool.living > bounds.low and pool.merge_nearest(limit):
        pass
    while pool.living > (bounds.high or pool.living) and pool.merge_nearest(np.inf):
        pass
    return ahc.by_first_member(pool.label[labels])


def _first(training: Float64, limit: float, least: int) -> Labels:
    """Clusters by distance alone, few enough to be looked at in pairs, and `least` or more where that can be."""
    for share in _SHARES:
        labels = ahc.cluster(training, share * limit)
        if labels.max(initial=-1) < _MOST:
            break
    for share in _LOWER:
        if labels.max(initial=-1) + 1 >= least:
            break
        finer = ahc.cluster(training, share * limit)
        if finer.max(initial=-1) >= _MOST:
            break
        labels = finer
    return labels


@dataclass(slots=True)
class _Pool:
    """The clusters that still stand; of two that merge the later is dead, and its costs are infinite.

    sums: float64 (K, dimension) of unit vectors, counts: (K,). beside: (K, K), windows in which
    both were heard. one_turn: members that count as one observation. cost: (K, K), distances as
    they count. nearest, near: (K,), the cheapest partner of each, and its cost. label: int64 (K,),
    where the first clusters are now.
    """

    sums: Float64
    counts: Float64
    beside: Float64
    one_turn: float
    cost: Float64
    nearest: Int64
    near: Float64
    label: Labels

    @classmethod
    def of(cls, vectors: AnyFloat, windows: Int64, labels: Labels, one_turn: float) -> _Pool:
        many = int(labels.max(initial=-1)) + 1
        sums = np.zeros((many, vectors.shape[-1]))
        np.add.at(sums, labels, vectors)
        cost = np.full((many, many), np.inf)
        alone = np.zeros(many, np.int64), np.full(many, np.inf), np.arange(many)
        counts = np.bincount(labels).astype(np.float64)
        pool = cls(sums, counts, _beside(windows, labels, many), one_turn, cost, *alone)
        for row in range(many):
            cost[row] = pool.costs(row)
        pool.look(np.arange(many))
        return pool

    @property
    def living(self) -> int:
        """How many clusters there still are."""
        return int((self.counts > 0).sum())

    def costs(self, row: int) -> Float64:
        """What merging `row` with each other costs, (K,); infinite with itself and the dead."""
        living = self.counts > 0
        counts = np.maximum(self.counts, 1)
        centres = self.sums / counts[:, None]
        chance = SCATTER * np.minimum(self.one_turn / counts, 1)
        squared = np.square(centres - centres[row]).sum(axis=1) - chance - chance[row]
        share = self.beside[row] / np.minimum(counts, counts[row])
        found = np.sqrt(np.maximum(squared, 0)) + _BESIDE * share
        found[row] = np.inf
        return np.where(living, found, np.inf)

    def look(self, rows: Int64) -> None:
        """Find the cheapest partner of each of `rows` anew."""
        self.nearest[rows] = self.cost[rows].argmin(axis=1)
        self.near[rows] = self.cost[rows, self.nearest[rows]]

    def merge_nearest(self, limit: float) -> bool:
        """Merge the two that cost least; False where none cost `limit` or less."""
        if not self.near.size or self.near.min() > limit:
            return False
        row = int(self.near.argmin())
        self.join(*sorted((row, int(self.nearest[row]))))
        return True

    def join(self, row: int, other: int) -> None:
        """Put `other` into `row`."""
        for part in (self.sums, self.counts, self.beside):
            part[row] += part[other]
            part[other] = 0
        self.beside[:, row] += self.beside[:, other]
        self.beside[:, other] = 0
        self.label[self.label == other] = row
        self.cost[other] = self.cost[:, other] = np.inf
        self.cost[row] = self.cost[:, row] = self.costs(row)
        self.look(np.flatnonzero((self.nearest == row) | (self.nearest == other)))
        self.look(np.array([row, other]))
        nearer = np.flatnonzero(self.cost[:, row] < self.near)
        self.near[nearer], self.nearest[nearer] = self.cost[nearer, row], row


def _beside(windows: Int64, labels: Labels, many: int) -> Float64:
    """In how many windows each two clusters were heard, (K, K); pairs within a cluster count for nothing."""
    found = np.zeros((many, many))
    for apart in (1, 2):  # at most three speakers a window, in order of windows
        same = np.flatnonzero(windows[apart:] == windows[:-apart])
        np.add.at(found, (labels[same], labels[same + apart]), 1)
    np.fill_diagonal(found, 0)
    return found + found.T
