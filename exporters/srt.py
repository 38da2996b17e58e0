"""SubRip subtitles; the speaker stands as plain text, since SRT has no tag for one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from .lines import cues_of, label, milliseconds, shown
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.cues import Cue
    from ..fusion.document import Document

ENDING = ".srt"
NEEDS = "words"
ABOUT = "SubRip: `SPEAKER_00: text`"

_ARROW = re.compile("-{2,}>")
"""Readers take a line with it for a cue's times, and SRT has no way to write it in a text: there it loses dashes."""
_TAG = re.compile(r"<(/?\w[^<>]*)>")


def dumps(document: Document, style: Style = DEFAULT) -> str:
    """One subtitle a cue, in order of time; segments without text leave none.

    Example:
        >>> from diarfuse import Document, Segment, Transcript
        >>> said = Transcript((Segment(0.5, 2.0, " Good morning.", speaker="SPEAKER_00"),), "en", 2.0)
        >>> print(dumps(Document(said)), end="")
        1
        00:00:00,500 --> 00:00:02,000
        SPEAKER_00: Good morning.
        <BLANKLINE>
    """
    return "".join(_subtitle(index, cue) for index, cue in enumerate(cues_of(document, style, _plain), start=1))


def _subtitle(index: int, cue: Cue) -> str:
    """One cue. Numbered by us: the package's own numbering drops cues that last no time, and their words with them."""
    import srt

    times = (timedelta(milliseconds=milliseconds(time)) for time in (cue.start, cue.end))
    lines = (_ARROW.sub("->", line) for line in shown(cue))
    return str(srt.Subtitle(index, *times, "\n".join(lines)).to_srt())


def _plain(name: str) -> str:
    """A name that no player takes for markup (angle brackets become single quotation marks) or a line of times."""
    return _ARROW.sub("→", _TAG.sub("\u2039\\1\u203a", label(name)).replace("{\\", "{"))
