from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.diarize.kmeans import _nearest_centres, kmeans
from tests.amounts import examples


@settings(max_examples=examples(50))
@given(st.integers(0, 999), st.integers(1, 6), st.integers(0, 40))
def test_every_cluster_has_a_member_and_no_point_a_nearer_mean(seed, count, more):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((count + more, 3))
    labels = kmeans(points, count)
    assert sorted(set(labels.tolist())) == list(range(count))
    np.testing.assert_array_equal(labels, kmeans(points, count))
    means = np.stack([points[labels == label].mean(axis=0) for label in range(count)])
    distances = np.linalg.norm(points[:, None] - means, axis=2)
    assert (distances[np.arange(len(points)), labels] <= distances.min(axis=1) + 1e-9).all()


@pytest.mark.parametrize(
    ("seed", "count", "labels"),
    [
        (1, 5, "222214121200333421334144242342"),  # the first start is the best
        (7, 5, "101233034201132212113014231131"),  # the second
        (0, 4, "113000311001023330012030203002"),  # the third
        (2, 6, "103323225122351204512343343313"),
    ],
)
def test_labels_are_those_of_scikit_learn(seed, count, labels):
    """Of ``KMeans(count, n_init=3, random_state=42)`` in its version 1.9.1."""
    found = kmeans(np.random.default_rng(seed).standard_normal((30, 3)), count)
    assert "".join(map(str, found)) == labels


def test_finds_groups_far_apart():
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(5), 20)
    points = 30 * rng.standard_normal((5, 8))[truth] + rng.standard_normal((100, 8))
    labels = kmeans(points.astype(np.float32), 5)
    assert len(set(zip(labels.tolist(), truth.tolist(), strict=True))) == 5


@pytest.mark.parametrize("count", [1, 2, 3])
def test_duplicates_leave_no_cluster_empty(count):
    points = np.repeat(np.eye(3), [50, 1, 1], axis=0)
    points.flags.writeable = False
    assert len(np.unique(kmeans(points, count))) == count


@pytest.mark.parametrize(
    ("points", "centres", "labels"),
    [
        ([0, 3, 4], [0, 50, 60], [0, 2, 1]),  # the one that fits worst to the first that is empty
        ([0, 1, 100], [0, 60, -500], [0, 2, 1]),  # nobody's only one goes
        ([0, 1, 2, 9], [0, -500, 9], [0, 0, 1, 2]),
    ],
)
def test_a_centre_that_is_nearest_to_none_takes_who_fits_worst(points, centres, labels):
    columns = (np.array(values, float)[:, None] for values in (points, centres))
    assert _nearest_centres(*columns).tolist() == labels
