"""Uncompressed audio and Ogg, read by libsndfile."""

from __future__ import annotations

import os
import struct
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ..errors import AudioError
from .lengths import promised_length
from .source import (
    BLOCK_VALUES,
    UNCOMPRESSED,
    UNKNOWN_SIZE,
    Block,
    Source,
    UnknownFormatError,
    check_shape,
    check_track,
    note_if_short,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..types import Note

_SMALL_STEP = 256
_MOST_CHUNKS = 1_000  # before the data; a file of empty ones must not keep us
_ORDERS = {b"RIFF": "<", b"RIFX": ">", b"RF64": "<", b"BW64": "<"}


_MISLEADING = (".raw", ".mp3")
"""Endings that go unseen: of the one libsndfile knows that it knows nothing; for the other its decoder prints."""


def read_pcm(source: Source, on_note: Note, track: int | None) -> Iterator[Block]:
    """The recording's blocks.

    Raises:
        UnknownFormatError: before any block; libsndfile does not know it, or finds no samples.
        AudioError: impossible numbers in the header, or no such track.
    """
    with ExitStack() as opened:
        file = _open(source, opened)
        check_shape(source.name, file.samplerate, file.channels)
        check_track(source.name, track, 1)
        done = 0
        for samples in _samples(file, source, opened):
            done += len(samples)
            yield Block(samples, file.samplerate)
        seconds = done / file.samplerate
        promised = max(file.frames, wav_data(source).frames) / file.samplerate
        note_if_short(source.name, seconds, max(promised, promised_length(source, seconds)), on_note)


def _open(source: Source, opened: ExitStack) -> Any:
    import soundfile

    # By its name where that is possible: libsndfile then reads without Python in between, and knows a few endings.
    if source.ranges is None and source.path.suffix.lower() not in _MISLEADING:
        file: Any = _name(source)
    else:
        nameless = replace(source, ranges=source.ranges or ((0, source.path.stat().st_size),))
        file = opened.enter_context(nameless.open())
    try:
        file = opened.enter_context(soundfile.SoundFile(file))
    except soundfile.LibsndfileError as error:
        raise UnknownFormatError from error
    if file.frames == 0:  # A recorder that never finished its header; FFmpeg reads on to the end.
        raise UnknownFormatError
    if file.format == "W64":  # Of its longer headers libsndfile skips the kind: floats, A-law come out as integers.
        raise UnknownFormatError
    return file


def _name(source: Source) -> str | bytes:
    """What libsndfile is given: on POSIX the name's own bytes, since soundfile encodes no name that is not UTF-8."""
    return os.fspath(source.path) if os.name == "nt" else os.fsencode(source.path)


def _samples(file: Any, source: Source, opened: ExitStack) -> Iterator[npt.NDArray[np.float32]]:
    step, done = BLOCK_VALUES // file.channels, 0
    for samples in _readable(file, step):
        done += len(samples)
        yield samples
    if done < file.frames and done % step == 0:  # Damaged within the next block: read up to there in small steps.
        again = _open(source, opened)  # After an error a file may not seek any more.
        for _ in range(done // step):
            again.read(step, dtype="float32")
        yield from _readable(again, _SMALL_STEP)


def _readable(file: Any, step: int) -> Iterator[npt.NDArray[np.float32]]:
    """What can be read, `step` frames at a time, to the end or to the first damage."""
    import soundfile

    while True:
        try:
            samples: npt.NDArray[np.float32] = file.read(step, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            return
        if not len(samples):
            return
        yield samples


@dataclass(frozen=True, slots=True)
class WavData:
    """What the header of a WAV file, or one of its kin, says of its samples.

    frames: how many it promises (libsndfile only tells how many there are); 0 if it is none, or does not say.
    goes_on: after the promised ones there are bytes that are no chunk: a header that was never brought up to date,
        or a size beyond 4 GiB, of which it holds the rest only.
    """

    frames: int = 0
    goes_on: bool = False


def wav_data(source: Source) -> WavData:
    """Read the header of a WAV, RF64 or AU file, if it is one.

    Raises:
        AudioError: its numbers contradict one another.
    """
    with source.open() as file:
        head = file.read(24)
        if head[:4] == b".snd":
            return _au_data(file, head)
        if head[:4] not in _ORDERS or head[8:12] != b"WAVE":
            return WavData()
        file.seek(12)
        return _riff_data(file, source.name, _ORDERS[head[:4]])


def _au_data(file: BinaryIO, head: bytes) -> WavData:
    if len(head) < 12:  # noqa: PLR2004  (name, start of the samples, their size)
        return WavData()
    start, size = struct.unpack(">II", head[4:12])
    file.seek(start)
    return WavData(goes_on=0 < size < UNKNOWN_SIZE and _is_sound_after(file, size, 1))


def _riff_data(file: BinaryIO, name: str, order: str) -> WavData:
    frame_bytes, long_size = 0, None
    for chunk, size in _chunks(file, order):
        if chunk == b"data":
            length = size if long_size is None or size < UNKNOWN_SIZE else long_size
            return _samples_of(file, length, frame_bytes, is_long=long_size is not None)
        body = file.read(min(size, 16)) if chunk in (b"fmt ", b"ds64") else b""
        if len(body) == 16:  # noqa: PLR2004  (up to and with the bits a sample has; the two sizes)
            if chunk == b"ds64":
                long_size = int.from_bytes(body[8:], "little")
            else:
                frame_bytes = _frame_bytes(name, body, order)
        file.seek(size + size % 2 - len(body), os.SEEK_CUR)
    return WavData()


def _samples_of(file: BinaryIO, size: int, frame_bytes: int, *, is_long: bool) -> WavData:
    """What a data chunk of `size` bytes says, which begins where `file` stands."""
    if not frame_bytes or (size >= UNKNOWN_SIZE and not is_long):
        return WavData()
    if size == 0:  # told to be unknown; in an RF64 whose recorder was killed, libsndfile believes it
        return WavData(goes_on=is_long and _is_sound_after(file, 0, frame_bytes))
    return WavData(size // frame_bytes, _is_sound_after(file, size, frame_bytes))


def _frame_bytes(name: str, body: bytes, order: str) -> int:
    """Bytes of a frame. libsndfile and FFmpeg compute it themselves, each from other numbers."""
    kind, channels, rate, second_bytes, frame_bytes, bits = struct.unpack(order + "HHIIHH", body)
    needed = channels * -(-bits // 8)
    if kind in UNCOMPRESSED and frame_bytes < needed and second_bytes == rate * frame_bytes:
        raise AudioError(
            f"{name} claims {channels} channels of {bits} bits in frames of {frame_bytes} bytes, which cannot be: "
            "export it again as WAV."
        )
    return int(frame_bytes)


def _chunks(file: BinaryIO, order: str) -> Iterator[tuple[bytes, int]]:
    """Name and size of each chunk; whoever takes them moves the file on."""
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004  (a chunk's name and size)
            return
        yield head[:4], int(struct.unpack(order + "I", head[4:])[0])


def _is_sound_after(file: BinaryIO, size: int, frame_bytes: int) -> bool:
    """Whether the samples go on where they should end: no chunk there, no tag of another program, not only zeros."""
    file.seek(size + size % 2, os.SEEK_CUR)
    rest = file.read(1 << 16)
    is_named = rest[:4].isascii() and rest[:4].decode().isprintable()
    return len(rest) >= max(4096, frame_bytes) and not is_named and any(rest)
