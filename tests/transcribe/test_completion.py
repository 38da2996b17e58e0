"""The TAB key in bash, zsh and fish, with the very lines that docs/completion.md has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document
from diarfuse.fusion.types import Segment, Transcript, Word
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.cli import cli

ROOT = Path(__file__).resolve().parents[2]
CASES = {
    "diar": {"diarize"},
    "--diari": {"--diarize", "--diarizer"},
    "talk.wav --format v": {"vtt", "verbose_json"},
    "diarize --num": {"--num-speakers"},
    "voice en": {"enroll"},
    "rename meeting.json SPEAKER_0": {"SPEAKER_00=", "SPEAKER_01="},
    "merge meeting.json SPEAKER_00 SPEAKER_01": {"SPEAKER_01"},
    "rename damaged.json SPEAKER_0": set(),
}
"""Words that were typed -> what is offered for the last."""

# Each prints what would be offered for $TYPED, one a line, when the documented line was run.
BASH = """
compopt() {{ :; }}
{line}
COMP_WORDS=(transcribe $TYPED); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=()
_transcribe_completion transcribe "${{COMP_WORDS[COMP_CWORD]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
compdef() {{ }}
{line}
_path_files() {{ print -l meeting.json }}
_describe() {{ print -l -- ${{(P)3}} }}
compadd() {{ print -l -- ${{(P)${{@[-1]}}}} }}
words=(transcribe ${{=TYPED}}); CURRENT=$#words
_transcribe_completion
"""
FISH = """
{line}
complete -C "transcribe $TYPED"
"""
SHELLS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """A shell that is here; in CI all are."""
    if shutil.which(request.param) is None:
        reason = f"there is no {request.param} here"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return str(request.param)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A folder with a document to complete, and a `transcribe` on the PATH."""
    said = tuple(
        Segment(i, i + 1.0, "Hi", (Word(i, i + 1.0, "Hi", speaker=f"SPEAKER_0{i}"),), f"SPEAKER_0{i}") for i in range(2)
    )
    document = registry.dumps(Document(Transcript(said, "en", 2.0)), "json")
    (tmp_path / "meeting.json").write_text(str(document), encoding="utf-8")
    (tmp_path / "damaged.json").write_text(str(document)[:-9], encoding="utf-8")
    program = tmp_path / "bin" / "transcribe"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m diarfuse "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "HOME": str(tmp_path)}


def offered(shell: str, typed: str, environment: dict[str, str]) -> set[str]:
    page = (ROOT / "docs" / "completion.md").read_text(encoding="utf-8")
    line = re.search(rf"^\| {shell}.*\| `([^`]+)` \|$", page, re.MULTILINE)
    assert line is not None
    script = SHELLS[shell].format(line=line[1].replace("\\|", "|"))
    flags = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *flags, "-c", script],
        cwd=environment["HOME"],
        env=environment | {"TYPED": typed},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stderr == ""
    return {re.split(r"[\t:]", found)[0] for found in done.stdout.split("\n") if found.strip()}


def test_the_other_name_is_completed_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_DIARFUSE_COMPLETE", "zsh_source")
    with pytest.raises(SystemExit):
        run([])
    script = capsys.readouterr().out
    assert "_DIARFUSE_COMPLETE=zsh_complete diarfuse" in script
    assert "transcribe" not in script


def test_each_shell_offers_commands_and_names(shell: str, environment: dict[str, str]) -> None:
    assert offered(shell, "diar", environment) >= {"diarize"}
    assert offered(shell, "rename meeting.json SPEAKER_0", environment) == CASES["rename meeting.json SPEAKER_0"]


@pytest.mark.parametrize("typed", CASES)
def test_what_is_typed_is_completed(
    typed: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(environment["HOME"])
    *words, last = typed.split()
    found = ShellComplete(cli, {}, "transcribe", "_TRANSCRIBE_COMPLETE").get_completions(words, last)
    names = {one.value for one in found if one.type == "plain"}
    assert names >= CASES[typed]
    assert all(name.startswith(last) for name in names)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("words", [["export"], ["talk.wav", "-o"], ["--diarize"], [], ["check"]])
def test_files_are_left_to_the_shell(words: list[str]) -> None:
    found = ShellComplete(cli, {}, "transcribe", "_TRANSCRIBE_COMPLETE").get_completions(words, "me")
    assert "file" in {one.type for one in found}
