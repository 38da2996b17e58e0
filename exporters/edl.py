"""Markers for DaVinci Resolve: an EDL that Import, Timeline Markers from EDL takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fusion.errors import OptionError
from ..fusion.layout import DEFAULT as LAYOUT
from ..fusion.text import fitting
from .frames import Rate
from .lines import label, passages
from .picture import clock
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.cues import Passage
    from ..fusion.document import Document

ENDING = ".edl"
NEEDS = "words"
ABOUT = "DaVinci Resolve's markers, one a turn, in a colour for each speaker; `--fps` is the timeline's"
SPEAKERS = r"\|M:(.*?) \|D:"
"""Where a file has its speakers."""

START_HOUR, _HOURS = 1, 24
"""Where Resolve's timelines begin, and where their clock would begin anew."""
_COLOURS = (
    *("Blue", "Yellow", "Green", "Pink", "Cyan", "Red", "Lemon", "Purple"),
    *("Sky", "Sand", "Mint", "Rose", "Lavender", "Cocoa", "Fuchsia"),
)
"""Near to the page's; who comes sixteenth has the first again."""
_NOBODYS = "Cream"
_NAME_COLUMNS = 40


def dumps(document: Document, style: Style = DEFAULT) -> str:
    """One marker a turn, as long as that: named after the speaker or by its first words, with the text as its note.

    Resolve keeps one marker a picture, so that one of two that begin together goes to the next.

    Raises:
        OptionError: a turn begins after 23 hours, for which there is no timecode.
    """
    rate = Rate.of((style.layout or LAYOUT).fps)
    rows = passages(document)
    speakers = list(dict.fromkeys(row.speaker for row in rows if row.speaker is not None))
    colours = {speaker: _COLOURS[index % len(_COLOURS)] for index, speaker in enumerate(speakers)}
    events, free = [], 0
    for number, row in enumerate(rows, 1):
        frame = max(rate.frame(row.start), free)
        free = frame + 1
        if int(rate.timecode(free, START_HOUR).partition(":")[0]) >= _HOURS:
            raise OptionError(
                f"An EDL's clock ends after {_HOURS - START_HOUR} hours, and somebody speaks at {clock(row.start)}: "
                "give -o FILE.otio, which has no such end."
            )
        colour = _NOBODYS if row.speaker is None else colours[row.speaker]
        length = max(1, rate.frame(row.end) - frame)
        first, after = rate.timecode(frame, START_HOUR), rate.timecode(frame + 1, START_HOUR)
        events.append(
            f"\n{number:03d}  001      V     C        {first} {after} {first} {after}  \n"
            f"{_plain(row.text)} |C:ResolveColor{colour} |M:{_name(row)} |D:{length}\n"
        )
    counting = "DROP FRAME" if rate.drop else "NON-DROP FRAME"
    return f"TITLE: {_plain(label(document.name))}\nFCM: {counting}\n{''.join(events)}"


def _name(row: Passage) -> str:
    return _plain(row.speaker or fitting(row.text, _NAME_COLUMNS)[0])


def _plain(text: str) -> str:
    """One line that begins no field of a marker."""
    return " ".join(text.split()).replace("|", "\u00a6")
