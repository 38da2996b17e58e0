"""The whole batch, with workers: the same bytes however the work was divided, interrupted or repeated."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import soundfile

from diarfuse.transcribe.__main__ import run
from tests.programs import started, with_packages

from .conftest import NAMES, QUICK, batch, noise, results, tree


def batch_of(folder: Path, *further: str) -> AbstractContextManager[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "diarfuse.transcribe", *QUICK, *further]
    env = with_packages(folder / "packages")
    return started(command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True)


def to_all(process: subprocess.Popen[str], number: int) -> None:
    """Send a signal to the program and its workers, as a terminal, a service and a cluster do."""
    os.killpg(process.pid, number)


def wait_for(count: int, out: str, process: subprocess.Popen[str]) -> None:
    """Until so many results are done, or begun."""
    while len(list(Path(out, ".batch").rglob("*.json"))) < count and process.poll() is None:
        time.sleep(0.01)


def wait_for_begun(out: str) -> None:
    """Until the first recording is being worked on."""
    content = Path(out, ".cache", "content")
    while not (content.exists() and list(content.iterdir())):
        time.sleep(0.01)


def test_the_same_bytes_by_one_process_by_two_shards_and_by_a_run_killed_three_times(folder: Path) -> None:
    asked = ["--format", "srt", "--asr-option", "wait=0.05"]
    assert batch("-o", "one", *asked, "--workers", "2") == 0
    whole = tree(Path("one"))
    assert results("one") == NAMES | {name.replace("json", "srt") for name in NAMES}
    for part in ("0/2", "1/2"):
        assert batch("-o", "two", *asked, "--shard", part) == 0
    assert tree(Path("two")) == whole
    for count in (1, 3, 5):
        with batch_of(folder, "-o", "killed", *asked) as process:
            wait_for(count, "killed", process)
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert not Path("killed/batch.csv").exists()
    assert batch("-o", "killed", *asked) == 0
    assert tree(Path("killed")) == whole


@pytest.mark.usefixtures("folder")
def test_a_folder_is_written_and_no_file(capsys: pytest.CaptureFixture) -> None:
    assert batch("-o", "all.srt") == 2
    assert capsys.readouterr().err == (
        "Error: -o 'all.srt' is called as one file is, and a batch writes a folder of them: give -o results/ "
        "--format srt.\n"
    )
    assert not Path("all.srt").exists()
    assert batch("-o", "all.srt/", "--dry-run") == 0
    assert batch("-o", "results.2", "--dry-run") == 0


@pytest.mark.usefixtures("folder")
def test_the_same_command_does_only_what_is_missing_or_changed(capsys: pytest.CaptureFixture) -> None:
    def heard() -> int:
        return len(Path("log").read_text(encoding="utf-8")) if Path("log").exists() else 0

    again = ["-o", "out", "--asr-option", "log=log"]
    assert (batch(*again), heard()) == (0, 6)
    before = tree(Path("out"))
    assert (batch(*again), heard(), tree(Path("out"))) == (0, 6, before)
    assert "6 were done before" in capsys.readouterr().err
    soundfile.write("calls/a3.wav", noise(77), 16_000)  # as long as before
    soundfile.write("calls/a9.wav", noise(78), 16_000)
    Path("out/a1.json").unlink()
    os.utime("calls/a2.wav")
    assert (batch(*again), heard()) == (0, 8), "a1 comes from what was kept, a2 has the bytes that it had"
    after = tree(Path("out"))
    assert {name for name in after if after[name] != before.get(name)} == {
        *(f"{folder}{name}.json" for folder in ("", ".batch/") for name in ("a3", "a9")),
        "batch.csv",
    }
    assert (batch(*again, "--format", "txt", "--diarizer", "campplus"), heard()) == (0, 8)
    assert Path("out/night/b.txt").exists()
    said = capsys.readouterr().err
    assert "7 of the results that are there: other options (diarizer), so they are made anew." in said
    shutil.rmtree("out/.cache")
    assert (batch(*again, "--format", "txt", "--diarizer", "campplus"), heard()) == (0, 8), "hashes are made anew"


@pytest.mark.usefixtures("folder")
def test_a_result_that_is_empty_or_cut_short_is_made_anew_and_told(capsys: pytest.CaptureFixture) -> None:
    asked = ["-o", "out", "--format", "txt", "--asr-option", "log=log"]
    assert batch(*asked) == 0
    before = tree(Path("out"))
    Path("out/a0.json").write_bytes(b"")
    Path("out/a1.json").write_bytes(before["a1.json"][:99])
    Path("out/a2.json").write_bytes(bytes(len(before["a2.json"]) + 1))
    Path("out/a3.txt").write_bytes(b"")
    Path("out/a4.txt").write_text("somebody's own words", encoding="utf-8")
    capsys.readouterr()
    assert batch(*asked, "--dry-run") == 0
    assert "; 4 to do" in capsys.readouterr().err
    assert batch(*asked) == 0
    said = capsys.readouterr().err
    assert "were empty or cut short, and were made anew: a0.json, a1.json, a2.json, a3.txt." in said
    assert "4 done; 2 were done before; 0 failed" in said
    assert tree(Path("out")) == before | {"a4.txt": b"somebody's own words"}
    assert Path("log").read_text(encoding="utf-8") == "x" * 6, "the words were kept"
    assert batch(*asked) == 0
    assert "made anew" not in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_other_formats_that_were_edited_stay_where_one_is_made_anew() -> None:
    asked = ["-o", "out", "--format", "txt", "--format", "whisperx"]
    assert batch(*asked) == 0
    before, own = tree(Path("out")), {"a0.txt": b"my own words", "a0.whisperx.json": b'{"segments": []}'}
    for name, content in own.items():
        Path("out", name).write_bytes(content)
    assert (batch(*asked), tree(Path("out"))) == (0, before | own)
    Path("out/a0.json").unlink()
    Path("out/a0.txt").write_bytes(b"")
    own = {"a0.whisperx.json": own["a0.whisperx.json"]}
    assert (batch(*asked), tree(Path("out"))) == (0, before | own), "of words that were kept"
    for name, content in own.items():
        Path("out", name).write_bytes(content)
    assert batch(*asked, "--format", "srt") == 0
    after = tree(Path("out"))
    assert {name: after[name] for name in own} == own
    assert after["a0.srt"]
    assert batch(*asked, "--format", "srt") == 0
    assert tree(Path("out")) == after
    Path("out/a0.whisperx.json").write_bytes(b'{"segm')
    assert (batch(*asked, "--format", "srt"), tree(Path("out"))) == (
        0,
        after | {"a0.whisperx.json": before["a0.whisperx.json"]},
    )


@pytest.mark.usefixtures("folder")
def test_a_failure_under_other_options_is_forgotten_with_them() -> None:
    soundfile.write("calls/loud.wav", noise(3, loudness=0.99), 16_000)
    assert batch("-o", "out") == 0
    before = tree(Path("out"))
    assert batch("-o", "out", "--asr-option", "loud=raise") == 1
    assert Path("out/failures/loud.json").exists()
    assert results("out") == NAMES | {"loud.json"}, "the result of before is still there"
    assert (batch("-o", "out"), tree(Path("out"))) == (0, before)


def test_edits_stay(folder: Path, capsys: pytest.CaptureFixture) -> None:
    named = ["-o", "out", "--channel-names", "agent,customer"]
    shutil.rmtree(folder / "calls")
    Path("calls").mkdir()
    soundfile.write("calls/a.wav", noise(1, channels=2), 16_000)
    assert batch(*named) == 0
    assert json.loads(Path("out/a.json").read_text())["speakers"] == ["agent", "customer"]
    assert run(["rename", "out/a.json", "agent=Ana"]) == 0
    edited = Path("out/a.json").read_bytes()
    assert (batch(*named), Path("out/a.json").read_bytes()) == (0, edited)
    assert (batch(*named, "--format", "txt"), Path("out/a.json").read_bytes()) == (0, edited)
    assert "Ana: " in Path("out/a.txt").read_text()
    Path("out/a.json").write_bytes(edited[:-20])
    for asked in ((), ("--format", "srt")):
        assert batch(*named, *asked) == 1, "what is left of it holds a name"
        assert "out/a.json is no transcript of this program: move it away" in capsys.readouterr().err
    assert Path("out/a.json").read_bytes() == edited[:-20]
    Path("out/a.json").write_bytes(edited)
    Path("out/failures/a.json").unlink()
    assert (batch(*named, "--language", "de"), Path("out/a.json").read_bytes()) == (1, edited)
    assert "out/a.json names speakers (Ana) and would be made anew" in capsys.readouterr().err
    assert batch(*named, "--language", "de", "--replace", "--redo", "failed") == 0
    assert json.loads(Path("out/a.json").read_text())["speakers"] == ["agent", "customer"]


@pytest.mark.usefixtures("folder")
def test_a_bad_file_costs_only_itself(capsys: pytest.CaptureFixture) -> None:
    Path("calls/text.mp3").write_text("no audio", encoding="utf-8")
    Path("calls/empty.wav").write_bytes(b"")
    soundfile.write("calls/loud.wav", noise(3, loudness=0.99), 16_000)
    kills = ["-o", "out", "--asr-option", "loud=kill", "--workers", "2"]
    assert batch(*kills) == 1
    assert results("out") == NAMES
    failures = {path.stem: json.loads(path.read_text()) for path in Path("out/failures").iterdir()}
    assert {name: failure["stage"] for name, failure in failures.items()} == {
        "text": "load audio",
        "empty": "fetch",
        "loud": "recognise",
    }
    assert failures["loud"]["reason"] == (
        "calls/loud.wav: its worker was ended by SIGKILL, as the system does when memory runs out."
    )
    told = capsys.readouterr().err
    assert "Error: text (load audio): calls/text.mp3 is no audio or video" in told
    assert "Traceback" not in told
    before = tree(Path("out"))
    assert (batch(*kills), tree(Path("out"))) == (1, before)
    assert batch(*kills, "--redo", "failed") == 1
    assert json.loads(Path("out/failures/loud.json").read_text())["tries"] == 2
    assert run(["batch", "status", "out"]) == 0
    told = capsys.readouterr().out
    assert "6 of 9 done (3 s of audio), 3 failed." in told
    assert "failed: loud, recognise (2 tries): calls/loud.wav: its worker" in told
    with Path("out/batch.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert (rows["night/b"]["state"], rows["night/b"]["duration"], rows["loud"]["state"]) == ("done", "0.5", "failed")
    soundfile.write("calls/loud.wav", noise(3), 16_000)
    assert batch(*kills) == 1
    assert not Path("out/failures/loud.json").exists()


@pytest.mark.usefixtures("folder")
def test_what_nobody_foresaw_is_told_with_the_file(capsys: pytest.CaptureFixture) -> None:
    soundfile.write("calls/loud.wav", noise(3, loudness=0.99), 16_000)
    assert batch("-o", "out", "--asr-option", "loud=raise") == 1
    assert "calls/loud.wav could not be done (ZeroDivisionError: too loud)." in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_file_that_takes_too_long_costs_only_itself(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diarfuse.transcribe.batch.pool._LEAST", 2.0)
    soundfile.write("calls/loud.wav", noise(3, loudness=0.99), 16_000)
    assert batch("-o", "out", "--asr-option", "loud=hang", "--time-limit", "1") == 1
    assert results("out") == NAMES
    assert "calls/loud.wav took longer than 2 s and was stopped: give a higher --time-limit." in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_finish_what_runs_and_say_what_is_left(folder: Path, number: int) -> None:
    with batch_of(folder, "-o", "out", "--asr-option", "gate=open") as process:
        wait_for_begun("out")
        to_all(process, number)
        assert process.stderr is not None
        said = ""
        while "Stopping" not in said:
            said += process.stderr.readline() or pytest.fail(f"it ended after {said}")
        Path("open").touch()
        said += process.stderr.read()
    assert process.returncode == 130
    assert re.search(r"Stopping: \S+ will be finished; Ctrl-C again drops what is running\.", said)
    assert "what was begun is finished" in said
    assert "left: give the same command again" in said
    assert len(results("out")) < 6
    assert batch("-o", "out", "--asr-option", "gate=open") == 0
    assert results("out") == NAMES


def test_sigterm_drops_what_runs_and_says_which(folder: Path) -> None:
    with batch_of(folder, "-o", "out", "--asr-option", "wait=30", "--verbose") as process:
        wait_for_begun("out")
        to_all(process, signal.SIGTERM)
        said = process.communicate(timeout=600)[1]
    assert process.returncode == 130
    assert "dropped: a0" in said
    assert results("out") == set()
    assert not list(Path("out").glob("failures/*"))  # the worker did not die of it


@pytest.mark.usefixtures("folder")
def test_stdout_is_no_folder(capsys: pytest.CaptureFixture) -> None:
    assert batch("-o", "-") == 2
    assert "-o '-' names no folder: give one, for as many results as recordings." in capsys.readouterr().err
    assert not Path("-").exists()


@pytest.mark.usefixtures("folder")
def test_a_file_whose_name_no_result_can_bear_fails_alone(capsys: pytest.CaptureFixture) -> None:
    soundfile.write("calls/ a.wav", noise(1), 16_000)
    assert batch("-o", "out", "--dry-run") == 1
    told = "Error: 'calls/ a.wav': the id ' a' begins or ends with a space: rename it, or list it with another id in a"
    assert capsys.readouterr().err.startswith(told)
    assert batch("-o", "out") == 1
    said = capsys.readouterr().err
    assert said.count(told) == 1
    assert "6 done; 1 failed" in said
    assert results("out") == NAMES
    assert batch("-o", "out", "--shard", "1/2") == 0  # the first part tells of it
    assert told not in capsys.readouterr().err
    assert run(["batch", "calls/ a.wav", *QUICK[2:], "-o", "out"]) == 2  # there is nothing else


def test_what_is_not_ours_is_not_written_over(folder: Path, capsys: pytest.CaptureFixture) -> None:
    Path("out").mkdir()
    Path("out/a0.json").write_text('{"mine": 1}', encoding="utf-8")
    Path("out/a1.srt").write_text("mine", encoding="utf-8")
    assert batch("-o", "out", "--format", "srt") == 1
    said = capsys.readouterr().err
    assert "out/a0.json is no transcript of this program: move it away" in said
    assert "out/a1.srt is there already: move it away, or give --replace." in said
    assert (Path("out/a0.json").read_text(), Path("out/a1.srt").read_text()) == ('{"mine": 1}', "mine")
    assert batch("-o", "out", "--format", "srt", "--replace", "--redo", "failed") == 0
    assert (folder / "out/a1.json").exists()


@pytest.mark.usefixtures("folder")
def test_how_it_speaks_is_asked_as_of_every_command_and_what_was_in_the_way_is_looked_at_again(
    capsys: pytest.CaptureFixture,
) -> None:
    Path("out").mkdir()
    Path("out/a1.srt").write_text("somebody's", encoding="utf-8")
    assert batch("-o", "out", "--format", "srt", "-q") == 1
    assert capsys.readouterr().err == (
        "Error: a1 (fetch): out/a1.srt is there already: move it away, or give --replace.\n"
    )
    Path("out/a1.srt").unlink()
    assert batch("-o", "out", "--format", "srt", "--json-progress") == 0
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {one["event"] for one in said} == {"note", "progress"}
    assert said[-1]["text"].startswith("1 done; 5 were done before; 0 failed.")


@pytest.mark.usefixtures("folder")
def test_a_disk_that_takes_two_names_for_one_is_asked(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy("calls/a1.wav", "calls/A1.wav")
    monkeypatch.setattr("diarfuse.transcribe.batch.tree.Tree.folds", True)
    assert batch("-o", "out") == 2
    assert "is one name on this disk with" in capsys.readouterr().err
    assert not results("out")


@pytest.mark.usefixtures("folder")
def test_a_dry_run_writes_nothing_and_knows_what_is_done(capsys: pytest.CaptureFixture) -> None:
    assert batch("-o", "out", "--dry-run") == 0
    assert "6 recordings, 3 s; 6 to do, 3 s: no run has shown the speed yet." in capsys.readouterr().err
    assert not Path("out").exists()
    assert batch("-o", "out") == 0
    soundfile.write("calls/a9.wav", noise(78), 16_000)
    assert batch("-o", "out", "--dry-run") == 0
    said = capsys.readouterr().err
    assert "7 recordings, 4 s; 1 to do, 0 s: at the last run's" in said


def test_a_dry_run_tells_what_will_fail(folder: Path, capsys: pytest.CaptureFixture) -> None:
    Path("list.csv").write_text("audio\ncalls/a0.wav\nb.wav\nc.wav\nhttps://a.example/d.wav\n", encoding="utf-8")
    assert run(["batch", "run", "list.csv", "--offline", "-o", "out", "--dry-run"]) == 0
    assert "Of these 2 will fail, since there is no such file: the first is 'b.wav'." in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_a_dry_run_counts_no_file_that_is_no_recording(folder: Path, capsys: pytest.CaptureFixture) -> None:
    page, noise_file = Path("x.html"), Path("calls/noise.wav")
    page.write_text("<!doctype html><html></html>" * 9000)
    noise_file.write_bytes(b"\x01\x02\x03" * 20_000)
    Path("calls/none.wav").touch()
    assert run(["batch", "run", "x.html", "calls", "--offline", "-o", "out", "--dry-run"]) == 1
    said = capsys.readouterr().err
    assert "6 recordings, 3 s; 6 to do, 3 s" in said
    assert "x.html is no audio or video that can be read (it holds a web page): check the file" in said
    assert "noise.wav is no audio or video that can be read (its format is unknown)" in said
    assert "calls/none.wav is empty: record or copy it again." in said
    assert not (folder / "out").exists()


def test_no_words_takes_the_number_of_speakers(folder: Path) -> None:
    Path("list.csv").write_text("audio,num_speakers\ncalls/a0.wav,2\n", encoding="utf-8")
    for inputs in (["list.csv"], ["calls", "--num-speakers", "3"]):
        assert run(["batch", "run", *inputs, "--no-words", "--offline", "-o", "out", "--dry-run"]) == 0
    assert not (folder / "out").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--shard", "4/4"], "--shard 4/4 is above the count: parts are numbered from 0 to 3."),
        (["--shard", "x"], "--shard 'x' must look like I/N"),
        (["--workers", "-1"], "'--workers': -1 is not in the range x>=0"),
        (["--time-limit", "nan"], "'nan' must be a number"),
        (["--time-limit", "inf"], "'inf' must be a number"),
        (["--format", "rttm"], "RTTM holds speaker turns: add --diarize."),
        (["--no-words", "--format", "srt"], "SRT holds words, and --no-words finds none"),
        (["--no-words", "--diarize"], "leave one of them out"),
        (["--channel-names", "a,a"], "gives two channels one name"),
        (["--channel-names", "a,b", "--channels", "hybrid"], "leave one of them out"),
        (["--num-speakers", "2"], "num_speakers does nothing without --diarize"),
        (["--pattern", "*.opus"], "holds no recording that fits '*.opus' (7 other files)"),
        (["-o", ""], "-o '' names no folder: give one, for as many results as recordings."),
        (["-o", "calls/notes.txt"], "-o 'calls/notes.txt' is a file: give a folder"),
        ([""], "'' names no recordings: give a folder, or a manifest."),
        (["nowhere"], "There is no file or folder 'nowhere'"),
        (["calls/a0.wav"], "'calls/a0.wav': the id 'a0' is that of 'calls/a0.wav' too"),
    ],
)
def test_bad_input_is_one_sentence(given: list[str], said: str, capsys: pytest.CaptureFixture) -> None:
    assert batch("-o", "out", *given) in (1, 2)
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not Path("out").exists() or not results("out")


@pytest.mark.usefixtures("folder")
def test_a_file_where_a_folder_of_the_batch_belongs_is_named(capsys: pytest.CaptureFixture) -> None:
    Path("out").mkdir()
    Path("out/.cache").write_text("mine", encoding="utf-8")
    assert batch("-o", "out") == 1
    told = capsys.readouterr().err
    assert "Error: 'out/.cache': a file is where a folder belongs. Check the path" in told
    assert Path("out/.cache").read_text(encoding="utf-8") == "mine"


@pytest.mark.usefixtures("folder")
def test_a_disk_that_is_full_ends_the_run_in_one_sentence(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert batch("-o", "out") == 0
    monkeypatch.setattr("diarfuse.transcribe.batch.places.write_whole", _full)
    assert batch("-o", "out", "--language", "de") == 1
    assert "No space left on device): free some space and give the same command again" in capsys.readouterr().err
    assert results("out") == NAMES


def _full(path: Path, _: bytes) -> None:
    raise OSError(28, "No space left on device", str(path))


@pytest.mark.usefixtures("folder")
def test_what_has_changed_is_told_in_words_and_not_by_files_of_models(capsys: pytest.CaptureFixture) -> None:
    assert batch("-o", "out", "--format", "txt") == 0
    for record in Path("out/.batch").rglob("*.json"):
        held = json.loads(record.read_text(encoding="utf-8"))
        held["about"] |= {"models": {"voices/network.pt": "0"}, "given": "another"}
        held["key"] = "of other work"
        record.write_text(json.dumps(held), encoding="utf-8")
    capsys.readouterr()
    assert batch("-o", "out", "--format", "txt") == 0
    assert "other options (model, models), so they are made anew" in capsys.readouterr().err


def test_folders_are_conversations_where_that_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write(folder / "calls/night/c.wav", noise(11), 16_000)
    assert batch("--folders", "-o", "out", "--format", "srt", "--dry-run") == 0
    assert "2 recordings" in capsys.readouterr().err
    assert batch("--folders", "-o", "out", "--format", "srt") == 0
    assert results("out") == {"calls.json", "calls.srt", "night.json", "night.srt"}
    assert json.loads(Path("out/calls.json").read_text())["speakers"] == ["a0", "a1", "a2", "a3", "a4"]
    assert "2 done; 0 failed" in capsys.readouterr().err
    assert batch("--folders", "-o", "out", "--format", "srt") == 0
    assert "0 done; 2 were done before" in capsys.readouterr().err
    assert batch("--folders", "--num-speakers", "2", "-o", "counted") == 2
    assert "num_speakers does nothing with --channels, where the channels tell who speaks" in capsys.readouterr().err
    assert batch("--folders", "--no-words", "-o", "turns") == 2
    assert "told by words" in capsys.readouterr().err
