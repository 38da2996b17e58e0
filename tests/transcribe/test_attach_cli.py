"""`transcribe attach` with turns that are already known."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from fusion.errors import DiarfuseError, OptionError, TranscriptError
from transcribe.attach_cli import attach

RTTM = "SPEAKER a 1 0 1 <NA> <NA> Ann <NA> <NA>\nSPEAKER a 1 1 2 <NA> <NA> Bob <NA> <NA>\n"
WORDS = [{"word": "Hi", "start": 0.2, "end": 0.8}, {"word": "there.", "start": 1.2, "end": 1.6}]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.json").write_text(json.dumps(WORDS))
    (tmp_path / "turns.rttm").write_text(RTTM)

    def invoke(*arguments: str) -> str:
        result = CliRunner().invoke(attach, list(arguments))
        if isinstance(result.exception, DiarfuseError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


def test_subtitles_from_words_and_turns(run, tmp_path):
    run("words.json", "--rttm", "turns.rttm", "-o", "out.srt")
    text = (tmp_path / "out.srt").read_text()
    assert "Ann: Hi" in text
    assert "Bob: there." in text


def test_the_same_shape_comes_back(run):
    labelled = json.loads(run("words.json", "--rttm", "turns.rttm", "--same-shape", "-o", "-"))
    assert labelled == [{**w, "speaker": s} for w, s in zip(WORDS, ("Ann", "Bob"), strict=True)]


def test_usage(run):
    result = CliRunner().invoke(attach, ["words.json", "-o", "-"])
    assert result.exit_code == 2
    assert "Give either AUDIO" in result.output
    with pytest.raises(OptionError, match="--same-shape writes JSON"):
        run("words.json", "--rttm", "turns.rttm", "--same-shape", "--format", "srt", "-o", "-")


def test_mistakes_are_named_and_nothing_is_written(run, tmp_path):
    (tmp_path / "bad.json").write_text('[{"word": "a", "start": NaN, "end": 1}]')
    with pytest.raises(TranscriptError, match=r"words\[0\].start is nan"):
        run("bad.json", "--rttm", "turns.rttm", "-o", "out.srt")
    with pytest.raises(TranscriptError, match=r"none\.rttm cannot be read"):
        run("words.json", "--rttm", "none.rttm", "-o", "out.srt")
    assert not (tmp_path / "out.srt").exists()
