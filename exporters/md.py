"""Markdown with a head in YAML, for notes: ``[00:03:40] **Ana**: text``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .lines import label, timestamp, to_json
from .marks import marked
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.cues import Passage
    from ..fusion.document import Document

ENDING = ".md"
NEEDS = "words"
ABOUT = "Markdown: a paragraph a turn, talk times in a head of YAML"
SPEAKERS = r'"name": "((?:[^"\\]|\\.)+)", "talk"'
"""Where a file has its speakers."""

_MEANS = re.compile(r"[\\`*_\[\]<>|~&$#{}=^]")
"""What has a meaning anywhere in a line, to CommonMark or to a common reader of it."""
_BEGINS = re.compile(r"^(\d+)?([-+.):%])")
"""What has one where it begins a line."""


def dumps(document: Document, style: Style = DEFAULT) -> str:
    """The head, then a paragraph a turn of words; `style.times` False leaves out when each begins.

    It names no file. Characters that Markdown would take for its own are escaped.
    """
    head = "".join(f"{key}: {to_json(value)}\n" for key, value in _head(document).items())
    rows = (f"\n{_paragraph(row, times=style.times)}\n" for row in marked(document, style))
    return f"---\n{head}---\n" + "".join(rows)


def _head(document: Document) -> dict[str, Any]:
    """What notes are found by; each value as JSON, which is YAML too."""
    from ..fusion.editing.statistics import statistics_of

    found = statistics_of(document.content)
    return {
        "title": "Transcript",
        "language": document.transcript.language,
        "duration": round(float(found.duration), 3),
        "speakers": [
            {
                "name": label(t.speaker),
                "talk": round(float(t.talk), 3),
                "share": round(float(t.share), 4),
                "turns": t.turns,
            }
            for t in found.speakers
        ],
    }


def _paragraph(row: Passage, *, times: bool) -> str:
    head = f"[{timestamp(row.start).rpartition('.')[0]}] " if times else ""
    if row.speaker is not None:
        return f"{head}**{_escape(row.speaker)}**: {_escape(row.text)}"
    return head + _escape(row.text)


def _escape(text: str) -> str:
    r"""Text that means nothing but itself.

    >>> _escape("1. a*b"), _escape("- 1.5 <b>")
    ('1\\. a\\*b', '\\- 1.5 \\<b\\>')
    """
    return _BEGINS.sub(r"\1\\\2", _MEANS.sub(r"\\\g<0>", text))
