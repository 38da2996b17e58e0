"""`transcribe help`, and what is answered to words that are nearly a command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.cli import COMMANDS


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without files."""
    monkeypatch.chdir(tmp_path)


def test_the_help_of_all_begins_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("  transcribe --diarize meeting.wav -o meeting.srt\n")
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", shown, re.MULTILINE)
    assert run(["help"]) == 0
    assert capsys.readouterr().out == shown


def test_help_of_a_command_in_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voice", "enroll", "--help"]) == 0
    wanted = capsys.readouterr().out
    assert run(["help", "voice", "enroll"]) == 0
    assert capsys.readouterr().out == wanted


@pytest.mark.parametrize("words", [["diarise"], ["voice", "enrol"], ["diarize", "more"]])
def test_help_of_what_is_not_there_names_the_known(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", *words]) == 2
    assert f"Unknown command {words[-1]!r}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["diarise", "a.wav"], "'transcribe diarize'"),
        (["transcibe", "a.wav"], "'transcribe run'"),
        (["transcribe", "a.wav"], "'transcribe run'"),
        (["rename-speaker", "a.json", "A=B"], "'transcribe rename'"),
        (["Diarize", "a.wav"], "'transcribe diarize'"),
        (["version"], "'transcribe --version'"),
        (["--diarise", "a.wav"], "'--diarize'"),
        (["a.wav", "--formatt", "srt"], "'--format'"),
        (["diarize", "--num-speaker", "2", "a.wav"], "'--num-speakers'"),
        (["voice", "enrol"], "'enroll'"),
    ],
)
def test_what_is_nearly_right_is_answered_with_the_nearest(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    error = capsys.readouterr().err
    assert meant in error
    assert error.count("\n") == 1


def test_a_file_that_begins_as_an_option_is_told_how_to_be_given(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["-dash.wav"], ["diarize", "-dash.wav"], ["attach", "-dash.wav", "--rttm", "a.rttm"]):
        Path("-dash.wav").unlink(missing_ok=True)
        assert run(words) == 2
        assert "No such option" in capsys.readouterr().err
        Path("-dash.wav").write_text("x")
        assert run(words) == 2
        assert "'-dash.wav' begins as an option does: give that file as ./-dash.wav." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--quiet", "diarize", "none.wav"], "There is no file 'none.wav'"),
        (["--num-speakers", "2", "-q", "diarize"], "Missing argument 'AUDIO...'. See 'transcribe diarize --help'"),
        (["-q", "models", "pull", "none"], "Unknown diarization pack 'none'"),
        (["--models-dir=store", "models", "list"], ""),
        (["voice", "--json", "list"], ""),
        (["--diarize", "check", "a.srt"], "No such option '--diarize'. See 'transcribe check --help'"),
        (["-o", "text", "none.wav"], "There is no file 'none.wav'"),
        (["batch", "-q", "status", "none"], "'none' holds no results of transcribe batch"),
        (["-q", "help", "diarise"], "No such option '-q'. See 'transcribe help --help'"),
        (["batch", "--ray", "none", "-o", "out"], "There is no file or folder 'none'"),
        (["batch", "stauts", "out"], "did you mean 'transcribe batch status'"),
    ],
)
def test_options_may_come_before_the_command_that_they_are_of(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIARFUSE_VOICES_DIR", str(tmp_path / "voices"))
    code = run([*words, "--format", "srt"] if words[0] == "-o" else words)
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == (1 if said else 0)
    assert (code == 0) == (not said)


def test_a_file_called_nearly_or_just_as_a_command_is_reached(capsys: pytest.CaptureFixture[str]) -> None:
    Path("diarise").write_text("no sound", encoding="utf-8")
    Path("check").write_text("no sound", encoding="utf-8")
    for words in (["diarise"], ["run", "diarise"], ["run", "check"]):
        assert run(words) == 1
        assert "no command" not in capsys.readouterr().err
    assert run(["run", "doctor"]) == 1
    assert "There is no file 'doctor'" in capsys.readouterr().err


@pytest.mark.parametrize("group", ["batch", "config", "models", "voice"])
def test_what_a_groups_commands_do_is_told_to_the_end(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([group, "--help"]) == 0
    assert not [line for line in capsys.readouterr().out.partition("Commands:")[2].splitlines() if line.endswith("...")]


def test_a_group_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["voice"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("  transcribe voice enroll Ana ana.wav\n")
    assert "Error" not in error


def test_the_version_is_a_line_of_ours_and_then_everything_that_matters(capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    assert run(["--version"]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"diarfuse \d+(\.\d+)+\S*", first)
    found = dict(line.split(" ", 1) for line in rest)
    assert found["numpy"] == np.__version__
    assert {"Python", "onnxruntime", "faster-whisper", "av", "soundfile", "packs"} <= found.keys()
    assert "FFmpeg" in found["av"]
    assert "libsndfile" in found["soundfile"]
