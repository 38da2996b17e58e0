"""The number of speakers, from embeddings to turns: what was asked for is there, or the notes say why not."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diarfuse.diarize.agglomerative import agglomerative_centroids
from diarfuse.diarize.clustering import cluster
from diarfuse.diarize.counting import speaker_count
from diarfuse.diarize.masks import active_speakers
from diarfuse.diarize.powerset import CLASSES
from diarfuse.diarize.reconstruct import drop_specks, reconstruct
from diarfuse.diarize.turns import build_turns
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.types import SpeakerCount
from tests.amounts import examples


def diarized(segmentations, embeddings, bounds):
    """As the pipeline does it: labels with turns, labels with exclusive turns, notes."""
    windows = Windows(16_000 * (len(segmentations) + 9))
    learn = partial(agglomerative_centroids, threshold=0.8, step=windows.step)
    clusters, _ = cluster(embeddings, segmentations, learn, bounds)
    count = speaker_count(segmentations, windows)
    limits = {"max_speakers": bounds.high, "min_speakers": bounds.low}
    timeline = reconstruct(segmentations, clusters.hard, count, windows, **limits)
    turns, exclusive, labels = build_turns(drop_specks(timeline, bounds.low), windows)
    return {turn.speaker for turn in turns}, {turn.speaker for turn in exclusive}, bounds.note(len(labels))


def stretches_of(rng, count, shortest, longest):
    """Segmentations of runs of random classes, and an embedding of its own for everybody who is heard."""
    lengths = rng.integers(shortest, shortest + longest, 589)
    classes = rng.integers(0, 7, (count, 589)) * (rng.random((count, 589)) < rng.random())
    segmentations = np.stack([CLASSES[row.repeat(lengths)[:589]] for row in classes])
    return segmentations, rng.standard_normal((count, 3, 8)).astype(np.float32)


@settings(max_examples=examples(150))
@given(
    st.integers(0, 10_000),
    st.integers(1, 8),
    st.sampled_from([1, 16]),
    st.integers(2, 300),
    st.integers(1, 6),
    st.integers(0, 3),
)
@example(408, 2, 1, 90, 4, 0)  # two of four are heard in one frame only, and the same one
def test_as_many_as_asked_for_or_a_note(seed, windows, shortest, longest, least, more):
    segmentations, embeddings = stretches_of(np.random.default_rng(seed), windows, shortest, longest)
    bounds = SpeakerCount(least, least + more)
    speakers, exclusive, notes = diarized(segmentations, embeddings, bounds)
    assert exclusive <= speakers
    assert (least <= len(speakers) <= least + more) or notes
    if shortest > 1 and active_speakers(segmentations).sum() >= least:  # single frames cannot be shared
        assert least <= len(speakers) <= least + more, notes


def test_more_speakers_than_a_signed_byte_holds_have_turns():
    segmentations = np.zeros((140, 589, 3), np.uint8)
    for speaker in range(3):  # seconds 0, 1, 2 of each window: another voice every second of the recording
        segmentations[:, 59 * speaker : 59 * (speaker + 1), speaker] = 1
    seconds = np.arange(140)[:, None] + np.arange(3)
    embeddings = np.eye(142, dtype=np.float32)[seconds] + 0.01
    for bounds in (SpeakerCount.of(142), SpeakerCount.of(130)):
        speakers, _, notes = diarized(segmentations, embeddings, bounds)
        assert len(speakers) == bounds.low
        assert not notes


@pytest.mark.parametrize("asked", [None, 1, 2])
def test_two_who_only_overlap(asked):
    """Nobody is ever alone, so there is nothing to learn from; but each window hears two at once."""
    both = np.zeros((900, 3), np.uint8)
    both[250:500, :2] = 1
    segmentations = np.stack([both[first : first + 589] for first in Windows(208_000).first_frames])
    embeddings = np.tile(np.eye(3, 8, dtype=np.float32), (4, 1, 1))
    speakers, _, notes = diarized(segmentations, embeddings, SpeakerCount.of(asked))
    assert len(speakers) == (asked or 2)
    assert not notes


@pytest.mark.parametrize("bounds", [SpeakerCount(), SpeakerCount.of(1), SpeakerCount.of(3), SpeakerCount(2, 4)])
def test_embeddings_that_are_all_the_same_or_no_numbers(bounds):
    segmentations = np.zeros((3, 589, 3), np.uint8)
    segmentations[:, 0:200, 0] = segmentations[:, 200:400, 1] = 1
    for embeddings in (np.ones((3, 3, 8), np.float32), np.full((3, 3, 8), np.nan, np.float32)):
        speakers, _, notes = diarized(segmentations, embeddings, bounds)
        assert len(speakers) == 1
        assert bool(notes) == (bounds.low > 1)
