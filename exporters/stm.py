"""STM, who said what when, as references for scoring are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lines import passages
from .nist import CHANNEL, field, recording
from .style import DEFAULT, Style
from .tiers import NOBODY

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".stm"
NEEDS = "words"
ABOUT = "NIST's reference of who said what when, for meeteval and other scorers"
SPEAKERS = r"^\S+ \S+ (\S+) "
"""Where a file has its speakers."""

_NO_LABEL = "<NA> "
"""Keeps a text that begins with ``<`` from being taken for the label that may stand before it."""


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """``file channel speaker start end text`` a line, one a turn of words; nobody's are ``unknown``'s."""
    name = recording(document)
    return "".join(
        f"{name} {CHANNEL} {field(passage.speaker or NOBODY)} {passage.start:.3f} {passage.end:.3f} "
        f"{_NO_LABEL if passage.text.startswith('<') else ''}{' '.join(passage.text.split())}\n"
        for passage in passages(document)
    )
