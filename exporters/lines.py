"""What the text formats share: one line of text, the speaker in front of it, and a document's cues."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..fusion.cues import Cue
    from ..fusion.document import Document
    from ..fusion.types import Seconds, Segment, Transcript
    from .style import Style


def cues_of(document: Document, style: Style) -> tuple[Cue, ...]:
    """What is on the screen when: readable cues where speakers are known and `style` says so, else the segments.

    A document without turns is the recogniser's own, whatever `style` says.
    """
    from ..fusion.cues import DEFAULT, Cue, build_cues

    if document.diarization is not None and style.cues == "readable":
        return build_cues(document.transcript, style.layout or DEFAULT)
    return tuple(
        Cue(segment.start, segment.end, segment.speaker, (one_line(segment.text),))
        for segment in _in_order(document.transcript)
    )


def milliseconds(seconds: Seconds) -> int:
    """Seconds -> whole milliseconds, rounded half to even."""
    return round(float(seconds) * 1000)


def _in_order(transcript: Transcript) -> list[Segment]:
    """The segments that have a text, by time: subtitle players want them so."""
    said = [segment for segment in transcript.segments if segment.text.strip()]
    return sorted(said, key=lambda segment: (segment.start, segment.end))


def one_line(text: str) -> str:
    """`text` without the recogniser's outer spaces and with its line breaks made spaces.

    Spaces inside a line stay as they are: nothing is tokenised again.
    """
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def spoken(segment: Segment) -> str:
    """``SPEAKER_00: text``, or the text alone where nobody was named; empty for an empty text."""
    line = one_line(segment.text)
    return named(segment.speaker, line) if line else ""


def named(speaker: str | None, text: str) -> str:
    """`text` with the speaker in front."""
    return text if speaker is None else f"{one_line(speaker)}: {text}"
