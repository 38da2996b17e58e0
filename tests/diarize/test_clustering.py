from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diarfuse.diarize import clustering
from diarfuse.diarize.clustering import NOBODY, finish, force_count, hard_clusters, vbx_centroids
from diarfuse.diarize.kmeans import kmeans
from diarfuse.diarize.masks import active_speakers
from diarfuse.diarize.plda import Plda
from diarfuse.fusion.types import SpeakerCount
from tests.amounts import examples


def plain_plda(dim=8):
    """A PLDA that only normalises the length."""
    return Plda(np.zeros(dim), np.eye(dim), np.zeros(dim), np.zeros(dim), np.eye(dim), np.full(dim, 10.0))


def cluster(embeddings, segmentations, bounds=None, fa=0.07):
    def learn(training, _windows):
        return vbx_centroids(training, plain_plda(), threshold=0.6, fa=fa, fb=0.8)

    return clustering.cluster(embeddings, segmentations, learn, bounds or SpeakerCount())[0]


def meeting(seed, windows=20, speakers=3, noise=0.2, dim=8):
    """Embeddings and segmentations in which local speakers take turns."""
    rng = np.random.default_rng(seed)
    voices = np.eye(dim)[:speakers]
    who = np.stack([rng.permutation(max(3, speakers))[:3] % speakers for _ in range(windows)])
    embeddings = (voices[who] + noise * rng.standard_normal((windows, 3, dim))).astype(np.float32)
    segmentations = np.zeros((windows, 60, 3), dtype=np.uint8)
    for speaker in range(3):
        segmentations[:, 20 * speaker : 20 * speaker + 20, speaker] = rng.random((windows, 1)) < 0.8
    segmentations[0, :20, 0] = 1
    return embeddings, segmentations, np.where(active_speakers(segmentations), who, NOBODY)


def best_score(scores, active):
    """The best sum of one-to-one scores of the active speakers, by trying all."""
    rows = np.flatnonzero(active)
    size = min(len(rows), scores.shape[1])
    return max(
        sum(scores[row, column] for row, column in zip(chosen, columns, strict=True))
        for chosen in itertools.combinations(rows, size)
        for columns in itertools.permutations(range(scores.shape[1]), size)
    )


@settings(max_examples=examples(40))
@given(st.integers(0, 999), st.integers(1, 5))
def test_constrained_assignment_is_the_best_one_to_one(seed, clusters):
    rng = np.random.default_rng(seed)
    embeddings, centroids = rng.standard_normal((4, 3, 6)), rng.standard_normal((clusters, 6))
    active = rng.random((4, 3)) < 0.7
    hard = hard_clusters(embeddings, centroids, active, constrained=True)
    assert hard.dtype == np.int32
    assert (hard[~active] == NOBODY).all()
    lengths = np.linalg.norm(embeddings, axis=2)[..., None] * np.linalg.norm(centroids, axis=1)
    scores = 1 + embeddings @ centroids.T / lengths
    for window in range(4):
        given_to = hard[window][hard[window] >= 0]
        assert len(set(given_to)) == len(given_to) == min(active[window].sum(), clusters)
        total = sum(scores[window, s, k] for s, k in enumerate(hard[window]) if k >= 0)
        assert total == pytest.approx(best_score(scores[window], active[window]), abs=1e-9)


def test_embeddings_without_a_value_yield_first():
    embeddings = np.array([[[1.0, 0], [np.nan, np.nan], [0.9, 0.1]]])
    active = np.array([[True, True, False]])
    np.testing.assert_array_equal(hard_clusters(embeddings, np.eye(2), active, constrained=True), [[0, 1, NOBODY]])
    np.testing.assert_array_equal(
        hard_clusters(embeddings, np.eye(2)[:1], active, constrained=True), [[0, NOBODY, NOBODY]]
    )
    assert hard_clusters(embeddings, np.eye(2), active, constrained=False)[0, 0] == 0


def test_more_speakers_than_a_byte_holds():
    embeddings = np.eye(300, dtype=np.float32).reshape(100, 3, 300)
    hard = hard_clusters(embeddings, np.eye(300), np.ones((100, 3), dtype=bool), constrained=True)
    np.testing.assert_array_equal(hard.ravel(), np.arange(300))


@pytest.mark.parametrize("seed", range(3))
def test_clear_voices_are_found(seed):
    embeddings, segmentations, who = meeting(seed, noise=0.08)
    found = cluster(embeddings, segmentations, fa=1.0)
    assert len(found.centroids) == 3
    renamed = {int(found.hard[where]): int(who[where]) for where in np.ndindex(who.shape)}
    np.testing.assert_array_equal(np.vectorize(renamed.get)(found.hard), who)


@settings(max_examples=examples(40))
@given(st.integers(0, 99), st.integers(1, 7), st.sampled_from([0.05, 0.3, 1.0]))
def test_asked_number_is_kept(seed, count, noise):
    embeddings, segmentations, who = meeting(seed, noise=noise)
    assume((who >= 0).sum() >= count)
    found = cluster(embeddings, segmentations, bounds=SpeakerCount.of(count))
    assert len(np.unique(found.hard[found.hard >= 0])) == len(found.centroids) == count


