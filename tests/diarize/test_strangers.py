from __future__ import annotations

import numpy as np
import pytest

from diarfuse.diarize.clustering import cluster
from diarfuse.diarize.recipes import Embedded
from diarfuse.diarize.strangers import add_missing, add_strangers
from diarfuse.diarize.windows import FRAME_STEP
from diarfuse.fusion.types import SpeakerCount

FRAMES = 589
ONE_OF_EACH = [((0, 300),), ((300, 500),), ((500, 540),)]
"""Three local speakers of one window: 5.1 s, 3.4 s and 0.68 s alone."""


def heard(*windows):
    """Segmentations in which each local speaker has the spans of frames given."""
    segmentations = np.zeros((len(windows), FRAMES, 3), np.uint8)
    for window, speakers in enumerate(windows):
        for speaker, spans in enumerate(speakers):
            for first, last in spans:
                segmentations[window, first:last, speaker] = 1
    return segmentations


def towards(axis, cosine=1.0, dim=6):
    """A vector of so much of an axis, the rest of it elsewhere (towards the last axis)."""
    vector = np.zeros(dim, np.float32)
    vector[axis], vector[-1] = cosine, np.sqrt(1 - cosine**2)
    return 3 * vector


KNOWN = np.array([towards(0), towards(1)], np.float64)


def vectors(third):
    return np.stack([towards(0), towards(1), third])[None]


def test_a_voice_that_nobody_has_is_one_more_person():
    found = add_strangers(KNOWN, vectors(towards(2)), heard(ONE_OF_EACH), None)
    np.testing.assert_array_equal(found, np.stack([towards(0), towards(1), towards(2)]))
    assert len(add_strangers(found, vectors(towards(2)), heard(ONE_OF_EACH), None)) == 3


@pytest.mark.parametrize("cosine", [0.2, 0.5, 1.0])
def test_a_voice_somewhat_like_anybodys_is_none(cosine):
    assert len(add_strangers(KNOWN, vectors(towards(1, cosine)), heard(ONE_OF_EACH), None)) == 2


@pytest.mark.parametrize("third", [np.full(6, np.nan, np.float32), np.zeros(6, np.float32)], ids=["none", "zero"])
def test_who_has_no_embedding_is_no_stranger(third):
    with np.errstate(all="raise"):
        assert len(add_strangers(KNOWN, vectors(third), heard(ONE_OF_EACH), None)) == 2


def test_only_what_is_said_alone_counts():
    least = int(np.ceil(0.5 / FRAME_STEP))
    for frames, together, people in ((least, 0, 3), (least - 1, 0, 2), (2 * least, least + 1, 2)):
        first = ((0, 300), (500, 500 + together))
        segmentations = heard([first, ((300, 500),), ((500, 500 + frames),)])
        assert len(add_strangers(KNOWN, vectors(towards(2)), segmentations, None)) == people


def test_strangers_alike_are_one_person_and_the_clearest_is_taken():
    silent = [np.full(6, np.nan, np.float32)] * 2
    voices = np.stack([vectors(towards(2, 0.9))[0], np.stack([*silent, towards(2)])])
    found = add_strangers(KNOWN, voices, heard(ONE_OF_EACH, [(), (), ((0, 100),)]), None)
    np.testing.assert_array_equal(found, np.stack([*KNOWN, towards(2)]))


@pytest.mark.parametrize(("most", "people"), [(1, 2), (2, 2), (3, 3), (9, 4), (None, 4)])
def test_there_are_never_more_than_are_allowed(most, people):
    silent = [np.full(6, np.nan, np.float32)] * 2
    voices = np.stack([vectors(towards(2))[0], np.stack([*silent, towards(3)])])
    assert len(add_strangers(KNOWN, voices, heard(ONE_OF_EACH, [(), (), ((0, 100),)]), most)) == people


def test_where_all_are_one_cluster_strangers_are_told_from_everybody():
    spans, voices = np.zeros((0, 6), np.float32), vectors(towards(2))
    segmentations = heard([((0, 300),), (), ((500, 540),)])
    assert Embedded(voices).with_strangers(None, segmentations, None) is None
    found = Embedded(voices, spans).with_strangers(None, segmentations, None)
    np.testing.assert_array_equal(found, np.stack([towards(0), towards(2)]))
    assert Embedded(vectors(towards(0)), spans).with_strangers(None, segmentations, None) is None


