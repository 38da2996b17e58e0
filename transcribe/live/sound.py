"""The sound of a live recording, as a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from ...fusion.audio.encode import encoding
from ...fusion.errors import OutputError
from ...fusion.landing import landing
from ...fusion.types import SAMPLE_RATE

if TYPE_CHECKING:
    from ...fusion.types import Note, Samples, Seconds

    Channel: TypeAlias = Callable[[], Iterator[Samples]]

_PART = SAMPLE_RATE * 60


@dataclass(slots=True)
class Sound:
    """Keeps the sound as soon as the recording is over, however it ended: nobody says again what was said.

    path: None keeps none. channels: what was heard in each, in pieces of any length, as often as it is asked for.
    """

    path: Path | None
    channels: Sequence[Channel]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _was_tried: bool = False
    _was_told: bool = False
    _seconds: Seconds | None = None

    def keep(self, on_note: Note) -> None:
        """Keep what was heard, the first time that this is called; `on_note` hears why it cannot be.

        Whoever comes second waits for the first one.
        """
        with self._lock:
            if self.path is None or self._was_tried:
                return
            self._was_tried = True
            try:
                self._seconds = _save(self.path, self.channels)
            except OutputError as error:
                on_note(str(error))

    def end(self, channels: Sequence[Samples], on_note: Note | None = None) -> None:
        """Try again what could not be done before, with the whole.

        Raises:
            OutputError: it cannot be written, and there is no `on_note` to hear of it.
        """
        with self._lock:
            if self.path is None or self._seconds is not None:
                return
            try:
                self._seconds = _save(self.path, [partial(_parts, samples) for samples in channels])
            except OutputError as error:
                if on_note is None:
                    raise
                on_note(str(error))

    def tell(self, on_wrote: Callable[[Path, str], None]) -> None:
        """Say what was kept, once."""
        with self._lock:
            if self.path is not None and self._seconds is not None and not self._was_told:
                self._was_told = True
                on_wrote(self.path, f"{self._seconds:.0f} s of sound")


def _save(path: Path, channels: Sequence[Channel]) -> Seconds | None:
    """Write the sound: 16 bits where that loses nothing; what was resampled as WAV in float32.

    Returns:
        How long it is; None where there is none: what stands at `path` stays.
    """
    is_wav, size = path.suffix.lower() == ".wav", 0
    container: Literal["WAV", "FLAC"] = "WAV" if is_wav else "FLAC"
    try:
        if any(next(channel(), None) is None for channel in channels):
            return None
        fine = is_wav and not all(map(_is_16_bit, channels))
        with landing(path) as file, encoding(file, len(channels), "FLOAT" if fine else "PCM_16", container) as add:
            for parts in zip(*(channel() for channel in channels), strict=False):  # one may be a block ahead
                shortest = min(map(len, parts))
                add(np.stack([part[:shortest] for part in parts], axis=1))
                size += shortest
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}. Choose another --save-audio."
        ) from error
    return size / SAMPLE_RATE


def _is_16_bit(channel: Channel) -> bool:
    return all(np.array_equal(part * 32_768, np.rint(part * 32_768)) for part in channel())


def _parts(samples: Samples) -> Iterator[Samples]:
    yield from (samples[start : start + _PART] for start in range(0, len(samples), _PART))
