"""Whether a recording is good enough to take a voice from, and which part of it is speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
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
_GROUPS = 6
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
    pieces of 5 to 10 s of speech: `likeness_of_groups` of one voice 0.5 or
    more for 94 to 100 % of the recordings, of two voices for 0 to 2 %.

    >>> piece_seconds(60.0), piece_seconds(9.0), piece_seconds(4.0)
    (3.0, 2.0, 3.0)
    """
    # Half a piece less, because stretches too short to be embedded count as speech too.
    return min(PIECE, speech / (FEWEST + 0.5)) if speech >= LEAST else PIECE


def likeness_of_groups(pieces: Sequence[Embedding]) -> float:
    """Cosine between the two most different groups of `pieces`: low where several people speak.

    They are told apart into two to six groups, of which those count that have two pieces and a
    tenth of all; fewer than four pieces, or no second group, give 1. Measured on 3 s pieces of 52
    speakers (CAM++): one voice, clean or cut out of made-up conversations through rooms, noise,
    telephone and codecs, 0.69 or more in each of 237 recordings; whole conversations of two to ten
    people below 0.5 in all of 54, and in 21 of 22 on the telephone, where two groups alone found 51 and 9.
    """
    if len(pieces) < FEWEST:
        return 1.0
    matrix = np.stack(pieces).astype(np.float64)
    tree = linkage(matrix, "average", metric="cosine")
    cuts = [fcluster(tree, number, "maxclust") for number in range(2, _GROUPS + 1)]
    return min(_least_cosine(matrix, groups) for groups in cuts)


def _least_cosine(matrix: Float64, groups: npt.NDArray[np.int32]) -> float:
    """Between the means of any two groups that are large enough; 1 where there is one."""
    numbers, counts = np.unique(groups, return_counts=True)
    means = [matrix[groups == number].mean(axis=0) for number in numbers[counts >= max(2, 0.1 * len(matrix))]]
    units = np.array([mean / np.linalg.norm(mean) for mean in means]).reshape(len(means), matrix.shape[1])
    return float(min(1.0, (units @ units.T).min(initial=1.0)))
