from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.diarize.binarize import runs
from diarfuse.diarize.counting import speaker_count
from diarfuse.diarize.powerset import CLASSES
from diarfuse.diarize.reconstruct import Timeline, blocks, drop_specks, reconstruct
from diarfuse.diarize.votes import highest
from diarfuse.diarize.windows import Windows
from tests.amounts import examples


def draw(seed, count, clusters, step=1.0):
    """Segmentations with long runs and a random cluster, or nobody, for each local speaker."""
    windows = Windows(round((count - 1) * step * 16_000) + 160_000, step)
    rng = np.random.default_rng(seed)
    segmentations = CLASSES[rng.integers(0, 7, (count, 10)).repeat(60, axis=1)[:, :589]]
    hard = rng.integers(-1, clusters, (count, 3)).astype(np.int32)
    hard[hard < 0] = -2
    return segmentations, hard, speaker_count(segmentations, windows), windows


def dense(segmentations, hard, count, windows, limit):
    """Upstream's way: the votes of all windows for all speakers, held at once."""
    count = np.minimum(count, limit)
    clusters = int(hard.max(initial=-1)) + 1
    votes = np.zeros((windows.total_frames, max(clusters, 1)), dtype=np.float32)
    for first, window, names in zip(windows.first_frames, segmentations, hard, strict=True):
        for cluster in set(names[names >= 0].tolist()):
            votes[first : first + 589, cluster] += window[:, names == cluster].max(axis=1)
    votes = np.pad(votes, ((0, 0), (0, max(0, int(count.max()) - votes.shape[1]))))
    binary = np.zeros(votes.shape, dtype=bool)
    np.put_along_axis(
        binary, np.argsort(-votes, axis=-1, kind="stable"), np.arange(votes.shape[1]) < count[:, None], axis=1
    )
    return binary, votes


def frames(timeline_part, total):
    binary = np.zeros((total, len(timeline_part)), dtype=bool)
    for speaker, part in enumerate(timeline_part):
        for first, end in part:
            binary[first:end, speaker] = True
    return binary


@settings(max_examples=examples(30))
@given(st.integers(0, 999), st.integers(1, 12), st.integers(1, 12), st.sampled_from([1.0, 2.5]), st.integers(1, 3))
def test_equal_to_holding_everything(seed, count, clusters, step, limit):
    case = draw(seed, count, clusters, step)
    timeline = reconstruct(*case, max_speakers=limit, scores=True)
    active, votes = dense(*case, limit)
    exclusive, _ = dense(*case, 1)
    total = case[3].total_frames
    assert len(timeline.active) == active.shape[1] or not timeline.active
    np.testing.assert_array_equal(frames(timeline.active, total)[:, : active.shape[1]], active)
    np.testing.assert_array_equal(frames(timeline.exclusive, total)[:, : exclusive.shape[1]], exclusive)
    shares = votes[:, : len(timeline.active)] / np.maximum(case[3].coverage, 1)[:, None]
    np.testing.assert_allclose(timeline.scores, shares, atol=1e-7)  # float32
    assert timeline.scores.max(initial=0) <= 1


@pytest.mark.parametrize("size", [1, 7, 588, 600, 100_000])
def test_size_of_the_blocks_changes_nothing(size):
    case = draw(5, 6, 3)
    whole = next(blocks(*case, size=10**6))
    parts = list(blocks(*case, size=size))
    assert [part.first for part in parts] == list(range(0, case[3].total_frames, size))
    for name in ("votes", "active", "exclusive"):
        np.testing.assert_array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))


