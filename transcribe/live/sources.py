"""Where live audio comes from: a microphone, a file at the pace of time, or stdin."""

from __future__ import annotations

import queue
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np

from ...diarize.live.feeding import NOTHING_CAME
from ...fusion.audio import load_audio, load_channels
from ...fusion.audio.ffmpeg import read_stream
from ...fusion.audio.mixing import Mixer
from ...fusion.audio.resampling import Resampler, resample
from ...fusion.audio.source import Block, UnknownFormatError
from ...fusion.audio.telling import HEAD, no_sound
from ...fusion.errors import AudioError, DeviceError, MissingExtraError, OptionError
from ...fusion.given import whole_number
from ...fusion.types import SAMPLE_RATE, Samples, Seconds
from ...fusion.watch import unheard
from ..channels import one_channel
from ..inputs.stdin import unfit
from .beginning import Beginning

if TYPE_CHECKING:
    from ...fusion.audio import Track
    from ...fusion.types import Note

BLOCK: Seconds = 0.1
_SILENT: Seconds = 3.0
"""A device that gives nothing for so long has stopped."""
_LISTEN: Seconds = 1.0
"""Channels are compared with their mix by so much at once, first after so long."""
_TOLD_AT_ONCE: Seconds = 10.0
"""What a device gave that is no sound is told in parts of so much at most."""
_MOST_WAITING = 600
"""Blocks of a device that may wait (a minute); what comes beyond is lost, and told as a gap."""


