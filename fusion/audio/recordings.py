"""Where in a file one recording ends and the next begins.

Concatenated files, chained streams and recorders that append all give one
file with several headers, of which every decoder believes the first: it takes
the rest for damage, or never looks at it. Here they are told apart, and each is
decoded by itself. Streams of frames that each tell their own rate (MP3, ADTS, AC-3)
need none of it; from MPEG audio the tags between them are taken out.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice, pairwise
from pathlib import Path
from typing import BinaryIO

from .mpeg import begins_mpeg, has_frames, tag_bytes
from .source import UNKNOWN_SIZE, Source
from .transport import joins

_MOST = 10_000  # recordings in a file
_MOST_LOOKS = 100_000  # at places that look like a header; a file of nothing else must not keep us
_SEARCH_BYTES = 1 << 20
_HEAD = 64


@dataclass(frozen=True, slots=True)
class _Needle:
    """Bytes with which a recording begins, and what must follow for it to be no chance."""

    begins: bytes
    pattern: re.Pattern[bytes]


def _needle(begins: bytes, follows: bytes = b"") -> _Needle:
    return _Needle(begins, re.compile(re.escape(begins) + follows, re.DOTALL))


_NEEDLES = (
    _needle(b"fLaC", rb"[\x00\x80]\x00\x00\x22"),
    _needle(b"FLV\x01", rb"[\x01\x04\x05]\x00\x00\x00\x09\x00{4}"),
    _needle(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),  # ASF: WMA, WMV
    _needle(b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"),  # W64
    _needle(b"caff\x00\x01\x00\x00desc"),
    _needle(b".snd\x00\x00", rb"[\x00-\x0f].{5}\x00\x00\x00[\x01-\x1b]\x00"),
    _needle(b"Creative Voice File\x1a"),
    _needle(b"TTA1\x01\x00"),
    _needle(b"#!AMR", rb"(?:-WB)?\n"),
    _needle(b"NIST_1A\n", rb" *\d+\n"),
    _needle(b"MATLAB 5.0 MAT-file"),
    _needle(b"\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\x0b\0\0\0samplerate\0"),  # MAT of level 4, little-endian
    _needle(b"\0\0\x03\xe8\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\x0bsamplerate\0"),  # the same, big-endian
    _needle(b"PVF1\n", rb"\d+ \d+ \d+\n"),
    _needle(b" paf", rb"\x00{8}.{4}\x00\x00\x00[\x00-\x02]\x00\x00\x00[\x01-\x20]"),
    _needle(b"fap ", rb"\x00{4}\x01\x00{3}.{4}[\x00-\x02]\x00{3}[\x01-\x20]\x00{3}"),
    _needle(b"2BIT", rb".{8}(?:\x00\x00|\xff\xff)\x00[\x08\x10](?:\x00\x00|\xff\xff){2}"),
    _needle(b"d\xa3", rb"[\x01-\x04]\x00.{4}[\x01-\x20]\x00{3}.\x00[\x00-\x04]\x00"),  # IRCAM, little-endian
    _needle(b"\xf0\x7e", rb"[\x00-\x7f]\x01[\x00-\x7f]{2}[\x08-\x1c][\x00-\x7f]{13}\xf7"),  # SDS
)
_OGG = _needle(b"OggS\x00\x02" + bytes(8), rb".{4}\x00{4}.{4}[\x01-\xff]")
_TAGS = (
    _needle(b"ID3", rb"[\x02-\x04]\x00[\x00-\xf0][\x00-\x7f]{4}"),
    _needle(b"APETAGEX", rb"[\xd0\xe8]\x07\x00\x00"),
)
_MATROSKA = _needle(b"\x1a\x45\xdf\xa3", rb".{0,40}?\x42\x82.(?:matroska|webm)")

_WAV = _needle(b"RIFF", rb".{4}WAVE(?:fmt |LIST|JUNK|bext|fact|id3 )")
_MP4 = _needle(b"ftyp", rb"(?:isom|iso\d|mp4\d|M4[AVB] |qt  |3g[p2]\d|dash)")
_BEHIND_MPEG = (_NEEDLES[0], _OGG, _WAV)

_WAVPACK_FIRST = 0x800

_Size = Callable[[bytes], int | None]
"""From a header's first bytes: how many bytes its element has; 0 is "until the end", None no element at all."""


