"""Plain text: one line a segment, ``SPEAKER_00: text``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lines import spoken

if TYPE_CHECKING:
    from ..fusion.types import Transcript


def dumps(transcript: Transcript) -> str:
    """One line a segment in the recogniser's order; segments without text leave none."""
    return "".join(f"{line}\n" for line in map(spoken, transcript.segments) if line)
