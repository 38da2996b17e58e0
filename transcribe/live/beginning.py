"""How audio begins that should be bare samples: what is a file or text would be heard as noise."""

from __future__ import annotations

from io import BytesIO
from typing import Literal, TypeAlias

from ...fusion.audio.mpeg import has_frames
from ...fusion.audio.telling import HEAD, SOUND, no_sound

Other: TypeAlias = Literal["a file", "text"]

_HEADERS = (*SOUND, b"BW64", b"wvpk", b"#!AMR", b"\x1aE\xdf\xa3", b"0&\xb2u\x8ef\xcf\x11")
"""The last are Matroska's, WebM's too, and ASF's, as in WMA."""
_ENOUGH = 64
"""So many bytes that are all of text are no 16-bit sound."""


class Beginning:
    """The first bytes, in pieces of any size."""

    def __init__(self) -> None:
        self._head = b""
        self._other: Other | None = None

    def take(self, data: bytes) -> Other | None:
        """What it is that begins as no bare samples do, as soon as that shows; None for what may be such."""
        if self._other is None and len(self._head) < HEAD:
            self._head += data[: HEAD - len(self._head)]
            self._other = _other(self._head)
        return self._other


def _other(head: bytes) -> Other | None:
    if head.startswith(_HEADERS) or head[4:8] == b"ftyp" or has_frames(BytesIO(head), 0):
        return "a file"
    return "text" if len(head) >= _ENOUGH and no_sound(head) is not None else None
