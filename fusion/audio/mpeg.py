"""What MPEG audio's headers say: that it is MPEG audio, how long a whole file is, and which bytes are tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from ..types import Seconds

_RATES = (44_100, 48_000, 32_000)
_VERSION_1, _VERSION_2, _RESERVED = 3, 2, 1
_LAYER_3, _LAYER_2, _ADTS = 1, 2, 0
_KBIT: dict[tuple[bool, int], tuple[int, ...]] = {  # by whether it is version 1, and layer
    (True, _LAYER_3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, _LAYER_2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, _LAYER_3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_IN_A_ROW = 3  # frames; one header alone is found in any noise
_ID3_HEAD, _ID3V1, _APE_HEAD = 10, 128, 32
_HEAD = 36 + 144  # the most bytes from a frame's beginning to its tag, and the tag's own as far as they are read


def begins_mpeg(head: bytes) -> bool:
    """Whether MPEG audio begins here, tags before it or not."""
    return tag_bytes(head) > 0 or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)  # noqa: PLR2004


def has_frames(file: BinaryIO, at: int) -> bool:
    """Whether frames of MPEG audio or ADTS follow one another from `at` on, after a tag or at once."""
    file.seek(at)
    at += tag_bytes(file.read(_APE_HEAD))
    for _ in range(_IN_A_ROW):
        file.seek(at)
        length = frame_bytes(file.read(7))
        if not length:
            return False
        at += length
    return True


def frame_bytes(head: bytes) -> int:
    """How many bytes the frame has that begins so; 0 for none."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004  (a header of ADTS, and the sync)
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if layer == _ADTS:
        return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5 if head[1] & 0xF0 == 0xF0 else 0  # noqa: PLR2004
    rates, kbit, rate = _KBIT.get((version == _VERSION_1, layer), ()), head[2] >> 4, head[2] >> 2 & 3
    if version == _RESERVED or not 0 < kbit <= len(rates) or rate >= len(_RATES):
        return 0
    halvings = {_VERSION_1: 0, _VERSION_2: 1}.get(version, 2)
    bytes_per_kbit = 72_000 if layer == _LAYER_3 and version != _VERSION_1 else 144_000
    return bytes_per_kbit * rates[kbit - 1] // (_RATES[rate] >> halvings) + (head[2] >> 1 & 1)


def tag_bytes(data: bytes) -> int:
    """How many bytes the tag has that begins here (ID3 or APE, which hold titles and pictures); 0 for none."""
    if data.startswith(b"ID3") and len(data) >= _ID3_HEAD:
        return _ID3_HEAD + (data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9])
    if data.startswith(b"APETAGEX") and len(data) >= _APE_HEAD:
        return _APE_HEAD + int.from_bytes(data[12:16], "little")
    return _ID3V1 if data.startswith(b"TAG") else 0


def promised(file: BinaryIO) -> Seconds:
    """How long a file is by the Xing or Info tag in its first frame; 0 where there is none."""
    file.seek(tag_bytes(file.read(_ID3_HEAD)))
    frame = file.read(_HEAD)
    if len(frame) < _HEAD or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:  # noqa: PLR2004  (sync, and Layer III)
        return 0.0
    version, rate = frame[1] >> 3 & 3, frame[2] >> 2 & 3
    if version == _RESERVED or rate >= len(_RATES):
        return 0.0
    samples, halvings = (1152, 0) if version == _VERSION_1 else (576, 1 if version == _VERSION_2 else 2)
    return _promised_samples(frame[_tag_offset(version, is_mono=frame[3] >> 6 == 3) :], samples) / (  # noqa: PLR2004
        _RATES[rate] >> halvings
    )


def _promised_samples(tag: bytes, frame_samples: int) -> int:
    """By a tag and, where the encoder tells them, without the samples that it added at both ends."""
    if tag[:4] not in (b"Xing", b"Info") or not tag[7] & 1:
        return 0
    total = int.from_bytes(tag[8:12], "big") * frame_samples
    lame = tag[8 + sum(size for bit, size in enumerate((4, 4, 100, 4)) if tag[7] >> bit & 1) :]
    if lame[:3] not in (b"LAM", b"Lav"):
        return total
    both = int.from_bytes(lame[21:24], "big")
    return max(0, total - (both >> 12) - (both & 0xFFF))


def _tag_offset(version: int, *, is_mono: bool) -> int:
    """A tag lies after the header and as many bytes as a frame's side information has."""
    if version == _VERSION_1:
        return 21 if is_mono else 36
    return 13 if is_mono else 21
