"""Compressed audio, and the sound of videos, read by FFmpeg through PyAV."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import AudioError
from ..types import Note, Seconds
from ..watch import unheard
from . import mpeg
from .lengths import lacks_index, promised_length
from .source import BLOCK_VALUES, Block, Source, UnknownFormatError, check_shape, check_track, note_if_short

_GAP: Seconds = 0.1  # less than this is jitter of the container's clock
_JUMP_BACK: Seconds = 0.5
_LONGEST_GAP: Seconds = (
    10.0  # in MPEG streams, which are joined without setting the clock; as the ffmpeg program has it
)
_MOST_SILENCE: Seconds = 3600.0  # in all: a damaged clock must not make days of it
_BLOCK_FRAMES = 1 << 16  # decoders give a thousand at a time, too few to work with

# Containers of media. Playlists and image formats are left out on purpose: they make FFmpeg open other files.
_CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,"
    "mxf,ogg,rm,tta,voc,w64,wav,wv"
)
_TAKES_ANY_TAGS = 19  # major version of PyAV
_MARKED_DEFAULT = 1  # FFmpeg's AV_DISPOSITION_DEFAULT
_DURATION_IS_KNOWN = ("mov", "matroska", "asf", "flac", "flv", "tta", "wv")
_TELLS_TIME = ("mov", "matroska", "asf", "flv", "mpeg", "mxf", "ogg", "rm", "flac")
"""Containers that say when a packet is heard. Elsewhere FFmpeg counts bytes or packets, wrongly if the rate changes."""
_UNSENT = {"amrnb": (8, 15), "amrwb": (9, 15)}
"""Kinds of frame by which telephones say that nobody speaks (RFC 4867); FFmpeg's own decoders take most for damage."""
_UNSENT_BYTES = 6  # at most
_UNSENT_A_SECOND = 50
_TYPES: dict[str, np.dtype[Any]] = {
    "u8": np.dtype(np.uint8),
    "s16": np.dtype(np.int16),
    "s32": np.dtype(np.int32),
    "s64": np.dtype(np.int64),
    "flt": np.dtype(np.float32),
    "dbl": np.dtype(np.float64),
}


class SupportsRead(Protocol):
    """What can be read from its beginning to its end."""

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes; none at the end."""
        ...


def read_media(source: Source, on_note: Note, track: int | None, *, to_the_end: bool = False) -> Iterator[Block]:
    """One audio track's blocks, in the container's time: gaps are silence.

    track: from 1; None takes the default one, and says so if there are others.
    to_the_end: do not believe the size that a WAV header tells.

    Raises:
        UnknownFormatError: before any block; FFmpeg does not know it.
        AudioError: it holds no audio, no such track, or one that cannot be decoded.
    """
    with _opened(source, to_the_end=to_the_end) as container:
        if not container.streams.audio and lacks_index(source):  # some of a cut one is an index without tracks
            raise UnknownFormatError
        stream = _chosen(container, source.name, on_note, track)
        told = _promised(container, stream, source)
        reader = _Reader(
            container, stream, source.name, on_note, lambda seconds: told or promised_length(source, seconds)
        )
        yield from reader.blocks()


def read_stream(file: SupportsRead, name: str, on_note: Note) -> Iterator[Block]:
    """The default audio track of what comes on `file`, in small blocks and as it comes, as `read_media` gives it.

    name: for sentences.

    Raises:
        UnknownFormatError: before any block; FFmpeg does not know it, or cannot read it from its beginning.
        AudioError: it holds no audio, or none that can be decoded.
    """
    with _container(file) as container:
        stream = _chosen(container, name, unheard, None)
        if (tracks := len(container.streams.audio)) > 1:
            on_note(f"{name} has {tracks} audio tracks, of which number {_default(container.streams.audio)} is used.")
        yield from _Reader(container, stream, name, on_note, lambda _seconds: 0.0, most=1).blocks()


def track_count(source: Source) -> int:
    """How many audio tracks there are; 0 where FFmpeg does not know the file."""
    try:
        with _opened(source) as container:
            return len(container.streams.audio)
    except UnknownFormatError:
        return 0


def told_duration(source: Source) -> Seconds | None:
    """How long the file's header says that it lasts, which may be wrong; None where it does not say."""
    try:
        with _opened(source) as container:
            told = container.duration
    except UnknownFormatError:
        return None
    return told / 1e6 if told is not None and told > 0 else None