def recordings(path: Path) -> list[Source]:
    """The recordings that a file holds one after another: nearly always one, which is all of it."""
    size = path.stat().st_size
    starts = _all_starts(path, size)
    if len(starts) == 1:
        return [Source(path, _ranges(path, 0, size), str(path))]
    return [
        Source(path, _ranges(path, *span) or (span,), f"{path} (recording {number} of {len(starts)})")
        for number, span in enumerate(pairwise([*starts, size]), 1)
    ]


def _all_starts(path: Path, size: int) -> list[int]:
    """Where recordings begin, the first at 0. What follows the last of one kind may be of another, and go on so."""
    starts, is_last = [0], False
    while not is_last and len(starts) < _MOST:
        begin = starts[-1]
        with _part(path, begin, size) as file:
            found = [begin + at for at in islice(_starts(file, size - begin), _MOST) if at > 0]
        starts += found
        is_last = not found
    return starts


def _part(path: Path, start: int, stop: int) -> BinaryIO:
    """The bytes between two places as a file of their own."""
    is_all = (start, stop) == (0, path.stat().st_size)
    return Source(path, None if is_all else ((start, stop),), str(path)).open()


def _ranges(path: Path, start: int, stop: int) -> tuple[tuple[int, int], ...] | None:
    """Where the sound lies in a recording whose reader would stumble over what is in between; None for any other."""
    with _part(path, start, stop) as file:
        head = _read(file, 0)
        if begins_mpeg(head):
            ranges = _without_tags(file, stop - start)
        elif head.startswith(b"RIFF") and head[8:12] == b"WAVE":
            ranges = _one_data_chunk(file, stop - start)
        else:
            return None
    return ranges and tuple((start + begin, start + end) for begin, end in ranges)


def _one_data_chunk(file: BinaryIO, size: int) -> tuple[tuple[int, int], ...] | None:
    """A WAV file without the headers between its chunks of samples, of which every reader takes one only."""
    chunks = islice(_elements(file, size, _plain_chunk_size, 12), _MOST)
    spans = [(at + 8, min(following, size)) for at, head, following in chunks if head.startswith(b"data")]
    return ((0, spans[0][1]), *spans[1:]) if len(spans) > 1 else None


def _plain_chunk_size(head: bytes) -> int | None:
    """Of a chunk within a WAV file."""
    size = int.from_bytes(head[4:8], "little")
    return None if len(head) < 8 or not re.match(rb"[ -~]{4}", head) else 8 + size + size % 2  # noqa: PLR2004


def _without_tags(file: BinaryIO, size: int) -> tuple[tuple[int, int], ...] | None:
    """Where MPEG audio lies between tags: FFmpeg takes them for damage, and loses frames behind them."""
    ranges, end = [], tag_bytes(_read(file, 0))
    places = merge(*(_search(file, size, needle, 1) for needle in _TAGS))
    for at in islice(places, _MOST):
        following = at + tag_bytes(_read(file, at))
        if at >= end and (following >= size or begins_mpeg(_read(file, following))):
            ranges.append((end, at))
            end = following
    return (*ranges, (min(end, size), size)) if ranges else None


