"""Who is told what: a bar on a terminal, sentences elsewhere, JSON lines or only errors where that was asked for."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.types import Segment
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.commands import options
from diarfuse.transcribe.screen.progress import Meter
from diarfuse.transcribe.screen.terminal import Terminal
from tests.transcribe.commands.leaves import LEAVES

WORDS = {"segments": [{"words": [{"word": " Hello", "start": 0.1, "end": 0.4}]}], "language": "en"}
JOB = ("--asr", "words-json", "--model", "words.json")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two recordings, the words for them, and a file that is none."""
    monkeypatch.chdir(tmp_path)
    Path("words.json").write_text(json.dumps(WORDS), encoding="utf-8")
    for name in ("a.wav", "b.wav"):
        soundfile.write(name, np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32), 16_000)
    Path("bad.wav").write_text("no sound", encoding="utf-8")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_the_end_says_what_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*JOB, "a.wav", "b.wav", "-o", "out/", "--format", "srt", "--format", "txt"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-4:] == [f"Wrote out/{n}: 1 word in 0:01." for n in ("a.srt", "a.txt", "b.srt", "b.txt")]


def test_stdout_holds_only_the_text(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run([*JOB, "a.wav"]) == 0
    assert capfdbinary.readouterr().out == b"Hello\n"


def test_quiet_says_nothing_but_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*JOB, "a.wav", "-o", "a.txt", "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert run([*JOB, "a.wav", "bad.wav", "-o", "out/", "--quiet"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("Error: bad.wav ")
    assert err.count("\n") == 2


ONLY_ANSWERS = {"help", "check", "config show", "models list"}
"""What these say is what was asked for."""


def test_every_command_that_tells_of_its_work_can_do_it_silently() -> None:
    silent = {name for name, leaf in LEAVES.items() if any({"-q", "--quiet"} <= {*one.opts} for one in leaf.params)}
    assert LEAVES.keys() - silent == ONLY_ANSWERS


def test_no_command_writes_past_the_screen() -> None:
    """So that silence, and JSON, are kept by all; but for the line of bytes that a terminal is shown, and a prompt."""
    commands = Path(options.__file__).parent
    written = [path.name for path in commands.rglob("*.py") if "err=True" in path.read_text(encoding="utf-8")]
    assert sorted(written) == ["models.py", "voice.py"]


@pytest.mark.parametrize("loud", ["--json-progress", "--verbose", "--live-text"])
def test_silence_goes_with_nothing_that_breaks_it(loud: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*JOB, "a.wav", "-q", loud]) == 2
    assert capsys.readouterr().err.count(loud) == 1


def test_json_lines_tell_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*JOB, "a.wav", "bad.wav", "-o", "out/", "--json-progress"]) == 1
    found = lines(capsys)
    assert [one["file"] for one in found if one["event"] == "start"] == ["a.wav", "bad.wav"]
    fractions = [one["fraction"] for one in found if one["event"] == "progress"]
    assert fractions == sorted(fractions)  # type: ignore[type-var]
    assert fractions
    assert {"stage", "doing", "seconds_left"} <= next(one for one in found if one["event"] == "progress").keys()
    assert next(one for one in found if one["event"] == "error")["file"] == "bad.wav"
    written = [(one["path"], one["file"]) for one in found if one["event"] == "written"]
    assert written == [(os.path.join("out", "a.srt"), "a.wav")]  # noqa: PTH118 - and not the file that came last
    documented = (Path(__file__).parents[3] / "docs" / "progress.md").read_text(encoding="utf-8")
    for one in found:
        assert f"| `{one['event']}` |" in documented
        assert all(f"`{field}`" in documented for field in one)


@pytest.mark.parametrize(
    ("words", "code"), [(["gone.wav"], 1), (["bad.wav"], 1), (["a.wav", "--no-such"], 2), (["a.wav", "-o", "a.b"], 2)]
)
def test_errors_that_end_the_command_are_json_too(
    words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*JOB, "--json-progress", *words]) == code
    *_, last = lines(capsys)
    assert (last["event"], last["exit_code"]) == ("error", code)


def test_live_text_that_cannot_be_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*JOB, "a.wav", "--live-text"]) == 0
    assert "WordsJson tells its text at the end" in capsys.readouterr().err
    assert run(["a.wav", "--live-text", "--remote", "http://127.0.0.1:9"]) == 2
    assert "--live-text does nothing with --remote" in capsys.readouterr().err


def drawn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with Terminal(Meter(("recognise",), (1.0, 1.0))) as screen:
        screen.start("meeting with a long name [red].wav")
        screen.on_progress("recognise", 1, 4)
        screen.note("Two\x1b[2J lines\nof it.")
        screen.note("Two\x1b[2J lines\nof it.")
        screen.heard(Segment(0.0, 1.0, " Hello there."))
        screen.wrote(Path("a.srt"), "1 word in 0:01")
        screen.problem("It failed.")
    return capsys.readouterr().err


@pytest.mark.parametrize("columns", [20, 40, 120])
def test_the_bar_fits_any_terminal_and_notes_come_once(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = drawn(monkeypatch, capsys, columns)
    assert shown.count("of it.") == 1
    assert "\x1b[2J" not in shown
    for told in ("Hello there.", "Wrote a.srt: 1 word in 0:01.", "Error: It failed."):
        assert told in shown
    if columns == 120:
        assert "1 of 2  recognising words  meeting with a long name [red].wav" in shown
        assert "12%" in shown


def test_without_stderr_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert run([*JOB, "a.wav", "-o", "a.txt"]) == 0
