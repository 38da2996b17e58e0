"""Clusters told apart by distance and by who was heard beside whom, against a slow way of its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.diarize import ahc, apart
from diarfuse.diarize.plda import unit_length
from diarfuse.fusion.types import SpeakerCount
from tests.amounts import examples

_beside = apart._beside


def drawn(seed, count, people, spread=0.5, unlike=1.0):
    """Embeddings of `people`, one to three a window, two of one window never of one person.

    The less `unlike`, the more do all sound like one.
    """
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((people, 32))
    centres = centres[:1] + unlike * (centres - centres[:1])
    windows, who = [], []
    for window in range(count):
        present = rng.choice(people, min(people, int(rng.integers(1, 4))), replace=False)
        windows += [window] * len(present)
        who += list(present)
    who = np.array(who)
    return centres[who] + spread * rng.standard_normal((len(who), 32)), np.array(windows), who


def slow(training, windows, limit, step):
    """The rule as it is written: merge the cheapest two of all pairs, until none is cheap enough."""
    first = ahc.cluster(training, 0.75 * limit)
    clusters = [set(np.flatnonzero(first == label)) for label in range(first.max() + 1)]
    vectors = unit_length(training)
    while len(clusters) > 1:
        costs = {
            (i, j): cost(vectors, windows, clusters[i], clusters[j], step)
            for i in range(len(clusters))
            for j in range(i + 1, len(clusters))
        }
        i, j = min(costs, key=costs.get)
        if costs[i, j] > limit:
            break
        clusters[i] |= clusters.pop(j)
    return sorted(sorted(int(k) for k in cluster) for cluster in clusters)


def cost(vectors, windows, one, other, step):
    centres = [vectors[sorted(part)].mean(axis=0) for part in (one, other)]
    chance = sum(apart.SCATTER * min(8 / step / len(part), 1) for part in (one, other))
    beside = sum(windows[a] == windows[b] for a in one for b in other)
    squared = np.square(centres[0] - centres[1]).sum() - chance
    return np.sqrt(max(squared, 0)) + 4 * beside / min(len(one), len(other))


@settings(max_examples=examples(40))
@given(
    st.integers(0, 999),
    st.integers(1, 14),
    st.integers(1, 5),
    st.sampled_from([0.3, 0.6, 1.0]),
    st.sampled_from([0.4, 0.6, 1.0]),
)
def test_equal_to_looking_at_all_pairs(seed, count, people, spread, unlike):
    training, windows, _ = drawn(seed, count, people, spread, unlike)
    labels = apart.cluster(training, windows, 0.8, 2.0)
    assert labels.tolist() == ahc.by_first_member(labels).tolist()
    groups = sorted(np.flatnonzero(labels == label).tolist() for label in range(labels.max() + 1))
    assert groups == slow(training, windows, 0.8, 2.0)


def test_two_who_are_heard_in_one_window_stay_apart_however_alike():
    rng = np.random.default_rng(0)
    voice = rng.standard_normal(64)
    other = voice + 0.8 * rng.standard_normal(64)
    training = np.stack([voice, other] * 20) + 0.05 * rng.standard_normal((40, 64))
    together, alone = np.repeat(np.arange(20), 2), np.arange(40)
    assert apart.cluster(training, together, 0.8, 1.0).max() == 1
    assert apart.cluster(training, alone, 0.8, 1.0).max() == 0


def test_a_few_windows_may_lie_further_off_than_many():
    rng = np.random.default_rng(1)
    one = rng.standard_normal(64)
    other = one + 0.95 * rng.standard_normal(64)
    for size, found in ((4, 1), (400, 2)):
        training = np.concatenate([np.tile(one, (400, 1)), np.tile(other, (size, 1))])
        distance = np.linalg.norm(unit_length(one) - unit_length(other))
        labels = apart.cluster(training, np.arange(400 + size), distance - 0.02, 1.0)
        assert labels.max() + 1 == found


@pytest.mark.parametrize("most", [1, 2, 4, 9])
def test_the_nearest_are_merged_until_so_many_are_left(most):
    training, windows, who = drawn(0, 80, 5, spread=0.2)
    labels = apart.cluster(training, windows, 0.8, 1.0, SpeakerCount(high=most))
    assert labels.max() + 1 == min(most, 5)
    assert len(set(zip(labels.tolist(), who.tolist(), strict=True))) == 5  # people are put together, none is cut in two


@pytest.mark.parametrize("least", [2, 4, 5, 80])
def test_so_few_are_merged_at_no_distance(least):
    training, windows, _ = drawn(0, 80, 5, spread=0.2)
    labels = apart.cluster(training, windows, 10.0, 1.0, SpeakerCount(low=least))
    assert labels.max() + 1 == least


@pytest.mark.parametrize("count", [1, 2])
def test_next_to_nothing(count):
    assert apart.cluster(np.ones((count, 8)), np.arange(count), 0.8, 1.0).tolist() == [0] * count


def test_more_clusters_than_are_looked_at_in_pairs_are_merged_by_distance_first(monkeypatch):
    training, windows, who = drawn(3, 60, 5, spread=0.6)
    many, fewer = (ahc.cluster(training, share * 0.8).max() + 1 for share in (0.75, 1.0))
    assert many > fewer
    monkeypatch.setattr(apart, "_MOST", fewer)
    looked_at = []
    monkeypatch.setattr(apart, "_beside", lambda *given: looked_at.append(given[2]) or _beside(*given))
    labels = apart.cluster(training, windows, 0.8, 1.0)
    assert looked_at == [fewer]
    np.testing.assert_array_equal(labels, ahc.by_first_member(who))


def test_what_is_asked_for_makes_no_more_clusters_than_are_looked_at_in_pairs(monkeypatch):
    training, windows, _ = drawn(3, 60, 5, spread=0.2)
    monkeypatch.setattr(apart, "_MOST", 30)
    assert apart.cluster(training, windows, 10.0, 1.0, SpeakerCount(low=40)).max() + 1 < 30
