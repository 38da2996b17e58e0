"""The signals that `make_front_ends.py` and its test hear."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def signals() -> Iterator[tuple[str, np.ndarray]]:
    """Noise, a chirp that ends in digital silence, and a length that is no multiple of anything."""
    generator = np.random.default_rng(0)
    yield "noise", (0.1 * generator.standard_normal(24_000)).astype(np.float32)
    time = np.arange(20_000) / 16_000
    chirp = 0.3 * np.sin(2 * np.pi * (100 + 3000 * time) * time) + 0.001 * generator.standard_normal(time.size)
    yield "chirp", np.concatenate([chirp, np.zeros(8_000)]).astype(np.float32)
    yield "short", (0.01 * generator.standard_normal(8_123)).astype(np.float32)