@pytest.mark.parametrize(("third", "people"), [(towards(2), 2), (towards(0, 0.2), None)], ids=["unlike", "alike"])
def test_where_nobody_says_enough_to_be_learnt_from_the_first_is_who_says_most(third, people):
    segmentations, spans = heard([((0, 60),), (), ((500, 540),)]), np.zeros((0, 6), np.float32)
    known = Embedded(vectors(third), spans)
    found = known.with_strangers(None, segmentations, None)
    assert people == (None if found is None else len(found))
    assert known.with_strangers(None, segmentations, 1) is None
    if found is not None:
        np.testing.assert_array_equal(found, np.stack([towards(0), third]))
    assert known.with_strangers(None, heard([((0, 20),), (), ((500, 520),)]), None) is None  # nobody says enough


def test_a_number_of_people_that_strangers_make_up_is_not_forced():
    """Two were asked for, and one of them is a stranger: the clusters are those that are found unasked."""
    segmentations = heard(*[[((0, 300),), (), ()]] * 4, [((0, 300),), (), ((500, 540),)])
    voices = np.stack([vectors(towards(2))[0]] * 5)
    known = Embedded(voices, np.zeros((0, 6), np.float32))

    def learn(training, _windows):
        return known.with_strangers(training.mean(axis=0, keepdims=True), segmentations, 2)

    asked, _ = cluster(voices, segmentations, learn, SpeakerCount(2, 2))
    unasked, _ = cluster(voices, segmentations, learn, SpeakerCount())
    assert np.array_equal(asked.hard, unasked.hard)
    assert asked.hard[:, 0].tolist() == [0] * 5
    assert asked.hard[4].tolist() == [0, -2, 1]


def test_of_people_who_are_asked_for_the_next_is_who_fits_worst():
    voices = np.stack([towards(0), towards(1, 0.6), towards(2, 0.9)])[None]
    heard_by_turns = heard([((0, 300),), ((300, 500),), ()])  # the third says nothing
    three = add_missing(KNOWN, voices, heard_by_turns, 3)
    np.testing.assert_array_equal(three[2], voices[0, 1])
    assert len(add_missing(KNOWN, voices, heard_by_turns, 2)) == 2
    assert len(add_missing(three, voices, heard_by_turns, 9)) == 3  # everybody has a voice of their own


def test_who_is_given_to_nobody_goes_before_all_others():
    """Three are heard in one window, two are known: the third is somebody else, whatever the voice is like."""
    voices = np.stack([towards(0), towards(1, 0.3), towards(1, 0.9)])[None]
    found = add_missing(KNOWN, voices, heard(ONE_OF_EACH), 3)
    np.testing.assert_array_equal(found[2], voices[0, 1])
    both = np.concatenate([voices, voices])  # in the second window it is heard for longer
    longer = add_missing(KNOWN, both, heard(ONE_OF_EACH, [((0, 100),), ((100, 580),), ((580, 589),)]), 3)
    np.testing.assert_array_equal(longer[2], both[1, 1])


@pytest.mark.parametrize("least", [2, 3, 5])
def test_where_nobody_is_known_yet_who_speaks_longest_is_the_first(least):
    found = add_missing(np.empty((0, 6)), vectors(towards(2)), heard(ONE_OF_EACH), least)
    np.testing.assert_array_equal(found, vectors(towards(2))[0][: min(least, 3)])


def test_nobody_without_a_voice_is_missing():
    for third in (np.full(6, np.nan, np.float32), np.zeros(6, np.float32)):
        with np.errstate(all="raise"):
            assert len(add_missing(KNOWN, vectors(third), heard(ONE_OF_EACH), 3)) == 2
    assert len(add_missing(KNOWN, vectors(towards(2)), heard([((0, 300),), ((300, 500),), ((500, 505),)]), 3)) == 2


@pytest.mark.parametrize("asked", [2, 3])
def test_so_many_people_as_are_asked_for_speak(asked):
    """Three are heard in one window, and all sound alike: unasked they are one person."""
    voices = np.stack([towards(0), towards(0, 0.99), towards(0, 0.98)])[None]
    segmentations, bounds = heard(ONE_OF_EACH), SpeakerCount(asked, asked)
    known = Embedded(voices, np.zeros((0, 6), np.float32))

    def learn(training, _windows):
        return known.with_missing(training.mean(axis=0, keepdims=True), segmentations, bounds.low)

    found, _ = cluster(voices, segmentations, learn, bounds)
    assert len(set(found.hard[found.hard >= 0])) == len(found.centroids) == asked


@pytest.mark.parametrize(("asked", "people"), [(22, 22), (23, 2)])
def test_of_more_than_twenty_who_are_missing_nobody_is_looked_for(asked, people):
    voices = np.random.default_rng(0).standard_normal((10, 3, 6)).astype(np.float32)
    assert len(add_missing(KNOWN, voices, heard(*[ONE_OF_EACH] * 10), asked)) == people


def test_upstreams_way_stays_upstreams():
    assert Embedded(vectors(towards(2))).with_missing(KNOWN, heard(ONE_OF_EACH), 5) is KNOWN
