"""How far runs have come, also by logs that are damaged and clocks that are set back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diarfuse.transcribe.batch.caches import Cache
from diarfuse.transcribe.batch.logbook import Pace, pace

BEGIN = {"at": 1000.0, "items": 3, "seconds": 90.0, "left": 3, "left_seconds": 90.0}
DONE = {"id": "a", "state": "done", "seconds": 30.0}


def found(tmp_path: Path, *lines: object) -> Pace:
    log = tmp_path / "log" / "0-of-1.jsonl"
    log.parent.mkdir(exist_ok=True)
    log.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return pace(Cache(tmp_path))


def test_what_was_done_tells_the_speed(tmp_path: Path) -> None:
    told = found(tmp_path, BEGIN, DONE | {"at": 1010.0}, DONE | {"at": 1020.0})
    assert (told.left, told.left_seconds, told.speed) == (1, 30.0, 3.0)


def test_a_clock_that_was_set_back_tells_no_speed(tmp_path: Path) -> None:
    told = found(tmp_path, BEGIN, DONE | {"at": 10.0}, DONE | {"at": 20.0})
    assert (told.left, told.left_seconds, told.speed) == (1, 30.0, 0.0)


@pytest.mark.parametrize("line", ["{", "[1]", "3", DONE | {"at": "x"}, DONE | {"at": 1e999}, DONE | {"seconds": None}])
def test_a_line_that_is_none_is_passed_over(line: object, tmp_path: Path) -> None:
    told = found(tmp_path, BEGIN, line, DONE | {"at": 1010.0})
    assert (told.left, told.speed) == (2, 3.0)
    assert found(tmp_path, line) == Pace()