def _starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Where recordings begin; 0 may be among them."""
    head = _read(file, 0)
    if begins_mpeg(head):
        return _after_mpeg(file, size)
    for pattern, walk in _WALKS:
        if pattern.match(head):
            return walk(file, size)
    for needle in _NEEDLES:
        if needle.pattern.match(head):
            return _search(file, size, needle)
    return iter(())


def _after_mpeg(file: BinaryIO, size: int) -> Iterator[int]:
    """Where a recording of another kind begins behind MPEG audio, which FFmpeg would take for damage."""
    start = tag_bytes(_read(file, 0))
    places = [_search(file, size, needle, start) for needle in _BEHIND_MPEG]
    boxes = (at - 4 for at in _search(file, size, _MP4, start))  # behind the size of the box
    return islice(merge(*places, boxes), 1)


def _read(file: BinaryIO, at: int, count: int = _HEAD) -> bytes:
    file.seek(at)
    return file.read(count)


def _search(file: BinaryIO, size: int, needle: _Needle, start: int = 0) -> Iterator[int]:
    """Every place from `start` on where `needle` fits."""
    for at in islice(_find(file, size, needle.begins, start), _MOST_LOOKS):
        if needle.pattern.match(_read(file, at)):
            yield at


def _find(file: BinaryIO, size: int, needle: bytes, start: int = 0) -> Iterator[int]:
    """Every place of `needle`, found in blocks: mapping the file would cost its size in address space."""
    for begin in range(start, size, _SEARCH_BYTES):
        block = _read(file, begin, _SEARCH_BYTES + len(needle) - 1)
        at = block.find(needle)
        while at >= 0:
            yield begin + at
            at = block.find(needle, at + 1)


def _elements(file: BinaryIO, size: int, size_of: _Size, at: int = 0) -> Iterator[tuple[int, bytes, int]]:
    """Walk over elements that tell their own size: where each begins, its first bytes, and where the next begins."""
    while at < size:
        head = _read(file, at)
        length = size_of(head)
        if length is None:
            return
        yield at, head, at + length
        if length == 0:
            return
        at += length


def _chunked(file: BinaryIO, size: int) -> Iterator[int]:
    """WAV, AVI and AIFF; a WAV file whose size was never written, or is wrong, is searched."""
    first, last, end = _read(file, 0), 0, 0
    for at, head, following in _elements(file, size, _chunk_size):
        if head[:4] != first[:4] or head[8:12] != first[8:12]:
            break
        yield at
        last, end = at, following
    if last < end < size and _begins_other(file, end):
        yield end
    elif end != size and first[8:12] == b"WAVE":
        for found in _find(file, size, b"WAVEfmt ", _unsure(last, end, size)):
            if _read(file, found - 8, 4) == first[:4]:
                yield found - 8


def _begins_other(file: BinaryIO, at: int) -> bool:
    """Whether a recording of another kind begins there, of a kind that is known by more than a few bits."""
    head = _read(file, at)
    known = (*_NEEDLES, _OGG, _MATROSKA, _WAV)
    return any(needle.pattern.match(head) for needle in known) or head[4:8] == b"ftyp" or has_frames(file, at)


def _unsure(last: int, end: int, size: int) -> int:
    """From where on to search, after an element at `last` that claims to end at `end`."""
    return end if last < end < size else last + 12


def _chunk_size(head: bytes) -> int | None:
    if len(head) < 12:  # noqa: PLR2004  (name, size, form)
        return None
    order = ">" if head[:4] in (b"RIFX", b"FORM") else "<"
    size = int(struct.unpack(order + "I", head[4:8])[0])
    if head[:4] in (b"RF64", b"BW64") and size >= UNKNOWN_SIZE and head[12:16] == b"ds64" and len(head) >= 28:  # noqa: PLR2004
        size = int(struct.unpack("<Q", head[20:28])[0])
    elif size >= UNKNOWN_SIZE or size < 4:  # noqa: PLR2004  (less than the form's name: never written)
        return 0
    return 8 + size + size % 2


def _box_size(head: bytes) -> int | None:
    """Of an MP4 box."""
    if len(head) < 8 or not re.match(rb"[ -~]{4}", head[4:8]):  # noqa: PLR2004  (size and name)
        return None
    size = int.from_bytes(head[:4], "big")
    if size == 1:
        size = int.from_bytes(head[8:16], "big")
    return size if size == 0 or size >= 8 else None  # noqa: PLR2004


def _boxes(file: BinaryIO, size: int) -> Iterator[int]:
    """MP4: a second list of brands, or another kind behind the last box."""
    end = 0
    for at, box, following in _elements(file, size, _box_size):
        if box[4:8] == b"ftyp":
            yield at
        end = following
    if 0 < end < size and _begins_other(file, end):
        yield end


def _matroska(file: BinaryIO, size: int) -> Iterator[int]:
    """Walk while sizes are known; live recordings do not tell theirs, and are searched."""
    last = end = 0
    for at, head, following in _elements(file, size, _ebml_size):
        if _MATROSKA.pattern.match(head):
            yield at
        last, end = at, following
    if last < end < size and _begins_other(file, end):
        yield end
    elif end != size:
        yield from _search(file, size, _MATROSKA, _unsure(last, end, size))


def _wavpack(file: BinaryIO, size: int) -> Iterator[int]:
    """Blocks that hold a recording's first sample, and the first channels of it."""
    for at, head, _ in _elements(file, size, _wavpack_size):
        if not head.startswith(b"wvpk"):
            continue
        begins, flags = int.from_bytes(head[16:20], "little"), int.from_bytes(head[24:28], "little")
        if begins == 0 and flags & _WAVPACK_FIRST:
            yield at


