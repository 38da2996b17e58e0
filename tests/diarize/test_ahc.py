from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.diarize import ahc
from diarfuse.diarize.plda import unit_length
from tests.amounts import examples


def voices(seed, count, speakers, noise, dim=16):
    """Embeddings in time order: who speaks changes rarely, neighbours in time are alike."""
    rng = np.random.default_rng(seed)
    means = unit_length(rng.standard_normal((speakers, dim)))
    who = rng.integers(speakers, size=count // 8 + 1).repeat(8)[:count]
    drift = np.cumsum(rng.standard_normal((count, dim)), axis=0) / 8
    return (means[who] + noise * unit_length(drift)).astype(np.float32)


def slow(vectors, threshold):
    """Centroid linkage as the textbook has it: merge the nearest two until they are too far apart."""
    clusters = [[index] for index in range(len(vectors))]
    while len(clusters) > 1:
        centroids = np.array([vectors[members].mean(axis=0) for members in clusters])
        distances = np.linalg.norm(centroids[:, None] - centroids, axis=2)
        distances[np.diag_indices(len(clusters))] = np.inf
        first, second = np.unravel_index(distances.argmin(), distances.shape)
        if distances[first, second] > threshold:
            break
        clusters[min(first, second)] += clusters.pop(max(first, second))
    labels = np.empty(len(vectors), dtype=int)
    for label, members in enumerate(clusters):
        labels[members] = label
    return ahc.by_first_member(labels)


cases = st.builds(voices, st.integers(0, 999), st.integers(1, 60), st.integers(1, 5), st.floats(0.2, 1.5))


@settings(max_examples=examples(40))
@given(cases, st.sampled_from([0.3, 0.6, 1.0]))
def test_both_ways_are_the_textbooks(vectors, threshold):
    normed = unit_length(vectors.astype(np.float64))
    expected = slow(normed, threshold)
    np.testing.assert_array_equal(ahc.by_first_member(ahc.plain(normed, threshold)), expected)
    np.testing.assert_array_equal(ahc.merge_centroids(normed, np.ones(len(normed)), threshold), expected)


@pytest.mark.parametrize("noise", [0.5, 0.9, 1.3])
@pytest.mark.parametrize("speakers", [2, 10])
def test_hundreds_of_embeddings_without_the_distance_matrix(noise, speakers):
    normed = unit_length(voices(1, 1200, speakers, noise, dim=64))
    plain = ahc.by_first_member(ahc.plain(normed, 0.6))
    np.testing.assert_array_equal(ahc.merge_centroids(normed, np.ones(len(normed)), 0.6), plain)


def test_levels_give_mostly_the_plain_clusters(moved):
    """Merges within a block come before nearer ones across blocks: some are in another cluster in one case of ten."""
    others = []
    for seed in range(16, 26):
        normed = unit_length(voices(seed, 300, 5, 0.9))
        others.append(moved(ahc.two_level(normed, 0.6, block=100), ahc.plain(normed, 0.6)))
    assert 0 < sum(others) <= 30  # of 3 000; without the clusters' weights there are 100


def test_more_levels_where_too_many_are_left(monkeypatch, moved):
    normed = unit_length(voices(2, 600, 4, 0.4, dim=64))
    plain = ahc.plain(normed, 0.6)
    monkeypatch.setattr(ahc, "_LEFT", 0)
    assert moved(ahc.two_level(normed, 0.6, block=200), plain) <= 6


def test_weights_are_members():
    normed = unit_length(voices(3, 40, 4, 0.8))
    weights = np.array([1, 2, 3, 4] * 10, dtype=np.float64)
    repeated = normed.repeat(weights.astype(int), axis=0)
    expected = ahc.by_first_member(ahc.plain(repeated, 0.6))[np.r_[0, np.cumsum(weights.astype(int))[:-1]]]
    np.testing.assert_array_equal(ahc.merge_centroids(normed, weights, 0.6), expected)


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_identical_and_few(count):
    same = np.broadcast_to(np.float32([3, 4]), (count, 2))  # read-only, strides of zero
    for labels in (ahc.cluster(same, 0.6), ahc.merge_centroids(unit_length(same), np.ones(count), 0.6)):
        assert labels.shape == (count,)
        assert not labels.any()
    assert ahc.two_level(unit_length(same), 0.6, block=7).max(initial=0) == 0


def test_opposite_directions_and_a_zero_vector_stay_apart():
    vectors = np.array([[1.0, 0], [-1, 0], [0, 0], [2, 0]])
    np.testing.assert_array_equal(ahc.by_first_member(ahc.cluster(vectors, 0.6)), [0, 1, 2, 0])


def test_size_chooses_the_way_and_the_answer_stays_or_mostly(monkeypatch, moved):
    vectors = voices(5, 400, 3, 0.6, dim=32)
    plain = ahc.by_first_member(ahc.cluster(vectors, 0.6))
    monkeypatch.setattr(ahc, "PLAIN_LIMIT", 100)
    np.testing.assert_array_equal(ahc.cluster(vectors, 0.6), plain)
    monkeypatch.setattr(ahc, "EXACT_LIMIT", 200)
    assert moved(ahc.cluster(vectors, 0.6), plain) <= 4
