from __future__ import annotations

import numpy as np
import pytest

from diarfuse.diarize.clustering import NOBODY, Clusters
from diarfuse.diarize.recipes import Embedded
from diarfuse.diarize.strangers import add_strangers
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


def clusters(hard, *centroids):
    return Clusters(np.array(hard, np.int32), np.array(centroids, np.float64))


KNOWN = clusters([[0, 1, NOBODY]], towards(0), towards(1))


def vectors(third):
    return np.stack([towards(0), towards(1), third])[None]


def test_a_voice_that_nobody_has_is_one_more_person():
    found = add_strangers(KNOWN, vectors(towards(2)), heard(ONE_OF_EACH), SpeakerCount())
    assert found.hard.tolist() == [[0, 1, 2]]
    np.testing.assert_array_equal(found.centroids, np.stack([towards(0), towards(1), towards(2)]))
    again = add_strangers(found, vectors(towards(2)), heard(ONE_OF_EACH), SpeakerCount())
    assert again is found


@pytest.mark.parametrize("cosine", [0.2, 0.5, 1.0])
def test_a_voice_somewhat_like_anybodys_is_none(cosine):
    assert add_strangers(KNOWN, vectors(towards(1, cosine)), heard(ONE_OF_EACH), SpeakerCount()) is KNOWN


@pytest.mark.parametrize("third", [np.full(6, np.nan, np.float32), np.zeros(6, np.float32)], ids=["none", "zero"])
def test_who_has_no_embedding_is_no_stranger(third):
    with np.errstate(all="raise"):
        found = add_strangers(KNOWN, vectors(third), heard(ONE_OF_EACH), SpeakerCount())
    assert len(found.centroids) == 2


def test_only_what_is_said_alone_counts():
    least = int(np.ceil(0.5 / FRAME_STEP))
    for frames, together, people in ((least, 0, 3), (least - 1, 0, 2), (2 * least, least + 1, 2)):
        third = ((500, 500 + frames),)
        first = ((0, 300), (500, 500 + together))
        segmentations = heard([first, ((300, 500),), third])
        assert len(add_strangers(KNOWN, vectors(towards(2)), segmentations, SpeakerCount()).centroids) == people


def test_strangers_alike_are_one_person_and_the_clearest_is_taken():
    one, other = towards(2, 0.9), towards(2)
    segmentations = heard(ONE_OF_EACH, [(), (), ((0, 100),)])
    found = add_strangers(
        clusters([[0, 1, NOBODY], [NOBODY, NOBODY, 0]], towards(0), towards(1)),
        np.stack([np.stack([towards(0), towards(1), one]), np.stack([np.full(6, np.nan, np.float32)] * 2 + [other])]),
        segmentations,
        SpeakerCount(),
    )
    assert found.hard.tolist() == [[0, 1, 2], [NOBODY, NOBODY, 2]]
    np.testing.assert_array_equal(found.centroids[2], other)


@pytest.mark.parametrize(("bounds", "people"), [((0, 2), 2), ((2, 2), 2), ((0, 3), 3), ((4, 9), 4), ((0, None), 4)])
def test_there_are_never_more_than_are_allowed(bounds, people):
    segmentations = heard([((0, 300),), ((300, 400),), ((400, 500),)], [(), (), ((0, 100),)])
    voices = np.stack(
        [np.stack([towards(0), towards(1), towards(2)]), np.stack([np.full(6, np.nan)] * 2 + [towards(3)])]
    )
    known = clusters([[0, 1, NOBODY], [NOBODY, NOBODY, 0]], towards(0), towards(1))
    assert len(add_strangers(known, voices, segmentations, SpeakerCount(*bounds)).centroids) == people


def test_without_spans_to_look_at_nobody_is_added():
    assert Embedded(vectors(towards(2))).with_strangers(KNOWN, heard(ONE_OF_EACH), SpeakerCount()) is KNOWN
    with_spans = Embedded(vectors(towards(2)), np.zeros((0, 6), np.float32))
    assert len(with_spans.with_strangers(KNOWN, heard(ONE_OF_EACH), SpeakerCount()).centroids) == 3
