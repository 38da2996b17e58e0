"""How long a recording is by its container's own count of bytes, where its readers take what is there for all."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, BinaryIO

from .source import UNCOMPRESSED, UNKNOWN_SIZE

if TYPE_CHECKING:
    from ..types import Seconds
    from .source import Source

_HEAD = 24
_W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_MOST_CHUNKS = 100  # before the sound; those of a CAF file


def promised_length(source: Source, seconds: Seconds) -> Seconds:
    """How long it should be, if `seconds` are what is there of it; 0 where nothing is missing, or it does not say.

    AVI, AIFF, AU, CAF and W64 say; of WAV files, those that are compressed (`pcm.wav_data` reads the others).
    """
    with source.open() as file:
        promised = _promised_bytes(file, file.read(_HEAD))
        there = file.seek(0, os.SEEK_END)
    return seconds * promised / there if promised > there else 0.0


def _promised_bytes(file: BinaryIO, head: bytes) -> int:
    """Bytes from the start of the file to the end of its sound, or of all that it holds; 0 where it does not say."""
    if len(head) < _HEAD:
        return 0
    if head[:16] == _W64:
        return int.from_bytes(head[16:24], "little")
    if head[:4] == b"caff":
        return _caf_bytes(file)
    if head[:4] == b".snd":
        start, size = struct.unpack(">II", head[4:12])
    elif head[:4] in (b"RIFF", b"FORM") and not _is_plain_wav(head):
        start, size = 8, int.from_bytes(head[4:8], "little" if head[:4] == b"RIFF" else "big")
    else:
        return 0
    return int(start + size) if size < UNKNOWN_SIZE else 0


def _is_plain_wav(head: bytes) -> bool:
    """Whether it is a WAV that is not known to be compressed."""
    is_compressed = head[12:16] == b"fmt " and int.from_bytes(head[20:22], "little") not in UNCOMPRESSED
    return head[8:12] == b"WAVE" and not is_compressed


def _caf_bytes(file: BinaryIO) -> int:
    """Where the sound of a CAF file ends."""
    at = 8
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        chunk = file.read(12)
        size = int.from_bytes(chunk[4:], "big", signed=True)
        if len(chunk) < 12 or size < 0:  # noqa: PLR2004  (a chunk's name and size; -1 is "until the end")
            return 0
        at += 12 + size
        if chunk[:4] == b"data":
            return at
    return 0
