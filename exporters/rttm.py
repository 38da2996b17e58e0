"""RTTM, the list of turns that diarization is scored with; overlaps are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fusion.types import Diarization
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".rttm"
NEEDS = "turns"
ABOUT = "speaker turns, overlaps kept"


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """One line a turn; the recording's name is RTTM's file field."""
    return Diarization(document.turns, (), document.transcript.duration).to_rttm(document.name)
