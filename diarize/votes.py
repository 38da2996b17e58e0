"""Who of those voted for is active in a frame, ties included.

Many frames end in a tie: 2.3 % of the spoken frames of a recorded meeting of
seven. Which of the equals wins must not depend on the processor, as it does in
numpy's default sort (and so in pyannote.audio, whose sort that is: with AVX-512
it does not keep the order of equals), so all sorting here keeps it.
"""

from __future__ import annotations

import numpy as np

from .arrays import AnyFloat, AnyInt, Flags, Float32, Int64

_NEAR = 1e-3  # votes are whole numbers, in float32


def highest(votes: Float32, count: AnyInt, margin: AnyFloat | None = None, before: Flags | None = None) -> Flags:
    """The `count[t]` highest voted of each frame.

    Args:
        votes: float32 (frames, speakers), whole numbers.
        count: (frames,), how many are active.
        margin: (frames,), votes that others must have more to take the place of who was active in
            the frame before and is heard in this one; None: each frame by itself, the lower
            numbered of equals first, as the recorded chains of pyannote.audio have it.
        before: bool (speakers,), who is active before the first frame; None: nobody.

    Returns:
        bool (frames, speakers).
    """
    chosen = _by_votes(votes, count)
    if margin is not None:
        last = np.zeros(votes.shape[1], np.bool_) if before is None else before
        for frame in _contested(votes, chosen, margin):
            _go_on(frame, votes, chosen, margin[frame] + _NEAR, chosen[frame - 1] if frame else last)
    return chosen


def _by_votes(votes: AnyFloat, count: AnyInt) -> Flags:
    """The `count` highest of each row, the lower numbered of equals first."""
    chosen = np.zeros(votes.shape, dtype=bool)
    spoken = np.flatnonzero(count)
    order = np.argsort(-votes[spoken], axis=-1, kind="stable")
    for place in range(int(count.max(initial=0))):
        rows = count[spoken] > place
        chosen[spoken[rows], order[rows, place]] = True
    return chosen


def _contested(votes: Float32, chosen: Flags, margin: AnyFloat) -> Int64:
    """The frames in which somebody who is left out has nearly as many votes as somebody who is chosen."""
    least = np.where(chosen, votes, np.inf).min(axis=1, initial=np.inf)
    most = np.where(chosen, -np.inf, votes).max(axis=1, initial=-np.inf)
    return np.flatnonzero((most > 0) & (least - most <= margin + _NEAR) & chosen.any(axis=1))


def _go_on(frame: int, votes: Float32, chosen: Flags, margin: float, last: Flags) -> None:
    """Decide `frame` anew, in place, `margin` votes in favour of those of `last` who are heard."""
    heard = votes[frame] + margin * (last & (votes[frame] > 0))
    count = np.count_nonzero(chosen[frame])
    chosen[frame] = False
    chosen[frame, np.argsort(-heard, kind="stable")[:count]] = True
