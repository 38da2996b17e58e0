"""Results on the terminal: the text by turns, each speaker in a colour."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from ...exporters import registry
from ...fusion.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...exporters.style import Style
    from ...fusion.document import Document
    from ..output import Target

    Dumps = Callable[[Document, str, Style], str | bytes]

COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "red")
"""In the order in which people first speak; who comes seventh has the first again."""


def content(document: Document, target: Target, style: Style, dumps: Dumps = registry.dumps) -> str | bytes:
    """What goes to a target, as `dumps` has it; text on a terminal is coloured unless ``$NO_COLOR`` is set."""
    if target.path is None and target.format == "txt" and style.template is None and _coloured():
        return _text(document, style)
    return dumps(document, target.format, style)


def render(document: Document, format_name: str, style: Style) -> str | bytes:
    """The content of one output.

    Raises:
        AudioError: turns are wanted of a recording whose channels turned out to be one.
    """
    if document.diarization is None and registry.exporter(format_name).NEEDS == "turns":
        raise AudioError(
            f"The channels of {document.name} are all the same, so they give no turns for {format_name.upper()}: "
            "add --diarize."
        )
    return registry.dumps(document, format_name, style)


def summary(document: Document) -> str:
    """What a file holds, in a few words.

    >>> from diarfuse import Document, Segment, Transcript, Word
    >>> summary(Document(Transcript((Segment(0.0, 1.0, "Hi", (Word(0.0, 1.0, "Hi"),)),), "en", 61.0)))
    '1 word in 1:01'
    """
    words, speakers = len(document.transcript.words), len(document.speakers)
    said = 0 if words else sum(bool(segment.text.strip()) for segment in document.transcript.segments)
    minutes, seconds = divmod(round(document.transcript.duration), 60)
    rows = ((speakers, "speaker"), (words, "word"), (said, "segment"))  # a recogniser may give no words' times
    counts = [counted(number, what) for number, what in rows if number]
    return f"{', '.join(counts) or 'no speech'} in {minutes}:{seconds:02d}"


def counted(number: int, what: str) -> str:
    """`number` of `what`, in the plural unless there is one."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def failures(failed: int, total: int, what: str) -> str:
    """How many of several failed, of which each was told already.

    >>> failures(1, 5, "recordings"), failures(2, 2, "files")
    ('1 of 5 recordings failed; the others are written.', '2 of 2 files failed.')
    """
    return f"{failed} of {total} {what} failed{'; the others are written' if failed < total else ''}."


def _coloured() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout is not None and sys.stdout.isatty() and not plain


def _text(document: Document, style: Style) -> str:
    """As the exporter txt has it, the names in colours."""
    from ...exporters.lines import named
    from ...exporters.marks import marked

    rows = marked(document, style)
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(dict.fromkeys(row.speaker for row in rows))}
    paragraphs = []
    for row in rows:
        name = named(row.speaker, row.text).removesuffix(row.text)
        paragraphs.append((click.style(name, fg=colours[row.speaker], bold=True) if name else "") + f"{row.text}\n")
    return "\n".join(paragraphs)
