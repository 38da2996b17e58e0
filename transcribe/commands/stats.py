"""`transcribe stats DOCUMENT...`: who talks how much and how, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .export import DOCUMENTS
from .options import TERMINAL_OPTIONS
from .shape import command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...fusion.editing.statistics import Statistics, Talk

ALL = "(all)"
"""Stands for the speaker where a row is about everybody."""
COLUMNS = (
    *("file", "speaker", "talk", "share", "turns", "longest", "interruptions", "overlap", "words"),
    *("words_per_minute", "duration", "silence"),
)
HEADS = ("speaker", "talk", "share", "turns", "longest", "interrupts", "overlap", "words", "words/min")

STATS_OPTIONS = (
    click.option("--csv", "as_csv", is_flag=True, help="Write CSV, as for an OUT that ends in .csv."),
    click.option("--json", "as_json", is_flag=True, help="Write JSON, as for an OUT that ends in .json."),
    click.option("-o", "--output", "out", default="-", show_default=True, metavar="OUT", help="The file to write."),
)

EPILOG = """\b
Examples:
  transcribe stats meeting.json
  transcribe stats calls/*.json -o calls.csv
"""


@command((DOCUMENTS,), STATS_OPTIONS, TERMINAL_OPTIONS, epilog=EPILOG)
def stats(documents: tuple[Path, ...], out: str, *, as_csv: bool, as_json: bool) -> int:
    """Tell talk time, share, turns, longest monologue, interruptions, overlap and words per minute.

    By speaker and in all; of many DOCUMENTS (.json files that transcribe
    wrote) in one table. A turn ends when another speaks, or after 2 s of
    silence; who begins while another talks and goes on longer interrupts.
    """
    from ...fusion.document import read_document
    from ...fusion.editing.statistics import statistics_of
    from ...fusion.errors import TranscriptError
    from .. import output
    from ..screen.terminal import reporter
    from ..screen.traced import traced

    if as_csv and as_json:
        raise click.UsageError("Give --csv or --json, not both.")
    write = _csv if as_csv else _json if as_json else _writer(out)
    (targets,) = output.plan(documents[:1], [out], ["txt"], on_stdout="txt", in_folder="txt", read=documents[1:])
    screen = reporter(bar=False)
    found: list[tuple[str, Statistics]] = []
    for path in documents:
        try:
            found.append((str(path), statistics_of(read_document(path).content)))
        except TranscriptError as error:
            if len(documents) == 1:
                raise
            screen.problem(traced(str(error)))
    output.write(targets[0], write(found))
    if targets[0].path is not None:
        screen.wrote(targets[0].path, f"talk times of {len(found)} {'file' if len(found) == 1 else 'files'}")
    failed = len(documents) - len(found)
    if failed:
        screen.last(f"{failed} of {len(documents)} files failed; the others are in the table.")
    return 1 if failed else 0


def _rows(name: str, found: Statistics) -> list[dict[str, Any]]:
    """One row a speaker, and one for all; seconds, and shares from 0 to 1."""
    rows = [_row(name, talk.speaker, talk.share, talk, found) for talk in found.speakers]
    return [*rows, _row(name, ALL, 1.0, found, found)]


def _row(name: str, speaker: str, share: float, talk: Talk | Statistics, found: Statistics) -> dict[str, Any]:
    values = (
        *(name, speaker, round(talk.talk, 3), round(share, 4), talk.turns, round(talk.longest, 3)),
        *(talk.interruptions, round(talk.overlap, 3), talk.words, round(talk.words_per_minute, 2)),
        *(round(found.duration, 3), round(found.silence, 4)),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _writer(out: str) -> Callable[[Sequence[tuple[str, Statistics]]], str]:
    """What the ending of OUT asks for.

    Raises:
        UnknownNameError: another ending.
    """
    from ...fusion.errors import UnknownNameError

    known = {"": _table, ".txt": _table, ".csv": _csv, ".json": _json}
    ending = Path(out).suffix.lower()
    if ending not in known:
        raise UnknownNameError("file ending", ending, (".csv", ".json", ".txt"))
    return known[ending]


def _csv(found: Sequence[tuple[str, Statistics]]) -> str:
    from ...exporters.lines import cell, label

    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    rows = (row for name, one in found for row in _rows(name, one))
    writer.writerows(row | {"file": cell(row["file"]), "speaker": cell(label(row["speaker"]))} for row in rows)
    return out.getvalue()


def _json(found: Sequence[tuple[str, Statistics]]) -> str:
    from ...exporters.lines import to_json

    return to_json([row for name, one in found for row in _rows(name, one)], indent=1) + "\n"


def _table(found: Sequence[tuple[str, Statistics]]) -> str:
    """A block a file, for people."""
    blocks = []
    for name, one in found:
        rows = [HEADS, *(_shown(row) for row in _rows(name, one))]
        head = f"{name}: {_minutes(one.duration)}, {one.silence:.0%} silence\n"
        blocks.append(head + "".join(f"  {line}\n" for line in _aligned(rows)))
    return "\n".join(blocks)


def _shown(row: dict[str, Any]) -> tuple[str, ...]:
    from ...exporters.lines import label

    return (
        label(row["speaker"]),
        _minutes(row["talk"]),
        f"{row['share']:.0%}",
        str(row["turns"]),
        _minutes(row["longest"]),
        str(row["interruptions"]),
        _minutes(row["overlap"]),
        str(row["words"]),
        f"{row['words_per_minute']:.0f}",
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Names to the left, numbers to the right."""
    from ...fusion.text import display_width

    widths = [max(display_width(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = []
    for row in rows:
        gaps = [" " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([row[0] + gaps[0], *(gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True))]))
    return lines


def _minutes(seconds: float) -> str:
    """``1:02:03.4`` or ``2:03.4``."""
    minutes, tenths = divmod(round(seconds * 10), 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths // 10:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"
