"""Where anybody speaks: Silero VAD v6, a small recurrent network that hears 32 ms at a time.

The ONNX file is the one that the faster-whisper package carries, or that of
an installed silero-vad; neither package is imported, and torch is not needed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ..fusion.audio import at_16_khz
from ..fusion.errors import MissingExtraError, OptionError
from ..fusion.types import SAMPLE_RATE, Progress, Samples, Seconds
from .arrays import Float32, Span
from .options import Execution
from .runtime import Runtime, Session

CHUNK = 512
"""Samples that one probability stands for."""
CONTEXT = 64
"""Samples before the chunk that the network sees as well."""
BLOCK = 2048
"""Chunks a network call (65 s): bounds the memory, whatever the length of the recording."""

State: TypeAlias = tuple[Float32, ...]

# Package, file in it, and whether the graph takes a whole sequence a call or one chunk.
_FILES = (
    ("faster_whisper", "assets/silero_vad_v6.onnx", True),
    ("silero_vad", "data/silero_vad_16k_sequence.onnx", True),
    ("silero_vad", "data/silero_vad.onnx", False),
)
_ONSET, _OFFSET = 0.5, 0.35
"""Probability at which speech begins, and the lower one at which it ends."""
_MIN_SPEECH: Seconds = 0.25
"""Spans that are not longer are dropped."""
_PAD: Seconds = 0.03
"""Added on both sides."""


def detect_speech(
    samples: Samples,
    *,
    sample_rate: float = SAMPLE_RATE,
    min_silence: Seconds = 0.1,
    on_progress: Progress | None = None,
) -> list[Span]:
    """Spans of speech in seconds, in order, without overlap; empty for silence.

    Args:
        samples: mono.
        sample_rate: of `samples`.
        min_silence: pauses that are shorter do not end a span.
        on_progress: called as ``("vad", chunks done, chunks)``.

    Raises:
        OptionError: `min_silence` is no number of seconds, 0 or more, or no recording has this sample rate.
        MissingExtraError: neither package with the network is installed.
    """
    if not 0 <= min_silence < float("inf"):
        raise OptionError(f"min_silence={min_silence} must be a number of seconds, 0 or more.")
    samples = at_16_khz(samples, sample_rate)
    scores = probabilities(samples, on_progress=on_progress)
    found = speech_spans(scores, len(samples), min_speech=_MIN_SPEECH, min_silence=min_silence)
    pad = round(_PAD * SAMPLE_RATE)
    return [(start / SAMPLE_RATE, end / SAMPLE_RATE) for start, end in padded(found, pad, len(samples))]


def probabilities(samples: Samples, *, on_progress: Progress | None = None) -> Float32:
    """Probability of speech for every 512 samples, float32 (ceil(num_samples / 512),), the last chunk zero-padded."""
    path, whole = network()
    session = Runtime.of(Execution(device="cpu", threads=1)).session(path)
    return run(session, samples, whole=whole, on_progress=on_progress)


def run(session: Session, samples: Samples, *, whole: bool, on_progress: Progress | None = None) -> Float32:
    """Feed `samples` through a loaded network, its state carried from block to block."""
    feed = _sequence if whole else _chunk_by_chunk
    state: State = ()
    scores: list[Float32] = []
    total = -(-len(samples) // CHUNK)
    for block in _blocks(samples):
        found, state = feed(session, block, state)
        scores.append(found)
        if on_progress is not None:
            on_progress("vad", min(len(scores) * BLOCK, total), total)
    return np.concatenate(scores) if scores else np.zeros(0, np.float32)


def network() -> tuple[Path, bool]:
    """The ONNX file, and whether it takes a whole sequence a call; imports no package to find it."""
    for package, file, whole in _FILES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(folder) / file).is_file():
                return Path(folder) / file, whole
    raise MissingExtraError("Speech detection", "the Silero network that faster-whisper carries", "whisper")


def _blocks(samples: Samples) -> Iterator[Float32]:
    """Rows of 64 samples of context and 512 of their own, at most 2048 rows a block."""
    size = BLOCK * CHUNK
    for first in range(0, len(samples), size):
        own = samples[first : first + size]
        rows = -(-len(own) // CHUNK)
        padded_block = np.zeros(CONTEXT + rows * CHUNK, np.float32)
        padded_block[CONTEXT : CONTEXT + len(own)] = own
        if first:
            padded_block[:CONTEXT] = samples[first - CONTEXT : first]
        yield np.lib.stride_tricks.sliding_window_view(padded_block, CONTEXT + CHUNK)[::CHUNK]


def _sequence(session: Session, block: Float32, state: State) -> tuple[Float32, State]:
    h, c = state or (np.zeros((1, 1, 128), np.float32),) * 2
    found, h, c = session.every(block, h, c)
    return found.reshape(-1), (h, c)


def _chunk_by_chunk(session: Session, block: Float32, state: State) -> tuple[Float32, State]:
    (both,) = state or (np.zeros((2, 1, 128), np.float32),)
    scores = np.empty(len(block), np.float32)
    for index, row in enumerate(block):
        found, both = session.every(row[np.newaxis], both, np.array(SAMPLE_RATE, np.int64))
        scores[index] = found.item()
    return scores, (both,)


def speech_spans(
    scores: Float32, num_samples: int, *, min_speech: Seconds, min_silence: Seconds
) -> list[tuple[int, int]]:
    """Sample ranges of speech by hysteresis over `scores`; those cut by the end of the audio end there."""
    found: list[tuple[int, int]] = []
    start = quiet = -1  # where speech began, where the pause within it began; -1: not in one
    for index, score in enumerate(scores.tolist()):
        at = index * CHUNK
        if score >= _ONSET:
            start, quiet = (at if start < 0 else start), -1
        elif score < _OFFSET and start >= 0:
            quiet = at if quiet < 0 else quiet
            if at - quiet >= min_silence * SAMPLE_RATE:
                found.append((start, quiet))
                start = quiet = -1
    if start >= 0:
        found.append((start, num_samples))
    return [(start, end) for start, end in found if end - start > min_speech * SAMPLE_RATE]


def padded(ranges: list[tuple[int, int]], pad: int, num_samples: int) -> list[tuple[int, int]]:
    """Widen each range by `pad` samples on both sides; neighbours meet in the middle of a shorter pause.

    >>> padded([(10, 20), (24, 30)], 5, 32)
    [(5, 22), (22, 32)]
    """
    edges = [0, *((end + start) // 2 for (_, end), (start, _) in pairwise(ranges)), num_samples]
    return [
        (max(start - pad, edges[index]), min(end + pad, edges[index + 1])) for index, (start, end) in enumerate(ranges)
    ]