def _wavpack_size(head: bytes) -> int | None:
    return 8 + int.from_bytes(head[4:8], "little") if head.startswith(b"wvpk") else tag_bytes(head) or None


def _ebml_size(head: bytes) -> int | None:
    """Of a top-level EBML element: a four-byte name, then a size that tells its own length."""
    if len(head) < 12 or head[0] >> 4 != 1 or not head[4]:  # noqa: PLR2004
        return None
    length = 9 - head[4].bit_length()
    size = int.from_bytes(head[4 : 4 + length], "big") & ((1 << 7 * length) - 1)
    return 0 if size == (1 << 7 * length) - 1 else 4 + length + size


def _ogg(file: BinaryIO, size: int) -> Iterator[int]:
    """First pages of streams; those that follow one another at once run side by side, as in a video."""
    follows = -1
    for at in _search(file, size, _OGG):
        if at != follows:
            yield at
        follows = at + _page_size(file, at)


def _page_size(file: BinaryIO, at: int) -> int:
    """Bytes of the Ogg page there, or what is left of one that is cut within its head."""
    page = _read(file, at, 27 + 255)
    if len(page) < 27:  # noqa: PLR2004  (a head without its table)
        return len(page)
    return 27 + page[26] + sum(page[27 : 27 + page[26]])


def has_tracks(source: Source) -> bool:
    """Whether several streams run side by side in an Ogg recording."""
    with source.open() as file:
        if not _OGG.pattern.match(_read(file, 0)):
            return False
        return _OGG.pattern.match(_read(file, _page_size(file, 0))) is not None


def has_holes(source: Source) -> bool:
    """Whether pages are missing, or cannot be found at once, within an Ogg recording: each tells its number."""
    with source.open() as file:
        size, at, expected = file.seek(0, os.SEEK_END), 0, 0
        if not _OGG.pattern.match(_read(file, 0)):
            return False
        while (page := _read(file, at)).startswith(b"OggS"):
            number = int.from_bytes(page[18:22], "little")
            if number > expected:
                return True
            at, expected = at + _page_size(file, at), number + 1
        return next(_find(file, size, b"OggS\0\0", at), None) is not None


_WALKS = (
    (re.compile(b"RIFF|RIFX|RF64|BW64|FORM"), _chunked),
    (re.compile(b".{4}ftyp", re.DOTALL), _boxes),
    (re.compile(b"wvpk"), _wavpack),
    (_MATROSKA.pattern, _matroska),
    (_OGG.pattern, _ogg),
    (re.compile(b"G|.{4}G", re.DOTALL), joins),
)
"""Containers that tell how long they are, or are told apart by more than a needle."""
