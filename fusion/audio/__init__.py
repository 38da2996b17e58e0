"""Any audio or video file -> samples (float32, mono, 16 kHz), or its channels.

Files are read in blocks: a recording of ten hours needs no more memory than its
16 kHz samples, and from 30 minutes on less, as these lie in a temporary file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from ..errors import AudioError, OptionError
from ..given import enough_memory, is_number
from ..types import SAMPLE_RATE, Note, Samples, Seconds
from ..watch import log_note, unheard
from .checking import at_16_khz, check_samples, existing, finite
from .decode import count_tracks, decode
from .mixing import Mixer
from .plausible import doubts, undoubted
from .resampling import record, release, resample
from .separate import AudioSource, SeparateFiles, side_by_side, source_of
from .source import Block

__all__ = [
    "AudioSource",
    "SeparateFiles",
    "Track",
    "at_16_khz",
    "check_samples",
    "check_track",
    "doubts",
    "load_audio",
    "load_channels",
    "release",
    "same_channels",
    "undoubted",
]

Track: TypeAlias = int | Literal["all"] | None
"""Which audio track of a file: its number from 1, all of them, each as a channel, or the default one."""

_STEP = 1 << 18
_SAME_RESIDUAL = 1e-4  # of the energy, after the best gain: -40 dB, what a lossy codec leaves


def load_audio(path: AudioSource, *, on_note: Note | None = None, track: Track = None) -> Samples:
    """Read an audio or video file: any format, rate and number of channels, which are averaged.

    Several files of one conversation (a list of paths, or `SeparateFiles`) are averaged with each other too.

    Recordings that follow one another in the file are read one after another.
    A file that is cut short or damaged is used as far as it goes; channels out
    of phase, whose mean would be silence, are mixed in another way; `on_note`
    gets a sentence that says so. Recordings above 30 minutes come as a read-only
    array mapped from an unnamed temporary file; `release` gives its pages back.

    Args:
        path: the file, or the files.
        on_note: hears sentences that a user should see; None: the log `diarfuse` has them, as warnings.
        track: an audio track's number from 1, or ``all``; None is the default track, with a note if there are others.

    Returns:
        float32 (num_samples,), at least one sample.

    Raises:
        AudioNotFoundError: there is no such file.
        AudioError: it is a folder, no audio, without samples, without that track, or holds NaN or infinity (where is
            said).
        OptionError: `track` is neither a number from 1 nor ``all``.
    """
    note, mixer, path = on_note or log_note, Mixer(), source_of(path)
    with enough_memory(f"read {path}"):
        recordings = record(resample(mixer.mix(_blocks(path, note, track))))
        better = mixer.better()
        for choice in better.values():
            note(f"{path} has channels out of phase, whose mean would lose {choice.lost:.1f} s: {choice.what}.")
        if better:
            recordings.clear()
            other = Mixer({channels: choice.weights for channels, choice in better.items()})
            recordings = record(resample(other.mix(_blocks(path, unheard, track))))
    return _with_samples(recordings, path)[0]


def load_channels(path: AudioSource, *, on_note: Note | None = None, track: Track = None) -> list[Samples]:
    """Read a file like `load_audio`, each of its channels by itself: for recordings of one speaker a channel.

    Where the number of channels changes on the way, those that are missing are silent. Of several files each is a
    channel, whatever channels it has; they come in one length, silent before a file begins and after it ends.
    """
    path = source_of(path)
    with enough_memory(f"read {path}"):
        blocks = _watched(_blocks(path, on_note or log_note, track), str(path), on_note or log_note)
        return _with_samples(record(resample(blocks)), path)


def same_channels(channels: Sequence[Samples]) -> bool:
    """Whether all channels carry the same recording (dual mono), up to their volume and a codec's noise.

    One channel alone is the same as itself; two silent ones are the same, a
    silent and a speaking one are not.
    """
    return all(_same(channels[0], other) for other in channels[1:])


def _with_samples(recordings: list[Samples], path: AudioSource) -> list[Samples]:
    if not recordings or not len(recordings[0]):
        raise AudioError(f"{path} holds no samples: give a recording that is not empty.")
    return recordings


def check_track(track: Track) -> None:
    """Refuse what is no track, whatever the file.

    Raises:
        OptionError: `track` is neither a number from 1, nor ``all``, nor None.
    """
    if track is not None and track != "all" and (not is_number(track, whole=True) or track < 1):
        raise OptionError(f"The audio track {track!r} must be a number from 1, or 'all'.")


def _blocks(path: str | os.PathLike[str] | SeparateFiles, on_note: Note, track: Track) -> Iterator[Block]:
    check_track(track)
    if isinstance(path, SeparateFiles):
        tracks = [load_audio(file, on_note=on_note, track=track) for file in path.paths]
        return side_by_side(tracks, [round(start * SAMPLE_RATE) for start in path.starts])
    file = existing(path)
    if track == "all":
        return _beside(file, on_note)
    return finite(decode(file, on_note, track), str(file))


def _beside(file: Path, on_note: Note) -> Iterator[Block]:
    """All audio tracks of a file, each as a channel; the channels of the only one are left as they are."""
    count = count_tracks(file)
    if count == 1:
        yield from _blocks(file, on_note, None)
        return
    yield from side_by_side([load_audio(file, on_note=on_note, track=number) for number in range(1, count + 1)])


def _watched(blocks: Iterator[Block], name: str, on_note: Note) -> Iterator[Block]:
    """The blocks; says so where the number of channels changes."""
    seconds: Seconds = 0.0
    channels = 0
    for block in blocks:
        if channels not in (0, block.samples.shape[1]):
            now = block.samples.shape[1]
            on_note(f"{name} has {channels} channels up to {seconds:.1f} s and {now} from there on.")
        channels = block.samples.shape[1]
        seconds += len(block.samples) / block.rate
        yield block


def _same(one: Samples, other: Samples) -> bool:
    """Whether `other` is `one` times a gain (which may turn its sign), but for a residual."""
    if len(one) != len(other):
        return False
    ones = others = products = 0.0
    for start in range(0, len(one), _STEP):
        a, b = (x[start : start + _STEP].astype(np.float64) for x in (one, other))
        ones, others, products = ones + float(a @ a), others + float(b @ b), products + float(a @ b)
    if not ones or not others:
        return ones == others
    return 1 - products**2 / (ones * others) <= _SAME_RESIDUAL
