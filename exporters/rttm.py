"""RTTM of the words' speakers, for a transcript whose turns are not at hand.

Where a diarization is at hand, `Diarization.to_rttm` is the better source: it
keeps overlapping turns, which words cannot show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fusion.types import Diarization, Turn

if TYPE_CHECKING:
    from ..fusion.types import Transcript


def dumps(transcript: Transcript, *, name: str = "audio") -> str:
    """One line a segment that has a speaker and a length; `name` is RTTM's file field."""
    turns = tuple(
        Turn(segment.start, segment.end, segment.speaker)
        for segment in transcript.segments
        if segment.speaker is not None and segment.end > segment.start
    )
    return Diarization(turns, turns, transcript.duration).to_rttm(name)
