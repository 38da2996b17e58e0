from __future__ import annotations

import numpy as np

from diarfuse.diarize.live.history import Heard, Voices


def test_windows_come_back_as_they_were():
    heard, window = Heard(), np.random.default_rng(0).integers(0, 2, (589, 3), np.uint8)
    heard.keep(8_000, window)
    assert np.array_equal(heard.get(8_000), window)
    assert heard.get(0) is None


def test_the_growing_window_takes_its_own_place():
    voices, labels = Voices(), np.zeros(3, np.int32)
    for first in (0, 0, 16_000, 32_000, 48_000):
        voices.keep(first, np.full((3, 2), first, np.float32), labels)
    assert voices.firsts == [0, 16_000, 32_000, 48_000]
    voices.thin(32_000)
    assert voices.firsts == [0, 32_000]
    assert [vectors[0, 0] for vectors in voices.vectors] == [0, 32_000]
