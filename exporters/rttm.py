"""RTTM, the list of turns that diarization is scored with; overlaps are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..fusion.types import Diarization
from .lines import label
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".rttm"
NEEDS = "turns"
ABOUT = "speaker turns, overlaps kept"


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """One line a turn; the recording's name is RTTM's file field."""
    turns = tuple(replace(turn, speaker=label(turn.speaker)) for turn in document.turns)
    return Diarization(turns, (), document.transcript.duration).to_rttm(document.name)
