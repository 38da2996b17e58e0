"""Segmentation: which of three local speakers talks in which frame of each window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np

from ..fusion.types import SAMPLE_RATE, Samples
from ..fusion.watch import Advance
from .arrays import Bits, Float32
from .gathering import in_parts
from .powerset import to_multilabel
from .runtime import Network, Runtime
from .windows import Windows

Known: TypeAlias = Callable[[int], Bits | None]
"""``known(first_sample)``: what was heard in the whole window that begins there, uint8 (589, 3), or None."""


def nothing_known(_first_sample: int) -> None:
    """No window has been heard yet."""


def segment(
    samples: Samples,
    windows: Windows,
    network: Network,
    runtime: Runtime,
    batch: int,
    advance: Advance,
    known: Known = nothing_known,
) -> Bits:
    """Run the segmentation network over all windows and decode its powerset.

    Args:
        samples: float32 (num_samples,), 16 kHz.
        windows: how the recording is cut; the last window is zero-padded.
        network: ``[batch, 1, 160000] -> [batch, 589, 7]`` log-probabilities.
        runtime: how many batches are computed at once.
        batch: windows a call.
        advance: told after every batch; raises if the caller cancelled.
        known: windows that need not be heard again: the network says the same of a window whatever its neighbours.

    Returns:
        uint8 (num_windows, 589, 3), 1 where the local speaker is active.
    """

    def one(chunk: Float32) -> Bits:
        return to_multilabel(in_parts(network, chunk))

    decoded = np.empty((windows.count, windows.frames_per_window, 3), np.uint8)
    unheard = [index for index in range(windows.count) if not _recall(decoded, index, samples.size, windows, known)]
    done = 0
    chunks = (unheard[first : first + batch] for first in range(0, len(unheard), batch))
    for part in runtime.staged(partial(windows.stacked, samples), one, chunks, lead=1):  # a chunk may take 164 MB
        decoded[unheard[done : done + len(part)]] = part
        done += len(part)
        advance(windows.count - len(unheard) + done, windows.count)
    return decoded


def _recall(decoded: Bits, index: int, num_samples: int, windows: Windows, known: Known) -> bool:
    """Put in its place what is known of window `index`, unless the recording ends in it; whether it was."""
    first = index * windows.step_samples
    heard = known(first) if first + windows.window_samples <= num_samples else None
    if heard is None:
        return False
    decoded[index] = heard
    return True


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
