"""What became of a batch, in sentences and as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from filelock import FileLock

from ...exporters.lines import label
from ...fusion.errors import printable
from ...fusion.types import Seconds
from .caches import Cache
from .logbook import Pace, pace
from .places import Folder
from .tree import TABLE, Failure, Record, Tree

COLUMNS = ("id", "state", "duration", "speakers", "talk", "silence", "overlap", "words", "talks", "reason")
_SHOWN = 20


def write_table(tree: Tree) -> None:
    """One row a recording, whoever did it; the last part to end writes the whole.

    Raises:
        OutputError: it cannot be written.
    """
    lock = Cache.of(tree.place).root / "locks" / "table" if isinstance(tree.place, Folder) else None
    if lock is None:
        tree.place.write(TABLE, table(tree.done(), tree.failed()).encode("utf-8", "replace"))
        return
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        tree.place.write(TABLE, table(tree.done(), tree.failed()).encode("utf-8", "replace"))


def table(done: Iterable[tuple[str, Record]], failed: Iterable[tuple[str, Failure]]) -> str:
    """CSV, sorted by id; a recording that failed now and was done before under other options has failed."""
    rows = {name: _done_row(name, record.row) for name, record in done}
    rows |= {name: {"id": name, "state": "failed", "reason": printable(failure.reason)} for name, failure in failed}
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[name] for name in sorted(rows))
    return out.getvalue()


def _done_row(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    talks = {label(who): talk for who, talk in row.get("talks", {}).items()}
    told = {"talks": json.dumps(talks, ensure_ascii=False)} if "talks" in row else {}
    return {key: row.get(key, "") for key in COLUMNS} | {"id": name, "state": "done"} | told


def status(tree: Tree, *, verbose: bool = False) -> Iterator[str]:
    """The lines of `transcribe batch status`."""
    done, failed = dict(tree.done()), dict(tree.failed())
    for name in failed:
        done.pop(name, None)
    gone = tree.missing(done)
    for name in gone:
        done.pop(name)
    hours = sum(float(record.row.get("duration", 0.0)) for record in done.values())
    now = pace(Cache.of(tree.place))
    total = f" of {now.items}" if now.items >= max(1, len(done) + len(gone) + len(failed)) else ""
    yield f"{len(done)}{total} done ({told(hours)} of audio), {len(failed)} failed."
    if gone:
        files = [file for every in gone.values() for file in every]
        most = len(files) if verbose else _SHOWN
        more = f" and {len(files) - most} more" if len(files) > most else ""
        names = printable(", ".join(files[:most]))
        yield f"{counted(len(gone))} more had results that are gone ({names}{more}): give the command again."
    if now.left:
        yield f"{now.left} to do ({told(now.left_seconds)}){_eta(now)}."
    elif now.speed:
        yield f"Speed of the last run: {times(now.speed)}."
    yield from failures(failed, len(failed) if verbose else _SHOWN)


def _eta(now: Pace) -> str:
    if not now.running:
        return "; nobody is at it: give the command again"
    if not now.speed:
        return "; the first are being done"
    return f", at {times(now.speed)} another {told(now.left_seconds / now.speed)}"


def failures(failed: Mapping[str, Failure], most: int = _SHOWN) -> Iterator[str]:
    """A line each, up to so many."""
    for name, failure in list(failed.items())[:most]:
        tries = f" ({failure.tries} tries)" if failure.tries > 1 else ""
        yield printable(f"failed: {name}, {failure.stage}{tries}: {failure.reason}")
    if len(failed) > most:
        yield f"... and {len(failed) - most} more (--verbose shows all)."


def counted(number: int) -> str:
    """How many recordings.

    >>> counted(1), counted(0)
    ('1 recording', '0 recordings')
    """
    return f"{number} recording{'' if number == 1 else 's'}"


def times(speed: float) -> str:
    """How fast it is.

    >>> times(0.376), times(9.97), times(115.2)
    ('0.38x realtime', '10x realtime', '115x realtime')
    """
    return f"{speed:.2g}x realtime" if speed < 9.95 else f"{speed:.0f}x realtime"  # noqa: PLR2004 - it is told as 10


def told(seconds: Seconds) -> str:
    """A duration for people.

    >>> told(42), told(300), told(36_000)
    ('42 s', '5 min', '10.0 h')
    """
    if seconds < 100:  # noqa: PLR2004 - as people say it
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6_000 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004
