"""Audacity's label track: start, end and text of each turn, to be opened with Import, Labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lines import named, passages
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".audacity.txt"
NEEDS = "words"
ABOUT = "Audacity's labels, one a turn: `SPEAKER_00: text`"
SPEAKERS = r"^[\d.]+\t[\d.]+\t([^:\n]{1,99}): "
"""Where a file has its speakers."""


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """``start TAB end TAB label`` a line, in seconds, by start."""
    return "".join(
        f"{passage.start:.6f}\t{passage.end:.6f}\t{named(passage.speaker, ' '.join(passage.text.split()))}\n"
        for passage in passages(document)
    )
