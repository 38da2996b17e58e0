"""What the readers share: the bytes of one recording, the blocks that come out, and what is said of both."""

from __future__ import annotations

import io
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt

from ..errors import AudioError

if TYPE_CHECKING:
    from ..types import Note, Seconds

LOWEST_RATE, HIGHEST_RATE = 2_000, 1_000_000
MOST_CHANNELS = 256
BLOCK_VALUES = 1 << 18
"""Samples of all channels in one block, about."""
UNKNOWN_SIZE = 0x7FFF_0000
"""Writers that cannot seek put this or more: "until the end"."""
UNCOMPRESSED = (1, 3, 0xFFFE)
"""Kinds of sound in WAV files: integers, floats, and either with a longer header."""
_MISSING_SECONDS = 0.5  # less than this is an encoder's rounding, not a cut


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive frames of a recording.

    samples: float32 (frames, channels), nominally within [-1, 1]; from one block to the next the number of channels
        may change. rate: frames a second; it may change as well.
    """

    samples: npt.NDArray[np.float32]
    rate: float


class UnknownFormatError(Exception):
    """The library does not know these bytes; another one may."""


@dataclass(frozen=True, slots=True)
class Source:
    """One recording: some of the bytes of a file.

    ranges: where they lie, ``(start, stop)``, in order; None is all of the file, which then can be opened by its name.
    name: for sentences; it tells several recordings of one file apart.
    """

    path: Path
    ranges: tuple[tuple[int, int], ...] | None
    name: str

    def open(self) -> BinaryIO:
        """Its bytes as a file of their own."""
        if self.ranges is None:
            return self.path.open("rb")
        return io.BufferedReader(_Ranges(self.path, self.ranges), 1 << 16)


class _Ranges(io.RawIOBase):
    """Parts of a file as a file."""

    def __init__(self, path: Path, ranges: Sequence[tuple[int, int]]) -> None:
        self._file = path.open("rb", buffering=0)
        self._ranges = ranges
        self._begins = list(accumulate((stop - start for start, stop in ranges), initial=0))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._begins[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the Buffer protocol has no name in 3.11
        number = bisect_right(self._begins, self._at) - 1
        if number == len(self._ranges):
            return 0
        inside = self._at - self._begins[number]
        left = self._begins[number + 1] - self._at
        self._file.seek(self._ranges[number][0] + inside)
        count = self._file.readinto(memoryview(buffer)[:left]) or 0  # a slice of a bytearray would be a copy
        self._at += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def check_shape(name: str, rate: int, channels: int) -> None:
    """Refuse rates and numbers of channels that only a damaged header has."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise AudioError(f"{name} claims {rate} samples a second, which no recording has: export it again as WAV.")
    if not 1 <= channels <= MOST_CHANNELS:
        raise AudioError(f"{name} claims {channels} channels, which no recording has: export it again as WAV.")


def check_track(name: str, track: int | None, count: int) -> None:
    """Refuse a track that is not there."""
    if track is not None and track > count:
        has = "one audio track" if count == 1 else f"{count} audio tracks"
        raise AudioError(f"{name} has {has}, and no track {track}: choose another --audio-track.")


def note_if_short(name: str, seconds: Seconds, promised: Seconds, on_note: Note) -> bool:
    """Say so, and return True, where a recording ends before its header says; a `promised` of 0 is no promise.

    It is infinite where the end is missing, and nothing says how much there was.
    """
    is_short = promised - seconds > min(_MISSING_SECONDS, 0.1 * promised)
    if is_short:
        why = "its end is missing" if promised == math.inf else f"its header promises {promised:.1f} s"
        on_note(f"{name} is cut short: {why}, the {seconds:.1f} s that can be read are used.")
    return is_short
