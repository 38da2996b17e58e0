"""Who of one window is who of the window before: they share all but their last half second."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..arrays import Bits, Int64

NOBODY = -1


def link(before: Bits, now: Bits, shift: int) -> Int64:
    """For each local speaker of `now` the one of `before` with whom they share most speech, one to one.

    Args:
        before: 0 or 1, (frames, local speakers).
        now: the same, of a window that begins `shift` frames later.
        shift: from 0 up to the frames of a window.

    Returns:
        int64 (local speakers,), `NOBODY` for who shares no frame with anybody.
    """
    shared = len(now) - shift
    common = now[:shared].astype(np.int64).T @ before[shift:].astype(np.int64)
    linked = np.full(now.shape[1], NOBODY, np.int64)
    for speaker, other in zip(*linear_sum_assignment(common, maximize=True), strict=True):
        if common[speaker, other]:
            linked[speaker] = other
    return linked
