"""The recording cut into overlapping windows, and where their frames lie.

Everything that later stages must agree on about time is said here once: which
samples a window holds, at which frame of the recording it begins, and at what
time a frame lies. The rounding is pyannote.audio's (`Inference.slide` and
`Inference.aggregate`), to the last bit, because one frame more or less moves
every turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..fusion.errors import OptionError
from ..fusion.types import SAMPLE_RATE, Samples, Seconds
from .arrays import Float32, Float64, Int64

FRAMES_PER_WINDOW = 589
FRAME_STEP: Seconds = 270 / SAMPLE_RATE
FRAME_DURATION: Seconds = 991 / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows over a recording of `num_samples` samples at 16 kHz.

    step, duration: seconds between two windows and of one window. The last
    window is padded with zeros whenever samples are left over after the last
    whole one, even a single sample; a recording shorter than one window is one
    padded window.

    Raises:
        OptionError: the step is below one sample or above the window.

    Example:
        >>> windows = Windows(480_001)
        >>> windows.count, windows.total_frames
        (22, 1838)
    """

    num_samples: int
    step: Seconds = 1.0
    duration: Seconds = 10.0
    frames_per_window: int = FRAMES_PER_WINDOW
    frame_step: Seconds = FRAME_STEP
    frame_duration: Seconds = FRAME_DURATION

    def __post_init__(self) -> None:
        if not 1 / SAMPLE_RATE <= self.step <= self.duration:
            raise OptionError(f"step={self.step:g} must be at least one sample and at most {self.duration:g} seconds.")

    @property
    def window_samples(self) -> int:
        """Samples in one window."""
        return round(self.duration * SAMPLE_RATE)

    @property
    def step_samples(self) -> int:
        """Samples between two windows."""
        return round(self.step * SAMPLE_RATE)

    @property
    def count(self) -> int:
        """How many windows there are, at least one."""
        beyond = self.num_samples - self.window_samples
        return 1 if beyond <= 0 else 1 - (-beyond // self.step_samples)

    @property
    def starts(self) -> Float64:
        """Start of each window in seconds, float64 (count,)."""
        return np.arange(self.count, dtype=np.float64) * self.step

    @property
    def total_frames(self) -> int:
        """Frames of the whole recording, its padding included; a few lie beyond the last window's own."""
        end = self.duration + (self.count - 1) * self.step
        return int(self._nearest_frame(np.float64(end + 0.5 * self.frame_duration))) + 1

    @property
    def first_frames(self) -> Int64:
        """Frame of the recording at which each window begins, int64 (count,), rising."""
        return self._nearest_frame(self.starts + 0.5 * self.frame_duration)

    @property
    def coverage(self) -> Int64:
        """How many windows see each frame, int64 (total_frames,); 0 for the few beyond the last window."""
        change = np.zeros(self.total_frames + self.frames_per_window + 1, dtype=np.int64)
        np.add.at(change, self.first_frames, 1)
        np.subtract.at(change, self.first_frames + self.frames_per_window, 1)
        return np.cumsum(change)[: self.total_frames]

    def around(self, begin: Seconds, end: Seconds) -> range:
        """The windows that hear any of ``begin <= t < end``."""
        first = int((begin - self.duration) // self.step) + 1
        return range(max(first, 0), min(-int(-end // self.step), self.count))

    def frame_times(self, frames: npt.ArrayLike) -> Float64:
        """Middle of each of the `frames` (indices in the recording), in seconds."""
        start = np.asarray(frames) * self.frame_step
        return 0.5 * (start + (start + self.frame_duration))

    def window(self, samples: Samples, index: int) -> Samples:
        """Window `index` of the recording, float32 (window_samples,): a view, or zero-padded at the end."""
        start = index * self.step_samples
        piece = samples[start : start + self.window_samples]
        if piece.size == self.window_samples:
            return piece
        return np.pad(piece, (0, self.window_samples - piece.size))

    def stacked(self, samples: Samples, indices: Iterable[int]) -> Float32:
        """Windows `indices` as the segmentation hears them, float32 (windows, 1, window_samples)."""
        return np.stack([self.window(samples, index) for index in indices])[:, None]

    def _nearest_frame(self, times: Float64 | np.float64) -> Int64:
        """Frame whose middle is nearest to each time; half rounds to even, as upstream's `closest_frame`."""
        return np.rint((times - 0.5 * self.frame_duration) / self.frame_step).astype(np.int64)
