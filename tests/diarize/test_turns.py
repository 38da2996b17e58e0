from __future__ import annotations

import itertools

import numpy as np
import pytest

from diarfuse.diarize.reconstruct import Timeline
from diarfuse.diarize.stretches import Stretch
from diarfuse.diarize.turns import activity, build_turns, likeness, minor_speakers
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.types import Turn

WINDOWS = Windows(160_000)
STEP, MIDDLE = WINDOWS.frame_step, WINDOWS.frame_duration / 2


def runs(*pairs):
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def timeline(*speakers, exclusive=None, scores=None):
    return Timeline(speakers, speakers if exclusive is None else exclusive, scores)


def test_times_are_the_middles_of_frames():
    turns, exclusive, labels = build_turns(timeline(runs((10, 20))), WINDOWS)
    assert labels == {0: "SPEAKER_00"}
    assert turns == exclusive
    assert (turns[0].start, turns[0].end) == pytest.approx((10 * STEP + MIDDLE, 20 * STEP + MIDDLE), abs=1e-12)


def test_speech_until_the_end_stops_at_the_last_frame():
    total = WINDOWS.total_frames
    turns, _, labels = build_turns(timeline(runs((5, total)), runs((total - 1, total))), WINDOWS)
    assert turns[0].end == pytest.approx((total - 1) * STEP + MIDDLE)
    assert labels == {0: "SPEAKER_00"}


def test_a_turn_ends_with_the_recording_where_that_is_said():
    speaker, late = runs((5, 20)), runs((19, 25))
    assert build_turns(timeline(speaker, late), WINDOWS, end=0.3)[2] == {0: "SPEAKER_00"}
    turns, exclusive, _ = build_turns(timeline(speaker), WINDOWS, end=0.3)
    assert turns == exclusive == (Turn(turns[0].start, 0.3, "SPEAKER_00"),)


def test_nobody_speaks():
    assert build_turns(timeline(), WINDOWS) == ((), (), {})
    assert build_turns(timeline(runs(), runs()), WINDOWS, label_order="pyannote") == ((), (), {})


def test_order_of_labels():
    speakers = [runs((100 - 5 * k, 120)) for k in range(12)]
    speakers[7] = runs()
    _, _, appearance = build_turns(timeline(*speakers), WINDOWS)
    assert list(appearance) == [11, 10, 9, 8, 6, 5, 4, 3, 2, 1, 0]
    _, _, upstream = build_turns(timeline(*speakers), WINDOWS, label_order="pyannote")
    assert list(upstream) == [0, 1, 10, 11, 2, 3, 4, 5, 6, 8, 9]
    assert list(upstream.values()) == sorted(upstream.values())


def test_same_start_goes_to_the_shorter_turn_then_to_the_cluster():
    _, _, labels = build_turns(timeline(runs((5, 20)), runs((5, 10)), runs((5, 10))), WINDOWS)
    assert list(labels) == [1, 2, 0]


def test_more_than_a_hundred_speakers():
    _, _, labels = build_turns(timeline(*(runs((4 * k, 4 * k + 2)) for k in range(130))), WINDOWS)
    assert labels[129] == "SPEAKER_129"


def test_short_gaps_are_filled_and_short_turns_dropped():
    speakers = (runs((0, 50), (55, 100), (300, 302)), runs((51, 54), (200, 260)))
    turns, exclusive, _ = build_turns(timeline(*speakers), WINDOWS, min_duration_on=0.1, min_duration_off=0.2)
    assert [turn.speaker for turn in turns] == ["SPEAKER_00", "SPEAKER_01"]
    # Between the first speaker's two turns the second one speaks: exclusive turns never overlap.
    assert [turn.speaker for turn in exclusive] == ["SPEAKER_00", "SPEAKER_00", "SPEAKER_01"]
    assert all(after.start >= before.end for before, after in itertools.pairwise(exclusive))


def test_a_speaker_left_in_exclusive_only_still_has_a_label():
    speakers, alone = (runs((0, 90)), runs()), (runs((0, 40)), runs((40, 90)))
    _, exclusive, labels = build_turns(timeline(*speakers, exclusive=alone), WINDOWS)
    assert labels == {0: "SPEAKER_00", 1: "SPEAKER_01"}
    assert [turn.speaker for turn in exclusive] == ["SPEAKER_00", "SPEAKER_01"]


def test_activity_has_the_labels_of_the_turns():
    scores = np.arange(6, dtype=np.float32).reshape(2, 3) / 6
    parts = timeline(runs((5, 9)), runs(), runs((1, 3)), scores=scores)
    _, _, labels = build_turns(parts, WINDOWS)
    found = activity(parts, WINDOWS, labels)
    assert found.speakers == ("SPEAKER_00", "SPEAKER_01")
    np.testing.assert_array_equal(found.scores, scores[:, [2, 0]])
    assert (found.start, found.step) == (pytest.approx(MIDDLE), STEP)
    assert activity(timeline(runs((5, 9))), WINDOWS, {0: "SPEAKER_00"}) is None


def test_minor_speakers_are_reported():
    turns = [Turn(0, 400, "SPEAKER_00"), Turn(400, 403.21, "SPEAKER_01"), Turn(403, 500, "SPEAKER_02")]
    (note,) = minor_speakers(turns)
    assert note.startswith("SPEAKER_01 speaks for only 3.2 s (0.6% of the speech)")
    assert minor_speakers(turns[:1]) == minor_speakers([]) == ()


@pytest.mark.parametrize("asked", [0, 2, 3, 4])
def test_who_set_the_number_of_speakers_is_not_told_to(asked):
    turns = [Turn(0, 400, "SPEAKER_00"), Turn(400, 403.21, "SPEAKER_01"), Turn(403, 500, "SPEAKER_02")]
    (note,) = minor_speakers(turns, asked)
    assert note.endswith("check, or ask for fewer speakers." if asked >= 3 else "check, or set the number of speakers.")


def test_likeness_is_told_under_labels_and_on_the_turns_clock():
    scores = np.array([[0.2, 0.7], [-1.0, 0.4], [np.nan, np.nan]])
    spans = [Stretch(0, 100), Stretch(100, 250), Stretch(300, 350)]
    told = likeness(scores, spans, WINDOWS, {1: "SPEAKER_00", 0: "SPEAKER_01", 5: "SPEAKER_02"})
    assert told.speakers == ("SPEAKER_00", "SPEAKER_01")  # cluster 5 has no voice
    np.testing.assert_array_equal(told.scores, np.float32([[0.7, 0.2], [0.4, np.nan], [np.nan, np.nan]]))
    np.testing.assert_allclose(told.starts, np.array([0, 1, 3]) + MIDDLE, atol=1e-9)
    np.testing.assert_allclose(told.ends, np.array([1, 2.5, 3.5]) + MIDDLE, atol=1e-9)


def test_without_a_second_look_there_is_no_likeness():
    assert likeness(None, (), WINDOWS, {0: "SPEAKER_00"}) is None
    assert likeness(np.empty((0, 1)), (), WINDOWS, {0: "SPEAKER_00"}).scores.shape == (0, 1)
