"""ELAN's EAF: for each speaker a tier of turns, and below it a tier of their words."""

from __future__ import annotations

import re
from itertools import chain, count
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from .style import DEFAULT, Style
from .tiers import rows_of, tiers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..fusion.document import Document
    from .tiers import Row

ENDING = ".eaf"
NEEDS = "words"
ABOUT = "ELAN: a tier of turns for each speaker, and below it one of their words"
SPEAKERS = r'PARTICIPANT="([^"]+)"'
"""Where a file has its speakers."""

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="1970-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
"""
"""The date must be there, and one document must give one file: it is none."""
_TYPES = """\
    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="turn" TIME_ALIGNABLE="true"/>
    <LINGUISTIC_TYPE CONSTRAINTS="Included_In" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="word" \
TIME_ALIGNABLE="true"/>
    <CONSTRAINT DESCRIPTION="Time subdivision of parent annotation's time interval, no time gaps allowed within this \
interval" STEREOTYPE="Time_Subdivision"/>
    <CONSTRAINT DESCRIPTION="Symbolic subdivision of a parent annotation. Annotations refering to the same parent are \
ordered" STEREOTYPE="Symbolic_Subdivision"/>
    <CONSTRAINT DESCRIPTION="1-1 association with a parent annotation" STEREOTYPE="Symbolic_Association"/>
    <CONSTRAINT DESCRIPTION="Time alignable annotations within the parent annotation's time interval, gaps are \
allowed" STEREOTYPE="Included_In"/>
</ANNOTATION_DOCUMENT>
"""
"""Words have pauses between them, which only ``Included_In`` allows; the other three are what ELAN always lists."""
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_MEDIA = {".wav": "audio/x-wav", ".mp3": "audio/mpeg", ".mp4": "video/mp4"}
"""What ELAN takes a recording for by its ending; whatever it is otherwise it finds out."""


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """One file in ELAN's format 3.0, in milliseconds; ELAN looks for the recording beside it."""
    numbers = count(1)
    slots, tiers = [], []
    for row in rows_of(tiers_of(document)):
        tiers.append(f"    {_opening(row)}")
        for interval in row.intervals:
            number = next(numbers)
            slots += [(interval.start, 2 * number - 1), (interval.end, 2 * number)]
            tiers += _annotation(number, interval.text)
        tiers.append("    </TIER>")
    lines = chain(_header(document), _time_order(sorted(slots)), tiers)
    return _HEAD + "".join(f"{line}\n" for line in lines) + _TYPES


def _opening(row: Row) -> str:
    """The tag that opens a tier."""
    name, who = _attribute(row.name), _attribute(row.tier.speaker or row.tier.name)
    if row.above is None:
        return f'<TIER LINGUISTIC_TYPE_REF="turn" PARTICIPANT={who} TIER_ID={name}>'
    return f'<TIER LINGUISTIC_TYPE_REF="word" PARENT_REF={_attribute(row.above)} PARTICIPANT={who} TIER_ID={name}>'


def _header(document: Document) -> Iterator[str]:
    """Where the recording is, if the document says so; of separate files all that begin with it."""
    recording = document.recording
    names = [] if recording is None else [recording.name, *(one.name for one in recording.files if not one.start)]
    yield '    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">'
    for name in filter(None, names):
        address = _attribute(f"./{quote(name.encode('utf-8', 'replace'))}")
        kind = _MEDIA.get(PurePath(name).suffix.lower(), "unknown")
        yield f'        <MEDIA_DESCRIPTOR MEDIA_URL={address} MIME_TYPE="{kind}" RELATIVE_MEDIA_URL={address}/>'
    yield "    </HEADER>"


def _time_order(slots: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Every annotation's two moments by time: each has its own, so that moving one in ELAN moves no other."""
    yield "    <TIME_ORDER>"
    for moment, number in slots:
        yield f'        <TIME_SLOT TIME_SLOT_ID="ts{number}" TIME_VALUE="{moment}"/>'
    yield "    </TIME_ORDER>"


def _annotation(number: int, text: str) -> tuple[str, ...]:
    moments = f'TIME_SLOT_REF1="ts{2 * number - 1}" TIME_SLOT_REF2="ts{2 * number}"'
    return (
        "        <ANNOTATION>",
        f'            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" {moments}>',
        f"                <ANNOTATION_VALUE>{escape(_allowed(text))}</ANNOTATION_VALUE>",
        "            </ALIGNABLE_ANNOTATION>",
        "        </ANNOTATION>",
    )


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    """The text with a mark for each character that no XML may hold."""
    return _NO_XML.sub("\ufffd", text)
