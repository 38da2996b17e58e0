from __future__ import annotations

import numpy as np

from diarfuse.diarize.agglomerative import absorb_small, agglomerative_centroids, few


def voices(*sizes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Well separated embeddings of len(sizes) voices, and who is who."""
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((len(sizes), 192))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return centres[labels] + 0.1 * generator.standard_normal((len(labels), 192)), labels


def test_a_cluster_with_little_evidence_joins_the_nearest():
    vectors, labels = voices(300, 300, 3)
    assert np.bincount(absorb_small(vectors, labels, few(len(labels), 1.0))).tolist() in ([303, 300], [300, 303])


def test_twelve_seconds_are_enough_however_long_the_recording():
    vectors, labels = voices(3000, 12)
    assert absorb_small(vectors, labels, few(len(labels), 1.0)).max() == 1
    assert absorb_small(vectors, labels, few(len(labels), 0.5)).max() == 0


def test_in_a_short_recording_every_cluster_stays():
    vectors, labels = voices(20, 1, 1)
    assert absorb_small(vectors, labels, few(len(labels), 1.0)).tolist() == labels.tolist()


def test_separate_voices_are_found():
    vectors, _ = voices(10, 20, 15)
    assert agglomerative_centroids(vectors, np.arange(45), 0.8, 1.0).shape == (3, 192)


def test_identical_embeddings_are_one_speaker_and_one_embedding_is_none_to_cluster():
    assert agglomerative_centroids(np.ones((6, 192)), np.arange(6), 0.8, 1.0).shape == (1, 192)
    assert agglomerative_centroids(np.ones((1, 192)), np.arange(1), 0.8, 1.0) is None


def test_a_word_each_from_very_many_voices_is_no_noise():
    vectors, labels = voices(*[1] * 200)
    assert absorb_small(vectors, labels, few(len(labels), 1.0)).tolist() == labels.tolist()
