"""An option of any command works, is refused, or is told of in one line: in no combination is it passed over."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document
from diarfuse.fusion.types import Segment, Transcript
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.commands.idle import LOOKERS, RULES, TAKERS, about, sentences

from .leaves import LEAVES

REFUSED = """
name names identify primary link_speakers channels channel_names remote live_text raw inputs from_file find language
rttm no_words quiet json_progress as_csv clean same_shape unit offsets
"""
"""What is refused beside something that leaves it nothing to do, each in the tests of its command."""
WORKS = """
another_voice as_json concurrency consent diarize dry_run embedding encrypt events final_pass forbids formats
front_end host licence limit list_devices live live_page max_body max_duration no_browser offline online out
outs plot port queue ray recordings redo replace save_audio segmentation shard stm strict time_limit timeout
token_file voice_model workers yes
"""
"""What has something to do in every call of its command, or gives leave for it."""


def test_of_every_option_it_is_settled_what_becomes_of_it_where_it_has_nothing_to_do() -> None:
    there = {one.name for leaf in LEAVES.values() for one in leaf.params if isinstance(one, click.Option)}
    told = {name for rule in RULES for name in rule.options} | {*LOOKERS}
    refused, works = set(REFUSED.split()), set(WORKS.split())
    settled = refused | works | told | {*TAKERS}
    assert there - settled == set()
    assert settled - there - {"name"} == set()
    assert not works & told


CASES = {
    "run a.wav --step 1 --mode fast": "--step and --mode do nothing without --diarize.",
    "run a.wav --channels speakers --threshold 1": "--threshold does nothing without --diarize.",
    "run a.wav --join plain": "--join does nothing without --diarize.",
    "run a.wav --max-line-width 30 -o a.srt": "--max-line-width does nothing without --diarize, where cues are",
    "run a.wav --diarize --cues segments --labels none": "--labels does nothing with --cues segments",
    "redo a.json --asr x --diarizer campplus": "--diarizer does nothing without --diarize.",
    "redo a.json --diarize --model small --language en": "--model and --language do nothing without --asr",
    "attach a.json --rttm a.rttm --mode fast": "--mode does nothing with --rttm, whose turns stay as they are.",
    "attach a.json --rttm a.rttm --threads 2 --device cpu": "--device and --threads do nothing with --rttm, whose",
    "identify a.wav --rttm a.rttm --threads 2": "--threads does nothing with --rttm, whose turns",
    "attach a.json a.wav --rttm a.rttm --models-dir m": "--models-dir does nothing with --rttm, as no model is loaded.",
    "run a.wav --asr moonshine --device cuda": "--device does nothing with this recogniser, which has no such option.",
    "run a.wav --asr onnx-asr --threads 2": "--threads does nothing with this recogniser, which has no such option.",
    "redo a.json --asr words-json --threads 2": "--threads does nothing with this recogniser",
    "batch run a.wav -o o --asr transformers --threads 2": "--threads does nothing with this recogniser",
    "identify a.wav --rttm a.rttm --num-speakers 2": "--num-speakers does nothing with --rttm",
    "attach a.json --rttm a.rttm --audio-track 2": "--audio-track does nothing without AUDIO.",
    "attach a.json --rttm a.rttm --embed-audio -o a.html": "--embed-audio does nothing without AUDIO.",
    "voice search . Ana --audio-track 2": "--audio-track does nothing as QUERY is no file.",
    "batch run a.wav -o o --no-words --language en --join plain": "--language and --join do nothing with --no-words",
    "batch run a.wav -o o --keep-voices": "--keep-voices does nothing without --diarize, as no voices are heard.",
    "batch run a.wav -o o --pattern *.wav": "--pattern does nothing as no INPUT is a folder.",
    "batch run a.wav -o o --folders": "--folders does nothing as no INPUT is a folder.",
    "batch run a.wav -o o -v": "--verbose does nothing in a batch",
    "attach a.json a.wav --same-shape --fps 30": "--fps does nothing with --same-shape.",
    "live --pace 2": "--pace does nothing without --from-file.",
    "eval a.json --stm a.stm --collar 1": "--collar does nothing without --rttm.",
    "eval a.json --stm a.stm --uem a.uem": "--uem does nothing without --rttm.",
    "review a.json --json --audio a.wav": "--audio does nothing with --json, which plays nothing.",
}
WORKING = (
    "run a.wav --diarize --step 1 --mode fast --join plain --labels none --max-lines 1 --cues readable",
    "run a.wav --channels hybrid --step 1 --join plain --labels none",
    "run a.wav --channels speakers --labels none --join plain",
    "run a.wav --remote http://127.0.0.1 --step 1",
    "redo a.json --asr auto --model small --join plain",
    "redo a.json --diarize --step 1 --mode fast --audio-track 2",
    "redo a.json --diarize --asr words-json --threads 2",
    "run a.wav --asr moonshine --threads 2",
    "run a.wav --asr auto --threads 2 --device cuda",
    "run a.wav --diarize --asr words-json --threads 2 --device cpu --models-dir m",
    "batch run a.wav -o o --no-words --threads 2",
    "identify a.wav --rttm a.rttm --models-dir m",
    "attach a.json a.wav --rttm a.rttm --embed-audio --audio-track 2 -o a.html",
    "attach a.json a.wav --step 1 --num-speakers 2 --audio-track 2",
    "identify a.wav --num-speakers 2 --mode fast",
    "voice search . a.wav --audio-track 2",
    "diarize a.wav --mode fast --audio-track 2 -v",
    "batch run rows.csv -o o --keep-voices --step 1 --labels none",
    "batch run . -o o --pattern *.wav --no-words --mode fast --keep-voices",
    "batch run . -o o --folders --join plain --max-lines 2 --format srt",
    "live --from-file a.wav --pace 2 --join plain --labels none --step 1",
    "eval a.json --rttm a.rttm --collar 1 --uem a.uem",
    "review a.json --audio a.wav",
    "export a.json --labels none --fps 30 --max-lines 2",
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of every name; what is in most is not looked at."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.wav", "a.rttm", "a.stm", "a.uem", "rows.csv"):
        Path(name).touch()
    said = Document(Transcript((Segment(0.0, 1.0, " Hello there."),), "en", 1.0))
    Path("a.json").write_text(str(registry.dumps(said, "json")), encoding="utf-8")


def told(line: str) -> list[str]:
    """What is told of the options of a call that is only read."""
    name = max((name for name in LEAVES if line.startswith(f"{name} ")), key=len)
    with LEAVES[name].make_context(name, line.removeprefix(name).split()) as ctx:
        return sentences(ctx)


@pytest.mark.parametrize("line", CASES)
def test_an_option_that_does_nothing_is_told_of_in_one_line(line: str) -> None:
    (sentence,) = told(line)
    assert sentence.startswith(CASES[line])
    assert sentence.endswith(".")


@pytest.mark.parametrize("line", WORKING)
def test_nothing_is_told_of_options_that_work(line: str) -> None:
    assert told(line) == []


def test_every_rule_has_its_case() -> None:
    whys = {rule.why for rule in RULES}
    assert whys == {why for why in whys for line in CASES if told(line)[0].endswith(f" nothing {why}.")}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["-o", "a.txt", "--max-line-width", "30"],
            "--max-line-width does nothing in what is written: it is for srt, ",
        ),
        (
            ["--fps", "30", "--cues", "segments"],
            "--cues does nothing in what is written: it is for srt, vtt and ass.\n--f",
        ),
        (["-o", "a.vtt", "--labels", "none"], "--labels does nothing in what is written: it is for srt and ass."),
        (["-o", "a.srt", "--labels", "none"], "--labels does nothing for a.json, where cues are the recogniser's own"),
        (["-o", "a.srt", "-o", "a.txt", "--fps", "30"], "Wrote a.srt"),
        (["-o", "a.txt", "--max-line-width", "30", "-q"], ""),
    ],
)
def test_what_no_format_that_is_written_looks_at_is_told(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", "a.json", *words]) == 0
    err = capsys.readouterr().err
    assert err.startswith(said) if said else not err


def test_settings_are_for_many_calls_and_told_of_in_none(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.delenv("DIARFUSE_CONFIG_DIR")
    Path("diarfuse.toml").write_text("max-line-width = 30\n", encoding="utf-8")
    assert run(["export", "a.json", "-o", "a.txt"]) == 0
    assert "nothing" not in capsys.readouterr().err


def test_an_option_is_told_of_once() -> None:
    with LEAVES["run"].make_context("run", ["a.wav", "--labels", "none"]) as ctx:
        assert len(sentences(ctx)) == 1
        assert about(ctx, ("labels",), "at all") == ""
