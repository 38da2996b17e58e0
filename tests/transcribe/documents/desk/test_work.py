"""Recordings in work: one after the other, told about, stopped, failing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from diarfuse.fusion.errors import OptionError
from diarfuse.transcribe.documents.desk import work as module
from diarfuse.transcribe.documents.desk.work import COMMAND, Task, Work
from tests.browsing import wait


def begin(work: Work, folder: Path, name: str, *options: str) -> Task:
    work.start(name, lambda: [*options, str(folder / name), "-o", str(folder / f"{name}.json")])
    return work._tasks[name]


def test_what_the_command_tells_is_told(work: Work, folder: Path) -> None:
    task = begin(work, folder, "slow.mp3", "--num-speakers", "2")
    wait(lambda: task.words)
    assert (task.state, task.doing, task.fraction, task.left) == ("running", "recognising words", 0.25, 40)
    assert task.words == "Good morning."
    assert work.left() == 1
    (folder / "slow.mp3.go").touch()
    work.wait()
    assert (task.state, task.notes, task.error) == ("done", ["--num-speakers 2"], "")
    assert (folder / "slow.mp3.json").is_file()
    assert work.left() == 0


def test_a_command_that_fails_says_why_and_the_next_one_is_done(work: Work, folder: Path) -> None:
    tasks = [begin(work, folder, name) for name in ("wrong.m4a", "mute.ogg", "talk.wav")]
    work.wait()
    assert [task.state for task in tasks] == ["failed", "failed", "done"]
    assert tasks[0].error == "wrong.m4a is no audio."
    assert "exit code 3" in tasks[1].error
    (folder / "wrong.m4a").rename(folder / "right.m4a")
    again = begin(work, folder, "right.m4a")
    work.wait()
    assert again.state == "done"


def test_one_that_runs_and_one_that_waits_are_stopped(work: Work, folder: Path) -> None:
    running, waiting, last = (begin(work, folder, name) for name in ("slow.mp3", "mute.ogg", "talk.wav"))
    wait(lambda: running.words)
    with pytest.raises(OptionError, match=r"slow\.mp3 is in work already"):
        begin(work, folder, "slow.mp3")
    work.stop("mute.ogg")
    work.stop("slow.mp3")
    work.stop("nobody.wav")
    work.wait()
    assert [task.state for task in (running, waiting, last)] == ["stopped", "stopped", "done"]
    assert not (folder / "slow.mp3.json").exists()


def test_the_end_stops_what_runs_and_begins_nothing(work: Work, folder: Path) -> None:
    running, waiting = (begin(work, folder, name) for name in ("slow.mp3", "talk.wav"))
    wait(lambda: running.words)
    work.end()
    assert (running.state, waiting.state, work.left()) == ("stopped", "stopped", 0)
    assert work._process is None


def test_one_that_does_not_end_is_killed(work: Work, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GRACE", 0.1)
    (folder / "talk.wav").rename(folder / "slow deaf.wav")
    task = begin(work, folder, "slow deaf.wav")
    wait(lambda: task.words)
    work.stop("slow deaf.wav")
    again = begin(work, folder, "slow deaf.wav")  # at once: it waits until the first is gone
    (folder / "slow.mp3").rename(folder / "slow deaf.wav.go")
    work.wait()
    assert (task.state, again.state) in {("stopped", "done"), ("done", "failed")}


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_one_that_the_system_kills_says_so(work: Work, folder: Path) -> None:
    (folder / "talk.wav").rename(folder / "killed 9 .wav")
    task = begin(work, folder, "killed 9 .wav")
    work.wait()
    assert task.state == "failed"
    assert "memory runs out" in task.error


def test_one_that_somebody_else_stopped_or_stopped_too_late_is_told_so(work: Work, folder: Path) -> None:
    task = Task("talk.wav", list)
    task.hear({"event": "stopped", "text": "Stopped: nothing is half-written.", "exit_code": 130})
    assert task.state == "stopped"
    done = begin(work, folder, "talk.wav")
    done.hear({"event": "stopped"})
    work.wait()
    assert done.state == "done"


def test_where_what_was_heard_is_kept_is_told_before_why() -> None:
    task = Task("talk.wav", list)
    for text in ("All words of talk.wav are kept in a.json.", "There is not enough memory."):
        task.hear({"event": "error", "text": text})
    assert task.to_json()["error"] == "All words of talk.wav are kept in a.json. There is not enough memory."


def test_what_cannot_be_in_its_turn_is_told_and_the_next_one_is_done(work: Work, folder: Path) -> None:
    def given() -> list[str]:
        raise OptionError("talk.wav has a transcript.")

    work.start("talk.wav", given)
    after = begin(work, folder, "slow.mp3")
    (folder / "slow.mp3.go").touch()
    work.wait()
    task = work._tasks["talk.wav"]
    assert (task.state, task.error, after.state) == ("failed", "talk.wav has a transcript.", "done")


def test_a_command_that_is_not_there_is_told(folder: Path) -> None:
    work = Work((str(folder / "no such program"),))
    task = begin(work, folder, "talk.wav")
    work.wait()
    assert task.state == "failed"
    assert "could not be started" in task.error
    work.end()


def test_our_own_command_is_run_whatever_lies_where_it_is_started(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('somebody else is imported')")
    (tmp_path / "noise.wav").write_bytes(b"no sound at all")
    monkeypatch.chdir(tmp_path)
    work = Work()
    given = ["--diarize", "--json-progress", "--live-text", "--num-speakers", "2", "--language=en"]
    work.start("noise.wav", lambda: [*given, str(tmp_path / "noise.wav"), "-o", str(tmp_path / "noise.json")])
    work.wait()
    task = work._tasks["noise.wav"]
    assert COMMAND[0] == sys.executable
    assert "noise.wav" in task.error
    assert "audio" in task.error
    work.end()
