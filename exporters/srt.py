"""SubRip subtitles; the speaker stands as plain text, since SRT has no tag for one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import srt

from .lines import in_order, milliseconds, named, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..fusion.cues import Cue
    from ..fusion.types import Seconds, Transcript


def dumps(transcript: Transcript) -> str:
    """One cue a segment, in order of time; segments without text leave none.

    Example:
        >>> from fusion.types import Segment, Transcript
        >>> print(dumps(Transcript((Segment(0.5, 2.0, " Good morning.", speaker="SPEAKER_00"),), "en", 2.0)), end="")
        1
        00:00:00,500 --> 00:00:02,000
        SPEAKER_00: Good morning.
        <BLANKLINE>
    """
    return "".join(
        _subtitle(index, segment.start, segment.end, spoken(segment))
        for index, segment in enumerate(in_order(transcript), start=1)
    )


def dumps_cues(cues: Iterable[Cue]) -> str:
    """Cues as `fusion.cues.build_cues` made them, with their line breaks."""
    return "".join(
        _subtitle(index, cue.start, cue.end, named(cue.speaker, cue.text)) for index, cue in enumerate(cues, start=1)
    )


def _subtitle(index: int, start: Seconds, end: Seconds, text: str) -> str:
    """One cue. Numbered by us: the package's own numbering drops cues that last no time, and their words with them."""
    times = (timedelta(milliseconds=milliseconds(time)) for time in (start, end))
    return str(srt.Subtitle(index, *times, text).to_srt())
