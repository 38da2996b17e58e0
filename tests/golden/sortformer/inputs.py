"""A made-up conversation for the memory of a streaming Sortformer, the same for the script and for the tests.

No network here: what one would say of a frame stands in the frame's own embedding, in whole numbers, so that every
computer agrees on it to the last bit. Values come from ``numpy.random.default_rng`` (PCG64, which numpy keeps stable).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

SIZE = 1 << 16
DIMENSION = 12
FRAMES = 22_507  # 30 minutes, and a last chunk that is not whole

CASES = {
    # speakers, cache, silence; chunk, left, right, fifo, period
    "nemotron_low": ((8, 264, 1), (9, 0, 4, 264, 222)),
    "nemotron_cpu": ((8, 264, 1), (32, 0, 4, 40, 40)),
    "nemotron_offline": ((8, 264, 1), (340, 0, 40, 40, 300)),
    "four_low": ((4, 188, 3), (6, 1, 7, 188, 144)),
    "four_cpu": ((4, 188, 3), (124, 1, 1, 124, 124)),
    "four_offline": ((4, 188, 3), (340, 1, 40, 40, 300)),
    "audar_low": ((8, 188, 3), (13, 1, 7, 40, 300)),
    "audar_cpu": ((8, 188, 3), (124, 1, 1, 124, 124)),
    "audar_offline": ((8, 188, 3), (340, 1, 40, 40, 300)),
}


def silence() -> np.ndarray:
    """What a network has learnt of silence, float32 (DIMENSION,): a frame of its own, in which nobody speaks."""
    return np.array([-1.0, *[500.0] * 8, 1, 2, 3], np.float32)


def conversation(speakers: int) -> np.ndarray:
    """Embeddings, float32 (FRAMES, DIMENSION): the frame's number, how loud each speaks (0 to SIZE), noise."""
    rng = np.random.default_rng(speakers)
    loud = np.zeros((FRAMES, speakers), bool)
    for column in range(speakers):
        start = 400 * column
        while start < FRAMES:
            length = int(rng.integers(5, 90))
            loud[start : start + length, column] = True
            start += length + int(rng.exponential(110 * speakers / 2))
    levels = np.where(loud, rng.beta(6, 1.2, loud.shape), rng.beta(0.4, 12, loud.shape))
    unsure = rng.random(loud.shape) < 0.08
    levels = np.where(unsure, rng.random(loud.shape), levels)
    frames = np.zeros((FRAMES, DIMENSION), np.float32)
    frames[:, 0] = np.arange(FRAMES)
    frames[:, 1 : 1 + speakers] = np.floor(levels * SIZE)
    frames[:, 9:] = rng.integers(-99, 99, (FRAMES, 3))
    return frames


def said(frames: np.ndarray, speakers: int, step: int) -> np.ndarray:
    """What the network says of `frames` at a step, float32 (frames, speakers) in 0..1: a little else every time."""
    levels = np.floor(frames[:, 1 : 1 + speakers]).astype(np.int64)
    moved = levels + np.random.default_rng([7, step]).integers(-700, 701, levels.shape)
    moved = np.abs(moved)  # turned back at both ends, where many equal values would stand
    return (np.where(moved > SIZE, 2 * SIZE - moved, moved) / SIZE).astype(np.float32)


def chunks(case: str) -> Iterator[tuple[int, int, int, int]]:
    """First and last frame of every piece, and how many of them lie left and right of its chunk."""
    chunk, left, right, _, _ = CASES[case][1]
    for start in range(0, FRAMES, chunk):
        end = min(start + chunk, FRAMES)
        before, behind = min(left, start), min(right, FRAMES - end)
        yield start - before, end + behind, before, behind


def mark(*arrays: np.ndarray | None) -> int:
    """A number that changes with any bit of the arrays."""
    found = 0
    for array in arrays:
        found = zlib.crc32(b"" if array is None else np.ascontiguousarray(array, np.float32).tobytes(), found)
    return found
