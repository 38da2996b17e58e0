from __future__ import annotations

import numpy as np

from benchmarks.live import joined
from benchmarks.live_baselines import CONSTANTS, NOBODY, Centres, Heard, cut, diart, linked
from diarfuse.fusion.types import Turn

ANA, BEN, CAN = np.eye(3, dtype=np.float32)
SILENT = np.full(3, np.nan, np.float32)


def half(*local: int) -> np.ndarray:
    """A window of 10 frames in which these local speakers, of three, speak half of the time."""
    segmentation = np.zeros((10, 3), np.uint8)
    segmentation[5:, list(local)] = 1
    return segmentation


def test_local_speakers_of_a_window_are_kept_apart_and_the_new_get_numbers():
    centres = Centres(CONSTANTS["diart"])
    assert list(centres.identify(np.stack([ANA, SILENT, SILENT]), half(0))) == [0, NOBODY, NOBODY]
    assert list(centres.identify(np.stack([SILENT, BEN, ANA]), half(1, 2))) == [NOBODY, 1, 0]
    both = np.stack([ANA, 0.9 * ANA + 0.1 * BEN, CAN])
    assert list(centres.identify(both, half(0, 1, 2))) == [0, 1, 2]


def test_who_speaks_too_little_teaches_nothing_and_takes_the_nearest_who_is_free():
    centres = Centres(CONSTANTS["diart"])
    centres.identify(np.stack([ANA, BEN, SILENT]), half(0, 1))
    short = np.zeros((10, 3), np.uint8)
    short[0, 2] = 1
    assert list(centres.identify(np.stack([SILENT, SILENT, -ANA - 0.1 * BEN]), short)) == [NOBODY, NOBODY, 1]
    assert np.array_equal(centres.sums, [ANA, BEN])


def test_what_all_windows_say_is_said_at_every_latency():
    speaking = np.zeros((589, 3), np.uint8)
    speaking[:, 1] = 1
    heard = [Heard(0.5 * (n + 1), speaking, np.stack([SILENT, BEN, SILENT])) for n in range(40)]
    for delay, turns in diart(heard, CONSTANTS["diart"]).items():
        assert joined(turns) == [Turn(0.0, 20.0, "0")], delay


def test_rolling_windows_take_the_names_of_those_with_whom_they_share_most():
    old = [Turn(0.0, 5.0, "7"), Turn(5.0, 6.0, "8")]
    new = [Turn(0.0, 4.0, "SPEAKER_01"), Turn(4.0, 6.0, "SPEAKER_00"), Turn(8.0, 9.0, "SPEAKER_02")]
    assert linked(new, old, 9) == ({"SPEAKER_01": "7", "SPEAKER_00": "8", "SPEAKER_02": "9"}, 10)
    assert cut(old, 4.0, 5.5) == [Turn(4.0, 5.0, "7"), Turn(5.0, 5.5, "8")]
