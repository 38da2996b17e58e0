"""Options of other programs are answered with ours."""

from __future__ import annotations

import re

import click
import pytest

from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.cli import all_commands
from diarfuse.transcribe.commands.elsewhere import ELSEWHERE, answer


def options(command: click.Command) -> set[str]:
    return {name for one in command.params for name in one.opts if name.startswith("--")}


RUN = options(all_commands()["run"])


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
@pytest.mark.parametrize("joint", ["-", "_"])
def test_an_option_of_others_is_answered_with_ours(name, joint, capsys) -> None:
    option = "--" + name.replace("-", joint)
    assert run(["meeting.wav", "--diarize", option, "x"]) == 2
    told = capsys.readouterr().err
    assert f"No such option '{option}': {ELSEWHERE[name][1]}." in told
    assert set(re.findall(r"--[a-z-]+", ELSEWHERE[name][1])) <= RUN
    assert f"--{name}" not in RUN


def test_an_option_that_only_has_other_joints_is_named_alone(capsys) -> None:
    for option in sorted(RUN):
        if "-" in option[2:]:
            written = "--" + option[2:].replace("-", "_")
            assert answer(written, RUN) == f"No such option {written!r}: it is {option} here."
    assert run(["diarize", "meeting.wav", "--Max_Speakers=3"]) == 2
    assert "Error: No such option '--Max_Speakers': it is --max-speakers here." in capsys.readouterr().err


def test_an_answer_that_a_command_cannot_follow_is_not_given() -> None:
    assert answer("--task", options(all_commands()["stats"])) is None
    assert answer("--no-such-thing", RUN) is None
