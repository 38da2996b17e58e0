from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.diarize.masks import (
    active_speakers,
    clean_frames,
    embedding_masks,
    finite,
    min_clean_frames,
    training_pairs,
)
from diarfuse.diarize.powerset import CLASSES


def draw(seed, windows=5, frames=40):
    rng = np.random.default_rng(seed)
    return np.repeat(CLASSES[rng.integers(0, 7, (windows, frames // 4))], 4, axis=1)


@given(st.integers(0, 50), st.sampled_from([40, 1600, 4000]))
def test_masks_leave_overlap_out_where_enough_is_left(seed, frames):
    segmentations, least = draw(seed, frames=frames), min_clean_frames(frames)
    masks = embedding_masks(segmentations)
    assert masks.dtype == np.float32
    for window, segmentation in enumerate(segmentations):
        for speaker in range(3):
            own = segmentation[:, speaker] == 1
            clean = own & (segmentation.sum(axis=1) < 2)
            expected = clean if clean.sum() > least else own
            np.testing.assert_array_equal(masks[window, speaker], expected)


def test_speakers_who_only_overlap_keep_their_overlap():
    both = np.zeros((1, 589, 3), dtype=np.uint8)
    both[0, 100:200, :2] = 1
    np.testing.assert_array_equal(embedding_masks(both), both.swapaxes(1, 2))
    assert not len(training_pairs(both, np.ones((1, 3, 4)))[0])
    assert min_clean_frames(589) == 2


@given(st.integers(0, 50))
def test_training_pairs_speak_alone_and_have_numbers(seed):
    segmentations = draw(seed, windows=6)
    rng = np.random.default_rng(seed)
    embeddings = rng.standard_normal((6, 3, 4)).astype(np.float32)
    embeddings[rng.random((6, 3)) < 0.2, rng.integers(4)] = np.nan
    pairs = set(zip(*(index.tolist() for index in training_pairs(segmentations, embeddings)), strict=True))
    for window in range(6):
        for speaker in range(3):
            alone = (segmentations[window, :, speaker] == 1) & (segmentations[window].sum(axis=1) == 1)
            good = alone.sum() >= 0.2 * 40 and not np.isnan(embeddings[window, speaker]).any()
            assert ((window, speaker) in pairs) == good


def test_more_windows_than_one_block_in_any_layout():
    segmentations = np.asfortranarray(np.tile(draw(1), (500, 1, 1)))
    segmentations.flags.writeable = False
    np.testing.assert_array_equal(active_speakers(segmentations), segmentations.any(axis=1))
    np.testing.assert_array_equal(clean_frames(segmentations)[-5:], clean_frames(draw(1)))
    assert finite(np.zeros((2500, 3, 2))).all()
    assert not finite(np.full((1, 3, 2), np.inf)).any()
