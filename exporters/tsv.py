"""Tab-separated values: the same table as csv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .csv import table

if TYPE_CHECKING:
    from ..fusion.types import Transcript


def dumps(transcript: Transcript) -> str:
    """A header, then one row a segment; tabs inside a text become spaces."""
    return table(transcript, delimiter="\t")
