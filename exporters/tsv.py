"""Tab-separated values: the same table as csv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .csv import table
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".tsv"
NEEDS = "words"
ABOUT = "the same with tabs"
SPEAKERS = r"^[\d.]+\t[\d.]+\t([^\t\n]+)\t"
"""Where a file has its speakers."""


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """A header, then one row a turn of words; tabs inside a text become spaces."""
    return table(document, delimiter="\t")
