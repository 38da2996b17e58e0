"""SVG: who spoke when as a picture that scales, for documents and the web."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from .picture import BELOW, INK, LANE, LEFT, PAPER, RIGHT, RULE, TOP, TRACK, WIDTH, picture_of
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document
    from .picture import Lane, Picture, Text

ENDING = ".svg"
NEEDS = "turns"
ABOUT = "a picture of who spoke when, with talk times and overlap"


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """The picture; every name goes in as text, and nothing in it runs or is loaded."""
    picture = picture_of(document)
    return "".join(
        f"{line}\n" for line in (*_head(picture), *map(_lane, picture.lanes), *map(_text, picture.texts), "</svg>")
    )


def _head(picture: Picture) -> list[str]:
    """The paper and the clock's lines."""
    bottom = picture.height - BELOW
    size = f'width="{WIDTH}" height="{picture.height}" viewBox="0 0 {WIDTH} {picture.height}"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" fill="{INK}" font-family="system-ui, sans-serif">',
        f"<title>{escape(picture.about)}</title>",
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
        *(f'<path d="M{x:g} {TOP - 8}V{bottom}" stroke="{RULE}"/>' for x in picture.rules),
    ]


def _lane(lane: Lane) -> str:
    bars = "".join(f"M{left:g} {lane.y:g}h{width:g}v{LANE}h{-width:g}z" for left, width in lane.bars)
    track = f'<rect x="{LEFT}" y="{lane.y:g}" width="{WIDTH - LEFT - RIGHT}" height="{LANE}" fill="{TRACK}"/>'
    drawn = f'<path d="{bars}" fill="{lane.colour}"/>' if bars else ""
    return f"<g><title>{escape(lane.about)}</title>{track}{drawn}</g>"


def _text(text: Text) -> str:
    return (
        f'<text x="{text.x:g}" y="{text.y:g}" font-size="{text.size}" fill="{text.colour}" '
        f'text-anchor="{text.anchor}">{escape(text.text)}</text>'
    )
