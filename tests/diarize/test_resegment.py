from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.diarize import resegment as resegmenting
from diarfuse.diarize.binarize import runs
from diarfuse.diarize.clustering import Clusters
from diarfuse.diarize.reconstruct import Timeline
from diarfuse.diarize.resegment import Move, Voices, _alone, _apply, among_spans, compare, look_again, resegment
from diarfuse.diarize.stretches import Stretch
from diarfuse.diarize.windows import Windows

ANA, BEN = np.eye(2, 8, dtype=np.float32)


@pytest.fixture
def windows() -> Windows:
    return Windows(60 * 16_000)


def timeline_of(windows: Windows, *turns: tuple[int, float, float]) -> Timeline:
    frames = np.zeros((windows.total_frames, 2), bool)
    for speaker, begin, end in turns:
        frames[round(begin / windows.frame_step) : round(end / windows.frame_step), speaker] = True
    active = tuple(runs(frames[:, k]) for k in range(2))
    first = frames & ~np.c_[np.zeros(len(frames), bool), frames[:, 0]]
    return Timeline(active, tuple(runs(first[:, k]) for k in range(2)), frames.astype(np.float32))


def voices_of(windows: Windows, *heard: tuple[float, int]) -> Voices:
    """Ana is cluster 0 and Ben cluster 1; each pair is a window and who is heard in it."""
    embeddings = np.full((windows.count, 3, 8), np.nan, np.float32)
    hard = np.full((windows.count, 3), -2, np.int32)
    for window, who in heard:
        embeddings[window, 0], hard[window, 0] = (ANA, BEN)[who], who
    window = np.array(sorted(window for window, _ in heard))
    return Voices.of(embeddings, (window, np.zeros_like(window)), Clusters(hard, np.stack([ANA, BEN]).astype(float)))


def look(timeline: Timeline, spans: list[Stretch], vectors: np.ndarray, voices: Voices, windows: Windows) -> Timeline:
    return resegment(timeline, spans, compare(spans, vectors, voices, windows), windows)


EVERYWHERE = [*((window, 0) for window in range(12)), *((window, 1) for window in range(30, 45))]


def seconds(timeline: Timeline, windows: Windows) -> list[float]:
    return [round(float((part[:, 1] - part[:, 0]).sum()) * windows.frame_step, 1) for part in timeline.active]


def test_a_span_that_sounds_like_somebody_else_goes_to_them(windows):
    timeline = timeline_of(windows, (0, 0, 30), (1, 40, 55))
    after = look(timeline, [Stretch(2400, 2600)], BEN[None], voices_of(windows, *EVERYWHERE), windows)
    assert seconds(after, windows) == [28.0, 17.0]
    middle = round(25 / windows.frame_step)
    assert any(first <= middle < last for first, last in after.exclusive[1])
    assert after.scores[middle].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("span", "vector", "why"),
    [
        (Stretch(2400, 2600), ANA, "it sounds like its own speaker"),
        (Stretch(2400, 2600), ANA + BEN, "it sounds like both"),
        (Stretch(2400, 2430), BEN, "it is too short"),
        (Stretch(2400, 2600), np.full(8, np.nan), "it has no embedding"),
        (Stretch(3100, 3300), BEN, "nobody speaks in it"),
    ],
)
def test_a_span_stays_where(windows, span, vector, why):
    timeline = timeline_of(windows, (0, 0, 30), (1, 40, 55))
    after = look(timeline, [span], np.float32([vector]), voices_of(windows, *EVERYWHERE), windows)
    assert seconds(after, windows) == seconds(timeline, windows), why


FAR = np.eye(1, 8, 2, dtype=np.float32)[0]
"""A voice like nobody's: what noise and narrow lines add to everybody's."""


def test_the_nearer_of_two_distant_voices_has_it(windows):
    """On the telephone and in noise all voices are unlike their own speech elsewhere."""
    timeline = timeline_of(windows, (0, 0, 30), (1, 40, 55))
    near_ben = 0.3 * BEN + 0.95 * FAR
    after = look(timeline, [Stretch(2400, 2600)], near_ben[None], voices_of(windows, *EVERYWHERE), windows)
    assert seconds(after, windows) == [28.0, 17.0]


@pytest.mark.parametrize(("part", "moves"), [(0.45, False), (0.55, True)])
def test_a_speaker_of_whom_nothing_else_is_known_loses_a_span_only_to_a_near_voice(windows, part, moves):
    timeline = timeline_of(windows, (0, 22, 30), (1, 40, 55))
    vector = part * BEN + np.sqrt(1 - part**2) * FAR
    known = [(24, 0), *((window, 1) for window in range(30, 45))]
    after = look(timeline, [Stretch(2400, 2600)], np.float32([vector]), voices_of(windows, *known), windows)
    assert (seconds(after, windows) != seconds(timeline, windows)) == moves


def test_overlapped_speech_is_not_touched(windows):
    timeline = timeline_of(windows, (0, 0, 30), (1, 24, 26), (1, 40, 55))
    after = look(timeline, [Stretch(2400, 2600)], BEN[None], voices_of(windows, *EVERYWHERE), windows)
    assert seconds(after, windows) == seconds(timeline, windows)


