"""Who is most like whom among thousands of voices, and what the graph of that shows, in bounded memory.

Cosines are made and looked through in blocks. The eigenvectors of a graph of up
to `DENSE` voices come from the whole matrix; those of a larger one from
Lanczos' iteration (ARPACK), which needs its few entries alone. It starts from a
fixed vector, so that the same voices give the same answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, eigsh

from .arrays import Flags, Float64, Int64, Labels

if TYPE_CHECKING:
    from collections.abc import Iterator

DENSE = 1_000
"""Voices up to which the whole matrix is made (8 MB)."""
_CELLS = 1 << 22
"""Cosines held at once (32 MB)."""
_DIGITS = 9
"""Of a cosine: what processors round differently does not decide who is likest."""
_SAME = 0.98
"""Cosine of the same recording of the same words: of others, no two that were looked at were above 0.952."""
_AGAIN = 0.94
"""Cosine of the same recording of the same words at another speed: of others hardly two are so near."""
_LOOKED_AT = 128
"""Eigenvectors of a large graph that are found: as many people can be told apart."""


def said_first(vectors: Float64) -> Flags:
    """Which were not said before: where a recording holds the same sound twice, it counts once.

    Args:
        vectors: float64 (n, dimension) of unit length, in order of time.

    Returns:
        bool (n,), False where an earlier one is the same.
    """
    found = np.ones(len(vectors), np.bool_)
    for rows, block in _cosines(vectors):
        found[rows] = (block >= _SAME).argmax(axis=1) >= rows
    return found


def said_again(vectors: Float64) -> int:
    """To how many of `vectors`, float64 (n, dimension) of unit length, another is as like as `_AGAIN` says."""
    again = np.zeros(len(vectors), np.bool_)
    for rows, block in _cosines(vectors):
        again[rows] = (block >= _AGAIN).sum(axis=1) > 1
    return int(again.sum())


def graph(vectors: Float64, count: int) -> sparse.csr_array:
    """Everybody joined to the `count` most like them, by their cosine: symmetric, (n, n).

    Args:
        vectors: float64 (n, dimension) of unit length, n > 0.
        count: others that each is joined to, at most n; of equals the earlier.
    """
    n = len(vectors)
    joined, weights = zip(*(_likest(rows, block, count) for rows, block in _cosines(vectors)), strict=True)
    entries = np.concatenate(weights).ravel(), np.concatenate(joined).ravel(), np.arange(n + 1) * count
    found = sparse.csr_array(entries, shape=(n, n))
    return (found + found.T) / 2


def spectrum(joined: sparse.csr_array) -> tuple[Float64, Float64]:
    """Eigenvalues of the Laplacian of a graph, rising, and their vectors, one a column.

    Returns:
        All n of them up to `DENSE`, beyond the least `_LOOKED_AT`, and at least one that is not zero.
    """
    if joined.shape[0] > DENSE:
        return _least(joined)
    whole = joined.toarray()
    values, vectors = np.linalg.eigh(np.diag(whole.sum(axis=1)) - whole)
    return values, vectors


def _cosines(vectors: Float64) -> Iterator[tuple[Int64, Float64]]:
    """All cosines (n, n), rounded, by blocks of rows, and the numbers of the rows."""
    rows = max(1, _CELLS // max(len(vectors), 1))
    for first in range(0, len(vectors), rows):
        block = vectors[first : first + rows]
        yield np.arange(first, first + len(block)), (block @ vectors.T).round(_DIGITS)


def _likest(rows: Int64, cosines: Float64, count: int) -> tuple[Int64, Float64]:
    """The `count` others of the greatest cosines, and these, not below zero; both (rows, count)."""
    cosines[np.arange(len(rows)), rows] = -np.inf
    least = -np.partition(-cosines, count - 1, axis=1)[:, count - 1 : count]
    above, equal = cosines > least, cosines == least
    above |= equal & (equal.cumsum(axis=1) <= count - above.sum(axis=1, keepdims=True))
    others = np.nonzero(above)[1].reshape(len(rows), count)
    return others, np.maximum(np.take_along_axis(cosines, others, 1), 0)


def _least(joined: sparse.csr_array) -> tuple[Float64, Float64]:
    """The least eigenvalues of the Laplacian, and their vectors: see `spectrum`.

    Those of the parts that nothing joins are known: zero, and constant on each.
    Iteration finds the others, one of each value, as the greatest of what is
    left when those are put at the other end.
    """
    known = _parts(connected_components(joined, directed=False)[1])
    n, wanted = joined.shape[0], max(_LOOKED_AT - known.shape[1], 1)
    degrees = joined.sum(axis=1)
    top = 2 * degrees.max()  # no eigenvalue is above

    def turned(vector: Float64) -> Float64:
        vector = vector.ravel()
        found: Float64 = (top - degrees) * vector + joined @ vector - top * (known @ (known.T @ vector))
        return found

    start = np.random.RandomState(0).standard_normal(n)
    turned_values, vectors = eigsh(
        LinearOperator((n, n), matvec=turned, dtype=np.float64), wanted, which="LA", v0=start
    )
    order = np.argsort(-turned_values, kind="stable")
    values = np.concatenate([np.zeros(known.shape[1]), top - turned_values[order]])
    return values, np.concatenate([known, vectors[:, order]], axis=1)


def _parts(labels: Labels) -> Float64:
    """A unit vector a part, (n, parts), constant on it and zero elsewhere."""
    found = np.zeros((len(labels), int(labels.max()) + 1))
    found[np.arange(len(labels)), labels] = 1
    unit: Float64 = found / np.sqrt(found.sum(axis=0))
    return unit