def test_minimum_and_maximum():
    embeddings, segmentations, _ = meeting(0)
    for bounds, count in ((SpeakerCount(5), 5), (SpeakerCount(1, 2), 2), (SpeakerCount(2, 4), 3)):
        found = cluster(embeddings, segmentations, bounds=bounds)
        assert len(found.centroids) == count


def test_too_few_voices_are_said():
    embeddings, segmentations, _ = meeting(0)
    embeddings[:] = embeddings[0, 0]
    found = cluster(embeddings, segmentations, bounds=SpeakerCount.of(3))
    assert set(np.unique(found.hard)) <= {0, NOBODY}
    assert len(found.centroids) == 1


@pytest.mark.parametrize("keep", [0, 1])
def test_fewer_than_two_training_embeddings_are_one_speaker(keep):
    embeddings, segmentations, _ = meeting(1)
    segmentations[keep:, ::2] = 0
    segmentations[keep:, 8:] = 0  # a few frames each: active, but nothing to learn from
    segmentations[:keep, :, 1:] = 0
    found = cluster(embeddings, segmentations)
    np.testing.assert_array_equal(found.hard >= 0, active_speakers(segmentations))
    assert found.hard.max() == 0
    learnt_from = embeddings[:1, 0] if keep else embeddings[active_speakers(segmentations)]
    np.testing.assert_allclose(found.centroids[0], learnt_from.mean(axis=0), rtol=1e-5)


def test_short_voices_still_make_the_asked_number():
    embeddings, segmentations, who = meeting(2)
    segmentations[:, ::2] = 0
    segmentations[:, np.arange(60) % 20 > 4] = 0
    found = cluster(embeddings, segmentations, bounds=SpeakerCount.of(3))
    pairs = set(zip(found.hard[who >= 0].tolist(), who[who >= 0].tolist(), strict=True))
    assert len(pairs) == 3


@pytest.mark.parametrize("bounds", [None, SpeakerCount.of(2), SpeakerCount.of(1)])
def test_silence_and_embeddings_that_are_no_numbers(bounds):
    embeddings, segmentations, _ = meeting(0)
    silent = cluster(embeddings, np.zeros_like(segmentations), bounds=bounds)
    assert (silent.hard == NOBODY).all()
    embeddings[:] = np.nan
    nothing = cluster(embeddings, segmentations, bounds=bounds)
    assert nothing.hard.max() == 0
    assert np.isfinite(nothing.centroids).all()


def test_a_centroid_nobody_is_given_to_is_replaced():
    embeddings, segmentations, _ = meeting(0, speakers=1, noise=0.05)
    active = active_speakers(segmentations) & [True, False, False]
    pairs = np.nonzero(active)
    centroids = np.array([np.eye(8)[0], -np.eye(8)[0]])
    found = finish(embeddings, active, pairs, centroids, SpeakerCount.of(2))
    assert set(np.unique(found.hard)) == {0, 1, NOBODY}


def test_centroids_that_somebody_is_given_to_stay():
    embeddings, segmentations, _ = meeting(0)
    active = active_speakers(segmentations)
    voices = np.eye(8)[:3]
    assert finish(embeddings, active, np.nonzero(active), voices, SpeakerCount.of(3)).centroids is voices


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 3)), min_size=1, max_size=12))
def test_an_empty_cluster_has_its_own_back_unless_another_would_be_empty_then(given_to):
    labels, hard = np.array([label for label, _ in given_to]), np.array([[cluster] for _, cluster in given_to])
    hard[hard > labels.max()] = NOBODY
    pairs = np.arange(len(labels)), np.zeros_like(labels)
    expected = hard.copy()
    for label in set(range(labels.max() + 1)) - set(hard.ravel().tolist()):
        for row in np.flatnonzero(labels == label):
            if expected[row] < 0 or (expected == expected[row]).sum() > 1:
                expected[row] = label
    clustering._keep_every_cluster(hard, pairs, labels)
    assert hard.tolist() == expected.tolist()


def test_read_only_and_strided_input():
    embeddings, segmentations, _ = meeting(4)
    expected = cluster(embeddings, segmentations)
    embeddings, segmentations = np.asfortranarray(embeddings), np.asfortranarray(segmentations)
    embeddings.flags.writeable = segmentations.flags.writeable = False
    found = cluster(embeddings, segmentations)
    np.testing.assert_array_equal(found.hard, expected.hard)


def test_force_count_gives_means_of_raw_embeddings():
    rng = np.random.default_rng(0)
    training = (rng.uniform(1, 9, (30, 1)) * rng.standard_normal((30, 4))).astype(np.float32)
    centroids, labels = force_count(training, 4)
    for label in range(4):
        np.testing.assert_allclose(centroids[label], training[labels == label].mean(axis=0), rtol=1e-5)
    directions = training / np.linalg.norm(training, axis=1, keepdims=True)
    np.testing.assert_array_equal(labels, kmeans(directions, 4))
