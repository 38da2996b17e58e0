"""When what was done, and who is at it now: one log and one lock for each part of a batch, beside the cache."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ...fusion.errors import OptionError
from ...fusion.types import Seconds
from .caches import Cache
from .items import Item
from .places import unwritable
from .sharding import Shard

_LOG, _LOCKS = "log", "locks"
_BEGIN, _EVENT = frozenset({"at", "items", "seconds", "left", "left_seconds"}), frozenset({"at", "seconds", "state"})
_NUMBERS = _BEGIN  # of an event too
_MOMENT: Seconds = 0.2
"""For as long somebody who only asks may hold a lock."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the last runs of all parts have come.

    items, seconds: what there is, and its duration. left, left_seconds: what was to do when they began, less what has
    been done since. done_seconds: audio done since. worked: seconds that took. running: whether any is at it now.
    """

    items: int = 0
    seconds: Seconds = 0.0
    left: int = 0
    left_seconds: Seconds = 0.0
    done_seconds: Seconds = 0.0
    worked: Seconds = 0.0
    running: bool = False

    @property
    def speed(self) -> float:
        """Seconds of audio done in a second; 0 where nothing is known."""
        return self.done_seconds / self.worked if self.worked else 0.0

    def __add__(self, other: Pace) -> Pace:
        """Of two parts, which work at the same time."""
        return Pace(
            self.items + other.items,
            self.seconds + other.seconds,
            self.left + other.left,
            self.left_seconds + other.left_seconds,
            self.done_seconds + other.done_seconds,
            max(self.worked, other.worked),
            self.running or other.running,
        )


@dataclass(slots=True)
class Logbook:
    """The log and the lock of one part."""

    cache: Cache
    shard: Shard
    _begun: float = field(default_factory=time.time)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While nobody else does the same part, or parts of another division.

        Each takes its own lock first and looks at the others' then, so that of two at once at most one goes on.

        Raises:
            OptionError: somebody does.
        """
        folder = self.cache.root / _LOCKS
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / self.shard.name)
        try:
            with lock.acquire(timeout=_MOMENT):
                for other in folder.glob("*-of-*"):
                    if other.name.partition("-of-")[2] != str(self.shard.count) and _is_held(other):
                        raise OptionError(self._busy(other.name))
                yield
        except Timeout:
            raise OptionError(self._busy(self.shard.name)) from None

    def _busy(self, part: str) -> str:
        index, _, count = part.partition("-of-")
        who = "Another run" if count == "1" else f"Part {index}/{count}"
        return (
            f"{who} is at work on these results ({self.cache.root.parent}): wait for it, or stop it; `transcribe batch "
            "status` tells how far it is."
        )

    def begin(self, mine: Sequence[Item], todo: Sequence[Item]) -> None:
        """Begin a new log.

        Raises:
            OutputError: it cannot be written.
        """
        self._begun = time.time()
        row = {"items": len(mine), "seconds": _sum(mine), "left": len(todo), "left_seconds": _sum(todo)}
        self._write({"at": self._begun, **row}, "w")

    def add(self, item: Item, state: str) -> None:
        """A recording was done, or has failed; raises as `begin`."""
        self._write({"at": time.time(), "id": item.id, "state": state, "seconds": item.duration or 0.0}, "a")

    def _write(self, row: dict[str, Any], mode: str) -> None:
        path = self.cache.root / _LOG / f"{self.shard.name}.jsonl"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open(mode, encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise unwritable(path, error, "written") from error


def pace(cache: Cache) -> Pace:
    """How far the last run of the last division has come, all its parts together."""
    logs = sorted((cache.root / _LOG).glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    count = logs[-1].stem.partition("-of-")[2] if logs else ""
    parts = [_pace(path, cache) for path in logs if path.stem.partition("-of-")[2] == count]
    return sum(parts, Pace())


def in_use(cache: Cache) -> bool:
    """Whether anybody is at work."""
    return any(_is_held(path) for path in (cache.root / _LOCKS).glob("*-of-*"))


def _pace(path: Path, cache: Cache) -> Pace:
    rows = [row for line in path.read_bytes().splitlines() if (row := _row(line))]
    begin = next((row for row in rows if row.keys() >= _BEGIN), None)
    events = [row for row in rows if row.keys() >= _EVENT]
    if begin is None:
        return Pace()
    passed = sum(row["seconds"] for row in events)
    done = sum(row["seconds"] for row in events if row["state"] == "done")
    return Pace(
        begin["items"],
        begin["seconds"],
        max(0, begin["left"] - len(events)),
        max(0.0, begin["left_seconds"] - passed),
        done,
        max(0.0, events[-1]["at"] - begin["at"]) if events else 0.0,  # the clock may have been set back
        _is_held(cache.root / _LOCKS / path.stem),
    )


def _row(line: bytes) -> dict[str, Any]:
    """What a line holds; nothing where a process died in the middle of it, or where a number is none."""
    try:
        row = json.loads(line)
        return row if isinstance(row, dict) and all(math.isfinite(row[key]) for key in _NUMBERS & row.keys()) else {}
    except (ValueError, TypeError, RecursionError, OverflowError):
        return {}


def _is_held(path: Path) -> bool:
    try:
        with FileLock(path).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # somebody else's folder, which may only be read
        return False


def _sum(items: Sequence[Item]) -> Seconds:
    return sum(item.duration or 0.0 for item in items)
