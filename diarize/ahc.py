"""Agglomerative clustering with centroid linkage, cut at a distance, in bounded memory.

Upstream asks scipy for the whole dendrogram, which costs n(n-1)/2 distances
twice: 3 GB at 20 000 embeddings. Cutting at a threshold needs no dendrogram:
centroid linkage merges the nearest two centroids again and again, and the flat
clusters are what stands when the nearest two are further apart than the
threshold (a later, closer merge is an inversion above a merge that the cut
already refuses). So three ways, by size:

- up to `PLAIN_LIMIT`: scipy itself, upstream's very result;
- up to `EXACT_LIMIT`: the same merges found from the centroids alone, O(n d) memory;
- beyond: neighbours in time are first merged in blocks, up to half the
  threshold (further if that leaves too many); what is left goes the second way,
  with its weights.

The second way gave scipy's clusters wherever both were run (the recorded
meetings, 60 invented ones of up to 3 000 embeddings). The third gave them on 36
of 36 invented ones in blocks of 500, but not always: not on two recorded
meetings of 806 and 1 501 embeddings in blocks of 100 to 500, 29 clusters instead
of 30 at 12 000 embeddings, 69 instead of 74 at 20 000. In DER that cost nothing
where it was measured, at blocks of 2 000 and after VBx (benchmarks/RESULTS.md);
it is kept for those that would take the second way too long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from .arrays import AnyFloat, AnyInt, Flags, Float32, Float64, Labels
from .plda import unit_length

PLAIN_LIMIT = 6_000
EXACT_LIMIT = 20_000
_BLOCK = 2_000  # embeddings in time order merged among themselves first ...
_SHARES = (0.5, 0.65, 0.8)  # ... up to this share of the threshold, until few enough are left:
_LEFT = 40_000
_CELLS = 1 << 22  # distances held at once (16 MB)
_SLACK = 4e-6  # error bound of a squared float32 distance between vectors within the unit ball


def cluster(embeddings: AnyFloat, threshold: float) -> Labels:
    """Clusters of `embeddings` by the euclidean distance of centroids of length-normalised vectors.

    Args:
        embeddings: (n, d), finite, n >= 0, in order of time (matters only above `EXACT_LIMIT`).
        threshold: clusters whose centroids lie further apart stay apart; 0.6 for community-1.

    Returns:
        int64 (n,), 0..K-1 without gaps, in scipy's order up to `PLAIN_LIMIT`
        and by first member beyond.
    """
    normed = unit_length(embeddings)
    if len(normed) <= PLAIN_LIMIT:
        return plain(normed, threshold)
    if len(normed) <= EXACT_LIMIT:
        return merge_centroids(normed, np.ones(len(normed)), threshold)
    return two_level(normed, threshold)


def plain(normed: AnyFloat, threshold: float) -> Labels:
    """Scipy's centroid linkage, cut at `threshold`; n(n-1) float64 of memory."""
    if len(normed) < 2:  # noqa: PLR2004 (a pair)
        return np.zeros(len(normed), dtype=np.int64)
    flat = fcluster(linkage(normed, method="centroid", metric="euclidean"), threshold, criterion="distance")
    return np.unique(flat, return_inverse=True)[1].astype(np.int64)


def two_level(normed: AnyFloat, threshold: float, *, block: int = _BLOCK) -> Labels:
    """Merge within blocks of time up to a share of the threshold, then everything that is left."""
    labels, centroids, weights = np.arange(len(normed)), np.asarray(normed), np.ones(len(normed))
    for share in _SHARES:
        first = _merge_blocks(centroids, weights, share * threshold, block)
        labels = first[labels]
        centroids, weights = _combine(centroids, weights, first)
        if len(centroids) <= _LEFT:
            break
    return by_first_member(merge_centroids(centroids, weights, threshold)[labels])


def _merge_blocks(centroids: AnyFloat, weights: Float64, threshold: float, block: int) -> Labels:
    """Labels after merging each `block` rows among themselves, by first member."""
    labels = np.empty(len(centroids), dtype=np.int64)
    found = 0
    for start in range(0, len(centroids), block):
        part = slice(start, start + block)
        labels[part] = found + merge_centroids(centroids[part], weights[part], threshold)
        found = int(labels[part].max()) + 1
    return labels


def _combine(centroids: AnyFloat, weights: Float64, labels: Labels) -> tuple[Float64, Float64]:
    """Weighted centroid and total weight of each label."""
    totals: Float64 = np.bincount(labels, weights).astype(np.float64)
    sums: Float64 = np.zeros((len(totals), centroids.shape[1]))
    np.add.at(sums, labels, centroids * weights[:, None])
    return sums / totals[:, None], totals


