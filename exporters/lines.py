"""What the text formats share: one line of text, and the speaker in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fusion.types import Seconds, Segment


def milliseconds(seconds: Seconds) -> int:
    """Seconds -> whole milliseconds, rounded half to even."""
    return round(seconds * 1000)


def one_line(text: str) -> str:
    """`text` without the recogniser's outer spaces and with its line breaks made spaces.

    Spaces inside a line stay as they are: nothing is tokenised again.
    """
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def spoken(segment: Segment, text: str | None = None) -> str:
    """``SPEAKER_00: text``, or the text alone where nobody was named; empty for an empty text."""
    line = one_line(segment.text if text is None else text)
    if not line or segment.speaker is None:
        return line
    return f"{one_line(segment.speaker)}: {line}"
