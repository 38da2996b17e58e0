"""SubRip subtitles; the speaker stands as plain text, since SRT has no tag for one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import srt

from exporters.lines import milliseconds, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fusion.types import Transcript


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
    cues = (
        srt.Subtitle(
            index=None,
            start=timedelta(milliseconds=milliseconds(segment.start)),
            end=timedelta(milliseconds=milliseconds(segment.end)),
            content=spoken(segment),
        )
        for segment in sorted(transcript.segments, key=lambda segment: (segment.start, segment.end))
        if segment.text.strip()
    )
    # Numbered here: the package's own numbering leaves out cues that last no time, which would lose words.
    return "".join(cue.to_srt() for cue in _numbered(cues))


def _numbered(cues: Iterable[srt.Subtitle]) -> Iterator[srt.Subtitle]:
    for index, cue in enumerate(cues, start=1):
        cue.index = index
        yield cue
