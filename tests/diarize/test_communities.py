"""Communities of stretches: how many people there are, and who is who."""

from __future__ import annotations

import numpy as np
import pytest

from diarfuse.diarize import communities, recipes
from diarfuse.diarize.models.packs import Distances
from diarfuse.diarize.options import Options
from diarfuse.diarize.stretches import Stretch
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.types import SpeakerCount


def stretches(*sizes: int, spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of len(sizes) people, in a random order, and who is who."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    vectors = rng.standard_normal((len(sizes), 64))[labels] + spread * rng.standard_normal((len(labels), 64))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), labels


def same(found: np.ndarray, labels: np.ndarray) -> bool:
    return np.array_equal(found[:, None] == found, labels[:, None] == labels)


@pytest.mark.parametrize("sizes", [(20,), (10, 12), (8, 30, 9), (9, 9, 9, 9, 9, 9, 9)])
@pytest.mark.parametrize("line", [0.0, 3.0])
def test_people_are_told_apart_whatever_the_line_adds_to_all_of_them(sizes, line):
    vectors, labels = stretches(*sizes, spread=0.7)
    vectors = vectors + line * np.eye(64)[0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert same(communities.cluster(vectors, 1), labels)


@pytest.mark.parametrize(
    ("gaps", "told_apart", "people"),
    [
        ([0.1, 0.5, 0.2, 0.05], 1, 2),
        ([0.1, 0.5, 0.2, 0.05], 3, 3),  # the graph does not speak against a third
        ([0.1, 0.5, 0.09, 0.2], 3, 2),  # it does: its gap is below a fifth of the greatest
        ([0.1, 0.5, 0.09, 0.2], 5, 2),  # more than such a graph can show
        ([0.0, 0.0, 0.0], 1, 1),
    ],
)
def test_more_are_told_apart_where_the_graph_does_not_speak_against_it(gaps, told_apart, people):
    assert communities._people(np.array(gaps), told_apart) == people


def test_one_stretch_is_nobody():
    vectors, labels = stretches(15, 15, 1, spread=0.5)
    found = communities.cluster(vectors, 3)
    assert set(np.bincount(found)) <= set(range(2, 32))
    assert len(set(found[labels == 2])) == 1


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 9])
def test_there_are_never_more_people_than_are_allowed(most):
    vectors, labels = stretches(9, 9, 9, 9, 9, spread=0.5)
    found = communities.cluster(vectors, bounds=SpeakerCount(high=most))
    assert set(found) == set(range(min(most, 5)))
    assert len(set(zip(labels.tolist(), found.tolist(), strict=True))) == 5  # nobody is cut in two


def test_one_stretch_is_somebody_where_so_many_are_asked_for():
    vectors, labels = stretches(15, 15, 1, spread=0.5)
    assert communities.cluster(vectors, 3).max() + 1 == 2
    assert same(communities.cluster(vectors, 3, bounds=SpeakerCount(low=3)), labels)


@pytest.mark.parametrize(("asked", "people"), [(None, 3), (2, 2), (3, 3), (5, 5)])
def test_whom_the_graph_misses_of_those_who_are_asked_for_clusters_of_windows_are(asked, people):
    """Windows tell five people apart, of whom the stretches show three."""
    stretches_of_three, _ = stretches(9, 9, 9, spread=0.5)
    rng = np.random.default_rng(1)
    training = np.repeat(rng.standard_normal((5, 64)), 20, axis=0) + 0.2 * rng.standard_normal((100, 64))
    bounds = SpeakerCount.of(asked)
    setting = recipes.Setting(bounds, Distances(1.5), None, Options(), 1.0, stretches_of_three)
    assert len(recipes._by_distance(training, np.arange(100), setting)) == people


def test_identical_stretches_end():
    assert communities.cluster(np.tile(np.eye(8)[0], (18, 1)), 1).shape == (18,)


def talk(seconds: int, speakers: int) -> tuple[Windows, np.ndarray, tuple[Stretch, ...]]:
    windows = Windows(seconds * 16_000, 1.0)
    segmentations = np.zeros((windows.count, windows.frames_per_window, 3), np.uint8)
    segmentations[:, :, :speakers] = 1
    return windows, segmentations, tuple(Stretch(i * 100, i * 100 + 100) for i in range(seconds - 1))


