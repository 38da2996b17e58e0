from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.transcribe.__main__ import run


def test_a_number_of_speakers_that_cannot_be_met_is_one_line(
    models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("silence.wav", np.zeros(48_000, np.float32), 16_000)
    options = ["--diarizer", "campplus", "--models-dir", str(models_dir), "--offline", "--num-speakers", "3"]
    assert run(["diarize", *options, "silence.wav", "-o", "silence.rttm"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "asked for" in line]
    assert len(told) == 1
    assert "3 speakers were asked for, but 0 could be told apart." in told[0]
