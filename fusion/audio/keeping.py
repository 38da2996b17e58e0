"""Samples that come in piece by piece, kept without loss until the whole recording is wanted."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ..errors import OutputError
from ..types import Samples
from .resampling import Recorder

_FULL = 32_768
_COPY = 1 << 20  # samples copied at once


class Kept:
    """A recording of unknown length: 16-bit samples while all that came were such, float32 otherwise.

    What a microphone or a 16-bit file gives lies on a grid of 1 / 32768, and comes back as the very same floats.
    The samples lie in a temporary file without a name, which is gone when the process is; nothing else is written.

    Args:
        in_memory: keep them in memory instead, for those who may leave nothing on a disk.
    """

    def __init__(self, *, in_memory: bool = False) -> None:
        self._in_memory = in_memory
        self._type: type[np.int16 | np.float32] = np.int16
        self._file = self._open()
        self.size = 0

    def write(self, samples: Samples) -> None:
        """Append float32 `samples` (n,).

        Raises:
            OutputError: there is no room.
        """
        stored: npt.NDArray[Any] = samples
        if self._type is np.int16:
            stored = np.rint(samples * _FULL).clip(-_FULL, _FULL - 1).astype(np.int16)
            if not np.array_equal(stored.astype(np.float32) / _FULL, samples):
                self._widen()
                stored = samples
        self._append(stored)
        self.size += len(samples)

    def read(self) -> Iterator[Samples]:
        """All that was written, piece by piece; stays the same where the type changes meanwhile."""
        file, kind, left = self._file, self._type, self.size
        file.seek(0)
        while left and (data := file.read(min(_COPY, left) * np.dtype(kind).itemsize)):
            stored = np.frombuffer(data, kind)
            left -= len(stored)
            yield stored.astype(np.float32) / np.float32(_FULL) if kind is np.int16 else stored.astype(np.float32)

    def finish(self) -> Samples:
        """All that was written, float32 (num_samples,): above 30 minutes mapped from a file, unless `in_memory`."""
        if self._in_memory:
            whole = np.concatenate([np.empty(0, np.float32), *self.read()])
        else:
            recorder = Recorder()
            for part in self.read():
                recorder.write(part)
            whole = recorder.finish()
        self.close()
        return whole

    def close(self) -> None:
        """Drop what was written."""
        with contextlib.suppress(OSError):  # what had no room is still waiting to be written
            self._file.close()

    def _widen(self) -> None:
        """Go on in float32, with what there is."""
        wide = self._open()
        for part in self.read():
            _write(wide, part)
        self._file.close()
        self._file, self._type = wide, np.float32

    def _append(self, stored: npt.NDArray[Any]) -> None:
        self._file.seek(self.size * np.dtype(self._type).itemsize)  # over what had no room before
        _write(self._file, stored)

    def _open(self) -> IO[bytes]:
        return io.BytesIO() if self._in_memory else tempfile.TemporaryFile("w+b", 0, prefix="diarfuse-")


def _write(file: IO[bytes], stored: npt.NDArray[Any]) -> None:
    rest = np.ascontiguousarray(stored).view(np.uint8).data
    try:
        while rest:  # without a buffer, which a full disk would leave behind for whoever reads
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise OutputError(
            f"The folder for temporary files, {tempfile.gettempdir()}, cannot hold a recording this long "
            f"({error.strerror}): free some space there, or set TMPDIR to a folder that has it."
        ) from error