@contextmanager
def _opened(source: Source, *, to_the_end: bool = False) -> Iterator[Any]:
    with ExitStack() as opened:
        # A whole path is never taken for a protocol.
        file = str(source.path.absolute()) if source.ranges is None else opened.enter_context(source.open())
        yield opened.enter_context(_container(file, **({"ignore_length": "1"} if to_the_end else {})))


@contextmanager
def _container(file: str | SupportsRead, **options: str) -> Iterator[Any]:
    """What FFmpeg makes of a file; the whitelists keep it to this one."""
    import av

    options |= {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    try:
        container = av.open(file, options=options, **_any_tags(av.__version__))
    except (av.FFmpegError, ValueError) as error:
        raise UnknownFormatError from error
    with container:
        yield container


def _any_tags(version: str) -> dict[str, Any]:
    """What makes PyAV `version` open files whose tags are no UTF-8; from 19 on it does, and has no such argument.

    >>> _any_tags("18.1.0"), _any_tags("19.0.2")
    ({'metadata_errors': 'replace'}, {})
    """
    return {"metadata_errors": "replace"} if int(version.partition(".")[0]) < _TAKES_ANY_TAGS else {}


def _chosen(container: Any, name: str, on_note: Note, track: int | None) -> Any:
    streams = container.streams.audio
    if not streams:
        raise AudioError(f"{name} has no audio track: give a file that has one.")
    check_track(name, track, len(streams))
    number = track or _default(streams)
    if track is None and len(streams) > 1:
        on_note(
            f"{name} has {len(streams)} audio tracks, of which number {number} is used: "
            "--audio-track N takes another one, --audio-track all each as a channel."
        )
    stream = streams[number - 1]
    if not stream.codec_context or not stream.rate:
        raise AudioError(f"{name} has an audio track that FFmpeg cannot decode: convert it to WAV.")
    check_shape(name, stream.rate, stream.channels)
    return stream


def _default(streams: Any) -> int:
    """The first track that is marked as default, else the first; from 1. One that cannot be decoded is never it."""
    able = [number for number, stream in enumerate(streams, 1) if stream.codec_context] or [1]
    marked = [number for number in able if int(getattr(streams[number - 1], "disposition", 0)) & _MARKED_DEFAULT]
    return (marked or able)[0]


class _Reader:
    """Frames of one audio track, gathered to blocks and set to the container's time.

    promised: seconds that the header says there are, of which so many were read; 0 where it does not.
    most: frames that are gathered to a block.
    """

    def __init__(
        self,
        container: Any,
        stream: Any,
        name: str,
        on_note: Note,
        promised: Callable[[Seconds], Seconds],
        *,
        most: int = _BLOCK_FRAMES,
    ) -> None:
        self._container, self._stream, self._name, self._on_note = container, stream, name, on_note
        self._promised, self._most = promised, most
        self._gathered: list[Any] = []  # frames
        self._shape: tuple[int, str, str] | None = None  # rate, format and layout of what is gathered
        self._clock = _Clock(container)
        self._unsent = _UNSENT.get(stream.codec_context.codec.name, ())

    def blocks(self) -> Iterator[Block]:
        """Everything that can be decoded; notes if something could not."""
        broken, is_last_broken = 0, False
        for packet, is_sound in self._packets():
            frames = self._decode(packet) if is_sound else None
            if frames is None:
                broken, is_last_broken = broken + 1, True
                continue
            for frame in frames:
                is_last_broken = False
                gap = self._clock.gap(frame)
                if gap or (frame.sample_rate, frame.format.name, frame.layout.name) != self._shape:
                    yield from self._begin(frame, gap)
                self._gathered.append(frame)
                self._clock.count(frame.samples, frame.sample_rate)
                if len(self._gathered) * frame.samples >= self._most:
                    yield from self._flush()
        yield from self._flush()
        seconds = self._clock.seconds
        if note_if_short(self._name, seconds, self._promised(seconds), self._on_note):
            broken -= is_last_broken  # where it was cut
        if broken:
            self._on_note(f"{self._name} is damaged: what could not be decoded is left out (packets: {broken}).")

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

        if self._unsent and 0 < packet.size <= _UNSENT_BYTES and bytes(packet)[0] >> 3 & 15 in self._unsent:
            return [_unsent(packet, self._stream.rate)]
        try:
            return list(packet.decode())
        except av.FFmpegError:
            return None

    def _begin(self, frame: Any, gap: Seconds) -> Iterator[Block]:
        """Give out what was gathered, since `frame` does not fit behind it, and the silence before it."""
        check_shape(self._name, frame.sample_rate, len(frame.layout.channels))
        yield from self._flush()
        self._shape = frame.sample_rate, frame.format.name, frame.layout.name
        yield from _silence(gap, frame.sample_rate, len(frame.layout.channels))

    def _flush(self) -> Iterator[Block]:
        if self._gathered:
            yield Block(_samples(self._gathered), self._gathered[0].sample_rate)
            self._gathered = []


def _unsent(packet: Any, rate: int) -> Any:
    """The frame of silence that a telephone did not send."""
    import av

    frame: Any = av.AudioFrame.from_ndarray(np.zeros((1, rate // _UNSENT_A_SECOND), np.float32), "flt", "mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, packet.pts, packet.time_base
    return frame


def _promised(container: Any, stream: Any, source: Source) -> Seconds:
    """Seconds the track says it has; 0 where that is an estimate, or the video's length."""
    name = container.format.name
    if name == "mp3":
        with source.open() as file:
            return mpeg.promised(file)
    if not name.startswith(_DURATION_IS_KNOWN):
        return 0.0
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.streams.video or container.duration is None:
        return 0.0
    late = container.start_time or 0  # Matroska's duration is the time at which it ends
    return float(container.duration - late) / 1_000_000


class _Clock:
    """How much sound there is so far, and how much there should be by the container's own clock."""

    def __init__(self, container: Any) -> None:
        name = container.format.name
        self._tells_time = name.startswith(_TELLS_TIME)
        self._longest_gap = _LONGEST_GAP if name.startswith("mpeg") else math.inf
        self._zero: Seconds = (container.start_time or 0) / 1_000_000
        self._expected: Seconds | None = None  # when the next frame begins if none is missing
        self._silence: Seconds = 0.0
        self._before: Seconds = 0.0  # before the rate changed
        self._frames, self._rate = 0, 1

    @property
    def seconds(self) -> Seconds:
        """How much sound there is, the silence in gaps included."""
        return self._before + self._frames / self._rate

    def count(self, frames: int, rate: int) -> None:
        """Add sound."""
        if rate != self._rate:
            self._before, self._frames, self._rate = self.seconds, 0, rate
        self._frames += frames

    def gap(self, frame: Any) -> Seconds:
        """Seconds of silence before `frame`: a track that starts late, a call that sent nothing. They are counted."""
        now: Seconds | None = frame.time if self._tells_time else None
        if now is None:
            return 0.0
        step = 0.0 if self._expected is None else now - self._expected
        if step < -_JUMP_BACK or step > self._longest_gap:  # It begins anew, as where recordings are joined.
            self._zero = now - self.seconds
        self._expected = now + frame.samples / frame.sample_rate
        gap = now - self._zero - self.seconds
        if gap < _GAP or self._silence + gap > _MOST_SILENCE:
            return 0.0
        self._silence += gap
        self.count(round(gap * frame.sample_rate), frame.sample_rate)
        return gap


def _silence(seconds: Seconds, rate: int, channels: int) -> Iterator[Block]:
    left, most = round(seconds * rate), BLOCK_VALUES // channels
    while left > 0:
        yield Block(np.zeros((min(left, most), channels), np.float32), rate)
        left -= most


def _samples(frames: Sequence[Any]) -> npt.NDArray[np.float32]:
    """The samples (frames, channels) of frames of one format, whichever the decoder likes."""
    name, channels = frames[0].format.name, len(frames[0].layout.channels)
    dtype, total = _TYPES[name.removesuffix("p")], sum(frame.samples for frame in frames)
    if name.endswith("p"):
        samples = np.empty(
            (channels, total), np.float32
        ).T  # as the decoder has it: interleaving would be the costly part
        from av.audio.plane import AudioPlane

        # Of eight channels PyAV counts more planes than there are, so they are taken one by one.
        every = [[AudioPlane(frame, channel) for channel in range(channels)] for frame in frames]
        for channel, planes in enumerate(zip(*every, strict=True)):
            parts = [np.frombuffer(plane, dtype, frame.samples) for plane, frame in zip(planes, frames, strict=True)]
            np.concatenate(parts, out=samples[:, channel], casting="unsafe")
    else:
        parts = [np.frombuffer(frame.planes[0], dtype, frame.samples * channels) for frame in frames]
        samples = np.concatenate(parts, dtype=np.float32, casting="unsafe").reshape(total, channels)
    if dtype == np.uint8:
        samples -= 128
    if dtype.kind in "iu":
        samples *= np.float32(2.0 ** (1 - 8 * dtype.itemsize))
    return samples
