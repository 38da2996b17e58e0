"""Seeded weights for the networks of the streaming Sortformer family, the same for the script and for the tests.

Values come from ``numpy.random.default_rng`` (PCG64, which numpy keeps stable), for each tensor from a seed of its own
that is made of its name: a layout alone says what is in a file.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cache

import numpy as np

LOUD = {"classifier.out_proj": 6.0}
"""The last layer is scaled up, so that what is said lies well on both sides of a half."""
ADDED = ("linear2", "linear_out", "pointwise_conv2", "out_projection", "dense_out")
"""In NeMo's names, the layers whose outcome is added to a frame: they are scaled down, and what is the same for all
frames is small. Else 35 layers of random weights make all frames alike to 1e-4, and a last layer that tells them apart
nevertheless makes a difference of 5e-3 of a rounding of 1e-7, which no trained network does."""


def seeded(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The tensor `name`, float32, of a size that keeps what flows through a network around one."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    noise = rng.standard_normal(shape)
    if name.endswith("running_var"):
        return np.asarray(0.5 + noise**2, np.float32)
    if "norm" in name and name.endswith("weight"):
        return np.asarray(1 + 0.2 * noise, np.float32)
    if len(shape) < 2:
        return np.asarray((0.03 if "norm" in name else 0.1) * noise, np.float32)
    if "pos_bias" in name:
        return np.asarray(0.3 * noise, np.float32)
    if name == "encoder.pre_encode.conv.0.weight":  # or else the level of the energies hides all that changes
        noise -= noise.mean(axis=(2, 3), keepdims=True)
    layer = name.rpartition(".")[0]
    loud = 0.1 if layer.endswith(ADDED) else LOUD.get(layer, 1.0)
    return np.asarray(loud * noise / np.sqrt(np.prod(shape[1:])), np.float32)


def all_seeded(layout: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Every tensor of a layout."""
    return {name: seeded(name, tuple(shape)) for name, shape in layout.items()}


@cache
def speech(samples: int) -> np.ndarray:
    """Bursts of gliding tones in noise and silences, float32 (samples,)."""
    rng = np.random.default_rng(5)
    time = np.arange(samples) / 16_000
    signal = np.zeros(samples)
    for voice in range(5):
        tone, glide = rng.uniform(90, 300), np.sin(time + voice)
        wave = sum(np.sin(2 * np.pi * (tone * k * time + 15 * k * glide)) / k for k in range(1, 12))
        signal += wave * (np.sin(2 * np.pi * time / rng.uniform(2, 5) + rng.uniform(0, 6)) > 0.2)
    said = np.asarray(0.05 * signal + 0.001 * rng.standard_normal(samples), np.float32)
    said.setflags(write=False)
    return said
