"""Praat's TextGrid: for each speaker a tier of turns and a tier of words."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from .lines import milliseconds
from .style import DEFAULT, Style
from .tiers import NOBODY, Interval, rows_of, tiers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..fusion.document import Document

ENDING = ".TextGrid"
NEEDS = "words"
ABOUT = "Praat: a tier of turns and one of words for each speaker"
SPEAKERS = r'^\s*name = "((?:[^"]|"")+?)(?: - words)?"$'
"""Where a file has its speakers."""


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """The long form, as Praat writes it; silence is an interval without text, and a file of silence one tier of it."""
    rows = {row.name: row.intervals for row in rows_of(tiers_of(document))} or {NOBODY: []}
    ends = (row.end for row in chain.from_iterable(rows.values()))
    length = max([1, milliseconds(document.transcript.duration), *ends])
    head = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {_seconds(length)}"]
    head += ["tiers? <exists>", f"size = {len(rows)}", "item []:"]
    tiers_text = chain.from_iterable(_tier(at, name, own, length) for at, (name, own) in enumerate(rows.items(), 1))
    return "".join(f"{line}\n" for line in chain(head, tiers_text))


def _tier(at: int, name: str, own: Iterable[Interval], length: int) -> Iterator[str]:
    intervals = list(_without_gaps(own, length))
    yield f"    item [{at}]:"
    yield '        class = "IntervalTier"'
    yield f"        name = {_quoted(name)}"
    yield "        xmin = 0"
    yield f"        xmax = {_seconds(length)}"
    yield f"        intervals: size = {len(intervals)}"
    for number, row in enumerate(intervals, 1):
        yield f"        intervals [{number}]:"
        yield f"            xmin = {_seconds(row.start)}"
        yield f"            xmax = {_seconds(row.end)}"
        yield f"            text = {_quoted(row.text)}"


def _without_gaps(own: Iterable[Interval], length: int) -> Iterator[Interval]:
    """The intervals, and empty ones where nothing is said: a tier covers the whole time."""
    last = 0
    for row in own:
        if row.start > last:
            yield Interval(last, row.start, "")
        yield row
        last = row.end
    if last < length:
        yield Interval(last, length, "")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"
