"""Records that somebody edited or damaged: as good as none, and never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diarfuse.fusion.errors import OptionError
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.batch.places import Folder
from diarfuse.transcribe.batch.report import status, table
from diarfuse.transcribe.batch.tree import Failure, Record, Tree

SOUND = {"key": "k", "state": "done", "formats": {"json": ""}, "about": {}, "row": {"duration": 2.0}}
FAILED = {"key": "k", "stage": "fetch", "reason": "why", "tries": 1, "transient": False}


def written(out: Path, records: object, failures: object = FAILED) -> Tree:
    (out / ".batch").mkdir(parents=True)
    (out / "failures").mkdir()
    (out / ".batch.json").write_text('{"version": 1}', encoding="utf-8")
    (out / ".batch" / "a.json").write_text(json.dumps(records), encoding="utf-8")
    (out / "failures" / "b.json").write_text(json.dumps(failures), encoding="utf-8")
    return Tree(Folder(out))


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    tree = written(tmp_path / "out", SOUND)
    assert (tree.record("a"), tree.failure("b")) == (Record(**SOUND), Failure(**FAILED))
    assert next(iter(status(tree))) == "1 done (2 s of audio), 1 failed."


def test_results_that_somebody_deleted_are_told_and_count_as_not_done(tmp_path: Path) -> None:
    tree = written(tmp_path / "out", SOUND | {"sizes": {"a.json": 2, "a.srt": 2}})
    (tmp_path / "out" / "a.json").write_text("{}")
    told = "1 recording more had results that are gone (a.srt): give the command again."
    assert list(status(tree))[:2] == ["0 done (0 s of audio), 1 failed.", told]
    (tmp_path / "out" / "a.srt").write_text("")
    assert next(iter(status(tree))) == "1 done (2 s of audio), 1 failed."
    assert not [line for line in status(tree) if "gone" in line]


@pytest.mark.parametrize(
    "change",
    [
        {"key": 3},
        {"state": None},
        {"formats": None},
        {"about": []},
        {"about": {"settings": "x"}},
        {"row": 1},
        {"row": {"duration": "long"}},
        {"row": {"talks": 3}},
        {"more": 1},
    ],
)
def test_a_damaged_record_is_none(change: dict[str, object], tmp_path: Path) -> None:
    tree = written(tmp_path / "out", SOUND | change, FAILED | {"tries": "many"})
    assert (tree.record("a"), tree.failure("b")) == (None, None)
    assert next(iter(status(tree))) == "0 done (0 s of audio), 0 failed."
    assert table(tree.done(), tree.failed()).count("\n") == 1


@pytest.mark.parametrize("version", ["2", None, [9], 1.5])
def test_a_version_that_is_none_is_no_later_one(version: object, tmp_path: Path) -> None:
    tree = written(tmp_path / "out", SOUND)
    (tmp_path / "out" / ".batch.json").write_text(json.dumps({"version": version}), encoding="utf-8")
    tree.check()
    (tmp_path / "out" / ".batch.json").write_text('{"version": 2}', encoding="utf-8")
    with pytest.raises(OptionError, match="was written by a later version"):
        tree.check()


def test_a_log_that_was_cut_off_costs_only_its_last_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    written(out, SOUND)
    log = out / ".cache" / "log" / "0-of-1.jsonl"
    log.parent.mkdir(parents=True)
    begin = json.dumps({"at": 1.0, "items": 3, "seconds": 6.0, "left": 3, "left_seconds": 6.0})
    event = json.dumps({"at": 2.0, "id": "a", "state": "done", "seconds": 2.0})
    log.write_bytes(f'{begin}\n{event}\n{{"at": 3.0, "id{event}\n[]\n{{}}\n\xff'.encode("latin-1"))
    assert run(["batch", "status", str(out)]) == 0
    told = capsys.readouterr().out
    assert "1 of 3 done" in told
    assert "2 to do (4 s); nobody is at it: give the command again." in told
    log.write_bytes(b"\x00" * 99)
    assert run(["batch", "status", str(out)]) == 0
    assert "1 done" in capsys.readouterr().out
