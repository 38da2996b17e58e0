"""Whether a recording is good enough to take a voice from, and which part of it is speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from ..fusion.audio import at_16_khz
from ..fusion.types import SAMPLE_RATE, Embedding, Samples, Seconds
from .arrays import Flags, Float64, Span
from .vad import detect_speech

QUIET_DB = -45.0
NOISY_DB = 10.0
CLIPPED_SHARE = 0.005
PIECE = 3.0
"""Seconds of speech in one piece when looking for a second voice, where there is enough speech for four."""
FEWEST = 4
LEAST = 5.0
"""Seconds of speech from which four shorter pieces still tell one voice from two."""
OVERLAPPED = 0.1
"""Share of the speech with several people at once from which a recording is not one voice.

Measured with segmentation-3.0 (`benchmarks.two_at_once`) on the 26 speakers it was not set on, 10 s each: one voice
0.02 at most as recorded and 0.04 through rooms with noise; of two at once, equally loud, all have more as recorded and
85 % in rooms; of those with one 12 dB below, fewer than half. Five people alone in real recordings have 0.00.
"""

_FRAME = 480  # 30 ms
_CEILING_DB = 60.0  # beyond this the noise is digital silence
_FULL = 0.99


@dataclass(frozen=True, slots=True)
class Quality:
    """What was found in one recording.

    spans: speech, in order. speech: its seconds. level: of the speech in dB
    below full scale. noise: how many dB the speech stands above the rest.
    clipped: share of the speech's samples at full scale.
    """

    spans: tuple[Span, ...]
    speech: Seconds
    level: float
    noise: float
    clipped: float

    def flags(self) -> tuple[str, ...]:
        """What speaks against relying on it, in words for a reader."""
        found = []
        if self.level < QUIET_DB:
            found.append(f"quiet: {self.level:.0f} dB, record closer to the microphone")
        if self.noise < NOISY_DB:
            found.append(f"noisy: speech is only {self.noise:.0f} dB above the noise, record in a quieter place")
        if self.clipped > CLIPPED_SHARE:
            found.append(f"clipped: {100 * self.clipped:.1f} % of the samples, lower the recording level")
        return tuple(found)


def measure(samples: Samples, *, sample_rate: float = SAMPLE_RATE) -> Quality:
    """Find the speech in `samples`, and how loud and clean it is; silence has 0 s of speech."""
    samples = at_16_khz(samples, sample_rate)
    spans = tuple(detect_speech(samples))
    inside = np.zeros(len(samples) // _FRAME, dtype=bool)
    for start, end in spans:
        inside[int(start * SAMPLE_RATE) // _FRAME : -int(-end * SAMPLE_RATE // _FRAME)] = True
    frames = samples[: len(inside) * _FRAME].reshape(-1, _FRAME)
    power = np.square(frames.astype(np.float64)).mean(axis=1)
    if not inside.any():
        return Quality((), 0.0, -np.inf, 0.0, 0.0)
    level = 10 * np.log10(power[inside].mean() + 1e-12)
    clipped = float((np.abs(frames[inside]) >= _FULL).mean())
    seconds = float(sum(end - start for start, end in spans))
    return Quality(spans, seconds, float(level), _above_noise(power, inside), clipped)


def _above_noise(power: Float64, inside: Flags) -> float:
    """Speech over the rest in dB; where there is no rest, over its own faintest twentieth."""
    outside = power[~inside]
    enough = len(outside) >= 0.5 * SAMPLE_RATE / _FRAME
    noise = float(np.median(outside)) if enough else float(np.quantile(power[inside], 0.05))
    return float(min(10 * np.log10((power[inside].mean() + 1e-12) / (noise + 1e-12)), _CEILING_DB))


def piece_seconds(speech: Seconds) -> Seconds:
    """How long the pieces of a recording with so much speech are: 3 s, or from 5 s on what makes four of them.

    Measured on 43 speakers (CAM++, clean, and with noise 12 dB below), four
    pieces of 5 to 10 s of speech: `likeness_of_halves` of one voice 0.5 or
    more for 94 to 100 % of the recordings, of two voices for 0 to 2 %.

    >>> piece_seconds(60.0), piece_seconds(9.0), piece_seconds(4.0)
    (3.0, 2.0, 3.0)
    """
    # Half a piece less, because stretches too short to be embedded count as speech too.
    return min(PIECE, speech / (FEWEST + 0.5)) if speech >= LEAST else PIECE


def likeness_of_halves(pieces: Sequence[Embedding]) -> float:
    """Cosine between the two most different groups of `pieces`: low where two people speak.

    A group needs two pieces and a tenth of all; fewer than four pieces, or no
    such second group, give 1. Measured on 3 s pieces of 52 speakers (CAM++,
    clean and through rooms): one voice 0.76 and 0.54 or more for 99 % of the
    recordings, two voices 0.41 or less for 99 %.
    """
    if len(pieces) < FEWEST:
        return 1.0
    matrix = np.stack(pieces).astype(np.float64)
    groups = fcluster(linkage(matrix, "average", metric="cosine"), 2, "maxclust")
    one, other = matrix[groups == 1], matrix[groups != 1]
    if min(len(one), len(other)) < max(2, 0.1 * len(matrix)):
        return 1.0
    a, b = one.mean(axis=0), other.mean(axis=0)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
