from __future__ import annotations

import numpy as np

from diarfuse.diarize.clustering import Clusters
from diarfuse.diarize.live.speakers import UNKNOWN, Registry, one_voice
from diarfuse.diarize.pipeline import Told

ACTIVE = np.ones(2, bool)


def told(hard: list[list[int]], centroids: list[list[float]]) -> Told:
    clusters = Clusters(np.array(hard, np.int32), np.array(centroids))
    return Told(clusters, lambda vectors: vectors, np.arange(len(centroids)))


def learn(
    registry: Registry, found: Told, before: list[list[int]], said: dict[int, float] | None = None
) -> dict[int, int]:
    vectors = found.clusters.centroids[np.maximum(found.clusters.hard, 0)].astype(np.float32)
    return registry.learn(found, vectors, np.array(before, np.int32), np.full((len(before), 2), 100), said or {})


def settle(registry: Registry, vectors: list, before: list[list[int]], active: list[list[bool]] | None = None) -> list:
    speaks = np.ones((len(before), 2), bool) if active is None else np.array(active)
    return registry.settle(np.array(vectors, np.float32), speaks, np.array(before, np.int32)).tolist()


def recognise(registry: Registry, vectors: list[list[float]], linked: tuple[int, int] = (UNKNOWN, UNKNOWN)) -> list:
    return registry.recognise(np.array(vectors, np.float32), ACTIVE, np.array(linked, np.int32)).tolist()


def test_numbers_stay_with_the_voices_whatever_the_clusters_are_called():
    registry = Registry()
    assert recognise(registry, [[1, 0], [0, 1]]) == [UNKNOWN, UNKNOWN]
    assert learn(registry, told([[0, 1], [0, 1]], [[1, 0], [0, 1]]), [[-1, -1], [-1, -1]]) == {}
    assert recognise(registry, [[0, 2], [3, 1]]) == [1, 0]
    assert learn(registry, told([[1, 0], [1, 0]], [[0, 1], [1, 0]]), [[0, 1], [0, 1]]) == {}
    assert settle(registry, [[[3, 1], [0, 2]], [[0, 2], [5, 5]]], [[UNKNOWN, UNKNOWN]] * 2) == [[0, 1], [1, 0]]


def test_of_two_that_are_one_the_label_of_more_speech_stays_and_the_other_never_comes_back():
    registry = Registry()
    learn(registry, told([[0, 1], [0, 1], [0, -2]], [[1, 0], [0, 1]]), [[-1, -1]] * 3)
    assert learn(registry, told([[0, 0]] * 3, [[1, 1]]), [[0, 1], [0, 1], [0, -1]]) == {1: 0}
    assert learn(registry, told([[0, 1]] * 3, [[1, 0], [0, 1]]), [[0, 0]] * 3) == {}
    assert sorted(registry.known) == [0, 2]


def test_of_two_that_are_one_the_label_stays_under_which_more_was_told():
    registry = Registry()
    learn(registry, told([[0, 1], [0, 1], [0, -2], [2, -2]], [[1, 0], [0, 1], [-1, -1]]), [[-1, -1]] * 4)
    one = told([[0, 0], [0, 0], [0, -2], [1, -2]], [[1, 1], [-1, -1]])
    labels = [[0, 1], [0, 1], [0, -1], [2, -1]]
    assert learn(registry, one, labels, {0: 2.0, 1: 5.0, 2: 9.0}) == {0: 1}
    assert registry.known == [1, 2]
    assert learn(registry, one, [[1, 1], [1, 1], [1, -1], [2, -1]], {1: 7.0, 2: 9.0}) == {}


def test_two_who_speak_at_once_are_two_and_a_strange_voice_is_nobodys():
    registry = Registry()
    learn(registry, told([[0, 1]], [[1, 0, 0], [0, 1, 0]]), [[-1, -1]])
    assert recognise(registry, [[1, 0.1, 0], [1, 0.2, 0]]) == [0, UNKNOWN]
    assert recognise(registry, [[0, 0, 1], [0, 1, 0]]) == [UNKNOWN, 1]


def test_labels_do_not_flip_for_a_trifle_nor_where_nothing_was_embedded():
    registry = Registry()
    learn(registry, told([[0, 1]], [[1, 0], [0, 1]]), [[-1, -1]])
    near = [[0.7, 0.72], [np.nan, np.nan]]
    assert recognise(registry, near, (UNKNOWN, UNKNOWN)) == [1, UNKNOWN]
    assert recognise(registry, near, (0, UNKNOWN)) == [0, UNKNOWN]
    assert recognise(registry, near, (UNKNOWN, 0)) == [1, 0]
    gone = registry.recognise(np.array(near, np.float32), np.array([False, True]), np.array([0, 1], np.int32))
    assert gone.tolist() == [UNKNOWN, 1]


