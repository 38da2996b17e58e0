"""What a result is once the work is done: the words, who spoke when, and what the recording is called."""

from __future__ import annotations

from dataclasses import dataclass

from .types import Diarization, Transcript, Turn


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that can be written down about one recording; every exporter takes one.

    transcript: as the recogniser gave it, with speakers where a join has run; without segments where nothing was
        recognised. diarization: who spoke when; None where nobody asked.
    name: the recording's, without folder and ending, for the formats that carry it.
    """

    transcript: Transcript
    diarization: Diarization | None = None
    name: str = "audio"

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Who spoke when, which may overlap; without a diarization it is told by the segments that have a speaker."""
        if self.diarization is not None:
            return self.diarization.turns
        return tuple(
            Turn(segment.start, segment.end, segment.speaker)
            for segment in self.transcript.segments
            if segment.speaker is not None and segment.end > segment.start
        )
