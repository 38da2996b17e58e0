"""Who is most like whom, and the graph's eigenvectors, beside the slow and whole ways."""

from __future__ import annotations

import numpy as np
import pytest

from diarfuse.diarize import likest


def unit(n: int, seed: int = 0, dimension: int = 16) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, dimension))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def slow_graph(vectors: np.ndarray, count: int) -> np.ndarray:
    """By a sort that keeps the order of equals."""
    cosines = (vectors @ vectors.T).round(9)
    found = np.zeros_like(cosines)
    for i in range(len(vectors)):
        others = sorted((j for j in range(len(vectors)) if j != i), key=lambda j, i=i: -cosines[i, j])[:count]
        found[i, others] = np.maximum(cosines[i, others], 0)
    return (found + found.T) / 2


@pytest.mark.parametrize("cells", [1 << 22, 70, 1])
@pytest.mark.parametrize("count", [1, 5, 23])
def test_the_graph_joins_each_to_those_most_like_it_in_blocks_of_any_size(monkeypatch, cells, count):
    monkeypatch.setattr(likest, "_CELLS", cells)
    vectors = unit(24)
    vectors[5:12] = vectors[3]  # equals: the earlier ones
    assert np.allclose(likest.graph(vectors, count).toarray(), slow_graph(vectors, count))


@pytest.mark.parametrize("cells", [1 << 22, 50])
def test_said_again_counts_those_to_whom_another_is_nearly_the_same(monkeypatch, cells):
    monkeypatch.setattr(likest, "_CELLS", cells)
    vectors = unit(20)
    vectors[[4, 9, 19]] = vectors[2] + 0.05
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert likest.said_again(vectors) == 4
    assert likest.said_again(vectors[:3]) == 0


@pytest.mark.parametrize("cells", [1 << 22, 50])
def test_said_first_keeps_the_first_of_what_is_the_same(monkeypatch, cells):
    monkeypatch.setattr(likest, "_CELLS", cells)
    vectors = unit(20)
    vectors[[4, 9, 19]] = vectors[2]
    vectors[10] = vectors[0] + 1e-4
    expected = np.ones(20, bool)
    expected[[4, 9, 10, 19]] = False
    assert np.array_equal(likest.said_first(vectors), expected)
    assert likest.said_first(vectors[:0]).shape == (0,)


@pytest.mark.parametrize("parts", [1, 3, 12])
def test_iteration_finds_what_the_whole_matrix_has(monkeypatch, parts):
    """Also where the graph falls into equal parts, whose eigenvalues come several times."""
    monkeypatch.setattr(likest, "_LOOKED_AT", 8)
    vectors = unit(30)
    vectors = np.concatenate([np.pad(vectors, ((0, 0), (16 * i, 16 * (parts - 1 - i)))) for i in range(parts)])
    joined = likest.graph(vectors, 5)
    values, whole = likest.spectrum(joined)
    monkeypatch.setattr(likest, "DENSE", 29)
    found, directions = likest.spectrum(joined)
    assert len(found) == max(8, parts + 1)
    assert np.allclose(found, values[: len(found)], atol=1e-9)
    assert np.allclose(directions.T @ directions, np.eye(len(found)), atol=1e-9)
    whole_matrix = np.diag(joined.sum(axis=1)) - joined.toarray()
    assert np.allclose(whole_matrix @ directions, directions * found, atol=1e-8)
    assert np.array_equal(likest.spectrum(joined)[1], directions)
    assert whole.shape == (30 * parts, 30 * parts)
