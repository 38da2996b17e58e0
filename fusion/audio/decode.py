"""Audio and video files as blocks of samples at their own rate; headers are hints, never sizes to allocate.

libsndfile reads what it knows (WAV, FLAC, Ogg, MP3, AIFF, CAF, W64, ...), FFmpeg
through PyAV everything else.
"""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..types import Note

Block: TypeAlias = npt.NDArray[np.float32]
"""float32 (frames, channels), nominally within [-1, 1]."""

_BLOCK_VALUES = 1 << 18
_SMALL_STEP = 256
_LOWEST_RATE, _HIGHEST_RATE = 2_000, 1_000_000
_MOST_CHANNELS = 256
_MISSING_SECONDS = 0.5  # less than this is an encoder's rounding, not a cut
_GAP_SECONDS = 0.1  # less than this is jitter of the container's clock
_MOST_SILENCE_SECONDS = 3600.0  # in all: a damaged clock must not make days of it
_MOST_CHUNKS = 1_000  # before the data; a file of empty ones must not keep us
_UNKNOWN_SIZE = 0x7FFF_0000  # writers that cannot seek put this or more: "until the end"

# Containers of media. Playlists and image formats are left out on purpose: they make FFmpeg open other files.
_CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,"
    "mxf,ogg,rm,tta,voc,w64,wav,wv"
)
_TAKES_ANY_TAGS = 19  # major version of PyAV
_DURATION_IS_KNOWN = ("mov", "matroska", "asf", "avi")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A recording being read: `blocks` can be gone through once."""

    rate: int
    channels: int
    blocks: Iterator[Block]


@contextmanager
def decode(path: Path, on_note: Note) -> Iterator[Decoded]:
    """Open `path` with the first library that knows it.

    A recording that ends before its header says it would is used as far as it
    goes, with a sentence through `on_note`.

    Raises:
        AudioError: neither library can read it, or it holds no audio.
    """
    import soundfile

    try:
        file = soundfile.SoundFile(_name(path))
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name ending in .raw
        first = str(error).rpartition(": ")[2].rstrip(".")
        with _decode_av(path, on_note, first) as decoded:
            yield decoded
        return
    with file:
        if file.frames == 0:  # A recorder that never finished its header; FFmpeg reads on to the end.
            with _decode_av(path, on_note, "it holds no samples") as decoded:
                yield decoded
            return
        _check_shape(path, file.samplerate, file.channels)
        yield Decoded(file.samplerate, file.channels, _soundfile_blocks(file, path, on_note))


def _name(path: Path) -> str | bytes:
    """What libsndfile is given: on POSIX the name's own bytes, since soundfile encodes no name that is not UTF-8."""
    return os.fspath(path) if os.name == "nt" else os.fsencode(path)


def _check_shape(path: Path, rate: int, channels: int) -> None:
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
        raise AudioError(f"{path} claims {rate} samples a second, which no recording has: export it again as WAV.")
    if not 1 <= channels <= _MOST_CHANNELS:
        raise AudioError(f"{path} claims {channels} channels, which no recording has: export it again as WAV.")


