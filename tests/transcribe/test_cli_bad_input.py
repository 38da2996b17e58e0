"""Bad input: one sentence that names the file or value and the remedy, no traceback, no output, the right exit code.

Most cases run in this process (the same `run` that the command calls); a few
start the real command, to see stdout, stderr and the exit code as a user does.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from diarfuse.transcribe import output
from diarfuse.transcribe.__main__ import run

WORDS = [{"word": "Hello", "start": 0.1, "end": 0.4}, {"word": "there.", "start": 0.5, "end": 0.9}]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with good.wav and words.json, and a model store that is empty and offline."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("DIARFUSE_OFFLINE", "1")
    noise = np.random.default_rng(0).standard_normal(32_000) * 0.05
    soundfile.write("good.wav", noise.astype(np.float32), 16_000)
    Path("words.json").write_text(json.dumps(WORDS), encoding="utf-8")
    return tmp_path


def words_json(*arguments: str) -> list[str]:
    return ["--asr", "words-json", "--model", "words.json", *arguments]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


USAGE = {
    "another's option": (
        ["good.wav", *words_json("--compute-type", "int8")],
        "compute_type='int8' is no option of the recogniser words-json, which takes model, unit: leave it out.",
    ),
    "an engine's option": (["good.wav", *words_json("--asr-option", "beam_size=5")], "beam_size=5 is no option of the"),
    "another's batches": (
        ["good.wav", *words_json("--batch-size", "2")],
        "batch_size=2 is no option of the recogniser",
    ),
    "a command misspelt": (["modles", "list", "-o", "./"], "'modles'", "'transcribe models'"),
    "a group's command alone": (["enrol", "Ana", "good.wav"], "'enrol'", "did you mean 'transcribe voice enroll'"),
    "one of two groups": (["list"], "'list'", "did you mean 'transcribe voice list'"),
    "a word of other programs": (["split", "good.json", "3"], "'split'", "did you mean 'transcribe reassign'"),
    "unknown ending": (["good.wav", "-o", "out.srtt"], "'.srtt'", "did you mean '.srt'"),
    "no ending": (["good.wav", "-o", "out"], "'out'", "--format"),
    "unknown format": (["good.wav", "--format", "vvt"], "'vvt'", "did you mean 'vtt'"),
    "unknown recogniser": (["good.wav", "--asr", "faster-wisper"], "'faster-wisper'", "did you mean 'faster-whisper'"),
    "unknown pack": (["good.wav", "--diarize", "--diarizer", "camplus"], "'camplus'", "did you mean 'campplus'"),
    "min above max": (["good.wav", "--diarize", "--min-speakers", "5", "--max-speakers", "2"], "5", "2"),
    "no speakers": (["good.wav", "--diarize", "--num-speakers", "0"], "'--num-speakers': 0", "x>=1"),
    "count outside bounds": (["good.wav", "--diarize", "--num-speakers", "4", "--max-speakers", "2"], "4", "leave"),
    "count without diarize": (["good.wav", "--num-speakers", "2"], "--num-speakers", "add --diarize"),
    "count of channels": (
        ["good.wav", "--channels", "speakers", "--max-speakers", "2"],
        "--max-speakers",
        "with --channels",
    ),
    "rttm without diarize": (["good.wav", "-o", "a.rttm"], "RTTM", "--diarize"),
    "step": (["good.wav", "--diarize", "--step", "11"], "'--step': 11.0", "0.02<=x<=10.0"),
    "threshold": (["good.wav", "--diarize", "--threshold", "-1"], "'--threshold': -1.0", "0<x<=2.0"),
    "threads": (["good.wav", "--threads", "-2"], "'--threads': -2", "x>=0"),
    "mode": (["good.wav", "--mode", "quick"], "'quick'", "exact"),
    "unknown option": (["good.wav", "--diarise"], "--diarise", "--help"),
    "no arguments": ([], "AUDIO", "--help"),
    "several to one file": (["good.wav", "words.json", "-o", "a.srt"], "a.srt", "FOLDER/"),
    "several to stdout": (["good.wav", "words.json"], "2 recordings", "FOLDER/"),
    "formats for one file": (["good.wav", "-o", "a.x", "--format", "srt", "--format", "vtt"], "a.x", "FOLDER/"),
    "over its input": (["good.wav", "-o", "good.wav", "--format", "srt"], "good.wav", "another -o"),
    "same output twice": (["good.wav", "-o", "a.srt", "-o", "./a.srt"], "a.srt", "apart"),
    "words-json without its file": (["--asr", "words-json", "good.wav"], "words-json", "--model"),
    "asr-option in too many brackets": (
        words_json("good.wav", "--asr-option", f"speed={'[' * 100_000}"),
        "speed",
        "model",
    ),
    "asr-option": (["good.wav", "--asr-option", "beam"], "beam", "KEY=VALUE"),
    "option the recogniser lacks": (words_json("good.wav", "--asr-option", "speed=3"), "speed", "model"),
    "srt of turns": (["diarize", "good.wav", "-o", "a.srt"], "srt", "rttm"),
    "unknown command": (["models", "pul"], "pul", "pull"),
    "an empty folder": (["models", "export", ""], "folder '' names nothing", "give a path"),
    "an empty store": (["good.wav", "--models-dir", ""], "--models-dir '' names nothing", "give a path"),
    "one label, two names": (["good.wav", "--name", "A=Ana", "--name", "A=Ben"], "'A' two names", "leave one out"),
    "stats by another ending": (["stats", "words.json", "-o", "a.xlsx"], "'.xlsx'", ".csv"),
}

FAILURE = {
    "missing file": (words_json("god.wav", "-o", "a.srt"), "'god.wav'", "did you mean 'good.wav'"),
    "missing files": (["god.wav", "no.wav"], "'god.wav'", "did you mean 'good.wav'"),
    "missing, in diarize": (["diarize", "god.wav", "no.wav", "-o", "a.rttm"], "'god.wav'", "did you mean 'good.wav'"),
    "a folder": (words_json("store", "-o", "a.srt"), "'store' is a folder", "files in it"),
    "empty file": (words_json("empty.wav", "-o", "a.srt"), "empty.wav", ""),
    "text named wav": (words_json("text.wav", "-o", "a.srt"), "text.wav", ""),
    "no samples": (words_json("none.wav", "-o", "a.srt"), "none.wav", ""),
    "NaN": (words_json("nan.wav", "-o", "a.srt"), "nan.wav", "0.5"),
    "folder missing": (words_json("good.wav", "-o", "nowhere/a.srt"), "'nowhere'", "mkdir"),
    "a folder below a file": (words_json("good.wav", "-o", "words.json/out/"), "'words.json' is a file", "another -o"),
    "folder is a file": (words_json("good.wav", "-o", "good.wav/a.srt"), "good.wav", "another -o"),
    "words missing": (["--asr", "words-json", "--model", "no.json", "good.wav"], "no.json", ""),
    "words malformed": (["--asr", "words-json", "--model", "good.wav", "good.wav"], "good.wav", "JSON"),
    "pack absent offline": (
        words_json("good.wav", "--diarize", "--diarizer", "campplus", "-o", "a.srt"),
        "campplus",
        "models pull",
    ),
}


def spoil(folder: Path) -> None:
    """The unusable recordings."""
    (folder / "store").mkdir()
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("dear diary\n" * 50, encoding="utf-8")
    soundfile.write(folder / "none.wav", np.zeros(0, np.float32), 16_000)
    samples = np.full(16_000, 0.1, np.float32)
    samples[8_000] = np.nan
    soundfile.write(folder / "nan.wav", samples, 16_000, subtype="FLOAT")


def check(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, *parts: str) -> None:
    before = files(folder)
    assert run(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    for part in parts:
        assert part in lines[0]
    assert {name for name in files(folder) - before if not name.startswith("store/")} == set()


@pytest.mark.parametrize("case", USAGE)
def test_usage_errors_exit_with_2(folder: Path, capsys: pytest.CaptureFixture[str], case: str) -> None:
    arguments, *parts = USAGE[case]
    check(folder, capsys, arguments, 2, *parts)


@pytest.mark.parametrize("case", FAILURE)
def test_failures_exit_with_1(folder: Path, capsys: pytest.CaptureFixture[str], case: str) -> None:
    spoil(folder)
    arguments, *parts = FAILURE[case]
    check(folder, capsys, arguments, 1, *parts)


def test_an_unwritable_folder_is_found_before_the_work(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unwritable = Path("/proc/self") if Path("/proc/self").is_dir() else folder / "locked"
    if not unwritable.exists():
        unwritable.mkdir(mode=0o500)
    check(folder, capsys, ["good.wav", "-o", f"{unwritable}/a.srt"], 1, str(unwritable), "another -o")


def test_a_bad_file_among_several_does_not_stop_the_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(folder)
    (folder / "out").mkdir()
    assert run(words_json("text.wav", "good.wav", "gone.wav", "-o", "out/", "--format", "txt")) == 1
    err = capsys.readouterr().err
    assert err.count("Error: ") == 2
    assert "2 of 3 recordings failed" in err
    assert files(folder / "out") == {"good.txt"}
    assert (folder / "out/good.txt").read_text(encoding="utf-8") == "Hello there.\n"


@pytest.mark.parametrize("command", ["transcribe", "attach", "export"])
def test_an_output_that_cannot_be_written_costs_no_other(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (folder / "turns.rttm").write_text("SPEAKER a 1 0 2 <NA> <NA> Ana <NA> <NA>\n", encoding="utf-8")
    assert run(words_json("good.wav", "-o", "good.json")) == 0
    real = output.write_whole

    def write_whole(path: Path, content: bytes, **how: Any) -> None:
        if path.parent.name == "full":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(path, content, **how)

    monkeypatch.setattr(output, "write_whole", write_whole)
    capsys.readouterr()
    what = {
        "transcribe": words_json("good.wav"),
        "attach": ["attach", "words.json", "--rttm", "turns.rttm"],
        "export": ["export", "good.json"],
    }
    assert run([*what[command], "-o", "full/", "-o", "a.txt", "-o", "full/b.vtt", "-o", "-"]) == 1
    told = capsys.readouterr()
    assert "Hello there." in (folder / "a.txt").read_text(encoding="utf-8")
    assert "Hello there." in told.out
    assert told.err.count("Error: full/") == told.err.count("No space left on device") == 2
    assert "Wrote a.txt: " in told.err


@pytest.mark.parametrize("name", ["cut", "short", "stereo8k", "studio", "surround"])
def test_unusual_audio_is_used(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    noise = np.random.default_rng(1).standard_normal((48_000, 6)).astype(np.float32) * 0.05
    soundfile.write("cut.wav", noise[:, 0], 16_000)
    Path("cut.wav").write_bytes(Path("cut.wav").read_bytes()[:40_000])
    soundfile.write("short.wav", noise[:800, 0], 16_000)
    soundfile.write("stereo8k.wav", noise[:, :2], 8_000)
    soundfile.write("studio.wav", noise[:, :2], 96_000, subtype="PCM_24")
    soundfile.write("surround.wav", noise, 48_000)
    assert run(words_json(f"{name}.wav", "-o", "out.txt")) == 0
    err = capsys.readouterr().err
    assert ("cut.wav" in err) == (name == "cut")
    assert (folder / "out.txt").read_text(encoding="utf-8") == "Hello there.\n"


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    return subprocess.run(  # noqa: PLW1510  # the exit code is what is tested
        [sys.executable, "-m", "diarfuse", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        stdin=subprocess.DEVNULL,
    )


def test_the_real_command(folder: Path) -> None:
    good = command(*words_json("good.wav", "-o", "-"), cwd=folder)
    assert (good.returncode, good.stdout, good.stderr) == (0, "Hello there.\n", "")
    bad = command("god.wav", cwd=folder)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith("Error: There is no file 'god.wav'")
    assert bad.stderr.count("\n") == 1


@pytest.mark.usefixtures("folder")
def test_what_verbose_cannot_tell_ends_no_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("diarfuse.diarize.vad._FILES", ())  # as where faster-whisper is not installed
    assert run(words_json("good.wav", "-o", "good.srt", "-v")) == 0
    assert "Hello there." in Path("good.srt").read_text(encoding="utf-8")
    assert "speech: not looked for. Speech detection needs the Silero network" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_an_address_is_told_as_it_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diarize", "https://example.org/talks/a.wav"]) == 1
    assert capsys.readouterr().err == (
        "Error: 'https://example.org/talks/a.wav' is an address, not a file: download it first.\n"
    )


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    return called(folder, f"--asr words-json --model words.json good.wav {line}")


def called(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    command = f'exec "{sys.executable}" -m diarfuse {line}'
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_streams_that_are_full_or_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    full = shell(folder, ">/dev/full")
    (kept,) = folder.glob("diarfuse-*.json")
    assert full.returncode == 1
    assert full.stderr == (
        "Error: stdout cannot be written to (No space left on device): give -o FILE. "
        f"The result is kept in {kept}, for you alone: give it to transcribe export, then remove it.\n"
    )
    assert run(["export", str(kept)]) == 0
    assert "Hello there." in capsys.readouterr().out
    assert shell(folder, "-o one.srt -o - >/dev/full").returncode == 1
    assert "Hello there." in (folder / "one.srt").read_text(encoding="utf-8")
    assert list(folder.glob("diarfuse-*.json")) == [kept]
    closed = shell(folder, ">&-")
    assert (closed.returncode, closed.stderr) == (1, "Error: There is no stdout to write to: give -o FILE.\n")
    assert shell(folder, "-o told.srt -v 2>/dev/full").returncode == 0
    assert "Hello there." in (folder / "told.srt").read_text(encoding="utf-8")
    assert shell(folder, "-o out.srt 2>&-").returncode == 0
    assert "Hello there." in (folder / "out.srt").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize("unbuffered", [pytest.param("", marks=pytest.mark.official), "1"])
def test_a_stdout_that_may_grow_no_more_is_told_and_the_files_are_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)  # as containers have it
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # of which Python would write the part that fits
    most, few = 8192, 5
    limited = f"""
