"""Messages that nobody can read must not end the work that they are about."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Unfailing(io.RawIOBase):
    """The bytes of a text stream, which lives as long as this; those that it cannot take are dropped."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._raw = getattr(stream.buffer, "raw", stream.buffer)  # with `python -u` there is no buffer between

    def writable(self) -> bool:
        """As every stream for messages is."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """All of it is taken, as far as the caller is told, also where a disk is full or the reader left."""
        size = memoryview(data).nbytes
        try:
            return self._raw.write(data) or size
        except OSError:
            return size

    def fileno(self) -> int:
        """The stream's own."""
        return int(self._raw.fileno())

    def isatty(self) -> bool:
        """Whether somebody sits there."""
        return bool(self._raw.isatty())


def keep_telling() -> None:
    """Make stderr one that no message fails on: a log on a full disk, or ``2>&1 | head``, ended a recording."""
    before = sys.stderr
    if hasattr(before, "buffer"):
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(Unfailing(before)), before.encoding, before.errors, line_buffering=True
        )
