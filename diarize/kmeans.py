"""K-means, for when the caller says how many speakers there are.

Greedy k-means++ and Lloyd's updates, drawn from the generator and in the order
of scikit-learn's `KMeans(n_init=3, random_state=42)`, which upstream uses, so
that labels agree wherever rounding does not decide. No cluster stays empty.
"""

from __future__ import annotations

import numpy as np

from .arrays import AnyFloat, Float64, Labels

_STARTS, _SEED, _UPDATES, _TOLERANCE = 3, 42, 300, 1e-4


def kmeans(points: AnyFloat, count: int) -> Labels:
    """Labels of the best of three starts.

    Args:
        points: (n, d), finite, with at least `count` distinct rows.
        count: clusters, 1 or more.

    Returns:
        int64 (n,), each of 0..count-1 at least once. Same input, same labels.
    """
    generator = np.random.RandomState(_SEED)  # the stream of upstream's KMeans
    centred = np.asarray(points, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    tolerance = _TOLERANCE * float(centred.var(axis=0).mean())
    best, best_inertia = np.zeros(len(points), dtype=np.int64), np.inf
    for _ in range(_STARTS):
        labels, inertia = _lloyd(centred, _plus_plus(centred, count, generator), tolerance)
        if inertia < best_inertia:
            best, best_inertia = labels, inertia
    return best


def _plus_plus(points: Float64, count: int, generator: np.random.RandomState) -> Float64:
    """Greedy k-means++: of a few draws far from the centres so far, take the one that helps most."""
    draws = 2 + int(np.log(count))
    n = len(points)
    chosen = [int(generator.choice(n, p=np.full(n, 1 / n)))]
    nearest = _squared(points, points[chosen])[:, 0]
    for _ in range(1, count):
        values = generator.uniform(size=draws) * nearest.sum()
        candidates = np.minimum(np.searchsorted(np.cumsum(nearest), values), n - 1)
        helped = np.minimum(nearest[:, None], _squared(points, points[candidates]))
        winner = int(helped.sum(axis=0).argmin())
        chosen.append(int(candidates[winner]))
        nearest = helped[:, winner]
    return points[chosen]


def _lloyd(points: Float64, centres: Float64, tolerance: float) -> tuple[Labels, float]:
    """Labels and inertia once the centres, or the labels, no longer move."""
    labels = np.full(len(points), -1, dtype=np.int64)
    for _ in range(_UPDATES):
        previous, moved_from = labels, centres
        labels = _nearest_centres(points, centres)
        centres = _means(points, labels, len(centres))
        if np.array_equal(labels, previous) or np.square(centres - moved_from).sum() <= tolerance:
            break
    labels = _nearest_centres(points, centres)
    return labels, float(np.square(points - centres[labels]).sum())


def _nearest_centres(points: Float64, centres: Float64) -> Labels:
    """Nearest centre of each point; a centre that is nearest to none takes the point that fits its own worst."""
    distances = _squared(points, centres)
    labels: Labels = distances.argmin(axis=1)
    sizes = np.bincount(labels, minlength=len(centres))
    misfit = distances[np.arange(len(points)), labels]
    for empty in np.flatnonzero(sizes == 0):
        movable = np.where(sizes[labels] > 1, misfit, -1)
        worst = int(movable.argmax())
        sizes[labels[worst]] -= 1
        sizes[empty] += 1
        labels[worst], misfit[worst] = empty, -1
    return labels


def _means(points: Float64, labels: Labels, count: int) -> Float64:
    sums = np.zeros((count, points.shape[1]))
    np.add.at(sums, labels, points)
    means: Float64 = sums / np.bincount(labels, minlength=count)[:, None]
    return means


def _squared(points: Float64, centres: Float64) -> Float64:
    """Squared euclidean distances (n, centres), never below zero."""
    lengths = np.einsum("ij,ij->i", points, points)[:, None] + np.einsum("ij,ij->i", centres, centres)
    squared: Float64 = np.maximum(lengths - 2 * (points @ centres.T), 0)
    return squared
