"""`transcribe check`: numbers, and an exit code only where it is asked for."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from diarfuse.fusion.errors import OptionError, TranscriptError
from diarfuse.transcribe.commands.check import check

BAD = "1\n00:00:00,000 --> 00:00:00,500\nA line that is much wider than forty-two columns.\n\n"
GOOD = "1\n00:00:00,000 --> 00:00:02,000\nAna: Good morning.\n\n2\n00:00:02,080 --> 00:00:04,000\nIt is early.\n\n"


def run(*args: object):
    return CliRunner().invoke(check, [str(arg) for arg in args], standalone_mode=False)


def test_numbers_are_told_and_only_strict_fails(tmp_path):
    (tmp_path / "bad.srt").write_text(BAD, encoding="utf-8")
    (tmp_path / "good.vtt").write_text("WEBVTT\n\n" + GOOD.replace(",", "."), encoding="utf-8")
    found = run(tmp_path / "bad.srt", tmp_path / "good.vtt")
    assert found.return_value == 0
    assert "bad.srt: 1 cues, 3 faults" in found.output
    assert "       1 lines wider than 42 columns" in found.output
    assert "good.vtt: 2 cues, 0 faults" in found.output
    assert run("--strict", tmp_path / "bad.srt", tmp_path / "good.vtt").return_value == 1
    assert run("--strict", tmp_path / "good.vtt").return_value == 0


def test_json_and_other_limits(tmp_path):
    (tmp_path / "bad.srt").write_text(BAD, encoding="utf-8")
    (row,) = json.loads(run("--json", "--max-line-width", 60, tmp_path / "bad.srt").output)
    assert row["file"] == str(tmp_path / "bad.srt")
    assert (row["cues"], row["too_wide"], row["too_fast"], row["too_short"], row["faults"]) == (1, 0, 1, 1, 2)


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "cannot be read"), (b"\xff", "UTF-8"), (b"no cue", "give SRT or VTT"), (BAD.encode()[:40], "no time")],
)
def test_what_is_no_subtitle_is_told(tmp_path, content, told):
    path = tmp_path / "a.srt"
    if content is not None:
        path.write_bytes(content.replace(b"00:00:00,500", b"soon") if b"-->" in content else content)
    result = run(path)
    assert isinstance(result.exception, TranscriptError)
    assert told in str(result.exception)
    assert str(path) in str(result.exception)


def test_an_empty_file_has_no_cues(tmp_path):
    (tmp_path / "empty.srt").write_text("", encoding="utf-8")
    assert "empty.srt: 0 cues, 0 faults" in run(tmp_path / "empty.srt").output


def test_a_language_may_be_named_and_must_be_known(tmp_path):
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nLook at the\nsea.\n", encoding="utf-8")
    assert " 1 lines that end in an article" in run("--language", "English", tmp_path / "a.srt").output
    assert isinstance(run("--language", "klingon", tmp_path / "a.srt").exception, OptionError)
