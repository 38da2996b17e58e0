"""How far runs have come, also by damaged logs and clocks that are set back; two runs are never at it at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.batch.caches import Cache
from diarfuse.transcribe.batch.logbook import Logbook, Pace, pace
from diarfuse.transcribe.batch.sharding import Shard

from .conftest import NAMES, batch, results

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


def test_two_runs_at_once_are_refused_and_two_parts_are_not(folder: Path, capsys: pytest.CaptureFixture) -> None:
    cache = Cache(folder / "out" / ".cache")
    with Logbook(cache, Shard(0, 2)).alone():
        assert batch("-o", "out") == 2
        assert "Part 0/2 is at work on these results" in capsys.readouterr().err
        assert batch("-o", "out", "--shard", "0/2") == 2
        assert run(["batch", "clean", "out"]) == 2
        assert batch("-o", "out", "--shard", "1/2") == 0
    assert batch("-o", "out") == 0
    assert results("out") == NAMES


@pytest.mark.usefixtures("folder")
def test_a_log_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture) -> None:
    Path("out/.cache").mkdir(parents=True)
    Path("out/.cache/log").touch()
    assert batch("-o", "out") == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "Error: out/.cache/log/0-of-1.jsonl cannot be written, since out/.cache/log is a file: "
        "move it away, or choose another -o."
    )