def test_who_clearly_sounds_like_somebody_else_is_somebody_else():
    registry = Registry()
    own = np.array([0, UNKNOWN], np.int32)
    assert registry.taken_for_another(np.array([[0, 1], [np.nan] * 2], np.float32), own) == {}
    learn(registry, told([[0, 1]], [[1, 0], [0, 1]]), [[-1, -1]])

    def other(*vectors: list[float], labels: tuple[int, int] = (0, UNKNOWN)) -> dict[int, int]:
        return registry.taken_for_another(np.array(vectors, np.float32), np.array(labels, np.int32))

    nothing = [np.nan, np.nan]
    assert other([0.2, 1], nothing) == {0: 1}
    assert other([0.7, 0.72], nothing) == {}  # not clearly
    assert other([-1, 0.2], nothing) == {}  # and not like anybody
    assert other([0.2, 1], nothing, labels=(0, 1)) == {}  # who is somebody else already
    assert other([0.2, 1], nothing, labels=(7, UNKNOWN)) == {}  # a label that is gone
    assert other(nothing, nothing) == {}


def test_a_comparison_changes_who_somebody_was_only_where_they_are_clearly_more_like_another():
    registry = Registry()
    assert settle(registry, [[[1, 0], [0, 1]]], [[UNKNOWN, UNKNOWN]]) == [[UNKNOWN, UNKNOWN]]  # nobody is known
    learn(registry, told([[0, 1]], [[1, 0], [0, 1]]), [[-1, -1]])
    alone = [[True, False]]
    assert settle(registry, [[[0.7, 0.75], [0, 0]]], [[0, UNKNOWN]], alone) == [[0, UNKNOWN]]
    assert settle(registry, [[[0.7, 0.9], [0, 0]]], [[0, UNKNOWN]], alone) == [[1, UNKNOWN]]
    assert settle(registry, [[[np.nan, np.nan], [0, 1]]], [[0, 1]]) == [[0, 1]]
    assert settle(registry, [[[0.1, 1], [0, 1]]], [[1, 1]]) == [[0, 1]]  # two who speak at once are two


def test_clusters_that_sound_alike_are_one_voice():
    found = one_voice(told([[0, 1], [2, -2], [2, 3]], [[0, 1], [1, 0], [0.1, 1], [-1, 0]]))
    assert found.clusters.hard.tolist() == [[0, 1], [0, -2], [0, 2]]
    assert found.heard_alone.tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.clusters.centroids, [[0.2 / 3, 1], [1, 0], [-1, 0]])
    apart = told([[0, 1]], [[0, 1], [1, 1]])
    assert one_voice(apart).clusters.hard.tolist() == [[0, 1]]
    assert one_voice(told([[0, -2]], [[0, 1]])).clusters.hard.tolist() == [[0, -2]]


def test_who_is_like_nobody_is_new_and_stays_until_a_comparison_finds_them_like_another():
    registry = Registry(most=3)
    both, strange = np.array([True, True]), np.array([[0, 0, 1], [np.nan] * 3], np.float32)
    nobody = np.array([UNKNOWN, UNKNOWN], np.int32)
    assert registry.greet(strange, both, nobody).tolist() == [UNKNOWN, UNKNOWN]  # before anything was compared
    first = told([[0, 1]], [[1, 0, 0], [0, 1, 0]])
    learn(registry, first, [[UNKNOWN, UNKNOWN]])
    assert registry.greet(strange, ~both, nobody).tolist() == [UNKNOWN, UNKNOWN]  # too little speech
    assert registry.greet(np.array([[1, 0, 1], [0, 1, 0]], np.float32), both, nobody).tolist() == [UNKNOWN, UNKNOWN]
    assert registry.greet(strange * 0, both, nobody).tolist() == [UNKNOWN, UNKNOWN]  # no voice
    assert registry.greet(strange, both, nobody).tolist() == [2, UNKNOWN]
    assert recognise(registry, [[0, 0, 1], [1, 0, 0]]) == [2, 0]
    assert registry.greet(-strange, both, nobody).tolist() == [UNKNOWN, UNKNOWN]  # three are the most
    overlooked = told([[0, 1], [0, 1]], [[1, 0, 0], [0, 1, 0]])
    speech, before = np.full((2, 2), 100), np.array([[0, 1], [2, 1]], np.int32)
    unlike = np.array([[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [0, 1, 0]]], np.float32)
    assert registry.learn(overlooked, unlike, before, speech, {}) == {}
    assert registry.known == [0, 1, 2]
    alike = np.array([[[1, 0, 0], [0, 1, 0]], [[1, 0, 1], [0, 1, 0]]], np.float32)
    assert registry.learn(overlooked, alike, before, speech, {}) == {2: 0}
    assert registry.known == [0, 1]
