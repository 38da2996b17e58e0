"""`--diarizer` with a network in a folder or a file, as its users call it."""

from __future__ import annotations

import pytest
import soundfile

from diarfuse.transcribe.__main__ import run
from tests.golden.sortformer import files, weights


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(tmp_path / "models"))
    soundfile.write("a.wav", weights.speech(16_000 * 3), 16_000)
    (tmp_path / "net").mkdir()
    files.write("sortformer", tmp_path / "net")
    return tmp_path


def test_who_spoke_when_by_a_network_in_a_folder_or_a_file(here, capfd):
    assert run(["diarize", "a.wav", "--diarizer", "net/", "-o", "a.rttm"]) == 0
    assert "is yours" in capfd.readouterr().err
    assert run(["diarize", "a.wav", "--diarizer", "net/sortformer.nemo", "--preset", "low", "-o", "b.rttm"]) == 0
    assert (here / "a.rttm").read_text().startswith("SPEAKER a 1 0.000")
    assert (here / "b.rttm").read_text()
    assert len(list((here / "models" / "graphs").glob("*.onnx"))) == 2  # made once


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["--diarizer", "net/", "--num-speakers", "5"], 2, "tells at most 4 speakers apart, not 5"),
        (["--diarizer", "net/", "--num-speakers", "2"], 2, "cannot be held to 2"),
        (["--diarizer", "net/", "--threshold", "0.5"], 2, "threshold=0.5 is for packs"),
        (["--diarizer", "other/"], 1, "There is no network at other"),
        (["--diarizer", "./models"], 1, "There is no network at models"),
        (["--diarizer", "campplus", "--preset", "low"], 2, "campplus tells voices apart"),
        (["--diarizer", "net"], 2, "for the network in the folder of that name give net/."),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(here, capfd, asked, code, said):
    assert run(["diarize", "a.wav", *asked, "-o", "a.rttm"]) == code
    assert said in capfd.readouterr().err
    assert not (here / "a.rttm").exists()