def test_runs_over_block_borders_are_one(monkeypatch):
    case = draw(5, 6, 3)
    expected = reconstruct(*case, scores=True)
    monkeypatch.setattr("diarfuse.diarize.reconstruct.blocks", lambda *given, **named: blocks(*given, **named, size=50))
    found = reconstruct(*case, scores=True)
    for ours, theirs in zip(found.active, expected.active, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_a_limit_above_what_a_byte_holds():
    case = draw(5, 3, 3)
    for ours, theirs in zip(reconstruct(*case, max_speakers=300).active, reconstruct(*case).active, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_silence_has_no_speakers():
    segmentations, hard, count, windows = draw(0, 3, 2)
    nobody = np.full_like(hard, -2)
    assert reconstruct(segmentations * 0, nobody, count * 0, windows, scores=True).active == ()


def test_speech_of_nobody_is_given_a_nameless_speaker_as_upstream():
    segmentations, hard, count, windows = draw(0, 3, 2)
    timeline = reconstruct(segmentations, np.full_like(hard, -2), count, windows)
    assert len(timeline.active) == count.max()
    assert sum(np.ptp(timeline.exclusive[0], axis=1)) == (count > 0).sum()


def test_highest_of_each_frame():
    votes = np.array([[3, 9, 5], [1, 0, 0], [0, 0, 0]], dtype=np.float32)
    chosen = highest(votes, np.array([2, 1, 0]))
    np.testing.assert_array_equal(chosen, [[0, 1, 1], [1, 0, 0], [0, 0, 0]])


def test_read_only_and_strided_input():
    segmentations, hard, count, windows = draw(3, 5, 3)
    expected = reconstruct(segmentations, hard, count, windows)
    given_arrays = [np.asfortranarray(array) for array in (segmentations, hard, count)]
    for array in given_arrays:
        array.flags.writeable = False
    for ours, theirs in zip(reconstruct(*given_arrays, windows).active, expected.active, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("alone", [False, True])
def test_outvoted_speakers_are_heard_where_a_number_was_asked_for(alone):
    windows = Windows(160_000 + 9 * 16_000)
    segmentations = np.zeros((10, 589, 3), dtype=np.uint8)
    for window, first in enumerate(windows.first_frames):  # one stretch of speech, heard by all ten windows
        segmentations[window, max(560 - first, 0) : 580 - first, 0] = 1
        if not alone:
            segmentations[window, max(200 - first, 0) : max(300 - first, 0), 0] = 1
    hard = np.where(segmentations.any(axis=1), 0, -2)
    hard[4, 0] = 1
    count = speaker_count(segmentations, windows)
    assert [len(part) > 0 for part in reconstruct(segmentations, hard, count, windows).active] == [True, False]
    timeline = reconstruct(segmentations, hard, count, windows, min_speakers=2)
    assert all(len(part) for part in (*timeline.active, *timeline.exclusive))
    assert frames(timeline.exclusive, windows.total_frames).sum(axis=1).max() == 1
    assert frames(timeline.exclusive, windows.total_frames).any(axis=1).sum() == (count > 0).sum()


def test_nobody_is_heard_for_the_sake_of_a_number_where_enough_speak():
    windows = Windows(160_000 + 9 * 16_000)
    segmentations = np.ones((10, 589, 1), dtype=np.uint8)
    hard = np.array([[0], [0], [0], [0], [1], [2], [0], [0], [0], [3]], np.int32)  # the last one alone hears its end
    count = speaker_count(segmentations, windows)
    for least, speaking in ((1, [0, 3]), (2, [0, 3]), (3, [0, 1, 3]), (4, [0, 1, 2, 3])):
        timeline = reconstruct(segmentations, hard, count, windows, min_speakers=least)
        assert [k for k, part in enumerate(timeline.active) if len(part)] == speaking


def spoken(*speakers):
    """A timeline of each speaker's stretches; who comes first has the overlaps in `exclusive`."""
    active = frames(speakers, 300)
    alone = active & (np.cumsum(active, axis=1) == 1)
    return Timeline(*(tuple(runs(column) for column in part.T) for part in (active, alone)))


def as_lists(part):
    return [stretch.tolist() for stretch in part]


@pytest.mark.parametrize(
    ("speck", "ana"),
    [
        ((50, 53), [[0, 60], [100, 200]]),  # within her speech
        ((60, 65), [[0, 65], [100, 200]]),  # after it
        ((97, 100), [[0, 60], [97, 200]]),  # before it
        ((60, 63), [[0, 63], [100, 200]]),
        ((58, 63), [[0, 63], [100, 200]]),  # half under it
        ((70, 75), [[0, 60], [100, 200]]),  # far from it
    ],
)
def test_a_speaker_of_a_few_frames_is_nobody(speck, ana):
    after = drop_specks(spoken([(0, 60), (100, 200)], [speck]), 0)
    assert as_lists(after.active) == as_lists(after.exclusive) == [ana, []]


def test_frames_between_two_speakers_go_to_the_one_before():
    after = drop_specks(spoken([(60, 100)], [(0, 55)], [(55, 58), (58, 60)]), 0)
    assert as_lists(after.active) == [[[60, 100]], [[0, 60]], []]


def test_a_speaker_of_a_tenth_of_a_second_stays_and_so_does_the_only_one():
    for timeline in (spoken([(0, 60)], [(70, 76)]), spoken([], [(70, 72)])):
        assert drop_specks(timeline, 0) is timeline
    assert as_lists(drop_specks(spoken([(5, 7)], [(70, 73)]), 0).active) == [[], [[70, 73]]]


def test_a_speaker_of_a_few_frames_stays_where_so_many_were_asked_for():
    timeline = spoken([(0, 60)], [(70, 72)], [(80, 84)])
    assert drop_specks(timeline, 3) is timeline
    assert as_lists(drop_specks(timeline, 2).active) == [[[0, 60]], [], [[80, 84]]]


@given(st.lists(st.lists(st.tuples(st.integers(0, 290), st.integers(1, 9)), max_size=3), max_size=5), st.integers(0, 4))
def test_nobody_else_loses_a_frame_to_the_dropping_of_specks(speakers, least):
    before = spoken(*([(first, first + length) for first, length in part] for part in speakers))
    after = drop_specks(before, least)
    was, now = (frames(timeline.active, 300) for timeline in (before, after))
    length = was.sum(axis=0)
    stays = now.any(axis=0)
    assert (now[:, stays] >= was[:, stays]).all()
    assert (length[~stays] < 6).all()
    assert stays.sum() >= min((length > 0).sum(), max(least, 1))
    assert not (length[stays] < 6).any() or stays.sum() <= max(least, 1)
    exclusive = frames(after.exclusive, 300)
    assert (exclusive <= now).all()
    assert (exclusive.sum(axis=1) <= 1).all()
    assert (exclusive.any(axis=1) == now.any(axis=1)).all()
