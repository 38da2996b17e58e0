"""What a page plays: a recording's file as it lies there, or the mix of separate files."""

from __future__ import annotations

import errno
import io
import mimetypes
import os
import struct
import threading
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from ....diarize.models.files import sha256_of
from ....fusion.errors import AudioError, OutputError
from ....fusion.types import SAMPLE_RATE
from ....fusion.watch import unheard
from ..sound import gain_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ....fusion.audio import SeparateFiles
    from ....fusion.types import Samples

_HEAD = struct.Struct("<4sI4s4sIHHIIHH4sI")
_BYTES = 2
"""Of a sample in what is sent."""
_MOST = 2**32 - 1
"""Bytes that the head of a WAV file can tell."""


class Sound:
    """The recording, compared with the one that the document is about while it is played already.

    Args:
        path: its file.
        sha256: of the bytes that the document is about; empty where that is not known.
        on_other: hears if these are others.
    """

    def __init__(self, path: Path, sha256: str = "", on_other: Callable[[], None] | None = None) -> None:
        self.path = path
        self._compared = _Compared([(path, sha256)], on_other)

    @property
    def other(self) -> bool | None:
        """Whether its bytes are not those that the document is about; None while it is not known."""
        return self._compared.other

    @property
    def name(self) -> str:
        """What sentences call it."""
        return self.path.name

    @property
    def media_type(self) -> str:
        """As its ending says."""
        return mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"

    def opened(self) -> BinaryIO:
        """The bytes, which can be sought in.

        Raises:
            OSError: it cannot be read.
        """
        if self.path.exists() and not self.path.is_file():  # a pipe would be waited for
            raise OSError(errno.EINVAL, "it is no regular file")
        return self.path.open("rb")


class MixedSound:
    """Separate files, which a page hears as one: they are read when it first asks.

    Args:
        files: of the recording.
        hashes: sha256 of each, of the bytes that the document is about; empty where that is not known.
        on_other: hears if one is another.
    """

    media_type = "audio/wav"

    def __init__(
        self, files: SeparateFiles, hashes: Sequence[str] = (), on_other: Callable[[], None] | None = None
    ) -> None:
        self._files = files
        self._compared = _Compared(list(zip(files.paths, hashes, strict=False)), on_other)
        self._one_by_one = threading.Lock()
        self._mix: tuple[Samples, float] | None = None

    @property
    def other(self) -> bool | None:
        """See `Sound`."""
        return self._compared.other

    @property
    def name(self) -> str:
        """See `Sound`."""
        return str(self._files)

    def opened(self) -> BinaryIO:
        """The mix as a WAV file, 16 bits at 16 kHz; it lies nowhere, and is written as it is read.

        Raises:
            OSError: a file cannot be read.
        """
        from ....fusion.audio import load_audio

        with self._one_by_one:
            if self._mix is None:
                try:
                    samples = load_audio(self._files, on_note=unheard)  # told when it was transcribed
                except (AudioError, OutputError) as error:
                    raise OSError(errno.EIO, str(error).rstrip(".")) from error
                self._mix = samples, gain_of(samples, self._files)
        return cast("BinaryIO", io.BufferedReader(_Wav(*self._mix)))


class _Compared:
    """Files that are compared with their hashes in a thread: of a film this takes minutes."""

    def __init__(self, known: Sequence[tuple[Path, str]], on_other: Callable[[], None] | None) -> None:
        self._done, self._other = threading.Event(), False
        if any(sha256 for _, sha256 in known):
            threading.Thread(target=self._compare, args=(known, on_other), name="compare", daemon=True).start()
        else:
            self._done.set()

    @property
    def other(self) -> bool | None:
        return self._other if self._done.is_set() else None

    def _compare(self, known: Sequence[tuple[Path, str]], on_other: Callable[[], None] | None) -> None:
        try:
            self._other = any(sha256 and sha256_of(path) != sha256 for path, sha256 in known)
        except OSError:  # then it plays nothing either, and the page says so
            self._other = False
        self._done.set()
        if self._other and on_other is not None:
            on_other()


class _Wav(io.RawIOBase):
    """Samples (num_samples,) times a gain, as a file of 16 bits that is nowhere whole."""

    def __init__(self, samples: Samples, gain: float) -> None:
        self._samples, self._gain, self._at = samples, np.float32(gain), 0
        size = min(_BYTES * len(samples), _MOST - _HEAD.size)
        form = (16, 1, 1, SAMPLE_RATE, _BYTES * SAMPLE_RATE, _BYTES, 8 * _BYTES)
        self._head = _HEAD.pack(b"RIFF", size + _HEAD.size - 8, b"WAVE", b"fmt ", *form, b"data", size)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        whole = _HEAD.size + _BYTES * len(self._samples)
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: whole}[whence])
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        part = self._part(self._at, len(buffer))
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _part(self, at: int, size: int) -> bytes:
        """Bytes from `at` on: of the head, or `size` at most of the sound."""
        if at < _HEAD.size:
            return self._head[at : at + size]
        first, odd = divmod(at - _HEAD.size, _BYTES)
        wanted = self._samples[first : first + (odd + size) // _BYTES + 1] * self._gain
        return bytes(np.rint(wanted.clip(-1, 1) * 32_767).astype("<i2").tobytes()[odd : odd + size])
