"""Sound that is frames and nothing else (AC-3, MPEG audio, ADTS, AMR): whether it ends within one, as cut files do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from .mpeg import begins_mpeg, frame_bytes, tag_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_DOLBY, _MPEG = b"\x0b\x77", b"\xff"
"""How a frame begins."""
_KBIT = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_RATES = (48_000, 44_100, 32_000)
_SAMPLES, _WORD = 1536, 16
"""Of a frame of AC-3; its length counts words, of so many bits."""
_AC3, _EAC3 = range(11), range(11, 17)
"""Versions of the stream."""
_HEAD = 7
_AMR = {
    b"#!AMR\n": (12, 13, 15, 17, 19, 20, 26, 31, 5, 0, 0, 0, 0, 0, 0, 0),
    b"#!AMR-WB\n": (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 0, 0, 0, 0, 0, 0),
}
"""How a file begins, and how many bytes follow the first of a frame of each kind (RFC 4867)."""
_TAIL = 1 << 16  # holds many frames, whichever they are
_IN_A_ROW = 3  # frames; one header alone is found in any noise


def ends_within_a_frame(file: BinaryIO, head: bytes) -> bool:
    """Whether a file that begins with `head` is such sound, and its last frame is not whole.

    One that was cut just between two frames looks whole.
    """
    size_of: Callable[[bytes], int]
    for begin, sizes in _AMR.items():
        if head.startswith(begin):
            return _is_open_amr(file, len(begin), sizes)
    if head.startswith(_DOLBY):
        sync, size_of = _DOLBY, dolby_bytes
    elif begins_mpeg(head):
        sync, size_of = _MPEG, frame_bytes
    else:
        return False
    file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
    tail = file.read()
    at = tail.find(sync)
    while at >= 0:
        count, end = _run(tail, at, size_of)
        if count >= _IN_A_ROW:
            return end > len(tail) or (len(tail) - end < _HEAD and tail[end:].startswith(sync[:1]))
        at = tail.find(sync, at + 1)
    return False


def _run(data: bytes, at: int, size_of: Callable[[bytes], int]) -> tuple[int, int]:
    """How many frames follow one another from `at`, and where the last of them ends, or should; tags do not count."""
    count = 0
    while at < len(data) and (size := size_of(data[at : at + _HEAD])):
        count, at = count + 1, at + size
    return count, at + tag_bytes(data[at:]) if at < len(data) else at


def _is_open_amr(file: BinaryIO, at: int, sizes: Sequence[int]) -> bool:
    """Whether the last frame of AMR is not whole; its frames do not tell how they begin, so all are walked through."""
    file.seek(at)
    left = b""
    while block := file.read(_TAIL):
        data, at = left + block, 0
        while at < len(data) and (end := at + 1 + sizes[data[at] >> 3 & 15]) <= len(data):
            at = end
        left = data[at:]
    return bool(left)


def dolby_bytes(head: bytes) -> int:
    """How many bytes the frame of AC-3 or E-AC-3 has that begins so; 0 for none."""
    if len(head) < _HEAD or not head.startswith(_DOLBY):
        return 0
    version, rate, size = head[5] >> 3, head[4] >> 6, head[4] & 63
    if version in _EAC3:
        return 2 * (((head[2] & 7) << 8 | head[3]) + 1)
    if version not in _AC3 or rate >= len(_RATES) or size >> 1 >= len(_KBIT):
        return 0
    words = _KBIT[size >> 1] * 1000 * _SAMPLES // (_RATES[rate] * _WORD)
    return 2 * (words + (size & 1 if _RATES[rate] % 1000 else 0))
