"""What is refused, whichever way audio comes: no file, no samples, NaN, another library's objects."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import AudioError, AudioNotFoundError, OptionError
from ..given import check_path, first_line, is_number, only_address, short
from ..types import SAMPLE_RATE, Samples, Seconds
from .resampling import record, release, resample
from .source import HIGHEST_RATE, LOWEST_RATE, Block

_CHECK_BLOCK = 1 << 20
_LOUDEST = 1e12
"""Times full scale. Floats that hold integers of 32 bits reach 2e9; far beyond, what is computed of them overflows."""
_FULL_SCALE = {"int16": 1 << 15, "int32": 1 << 31}


def check_samples(samples: npt.ArrayLike, sample_rate: float = SAMPLE_RATE) -> Samples:
    """Check, and convert where that is safe, samples that a caller of the library brings.

    float64 and float16 become float32; int16, int32 and uint8 are scaled to
    [-1, 1]; another rate becomes 16 kHz. Read-only and non-contiguous arrays are
    fine; a float32 array at 16 kHz that is contiguous comes back uncopied.

    Args:
        samples: (num_samples,), mono.
        sample_rate: how many of them are a second.

    Raises:
        AudioError: not one-dimensional, no samples, a type that is no audio, NaN or infinity.
        OptionError: a sample rate that no recording has.
    """
    _check_rate(sample_rate)
    result = _as_float32(_array(samples))
    for _ in finite(_in_blocks(result, sample_rate), "samples"):
        release(result)
    return at_16_khz(result, sample_rate)


def at_16_khz(samples: Samples, sample_rate: float) -> Samples:
    """Bring samples (num_samples,) to 16 kHz; those that are there already come back uncopied.

    Raises:
        OptionError: a sample rate that no recording has.
    """
    _check_rate(sample_rate)
    if sample_rate == SAMPLE_RATE or not len(samples):
        return samples
    return record(resample(_in_blocks(samples, sample_rate)))[0]


def _check_rate(sample_rate: float) -> None:
    if not is_number(sample_rate) or not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
        raise OptionError(
            f"sample_rate={short(sample_rate)} must be a number of samples a second, "
            f"from {LOWEST_RATE} to {HIGHEST_RATE}, as in sample_rate=44100."
        )


def _in_blocks(samples: Samples, rate: float) -> Iterator[Block]:
    for start in range(0, len(samples), _CHECK_BLOCK):
        yield Block(samples[start : start + _CHECK_BLOCK, np.newaxis], rate)


def _array(samples: npt.ArrayLike) -> npt.NDArray[Any]:
    """`samples` as an array (num_samples,), with at least one of them."""
    if isinstance(samples, (bytes, bytearray, memoryview)) or hasattr(samples, "read"):
        raise AudioError(
            f"audio given as {type(samples).__name__} cannot be used: write it to a file and give its path, "
            "or decode it and give the samples."
        )
    if isinstance(samples, Mapping) or (isinstance(samples, tuple) and any(np.ndim(part) for part in samples)):
        raise AudioError(
            f"audio given as {type(samples).__name__} cannot be used: give the samples alone, and their rate "
            "as sample_rate."
        )
    if np.ma.is_masked(samples):
        raise AudioError("samples has some masked, which are no sound: give samples.filled(0).")
    try:
        array = np.asarray(samples)
    except (ValueError, TypeError, RuntimeError) as error:
        if hasattr(samples, "__array__"):  # a tensor on a GPU, or one that wants gradients
            raise AudioError(
                f"audio given as {type(samples).__name__} cannot become an array ({first_line(error).rstrip('.')}): "
                "give a numpy array, as samples.detach().cpu().float().numpy() is of a torch tensor."
            ) from error
        raise AudioError("samples must be one array (num_samples,), and not lists of several lengths.") from error
    if not array.ndim:
        raise AudioError(
            f"audio given as {type(samples).__name__} cannot be used: give a file's path, or an array of samples."
        )
    if array.ndim != 1:
        raise AudioError(f"samples of shape {array.shape} must be mono, shape (num_samples,): {_to_mono(array)}")
    if array.size == 0:
        raise AudioError("samples is empty: give at least one sample.")
    return array


def _to_mono(array: npt.NDArray[Any]) -> str:
    """What to do with several rows or columns: there are fewer channels than samples, whichever come first."""
    if array.ndim != 2:  # noqa: PLR2004 - samples and channels
        return "give one recording at a time."
    channels = int(np.argmin(array.shape))
    if array.shape[channels] == 1:
        return "give samples.reshape(-1)."
    return f"average the channels first, samples.mean(axis={channels})."


def finite(blocks: Iterable[Block], name: str) -> Iterator[Block]:
    """The blocks; NaN, infinity and what no loudness is are refused with their place."""
    done, seconds = 0, 0.0
    for block in blocks:
        _check_finite(block, done, seconds, name)
        done += len(block.samples)
        seconds += len(block.samples) / block.rate
        yield block


def existing(path: str | os.PathLike[str]) -> Path:
    """The file as a path; refuses what cannot be read as one."""
    file = check_path(path, "a recording", AudioError)
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a name no system allows
        told = only_address(file) or f"There is no file {file}: check the name and the folder."
        raise AudioNotFoundError(told) from error
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


def _check_finite(block: Block, done: int, seconds: Seconds, name: str) -> None:
    """Refuse NaN, infinity and what is damage in a block that comes after `done` frames, which last `seconds`."""
    samples = block.samples
    if samples.size == 0 or (samples.max() <= _LOUDEST and samples.min() >= -_LOUDEST):  # which NaN is not
        return
    frame, channel = np.argwhere(~(np.abs(samples) <= _LOUDEST))[0]
    value = samples[frame, channel]
    what = "NaN" if np.isnan(value) else "infinity" if np.isinf(value) else f"the sample {value:.0e}"
    at = f"channel {channel + 1}, " if block.samples.shape[1] > 1 else ""
    raise AudioError(
        f"{name} holds {what} at {seconds + frame / block.rate:.3f} s ({at}sample {done + frame}): "
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
    if array.dtype.kind in "USO" and all(isinstance(one, str | os.PathLike) for one in array):
        raise AudioError("Text is no audio: give one file's path, or of several files what load_audio makes of them.")
    if array.dtype.kind != "f":
        raise AudioError(
            f"samples of type {kind} are no audio: give float32 within [-1, 1], or int16 as recorders write it."
        )
    with np.errstate(over="ignore"):  # What float32 cannot hold becomes infinity, and is refused as such.
        return np.ascontiguousarray(array, np.float32)
