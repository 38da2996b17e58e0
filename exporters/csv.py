"""Comma-separated values for spreadsheets: start, end, speaker, text; times in seconds."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from .lines import label, one_line
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".csv"
NEEDS = "words"
ABOUT = "comma-separated start, end, speaker, text"


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """A header, then one row a segment; the speaker is empty where nobody was named."""
    return table(document, delimiter=",")


def table(document: Document, *, delimiter: str) -> str:
    """The rows of `dumps` with any delimiter."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(("start", "end", "speaker", "text"))
    for segment in document.transcript.segments:
        text = one_line(segment.text).replace("\t", " ")
        speaker = "" if segment.speaker is None else label(segment.speaker)
        writer.writerow((f"{segment.start:.3f}", f"{segment.end:.3f}", speaker, text))
    return out.getvalue()