def _soundfile_blocks(file: Any, path: Path, on_note: Note) -> Iterator[Block]:
    import soundfile

    step, done = _BLOCK_VALUES // file.channels, 0
    for block in _sound_blocks(file, step):
        done += len(block)
        yield block
    promised = max(file.frames, _promised_wav_frames(path))
    if done < file.frames and done % step == 0:  # Damaged within the next block: read up to there in small steps.
        with soundfile.SoundFile(_name(path)) as again:  # After an error a file may not seek any more.
            for _ in range(done // step):
                again.read(step, dtype="float32")
            for block in _sound_blocks(again, _SMALL_STEP):
                done += len(block)
                yield block
    _note_if_short(path, done / file.samplerate, promised / file.samplerate, on_note)


def _sound_blocks(file: Any, step: int) -> Iterator[Block]:
    """What can be read, `step` frames at a time, to the end or to the first damage."""
    import soundfile

    while True:
        try:
            block: Block = file.read(step, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            return
        if not len(block):
            return
        yield block


def _note_if_short(path: Path, seconds: float, promised: float, on_note: Note) -> None:
    if promised - seconds > min(_MISSING_SECONDS, 0.1 * promised):
        on_note(
            f"{path} is cut short: its header promises {promised:.1f} s, the {seconds:.1f} s that can be read are used."
        )


def _promised_wav_frames(path: Path) -> int:
    """How many frames a WAV file's header promises (libsndfile only tells how many there are); else 0."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0
        return _frames_in_chunks(file)


def _frames_in_chunks(file: BinaryIO) -> int:
    frame_bytes = 0
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004  (a chunk's name and size)
            break
        name, size = head[:4], int(struct.unpack("<I", head[4:])[0])
        if name == b"data":
            return size // frame_bytes if frame_bytes and size < _UNKNOWN_SIZE else 0
        body = file.read(16) if name == b"fmt " else b""
        if len(body) == 16:  # noqa: PLR2004  (up to and with the bytes a frame has)
            frame_bytes = int(struct.unpack("<H", body[12:14])[0])
        file.seek(size + size % 2 - len(body), os.SEEK_CUR)
    return 0


@contextmanager
def _decode_av(path: Path, on_note: Note, first: str) -> Iterator[Decoded]:
    """Open `path` with FFmpeg; `first` says why libsndfile did not."""
    import av

    # A whole path is never taken for a protocol, and the whitelists keep FFmpeg to this one file.
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    try:
        container = av.open(os.fspath(path.absolute()), options=options, **_any_tags(av.__version__))
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(
            f"{path} is no audio or video that can be read ({first}): check the file, or convert it to WAV."
        ) from error
    with container:
        stream = next(iter(container.streams.audio), None)
        if stream is None:
            raise AudioError(f"{path} has no audio track: give a file that has one.")
        if not stream.codec_context or not stream.rate:
            raise AudioError(f"{path} has an audio track that FFmpeg cannot decode: convert it to WAV.")
        _check_shape(path, stream.rate, stream.channels)
        yield Decoded(stream.rate, stream.channels, _AvReader(container, stream, path, on_note).blocks())


def _any_tags(version: str) -> dict[str, Any]:
    """What makes PyAV `version` open files whose tags are no UTF-8; from 19 on it does, and has no such argument.

    >>> _any_tags("18.1.0"), _any_tags("19.0.2")
    ({'metadata_errors': 'replace'}, {})
    """
    return {"metadata_errors": "replace"} if int(version.partition(".")[0]) < _TAKES_ANY_TAGS else {}


class _AvReader:
    """Frames of one audio track as blocks of one shape, in the container's time."""

    def __init__(self, container: Any, stream: Any, path: Path, on_note: Note) -> None:
        self._container, self._stream, self._path, self._on_note = container, stream, path, on_note
        self._rate, self._channels, self._layout = stream.rate, stream.channels, stream.layout
        self._converter: Any = None
        self._shape: tuple[str, str, int] | None = None
        self._done = 0  # frames given out
        self._silence = 0.0  # seconds put into gaps

    def blocks(self) -> Iterator[Block]:
        """Everything that can be decoded, gaps filled with silence; notes if something could not."""
        broken = 0
        for packet, is_sound in self._packets():
            frames = self._decode(packet) if is_sound else None
            if frames is None:
                broken += 1
                continue
            for frame in frames:
                yield from self._gap(frame)
                yield from self._count(self._convert(frame))
        yield from self._count(self._drain())
        if broken:
            self._on_note(f"{self._path} is damaged: what could not be decoded is left out (packets: {broken}).")
        _note_if_short(self._path, self._done / self._rate, self._promised(), self._on_note)

    def _packets(self) -> Iterator[tuple[Any, bool]]:
        """The track's packets, and whether each could be read; the first that could not is the last."""
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except IndexError:  # PyAV meets a track that was not there at the start: past it, and on.
                packets = self._container.demux(self._stream)
                continue
            except av.FFmpegError:
                yield None, False
                return
            yield packet, True

    def _decode(self, packet: Any) -> list[Any] | None:
        import av

        try:
            return list(packet.decode())
        except av.FFmpegError:
            return None

    def _convert(self, frame: Any) -> list[Block]:
        """One frame as float32 blocks; a track that changes its format on the way is brought back to the first."""
        import av

        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        blocks = []
        if shape != self._shape:
            blocks = self._drain()
            self._shape = shape
            self._converter = av.AudioResampler("flt", layout=self._layout, rate=self._rate)
        frame.pts = None  # The converter would complain about a jump; gaps are filled already.
        return blocks + [self._array(part) for part in self._converter.resample(frame)]

    def _drain(self) -> list[Block]:
        if self._converter is None:
            return []
        return [self._array(part) for part in self._converter.resample(None)]

    def _array(self, frame: Any) -> Block:
        return np.asarray(frame.to_ndarray(), np.float32).reshape(-1, self._channels)

    def _count(self, blocks: list[Block]) -> Iterator[Block]:
        for block in blocks:
            self._done += len(block)
            yield block

    def _gap(self, frame: Any) -> Iterator[Block]:
        """Silence where the container's clock is ahead: a track that starts late, a call that sent nothing."""
        if frame.pts is None or frame.time_base is None:
            return
        start = (self._container.start_time or 0) / 1_000_000
        gap = float(frame.pts * frame.time_base) - start - self._done / self._rate
        if gap < _GAP_SECONDS or self._silence + gap > _MOST_SILENCE_SECONDS:
            return
        self._silence += gap
        left = round(gap * self._rate)
        most = _BLOCK_VALUES // self._channels
        while left > 0:
            yield from self._count([np.zeros((min(left, most), self._channels), np.float32)])
            left -= most

    def _promised(self) -> float:
        """Seconds the track says it has; 0 where that is an estimate, or the video's length."""
        if not self._container.format.name.startswith(_DURATION_IS_KNOWN):
            return 0.0
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.streams.video or self._container.duration is None:
            return 0.0
        return float(self._container.duration) / 1_000_000