import resource
from diarfuse.transcribe.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))
main()
"""
    (folder / "out").write_bytes(b" " * (most - few))
    for line in (words_json("good.wav", "-o", "one.srt", "-o", "-"), ["config", "show"], ["--help"]):
        with (folder / "out").open("ab") as out:
            command = [sys.executable, "-c", limited, *line]
            done = subprocess.run(command, cwd=folder, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
        assert (done.returncode, done.stderr.count("Error")) == (1, 1)
        assert done.stderr.splitlines()[-1].startswith("Error: stdout cannot be written to (File too large): ")
    assert "Hello there." in (folder / "one.srt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command",
    [
        "models list",
        "--help",
        *(pytest.param(words, marks=pytest.mark.official) for words in ("check shown.srt", "config show", "--version")),
    ],
)
def test_what_a_command_tells_is_not_lost_unseen_on_a_closed_stdout(folder: Path, command: str) -> None:
    (folder / "shown.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nHello.\n", encoding="utf-8")
    closed = called(folder, f"{command} >&-")
    assert (closed.returncode, closed.stdout) == (1, "")
    assert closed.stderr == "Error: There is no stdout to write to: leave it open, or send it to /dev/null.\n"


def test_a_closed_stdin_is_no_error_where_nothing_is_read(folder: Path) -> None:
    listed = called(folder, "models list <&-")
    assert (listed.returncode, listed.stderr, bool(listed.stdout)) == (0, "", True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("stdout", [">/dev/full", ">&-"])
def test_what_is_done_is_no_failure_where_stdout_cannot_tell_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stdout: str
) -> None:
    monkeypatch.setenv("DIARFUSE_VOICES_DIR", str(folder / "voices"))
    done = called(folder, f"voice forget-all --yes {stdout}")
    assert (done.returncode, done.stderr) == (0, "0 enrolled voices are deleted, and all search indexes.\n")


@pytest.mark.usefixtures("folder")
def test_what_no_stage_foresaw_is_one_sentence_too(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    assert run(["models", "list", "--models-dir", long]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.startswith("Error: '") and "File name too long" in line for line in said] == [True]


@pytest.mark.usefixtures("folder")
def test_a_home_that_a_library_looks_for_in_vain_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise RuntimeError("Could not determine home directory.")  # as Path.expanduser says it

    monkeypatch.setattr("diarfuse.transcribe.runs.run_batch", unknown)
    assert run(words_json("good.wav")) == 1
    assert capsys.readouterr().err == "Error: This system knows no home folder of yours: set $HOME to a folder.\n"


@pytest.mark.usefixtures("folder")
def test_words_are_not_replaced_by_what_is_made_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words_json("good.wav", "-o", "words.json")) == 2
    assert "'words.json' would replace what is read" in capsys.readouterr().err
    assert json.loads(Path("words.json").read_text(encoding="utf-8")) == WORDS


def test_a_folder_none_may_look_into_does_not_end_the_batch(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.stat

    def stat(path: str | Path, **options: Any) -> os.stat_result:
        if str(path).endswith("secret.wav"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    (folder / "out").mkdir()
    assert run(words_json("secret.wav", "good.wav", "-o", "out/")) == 1
    assert "'secret.wav' may not be looked at: change the permissions of its folder" in capsys.readouterr().err
    assert files(folder / "out") == {"good.srt"}


def test_links_in_a_circle(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for one, other in (("a.wav", "b.wav"), ("b.wav", "a.wav"), ("o.srt", "p.srt"), ("p.srt", "o.srt"), ("d", "e")):
        Path(one).symlink_to(other)
    Path("e").symlink_to("d", target_is_directory=True)
    before = files(folder)
    for arguments, name in (
        (["a.wav"], "'a.wav' is a circle of links"),
        (["d/a.wav"], "'d/a.wav' is a circle of links"),
        (["d"], "'d' is a circle of links"),
        (["good.wav", "-o", "o.srt"], "'o.srt' cannot be written (Too many levels of symbolic links)"),
        (["good.wav", "-o", "d/"], "'d' cannot be written (Too many levels of symbolic links)"),
        (["good.wav", "-o", "d/x.srt"], "'d' cannot be written (Too many levels of symbolic links)"),
    ):
        assert run(words_json(*arguments)) == 1
        said = capsys.readouterr().err
        assert name in said
        assert said.count("\n") == 1
    assert run(words_json("a.wav", "good.wav", "-o", "./", "--format", "srt")) == 1
    assert "'a.wav' is a circle of links" in capsys.readouterr().err
    assert files(folder) == before | {"good.srt"}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space are Linux's")
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("megabytes", [1, 20])
def test_too_little_memory_is_one_sentence(megabytes: int) -> None:
    """Too little to map FFmpeg's libraries, of which the loader says no more than that."""
    limited = f"""
import re, resource
from pathlib import Path
import numpy
import diarfuse.transcribe.cli
from diarfuse.transcribe.__main__ import main
pages = int(Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ({megabytes} << 20),) * 2)
main()
"""
    soundfile.write("long.flac", np.zeros(30 * 16_000), 16_000)
    command = [sys.executable, "-c", limited, *words_json("long.flac")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: There is not enough memory")
    assert done.stderr.count("\n") == 1