@dataclass(frozen=True, slots=True)
class Lost:
    """So many seconds never came."""

    seconds: Seconds
    why: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nothing more comes, though nobody asked for it to end."""

    why: str


Piece: TypeAlias = "Samples | Lost | Stopped"


def count_channels(path: Path, track: Track) -> int:
    """How many channels a file has, in the audio track that is heard.

    Raises:
        AudioError: fewer than two, or no audio.
    """
    count = len(load_channels(path, on_note=unheard, track=track))  # it is told when it is heard
    if count == 1:
        raise one_channel(path, track, "leave it out")
    return count


def from_file(
    path: Path, pace: float, stop: threading.Event, on_note: Note, *, channels: bool = False, track: Track = None
) -> Iterator[Samples]:
    """A file as if somebody spoke: `pace` times as fast; 0 is as fast as may be.

    Yields:
        float32 (num_samples,); with `channels` (channels, num_samples).
    """
    if channels:
        found = load_channels(path, on_note=on_note, track=track)
    else:
        found = [load_audio(path, on_note=on_note, track=track)]
    size, began = round(BLOCK * SAMPLE_RATE), time.monotonic()
    for start in range(0, len(found[0]), size):
        if stop.is_set():
            return
        parts = [samples[start : start + size] for samples in found]
        block = np.stack(parts) if channels else parts[0]
        if pace:
            due = began + (start + len(parts[0])) / SAMPLE_RATE / pace
            stop.wait(max(due - time.monotonic(), 0.0))
        yield block


def from_raw(stream: BinaryIO, rate: int, stop: threading.Event) -> Iterator[Piece]:
    """Headerless signed 16-bit little-endian mono PCM.

    Raises:
        AudioError: it begins as a container does, or is text.
    """
    resampler, rest, size = Resampler(rate), b"", 2 * round(BLOCK * rate)
    beginning = Beginning()
    pipe = _Pipe(stream, stop)
    while not stop.is_set() and (data := pipe.read(size)):
        other = beginning.take(data)
        if other == "a file":
            raise AudioError("Stdin holds a file with a header, not raw samples: leave --raw out.")
        if other == "text":
            raise AudioError("Stdin holds text, not raw samples: pipe sound in, as arecord -f S16_LE gives it.")
        data = rest + data
        whole = len(data) // 2 * 2
        rest = data[whole:]
        yield resampler.feed(np.frombuffer(data[:whole], "<i2").astype(np.float32) / np.float32(32_768))
    yield resampler.rest()


def from_container(stream: BinaryIO, stop: threading.Event, on_note: Note) -> Iterator[Piece]:
    """Any container that can be read from its beginning, decoded as it comes.

    Raises:
        AudioError: it is none, or nothing came.
    """
    file, start = (stream, stream.tell()) if stream.seekable() else (_Pipe(stream, stop), 0)
    try:
        for samples in resample(_mixed(read_stream(file, "Stdin", on_note), on_note)):
            yield samples[:, 0]
            if stop.is_set():
                return
    except UnknownFormatError as error:
        if not isinstance(file, _Pipe):
            file.seek(start)
        head = file.head if isinstance(file, _Pipe) else file.read(HEAD)
        if not head:
            raise AudioError(NOTHING_CAME) from error
        raise AudioError(
            f"Stdin is no audio that can be decoded as it comes ({no_sound(head) or 'its format is unknown'}): "
            "for samples without a header give --raw RATE."
        ) from error


def _mixed(blocks: Iterable[Block], on_note: Note) -> Iterator[Block]:
    """Blocks of one channel; where the mean of several loses sound another mix follows, once that shows."""
    mixer, heard, part, seconds, due = Mixer(), Mixer(), list[Block](), 0.0, _LISTEN
    for block in blocks:
        yield from mixer.mix([block])
        seconds += len(block.samples) / block.rate
        if mixer.weights or block.samples.shape[1] == 1:
            continue
        if part and part[0].samples.shape[1] != block.samples.shape[1]:
            part.clear()
        part.append(block)
        if sum(len(each.samples) for each in part) >= _LISTEN * block.rate:
            deque(heard.mix([Block(np.concatenate([each.samples for each in part]), block.rate)]), 0)
            part.clear()
        if seconds >= due:
            due = 2 * seconds
            for channels, better in heard.better().items():
                on_note(
                    f"Stdin has channels out of phase, whose mean lost {better.lost:.1f} s: {better.what} from here on."
                )
                mixer.weights = {**mixer.weights, channels: better.weights}


def from_microphone(device: str | None, stop: threading.Event) -> Generator[Piece]:
    """What a device hears, until it stops or is told to.

    Raises:
        DeviceError: there is none, or it cannot be opened.
        MissingExtraError: sounddevice is not installed.
    """
    library = _sounddevice()
    blocks: queue.Queue[Samples] = queue.Queue(_MOST_WAITING)
    lost = [0]

    def heard(data: Any, frames: int, _time: Any, _status: Any) -> None:
        try:
            blocks.put_nowait(np.array(data[:, 0], np.float32))
        except queue.Full:
            lost[0] += frames

    rate = _rate_of(library, device)
    with _opened(library, device, rate, heard):
        yield from _drain(blocks, lost, rate, stop)


@contextmanager
def _opened(library: Any, device: str | None, rate: int, heard: Callable[..., None]) -> Iterator[None]:
    opened = ExitStack()
    try:
        stream = library.InputStream(
            device=_number(device),
            channels=1,
            samplerate=rate,
            dtype="float32",
            callback=heard,
            blocksize=rate // 10,
        )
        opened.enter_context(stream)  # begins, which a device in use refuses
    except (library.PortAudioError, ValueError) as error:
        raise _no_input(device, error) from error
    try:
        yield
    finally:
        with suppress(library.PortAudioError):  # one that was pulled out may not be there to be closed
            opened.close()


def _drain(blocks: queue.Queue[Samples], lost: list[int], rate: int, stop: threading.Event) -> Iterator[Piece]:
    resampler, since, odd = Resampler(rate), time.monotonic(), 0
    while not stop.is_set():
        try:
            block = blocks.get(timeout=BLOCK)
        except queue.Empty:
            if time.monotonic() - since > _SILENT:
                yield Stopped("the device gives nothing any more")
                break
            continue
        since = time.monotonic()
        is_sound = np.isfinite(block).all()
        odd += 0 if is_sound else len(block)
        if odd and (is_sound or odd > _TOLD_AT_ONCE * rate):
            yield Lost(odd / rate, "the device gave no numbers but NaN or infinity")
            odd = 0
        if is_sound:
            yield resampler.feed(block)
        if missing := lost[0]:
            lost[0] -= missing
            yield Lost(missing / rate, "this machine could not keep up")
    yield resampler.rest()


def check_microphone(device: str | None) -> None:
    """Refuse a microphone that is not there, before anything takes time.

    Raises:
        DeviceError: there is none.
        MissingExtraError: sounddevice is not installed.
    """
    _rate_of(_sounddevice(), device)


def _rate_of(library: Any, device: str | None) -> int:
    try:
        rate = int(library.query_devices(_number(device), "input")["default_samplerate"])
        if rate < 1:
            raise ValueError("it has no sample rate")  # noqa: TRY301 - told as the others are
    except (library.PortAudioError, ValueError) as error:
        raise _no_input(device, error) from error
    return rate


def _no_input(device: str | None, error: Exception) -> DeviceError:
    what = "No microphone" if device is None else f"The input {device!r}"
    why = "can be opened" if device is None else "cannot be opened"
    return DeviceError(f"{what} {why} ({error}): see `transcribe live --list-devices`, and choose one with --input.")


def devices() -> list[str]:
    """The inputs that `from_microphone` takes, a line each.

    Raises:
        MissingExtraError: sounddevice is not installed.
    """
    found = enumerate(_sounddevice().query_devices())
    return [f"{number}  {each['name']}" for number, each in found if each["max_input_channels"] > 0]


def _number(device: str | None) -> str | int | None:
    number = None if device is None else whole_number(device)
    return device if number is None else number


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise MissingExtraError("The microphone", "sounddevice", "live") from error
    except OSError as error:  # its library of the system
        raise DeviceError(
            f"The microphone needs PortAudio ({error}): install it (apt-get install libportaudio2), "
            "or give --from-file or -."
        ) from error
    return sounddevice


def stdin() -> BinaryIO:
    """Stdin's bytes.

    Raises:
        OptionError: it is a terminal, or closed.
    """
    if what := unfit():
        raise OptionError(
            f"Stdin (-) is {what}: pipe audio in, as in `arecord -f S16_LE -r 16000 | transcribe live -`."
        )
    return sys.stdin.buffer


class _Pipe:
    """Bytes as soon as there are any; they end where the stream does, or with `stop`, however long nothing comes."""

    def __init__(self, stream: BinaryIO, stop: threading.Event) -> None:
        self._stream, self._stop, self.head = stream, stop, b""
        self._raw = getattr(stream, "raw", None) if sys.platform != "win32" else None  # where only sockets are awaited

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; `head` are the first ones."""
        data = self._read(size)
        self.head += data[: HEAD - len(self.head)]
        return data

    def _read(self, size: int) -> bytes:
        if self._raw is None:
            read1 = getattr(self._stream, "read1", self._stream.read)
            return bytes(read1(size))
        while not select.select([self._raw], [], [], BLOCK)[0]:
            if self._stop.is_set():
                return b""
        return self._raw.read(size) or b""
