"""Two people's turns, and the lines that a transcript has with them."""

from __future__ import annotations

from diarfuse.fusion.attaching import attach
from diarfuse.fusion.types import Turn

TURNS = (Turn(0.0, 2.0, "Ann"), Turn(2.0, 4.0, "Bob"))


def lines(data: object) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in attach(data, TURNS).segments]
