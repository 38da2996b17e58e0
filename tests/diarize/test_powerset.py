from __future__ import annotations

import itertools

import numpy as np

from diarfuse.diarize.powerset import CLASSES, to_multilabel


def test_classes_are_all_sets_of_at_most_two_in_order():
    sets = [set(pair) for size in range(3) for pair in itertools.combinations(range(3), size)]
    assert [set(np.flatnonzero(row)) for row in CLASSES] == sets


def test_most_probable_class_wins_and_the_first_on_a_tie():
    scores = np.log(np.full((2, 8, 7), 1 / 7, dtype=np.float32))
    scores[0, np.arange(7), np.arange(7)] = 0
    labels = to_multilabel(scores)
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels[0, :7], CLASSES)
    assert not labels[1].any()
    assert to_multilabel(scores[:0]).shape == (0, 8, 3)
