"""Messages that nobody can read must not end the work that they are about."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


_ESCAPES = "diarfuse-escapes"
"""The name of `_escaped` among the ways in which characters that an encoding lacks are met."""


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


def keep_showing() -> None:
    r"""Let stdout show what its encoding lacks as JSON writes it, ``\u4f60``: a name in cp1252 ended a command.

    And give it a buffer where Python was told not to (``-u``, as in many containers): what lies there without takes as
    much as there is room for, and says nothing of the rest.
    """
    codecs.register_error(_ESCAPES, _escaped)
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        encoding, errors = sys.stdout.encoding, sys.stdout.errors
        whole = io.BufferedWriter(sys.stdout.detach())
        sys.stdout = io.TextIOWrapper(whole, encoding, errors, line_buffering=True)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors=_ESCAPES)


def silence_stdout() -> None:
    """Drop what stdout could not take and has in its buffer: it would fail once more at the end."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)), error.end