def merge_centroids(centroids: AnyFloat, weights: Float64, threshold: float) -> Labels:
    """Merge the nearest two weighted centroids until none are within `threshold`.

    Args:
        centroids: (n, d).
        weights: float64 (n,), members behind each.
        threshold: the merges stop above it.

    Returns:
        int64 (n,), 0..K-1 by first member. O(n d) memory.
    """
    if len(centroids) < 2:  # noqa: PLR2004 (a pair)
        return np.zeros(len(centroids), dtype=np.int64)
    pool = _Pool.of(np.asarray(centroids, dtype=np.float64), weights)
    while pool.merge_nearest(threshold**2):
        pass
    return by_first_member(pool.roots())


def by_first_member(labels: AnyInt) -> Labels:
    """The same clusters, numbered 0..K-1 in order of their first member."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse]


@dataclass(slots=True)
class _Pool:
    """The clusters that still stand, one a row; a merge writes into one row and kills the other.

    near[i] is never above the squared distance from row i to any other living
    row. It is the very distance to row to[i] where `sure[i]`; elsewhere it is
    looked up when its turn comes. Which row is nearest is found in float32, how
    near it is in float64: the merges are scipy's unless two squared distances
    agree to within `_SLACK`.
    """

    centroids: Float64
    rough: Float32  # the same, for the search
    squares: Float32  # of their lengths; inf marks the dead
    weights: Float64
    near: Float64
    to: Labels
    sure: Flags
    members: Labels  # row of the pool -> item of the caller
    parent: Labels  # item -> the item it was merged into
    dead: int = 0

    @classmethod
    def of(cls, centroids: Float64, weights: Float64) -> _Pool:
        n, rough = len(centroids), centroids.astype(np.float32)
        squares = np.einsum("ij,ij->i", rough, rough)
        near, to, sure = np.empty(n), np.empty(n, dtype=np.int64), np.ones(n, dtype=bool)
        pool = cls(centroids.copy(), rough, squares, weights.copy(), near, to, sure, np.arange(n), np.arange(n))
        pool.measure_all()
        return pool

    def measure_all(self) -> None:
        """Look up the nearest neighbour of every row, by tiles of the distance matrix."""
        tile = max(1, _CELLS // len(self.rough))
        for first in range(0, len(self.rough), tile):
            rows = np.arange(first, min(first + tile, len(self.rough)))
            distances = self.squares - 2 * (self.rough[rows] @ self.rough.T)
            distances[np.arange(len(rows)), rows] = np.inf
            self.to[rows] = distances.argmin(axis=1)
            self.near[rows] = np.square(self.centroids[rows] - self.centroids[self.to[rows]]).sum(axis=1)

    def merge_nearest(self, limit: float) -> bool:
        """Merge the nearest two rows; False where no two are within `limit` (squared)."""
        while True:
            row = int(self.near.argmin())
            if self.near[row] > limit:
                return False
            if self.sure[row]:
                self.join(row, int(self.to[row]))
                return True
            self.point(row, self.distances(row))

    def distances(self, row: int) -> Float32:
        """Squared distances from `row`, within `_SLACK`; inf to itself and the dead."""
        distances: Float32 = self.squares - 2 * (self.rough @ self.rough[row]) + self.squares[row]
        distances[row] = np.inf
        return distances

    def point(self, row: int, distances: Float32) -> None:
        """Let `row` know its nearest neighbour; inf where it is alone."""
        other = int(distances.argmin())
        alone = np.isinf(distances[other])
        self.near[row] = np.inf if alone else np.square(self.centroids[row] - self.centroids[other]).sum()
        self.to[row], self.sure[row] = other, True

    def join(self, row: int, other: int) -> None:
        """Put `other` into `row`, and tell the rows that the new centroid is nearer to than any other."""
        ours, theirs = self.weights[row], self.weights[other]
        self.weights[row] = ours + theirs
        self.centroids[row] = (ours * self.centroids[row] + theirs * self.centroids[other]) / (ours + theirs)
        self.rough[row] = self.centroids[row]
        self.squares[row] = self.rough[row] @ self.rough[row]
        self.parent[self.members[other]] = self.members[row]
        self.near[other] = self.squares[other] = np.inf
        self.rough[other] = 0
        self.sure[(self.to == row) | (self.to == other)] = False
        distances = self.distances(row)
        lowest = np.maximum(distances - _SLACK, 0)
        nearer = np.flatnonzero(lowest < self.near)
        self.near[nearer], self.to[nearer], self.sure[nearer] = lowest[nearer], row, False
        self.point(row, distances)
        self.dead += 1
        if 2 * self.dead > len(self.near):
            self.shrink()

    def shrink(self) -> None:
        """Leave the dead rows out."""
        alive = np.isfinite(self.squares)
        row_of = np.cumsum(alive) - 1
        self.sure &= alive[self.to]
        self.to = row_of[self.to]
        for name in ("centroids", "rough", "squares", "weights", "near", "to", "sure", "members"):
            setattr(self, name, getattr(self, name)[alive])
        self.dead = 0

    def roots(self) -> Labels:
        """For every item, the item that its cluster is kept under."""
        parent = self.parent
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]
        return parent
