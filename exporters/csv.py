"""Comma-separated values for spreadsheets: start, end, speaker, text; times in seconds."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from .lines import cell, passages
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".csv"
NEEDS = "words"
ABOUT = "comma-separated start, end, speaker, text; a row a turn"
SPEAKERS = r'^[\d.]+,[\d.]+,"?((?:[^",\n]|"")+)"?,'
"""Where a file has its speakers."""


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """A header, then one row a turn of words; the speaker is empty where nobody was named."""
    return table(document, delimiter=",")


def table(document: Document, *, delimiter: str) -> str:
    """The rows of `dumps` with any delimiter."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(("start", "end", "speaker", "text"))
    for passage in passages(document):
        speaker = "" if passage.speaker is None else cell(passage.speaker)
        text = cell(passage.text.replace("\t", " "))
        writer.writerow((f"{passage.start:.3f}", f"{passage.end:.3f}", speaker, text))
    return out.getvalue()
