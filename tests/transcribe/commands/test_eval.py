"""`transcribe eval`: what it prints, and the options that it refuses."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from diarfuse.fusion.errors import OptionError, TranscriptError
from diarfuse.transcribe.commands.eval import evaluate

SWAPPED = [(0.0, 2.0, "S1", "hello there"), (2.0, 3.0, "S2", "it's me"), (3.0, 4.0, "S1", "bob")]


def test_the_command(tmp_path):
    pytest.importorskip("meeteval")
    stm, out = tmp_path / "a.stm", tmp_path / "a.json"
    stm.write_text(";; x\na 1 ann 0 2 <o> Hello there.\na 1 bob 2 4 It's me, Bob\n")
    segments = [{"start": s, "end": e, "speaker": who, "text": text} for s, e, who, text in SWAPPED]
    out.write_text(json.dumps({"segments": segments}))
    result = CliRunner().invoke(evaluate, [str(out), "--stm", str(stm)], catch_exceptions=False)
    assert "cpWER     40.00 %" in result.output
    assert "of 5 words recognised (1 wrong)" in result.output


def test_what_the_truth_leaves_out_is_scored_on_neither_side(tmp_path):
    pytest.importorskip("meeteval")
    stm, out = tmp_path / "a.stm", tmp_path / "a.json"
    stm.write_text("a 1 gap 0 2 <o,,unknown> ignore_time_segment_in_scoring\na 1 ann 2 4 Hello there, Bob.\n")
    rows = [(0.5, 1.5, "S1", "Some music"), (1.0, 4.0, "S2", "la la la hello there bob")]
    out.write_text(json.dumps({"segments": [{"start": s, "end": e, "speaker": w, "text": t} for s, e, w, t in rows]}))
    result = CliRunner().invoke(evaluate, [str(out), "--stm", str(stm)], catch_exceptions=False)
    assert "cpWER      0.00 %" in result.output
    assert "of 3 words recognised (0 wrong)" in result.output


def test_options_that_cannot_be_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("x.json", "x.rttm"):
        (tmp_path / name).touch()
    result = CliRunner().invoke(evaluate, ["x.json", "--rttm", "x.rttm", "--collar", "-1"])
    assert "'--collar': -1.0 is not in the range x>=0" in result.stderr
    with pytest.raises(OptionError, match="nothing to compare"):
        CliRunner().invoke(evaluate, ["x.json"], catch_exceptions=False)


def test_what_cannot_be_read_is_told_before_anything_is_scored(tmp_path):
    stm, out, rttm = tmp_path / "a.stm", tmp_path / "a.json", tmp_path / "a.rttm"
    stm.write_text("a 1 ann 0 2 hello\n")
    out.write_text(json.dumps({"segments": [{"start": 0, "end": 1, "speaker": "A", "text": "hello"}]}))
    rttm.write_text("no turns\n")
    result = CliRunner().invoke(evaluate, [str(out), "--stm", str(stm), "--rttm", str(rttm)])
    assert isinstance(result.exception, TranscriptError)
    assert result.output == ""


def test_parts_of_turns(tmp_path):
    pytest.importorskip("pyannote.metrics")
    for name, lines in {"a": ("0 2", "2 2"), "b": ("0 2", "6 3")}.items():
        rows = [f"SPEAKER x 1 {line} <NA> <NA> {who} <NA> <NA>" for line, who in zip(lines, "AB", strict=True)]
        (tmp_path / f"{name}.rttm").write_text("\n".join(rows))
    (tmp_path / "a.uem").write_text("x 1 0 2\n")
    files = [str(tmp_path / name) for name in ("b.rttm", "a.rttm", "a.uem")]
    result = CliRunner().invoke(evaluate, [files[0], "--rttm", files[1], "--uem", files[2]], catch_exceptions=False)
    assert result.output == "DER        0.00 %\nJER        0.00 %\n"


def test_a_side_in_milliseconds_is_refused_by_its_name(tmp_path):
    spans = [(0.9, 3.2), (3.4, 7.1), (7.3, 9.8)]
    stm, out, rttm = tmp_path / "a.stm", tmp_path / "a.json", tmp_path / "a.rttm"
    stm.write_text("".join(f"a 1 ann {start} {end} hello\n" for start, end in spans))
    rttm.write_text("".join(f"SPEAKER a 1 {s} {e - s} <NA> <NA> Ann <NA> <NA>\n" for s, e in spans))
    rows = [{"start": 1000 * s, "end": 1000 * e, "speaker": "A", "text": "hello"} for s, e in spans]
    out.write_text(json.dumps({"segments": rows}))
    for truth, what in ((stm, "--stm"), (rttm, "--rttm")):
        result = CliRunner().invoke(evaluate, [str(out), what, str(truth)])
        assert str(result.exception) == (
            f"The times of {out} look like milliseconds (the last ends at 9800, that of {truth} at 9.8): "
            "give them in seconds."
        )
        assert result.output == ""
    rows = [{"start": s, "end": e, "speaker": "A", "text": "hello"} for s, e in spans]
    out.write_text(json.dumps({"segments": rows}))
    rttm.write_text("".join(f"SPEAKER a 1 {s * 16_000:.0f} {(e - s) * 16_000:.0f} <NA> <NA> Ann\n" for s, e in spans))
    result = CliRunner().invoke(evaluate, [str(out), "--rttm", str(rttm)])
    assert str(result.exception).startswith(f"The times of {rttm} look like samples (the last ends at 156800, that of")
