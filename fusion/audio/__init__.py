"""Any audio or video file -> samples (float32, mono, 16 kHz), or its channels.

Files are read in blocks: a recording of ten hours needs no more memory than its
16 kHz samples, and from 30 minutes on less, as these lie in a temporary file.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AudioError, AudioNotFoundError
from ..types import SAMPLE_RATE
from .decode import decode
from .resampling import Recorder, release, resample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from ..types import Note, Samples
    from .decode import Block

__all__ = ["check_samples", "load_audio", "load_channels", "release", "same_channels"]

_CHECK_BLOCK = 1 << 20
_SAME_RESIDUAL = 1e-4  # of the energy, after the best gain: -40 dB, what a lossy codec leaves
_FULL_SCALE = {"int16": 1 << 15, "int32": 1 << 31}


def load_audio(path: str | os.PathLike[str], *, on_note: Note | None = None) -> Samples:
    """Read an audio or video file: any format, rate and number of channels, which are averaged.

    A file that is cut short is used as far as it goes; `on_note` gets a
    sentence that says so. Recordings above 30 minutes come as a read-only array
    mapped from an unnamed temporary file; `release` gives its pages back.

    Returns:
        float32 (num_samples,), at least one sample.

    Raises:
        AudioNotFoundError: there is no such file.
        AudioError: it is a folder, no audio, without samples, or holds NaN or infinity (where is said).
    """
    return _load(path, on_note, mix=True)[0]


def load_channels(path: str | os.PathLike[str], *, on_note: Note | None = None) -> list[Samples]:
    """Read a file like `load_audio`, each of its channels by itself: for recordings of one speaker a channel."""
    return _load(path, on_note, mix=False)


def same_channels(channels: Sequence[Samples]) -> bool:
    """Whether all channels carry the same recording (dual mono), up to their volume and a codec's noise.

    One channel alone is the same as itself; two silent ones are the same, a
    silent and a speaking one are not.
    """
    return all(_same(channels[0], other) for other in channels[1:])


def check_samples(samples: npt.ArrayLike) -> Samples:
    """Check, and convert where that is safe, samples that a caller of the library brings.

    float64 and float16 become float32; int16, int32 and uint8 are scaled to
    [-1, 1]. Read-only and non-contiguous arrays are fine; a float32 array that
    is contiguous comes back uncopied.

    Raises:
        AudioError: not one-dimensional, no samples, a type that is no audio, NaN or infinity.
    """
    array = np.asarray(samples)
    if array.ndim != 1:
        raise AudioError(
            f"samples of shape {array.shape} must be mono, shape (num_samples,), at {SAMPLE_RATE} Hz: "
            "average the channels first, as in samples.mean(axis=1) for (num_samples, channels)."
        )
    if array.size == 0:
        raise AudioError("samples is empty: give at least one sample.")
    result = _as_float32(array)
    for start in range(0, len(result), _CHECK_BLOCK):
        _check_finite(result[start : start + _CHECK_BLOCK, np.newaxis], start, SAMPLE_RATE, "samples")
        release(result)
    return result


def _load(path: str | os.PathLike[str], on_note: Note | None, *, mix: bool) -> list[Samples]:
    file = _existing(path)
    with decode(file, on_note or _ignore) as decoded, ExitStack() as unfinished:
        channels = 1 if mix else decoded.channels
        blocks = _finite(decoded.blocks, decoded.rate, str(file))
        recorders = [unfinished.enter_context(closing(Recorder())) for _ in range(channels)]
        for block in resample(_mono(blocks) if mix else blocks, decoded.rate, channels):
            for recorder, column in zip(recorders, block.T, strict=True):
                recorder.write(column)
        recordings = [recorder.finish() for recorder in recorders]
    if not len(recordings[0]):
        raise AudioError(f"{file} holds no samples: give a recording that is not empty.")
    return recordings


def _existing(path: str | os.PathLike[str]) -> Path:
    file = Path(path)
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a name no system allows
        raise AudioNotFoundError(f"There is no file {file}: check the name and the folder.") from error
    except OSError as error:
        raise AudioError(f"{file} cannot be read ({error.strerror}): check its name and permissions.") from error
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(f"{file} is a folder: give an audio or video file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{file} is no regular file: copy the recording to one first.")
    if status.st_size == 0:
        raise AudioError(f"{file} is empty: record or copy it again.")
    if not os.access(file, os.R_OK):
        raise AudioError(f"{file} may not be read: change its permissions, or copy it.")
    return file


def _mono(blocks: Iterable[Block]) -> Iterator[Block]:
    """The mean of the channels, as a product: 40 times faster than `mean` over so short an axis."""
    for block in blocks:
        channels = block.shape[1]
        yield block if channels == 1 else block @ np.full((channels, 1), 1 / channels, np.float32)


def _finite(blocks: Iterable[Block], rate: int, name: str) -> Iterator[Block]:
    done = 0
    for block in blocks:
        _check_finite(block, done, rate, name)
        done += len(block)
        yield block


def _check_finite(block: Block, start: int, rate: int, name: str) -> None:
    """Refuse NaN and infinity in a block (frames, channels) that begins at frame `start`, with the position."""
    finite = np.isfinite(block)
    if finite.all():
        return
    frame, channel = np.argwhere(~finite)[0]
    what = "NaN" if np.isnan(block[frame, channel]) else "infinity"
    at = f"channel {channel + 1}, " if block.shape[1] > 1 else ""
    raise AudioError(
        f"{name} holds {what} at {(start + frame) / rate:.3f} s ({at}sample {start + frame}): "
        "export the recording again, or replace such samples by 0."
    )


def _as_float32(array: npt.NDArray[np.generic]) -> Samples:
    kind = array.dtype.name
    if kind in _FULL_SCALE:
        scaled: Samples = array.astype(np.float32) / np.float32(_FULL_SCALE[kind])
        return scaled
    if kind == "uint8":
        centred: Samples = (array.astype(np.float32) - 128) / np.float32(128)
        return centred
    if array.dtype.kind != "f":
        raise AudioError(
            f"samples of type {kind} are no audio: give float32 within [-1, 1], or int16 as recorders write it."
        )
    with np.errstate(over="ignore"):  # What float32 cannot hold becomes infinity, and is refused as such.
        return np.ascontiguousarray(array, np.float32)


def _same(one: Samples, other: Samples) -> bool:
    """Whether `other` is `one` times a gain (which may turn its sign), but for a residual."""
    if len(one) != len(other):
        return False
    ones = others = products = 0.0
    for start in range(0, len(one), _CHECK_BLOCK):
        a, b = (x[start : start + _CHECK_BLOCK].astype(np.float64) for x in (one, other))
        ones, others, products = ones + float(a @ a), others + float(b @ b), products + float(a @ b)
    if not ones or not others:
        return ones == others
    return 1 - products**2 / (ones * others) <= _SAME_RESIDUAL


def _ignore(sentence: str) -> None:
    """Stand in for a listener that nobody gave."""