def test_a_span_is_no_witness_for_itself(windows):
    """Ben is known only from the windows around the span: that is the span's own sound."""
    timeline = timeline_of(windows, (0, 0, 30), (1, 20, 21))
    near = [*((window, 0) for window in range(12)), *((window, 1) for window in range(17, 25))]
    after = look(timeline, [Stretch(2400, 2600)], BEN[None], voices_of(windows, *near), windows)
    assert seconds(after, windows) == seconds(timeline, windows)


def test_nobody_loses_their_last_frame(windows):
    timeline = timeline_of(windows, (0, 24, 26), (1, 40, 55))
    after = look(timeline, [Stretch(2390, 2610)], BEN[None], voices_of(windows, *EVERYWHERE), windows)
    assert seconds(after, windows) == [2.0, 15.0]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 99), st.integers(0, 99)), max_size=6),
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 9), st.integers(0, 2), st.integers(0, 2)), max_size=4),
)
def test_moves_are_what_they_are_frame_by_frame(turns, moves):
    frames = np.zeros((100, 3), bool)
    for speaker, first, last in turns:
        frames[first:last, speaker] = True
    timeline = Timeline(tuple(runs(column) for column in frames.T), tuple(runs(column) for column in frames.T))
    alone = frames.sum(axis=1) == 1
    assert _alone(timeline, 100).tolist() == np.where(alone, frames.argmax(axis=1), -1).tolist()
    plain, claimed = [], np.zeros(100, bool)
    for first, length, source, target in moves:  # as `_look` makes them: apart, one speaker's frames alone
        inside = slice(first, min(first + length, 100))
        if source != target and (alone & frames[:, source])[inside].all() and not claimed[inside].any():
            plain.append(Move(inside.start, inside.stop, source, target))
            claimed[inside] = True
    leaving = [sum(move.last - move.first for move in plain if move.source == k) for k in range(3)]
    staying = [leaving[k] < frames[:, k].sum() for k in range(3)]
    expected = frames.copy()
    for move in plain:
        if staying[move.source]:
            expected[move.first : move.last, [move.source, move.target]] = [False, True]
    after = _apply(timeline, plain, 100)
    assert [part.tolist() for part in after.active] == [runs(column).tolist() for column in expected.T]


def test_a_span_without_a_vector_is_like_nobody_and_little_speech_is_no_voice(windows):
    spans = [Stretch(2400, 2600), Stretch(2600, 2800)]
    vectors = np.stack([BEN, np.full(8, np.nan, np.float32)])
    likeness = compare(spans, vectors, voices_of(windows, *((w, 0) for w in range(12)), (40, 1)), windows)
    np.testing.assert_array_equal(likeness, [[0.0, -1.0], [np.nan, np.nan]])


def test_in_a_short_recording_spans_are_compared_with_one_another():
    """All windows lie within 10 s of every span, so they tell nothing; the other spans do."""
    short = Windows(12 * 16_000)
    timeline = timeline_of(short, (0, 0, 4), (1, 5, 9))
    spans = [Stretch(0, 150), Stretch(150, 250), Stretch(250, 400), Stretch(500, 700), Stretch(700, 900)]
    vectors = np.stack([ANA, BEN, ANA, BEN, BEN])
    by_windows = compare(spans, vectors, voices_of(short, (0, 0), (1, 1), (2, 0)), short)
    assert (by_windows == -1).all()
    assert seconds(look_again(timeline, spans, vectors, 2, short), short) == [3.0, 5.0]
    assert seconds(look_again(timeline, spans, np.full_like(vectors, np.nan), 2, short), short) == [4.0, 4.0]
    assert look_again(timeline, [], vectors[:0], 2, short) == timeline


def test_what_was_moved_speaks_for_whom_it_went_to(monkeypatch):
    short = Windows(14 * 16_000)
    timeline = timeline_of(short, (0, 0, 4), (1, 5, 11))
    spans = [Stretch(0, 200), Stretch(200, 400), Stretch(500, 700), Stretch(700, 900), Stretch(900, 1100)]
    vectors = np.stack([np.cos(angle) * ANA + np.sin(angle) * BEN for angle in (1.2, 1.1, 1.5, 0.2, 1.1)])
    vectors = vectors.astype(np.float32)
    assert seconds(look_again(timeline, spans, vectors, 2, short), short) == [8.0, 2.0]
    monkeypatch.setattr(resegmenting, "_LOOKS_AGAIN", 1)
    assert seconds(look_again(timeline, spans, vectors, 2, short), short) == [6.0, 4.0]


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


@given(st.integers(0, 6), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_cosines_among_spans_leave_out_the_span_itself(count, voices, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 5))
    vectors[rng.random(count) < 0.2] = np.nan
    speakers = rng.integers(-1, voices + 1, count)
    spans = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    found = among_spans(spans, speakers, voices)
    for i in range(count):
        for voice in range(voices):
            others = [spans[j] for j in range(count) if j != i and speakers[j] == voice and np.isfinite(spans[j]).all()]
            if np.isnan(spans[i]).any():
                assert np.isnan(found[i, voice])
            elif others:
                assert found[i, voice] == pytest.approx(unit(np.sum(others, axis=0)) @ spans[i], abs=1e-9)
            else:
                assert found[i, voice] == -1
