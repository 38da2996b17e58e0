"""Segmentation: which of three local speakers talks in which frame of each window."""

from __future__ import annotations

import numpy as np

from ..fusion.types import SAMPLE_RATE, Samples
from ..fusion.watch import Advance
from .arrays import Bits, Float32
from .powerset import to_multilabel
from .runtime import Runtime, Session
from .windows import Windows


def segment(
    samples: Samples, windows: Windows, network: Session, runtime: Runtime, batch: int, advance: Advance
) -> Bits:
    """Run the segmentation network over all windows and decode its powerset.

    Args:
        samples: float32 (num_samples,), 16 kHz.
        windows: how the recording is cut; the last window is zero-padded.
        network: ``[batch, 1, 160000] -> [batch, 589, 7]`` log-probabilities.
        runtime: how many batches are computed at once.
        batch: windows a call.
        advance: told after every batch; raises if the caller cancelled.

    Returns:
        uint8 (num_windows, 589, 3), 1 where the local speaker is active.
    """

    def one(chunk: Float32) -> Bits:
        return to_multilabel(network(chunk))

    decoded = np.empty((windows.count, windows.frames_per_window, 3), np.uint8)
    done = 0
    for part in runtime.map(one, windows.batches(samples, batch)):
        decoded[done : done + len(part)] = part
        done += len(part)
        advance(done, windows.count)
    return decoded


def silence_padding(segmentations: Bits, windows: Windows) -> None:
    """Silence, in place, whom the network hears after the recording's end.

    It carries a voice on into the zeros that fill the last window, by up to a
    second. Upstream leaves that, and has turns that end after the recording.

    Args:
        segmentations: 0 or 1, (windows, frames, local speakers).
        windows: where the windows lie.
    """
    times = windows.frame_times(windows.first_frames[-1] + np.arange(segmentations.shape[1]))
    segmentations[-1, times >= windows.num_samples / SAMPLE_RATE] = 0
