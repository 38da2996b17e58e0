"""Powerset classes to local speakers.

The segmentation network names which of three local speakers talk, at most two
at once, as one of seven classes: none, 1, 2, 3, 1+2, 1+3, 2+3.
"""

from __future__ import annotations

import numpy as np

from .arrays import AnyFloat, Bits

CLASSES: Bits = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=np.uint8)
"""Row: a class of the network; column: whether that local speaker is active in it."""


def to_multilabel(log_probs: AnyFloat) -> Bits:
    """Which local speakers are active, by the most probable class of each frame.

    Args:
        log_probs: (..., 7) log-probabilities. On a tie the first class wins.

    Returns:
        uint8 (..., 3), 0 or 1.

    Example:
        >>> to_multilabel(np.log([[0.1, 0.1, 0.1, 0.1, 0.4, 0.1, 0.1]]))
        array([[1, 1, 0]], dtype=uint8)
    """
    multilabel: Bits = CLASSES[np.argmax(log_probs, axis=-1)]
    return multilabel
