from __future__ import annotations

import numpy as np

from diarfuse.diarize.live.linking import NOBODY, link


def test_speakers_are_found_again_under_other_numbers():
    before = np.zeros((100, 3), np.uint8)
    before[40:60, 0] = 1
    before[70:100, 2] = 1
    now = np.zeros((100, 3), np.uint8)
    now[10:30, 1] = 1  # the first, 30 frames later
    now[40:100, 0] = 1
    assert link(before, now, 30).tolist() == [2, 0, NOBODY]


def test_who_shares_nothing_is_nobody():
    before, now = np.zeros((50, 3), np.uint8), np.zeros((50, 3), np.uint8)
    before[:10, 0] = now[45:, 0] = 1  # it has left the window
    assert link(before, now, 10).tolist() == [NOBODY] * 3
    assert link(before, before, 0).tolist() == [0, NOBODY, NOBODY]
    assert link(before, now, 50).tolist() == [NOBODY] * 3
