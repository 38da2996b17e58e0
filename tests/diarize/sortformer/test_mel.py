from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diarfuse.diarize.sortformer.mel import Mel, first_sample, ready_frames, whole_frames
from tests.golden.sortformer import weights

GOLDEN = Path(__file__).parents[2] / "golden" / "sortformer" / "networks.npz"
SPEECH = weights.speech(5000)


@pytest.mark.parametrize("rounded", [False, True])
def test_the_frames_of_nemo_and_of_transformers(rounded):
    """Both end 104 samples before the end of the last window: they go on with silence."""
    expected = np.load(GOLDEN)["mel_rounded" if rounded else "mel"]
    found = Mel(rounded)(SPEECH, 0, whole_frames(SPEECH.size))
    assert len(found) == 31
    np.testing.assert_allclose(found, expected[:31], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("first", "last"), [(0, 1), (0, 13), (1, 2), (2, 31), (7, 20), (30, 31)])
def test_any_stretch_gives_the_very_frames_of_the_whole(first, last):
    whole, offset = Mel()(SPEECH, 0, 31), first_sample(first)
    part = Mel()(SPEECH[offset:], first, last, offset)
    np.testing.assert_array_equal(part, whole[first:last])


def test_ready_frames_do_not_change_any_more():
    for heard in (0, 1, 199, 200, 359, 360, 361, 3000):
        ready = ready_frames(heard)
        if ready:
            np.testing.assert_array_equal(Mel()(SPEECH[:heard], 0, ready), Mel()(SPEECH, 0, ready))
        assert ready == max(0, (heard - 200 + 160) // 160)


def test_silence_is_the_guard():
    assert Mel()(np.zeros(800, np.float32), 0, 5) == pytest.approx(np.log(2.0**-24))
