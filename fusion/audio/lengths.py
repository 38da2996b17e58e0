"""How long a recording is by what its container says, where its readers take what is there for all."""

from __future__ import annotations

import math
import os
import re
import struct
from typing import TYPE_CHECKING, BinaryIO

from .framed import ends_within_a_frame
from .source import UNCOMPRESSED, UNKNOWN_SIZE

if TYPE_CHECKING:
    from ..types import Seconds
    from .source import Source

_HEAD = 24
_W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_MOST_BLOCKS = 1_000_000  # of a VOC file: hours, in the smallest that are written
_NIST_HEAD = 1 << 14
_OGG_HEAD, _OGG_PAGE, _OGG_LAST = 27, 1 << 16, 4
"""Bytes of a page before its table of lengths, and of the largest page, about; the flag of the last one."""
_MOST_CHUNKS = 100  # before the sound; those of a CAF file


def promised_length(source: Source, seconds: Seconds) -> Seconds:
    """How long it should be, if `seconds` are what is there of it; 0 where nothing is missing, or it does not say.

    AVI, AIFF, AU, CAF, NIST SPHERE and W64 say; of WAV files, those that are compressed (`pcm.wav_data` reads the
    others). It is infinite for Ogg without the mark that ends it, and for VOC that ends within a block, and AC-3, AMR,
    MPEG audio and the like within a frame, which do not say how much is missing.
    """
    with source.open() as file:
        head = file.read(_HEAD)
        if _is_open_ogg(file, head) or _is_open_voc(file, head) or ends_within_a_frame(file, head):
            return math.inf
        promised = _promised_bytes(file, head)
        there = file.seek(0, os.SEEK_END)
    return seconds * promised / there if promised > there else 0.0


def lacks_index(source: Source) -> bool:
    """Whether it is an MP4 without all of its index, which most have at their end: nothing is found in it without."""
    with source.open() as file:
        if file.read(_HEAD)[4:8] != b"ftyp":
            return False
        at, there = 0, file.seek(0, os.SEEK_END)
        for _ in range(_MOST_CHUNKS):
            file.seek(min(at, there))  # damage tells sizes that no place in a file can have
            head = file.read(16)
            size = int.from_bytes(head[:4], "big")
            if len(head) < 8:  # noqa: PLR2004 - a box's size and name
                return True
            size = int.from_bytes(head[8:], "big") if size == 1 else size  # which is longer than four bytes can tell
            if head[4:8] == b"moov":
                return at + size > there
            if size < 8:  # noqa: PLR2004 - it goes on until the end
                return True
            at += size
    return False


def _promised_bytes(file: BinaryIO, head: bytes) -> int:
    """Bytes from the start of the file to the end of its sound, or of all that it holds; 0 where it does not say."""
    if len(head) < _HEAD:
        return 0
    if head[:16] == _W64:
        return int.from_bytes(head[16:24], "little")
    if head[:4] == b"caff":
        return _caf_bytes(file)
    if head[:8] == b"NIST_1A\n":
        return _nist_bytes(file)
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
    at, there = 8, file.seek(0, os.SEEK_END)
    for _ in range(_MOST_CHUNKS):
        file.seek(min(at, there))
        chunk = file.read(12)
        size = int.from_bytes(chunk[4:], "big", signed=True)
        if len(chunk) < 12 or size < 0:  # noqa: PLR2004  (a chunk's name and size; -1 is "until the end")
            return 0
        at += 12 + size
        if chunk[:4] == b"data":
            return at
    return 0


def _nist_bytes(file: BinaryIO) -> int:
    """Where the samples of a NIST SPHERE file end."""
    file.seek(0)
    head = file.read(_NIST_HEAD)
    numbers = dict(re.findall(rb"^(sample_count|channel_count|sample_n_bytes) -i (\d{1,18})$", head, re.MULTILINE))
    start = re.match(rb"NIST_1A\n *(\d{1,9})\n", head)
    if start is None or len(numbers) < 3 or b"embedded-" in head:  # noqa: PLR2004 - all of them, of what is not packed
        return 0
    return int(start[1]) + math.prod(map(int, numbers.values()))


def _is_open_ogg(file: BinaryIO, head: bytes) -> bool:
    """Whether it is Ogg whose last page is not whole, or not marked as the last."""
    if head[:4] != b"OggS":
        return False
    file.seek(max(0, file.seek(0, os.SEEK_END) - 2 * _OGG_PAGE))
    data = file.read()
    page = data[data.rfind(b"OggS\0") :]
    count = page[_OGG_HEAD - 1] if len(page) >= _OGG_HEAD else 255
    table = page[_OGG_HEAD : _OGG_HEAD + count]
    return len(table) < count or len(page) < _OGG_HEAD + count + sum(table) or not page[5] & _OGG_LAST


def _is_open_voc(file: BinaryIO, head: bytes) -> bool:
    """Whether it is VOC that ends within a block; the empty block that should come last is left out by some."""
    if head[:20] != b"Creative Voice File\x1a":
        return False
    size = file.seek(0, os.SEEK_END)
    at = int.from_bytes(head[20:22], "little")
    for _ in range(_MOST_BLOCKS):
        if at >= size:
            return at > size
        file.seek(at)
        block = file.read(4)
        if block[0] == 0:
            return False
        at += 4 + int.from_bytes(block[1:], "little")
    return False
