"""What the text formats share: one line of text, and the speaker in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..fusion.types import Seconds, Segment, Transcript


def milliseconds(seconds: Seconds) -> int:
    """Seconds -> whole milliseconds, rounded half to even."""
    return round(float(seconds) * 1000)


def in_order(transcript: Transcript) -> list[Segment]:
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
