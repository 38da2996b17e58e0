"""PNG: the same picture as `svg`, for where only pixels are taken."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..fusion.errors import MissingExtraError
from .picture import BELOW, LANE, LEFT, PAPER, RIGHT, RULE, TOP, TRACK, WIDTH, picture_of
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".png"
NEEDS = "turns"
ABOUT = "the same picture in pixels (extra `plot`)"

_SHARP = 2
"""Pixels for one of the picture's, as on screens of today."""
_TALL = 8000
"""A picture of a hundred speakers is drawn plainly: it would be too large to open."""
_FONTS = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "segoeui.ttf", "Arial.ttf", "Arial Unicode.ttf"),
    *("NotoSansCJK-Regular.ttc", "msgothic.ttc", "msyh.ttc", "PingFang.ttc", "NotoSansHebrew-Regular.ttf"),
    *("NotoSansArabic-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "NotoSansThai-Regular.ttf"),
)
"""Of the machine's fonts, the first that has all letters of a line draws it; the drawer's own one has Latin."""
_NO_LETTER = "\U0010fffe"
"""Whatever a font draws for it is what it draws for letters that it has not."""


def require() -> None:
    """See that the picture can be drawn.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    try:
        import PIL.ImageFont  # noqa: F401 - whether it is there
    except ImportError as error:
        raise MissingExtraError("A picture in pixels", "pillow", "plot") from error


def dumps(document: Document, _: Style = DEFAULT) -> bytes:
    """The picture at twice its size, without a time or a name of a file in it.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    require()
    from PIL import Image, ImageDraw

    picture = picture_of(document)
    scale = _SHARP if picture.height < _TALL else 1
    image = Image.new("RGB", (WIDTH * scale, picture.height * scale), PAPER)
    draw = ImageDraw.Draw(image)

    def fill(left: float, top: float, width: float, height: float, colour: str) -> None:
        right, bottom = scale * (left + width) - 1, scale * (top + height) - 1
        draw.rectangle((scale * left, scale * top, max(right, scale * left), bottom), fill=colour)

    for x in picture.rules:
        fill(x, TOP - 8, 1 / scale, picture.height - BELOW - (TOP - 8), RULE)
    for lane in picture.lanes:
        fill(LEFT, lane.y, WIDTH - LEFT - RIGHT, LANE, TRACK)
        for left, width in lane.bars:
            fill(left, lane.y, width, LANE, lane.colour)
    for text in picture.texts:
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[text.anchor]
        font = _font(frozenset(text.text), text.size * scale)
        draw.text((scale * text.x, scale * text.y), text.text, text.colour, font, anchor)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@lru_cache(maxsize=100)
def _font(letters: frozenset[str], size: int) -> Any:
    """The first font that has all the letters; else the first that is there."""
    from PIL import ImageFont

    found = [font for name in _FONTS if (font := _installed(name, size)) is not None]
    found.append(ImageFont.load_default(size))
    return next((font for font in found if all(_has(font, letter) for letter in letters)), found[0])


@lru_cache(maxsize=100)
def _installed(name: str, size: int) -> Any:
    """A font of this machine, or None."""
    from PIL import ImageFont

    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _has(font: Any, letter: str) -> bool:
    """Whether the font draws the letter other than as one that it has not."""
    drawn, none = font.getmask(letter), font.getmask(_NO_LETTER)
    return letter.isspace() or (drawn.size, bytes(drawn)) != (none.size, bytes(none))