@pytest.mark.parametrize(("speakers", "expected"), [(0, 0), (1, 28), (2, 0)])
def test_only_stretches_of_one_person_count(speakers, expected):
    windows, segmentations, spans = talk(30, speakers)
    vectors = np.eye(len(spans), dtype=np.float32)
    vectors[3] = np.nan
    assert len(communities.heard_alone(spans, vectors, segmentations, windows)) == expected


def test_of_too_few_stretches_there_are_none():
    windows, segmentations, spans = talk(30, 1)
    vectors = np.eye(len(spans), dtype=np.float32)
    few = communities.FEWEST - 1
    assert len(communities.heard_alone(spans[:few], vectors[:few], segmentations, windows)) == 0
    assert len(communities.heard_alone(spans[: few + 1], vectors[: few + 1], segmentations, windows)) == few + 1
    short = tuple(Stretch(span.first, span.first + 40) for span in spans)
    assert len(communities.heard_alone(short, vectors, segmentations, windows)) == 0
    assert communities.heard_alone((), vectors[:0], segmentations, windows).shape == (0, 29)


def test_what_a_recording_holds_twice_counts_once():
    windows, segmentations, spans = talk(60, 1)
    half = np.eye(59, dtype=np.float32)[:30]
    vectors = np.concatenate([half, half[:29] + 1e-3])
    assert np.allclose(communities.heard_alone(spans, vectors, segmentations, windows), half)


@pytest.mark.parametrize("sizes", [(30, 800, 20, 250), [17] * 60])
def test_of_many_stretches_too(sizes):
    vectors, labels = stretches(*sizes, spread=0.7)
    assert same(communities.cluster(vectors, 1), labels)


def learnt(alone: np.ndarray, *sizes: int) -> np.ndarray:
    """Centroids from stretches and from as many windows of each person."""
    training, who = stretches(*sizes, spread=0.3)
    setting = recipes.Setting(SpeakerCount(), Distances(alone=0.75), None, Options(), 1.0, alone)
    found = recipes.RECIPES["agglomerative"].learn["default"](training, np.arange(len(who)), setting)
    assert found is not None
    return found


def test_people_of_few_stretches_are_told_by_distance(monkeypatch):
    """Three stretches are too few for a community, but their windows lie far from everybody else's."""
    alone, labels = stretches(20, 20, 3, spread=0.7)
    alone = alone + np.eye(64)[0]
    alone /= np.linalg.norm(alone, axis=1, keepdims=True)
    assert communities.cluster(alone, 1).max() + 1 == 2
    expected = np.stack([alone[labels == label].mean(axis=0) for label in range(3)])
    assert np.allclose(np.sort(learnt(alone, 40, 40, 12), axis=0), np.sort(expected, axis=0))
    monkeypatch.setattr(communities, "MANY", len(alone) - 1)  # of many stretches distances have no say
    assert len(learnt(alone, 40, 40, 12)) == 2


def test_windows_that_no_stretch_is_like_are_nobody():
    """Those of a third voice in which two speak: the graph shows two people only."""
    alone, _ = stretches(30, 30, spread=0.5)
    assert len(learnt(alone, 40, 40, 12)) == 2


def test_what_is_said_again_and_again_is_nobody_of_its_own(monkeypatch):
    """Six things said twelve times each are six communities; the windows are of two people."""
    alone, _ = stretches(*[12] * 6, spread=0.5)
    assert len(learnt(alone, 40, 40)) == 6
    monkeypatch.setattr(communities, "MANY", len(alone) - 1)
    assert len(learnt(alone, 40, 40)) <= 2


def test_of_what_is_said_again_at_another_speed_the_graph_is_not_asked():
    """Two people with three things each, said twelve times: the windows, which hold several, are of two."""
    people, _ = stretches(*[3] * 2, spread=0.5)
    alone = people.repeat(12, axis=0) + 0.02 * np.random.default_rng(0).standard_normal((72, 64))
    alone /= np.linalg.norm(alone, axis=1, keepdims=True)
    assert communities.cluster(alone, 1).max() + 1 == 6
    assert communities.says_all_again(alone)
    assert len(learnt(alone, 40, 40)) == 2
    few = stretches(10, 10, spread=0.5)[0]
    assert not communities.says_all_again(few)
    assert not communities.says_all_again(few[[0, 0, 1, 1, *range(2, 20)]])  # two things said twice
