"""`--diarizer` with a network in a folder or a file, as its users call it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.diarize.sortformer import live, pipeline
from diarfuse.fusion.formats.turns import read_turns_file
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.__main__ import run
from tests.golden.sortformer import files, weights
from tests.transcribe.live.fakes import Counting

MEETING = Path(__file__).parents[2] / "examples" / "meeting.wav"


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
        (["--diarizer", ""], 2, "Unknown diarization pack ''"),
        (["--diarizer", "pyannote/speaker-diarization-community-1"], 2, "did you mean 'community-1'?"),
        (["--diarizer", "pyannote/speaker-diarization-3.1"], 2, "community-1 with the recipe speaker-diarization-3.1."),
        (["--diarizer", "speaker-diarization-3.1"], 2, "community-1 with the recipe speaker-diarization-3.1."),
        (["--diarizer", "pyannote/segmentation"], 2, "Unknown diarization pack 'pyannote/segmentation'"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(here, capfd, asked, code, said):
    assert run(["diarize", "a.wav", *asked, "-o", "a.rttm"]) == code
    assert said in capfd.readouterr().err
    assert not (here / "a.rttm").exists()


class Knows:
    """In the place of a `Listener`: says who speaks in the meeting by its truth, for 30 s."""

    def __init__(self, *_):
        self._waiting = np.full((375, 4), 0.1, np.float32)
        for turn in read_turns_file(MEETING.with_suffix(".rttm")):
            self._waiting[round(turn.start / 0.08) : round(turn.end / 0.08), int(turn.speaker[-1])] = 0.9
        self._heard = 0

    def feed(self, samples):
        self._heard += len(samples)
        ready, self._heard = divmod(self._heard, 1280)
        yield self._waiting[:ready]
        self._waiting = self._waiting[ready:]

    def close(self):
        yield self._waiting


def link(models: Path, here: Path) -> None:
    """The user's models with their graphs, in a folder that takes those of a network of the test's own."""
    (here / "graphs").mkdir(parents=True)
    (here / "campplus").symlink_to(models / "campplus")
    for path in (models / "graphs").iterdir():
        if path.suffix != ".lock":
            (here / "graphs" / path.name).symlink_to(path)


def test_voices_on_the_turns_of_a_network_get_their_names(here, models_dir, monkeypatch, capfd):
    """A network has no embeddings of its own: the voices' pack listens to its turns, at the end and while they come."""
    link(models_dir, here / "models")
    monkeypatch.setenv("DIARFUSE_VOICES_DIR", str(here / "voices"))
    monkeypatch.setattr(recognisers, "make", lambda *_: Counting())
    for module in (pipeline, live):
        monkeypatch.setattr(module, "Listener", Knows)
    samples, rate = soundfile.read(MEETING, dtype="int16")
    soundfile.write("talk.wav", samples[: 30 * rate], rate)
    turns = [turn for turn in read_turns_file(MEETING.with_suffix(".rttm")) if turn.speaker == "SPEAKER_01"]
    parts = [samples[round(turn.start * rate) : round(turn.end * rate)] for turn in turns if turn.start > 30]
    soundfile.write("ana.wav", np.concatenate(parts), rate)
    assert run(["voice", "enroll", "Ana", "ana.wav", "--consent"]) == 0

    assert run(["identify", "talk.wav", "--diarizer", "net/", "-o", "named.rttm"]) == 0
    assert "SPEAKER_01 is Ana" in capfd.readouterr().err
    assert {turn.speaker for turn in read_turns_file(here / "named.rttm")} == {"SPEAKER_00", "Ana", "SPEAKER_02"}
    assert run(["--diarize", "--identify", "talk.wav", "--diarizer", "net/", "-o", "a.srt"]) == 0
    heard = ["live", "--from-file", "talk.wav", "--pace", "0", "--identify", "--diarizer", "net/"]
    assert run([*heard, "-o", "b.srt", "--events", "events.jsonl"]) == 0
    assert "Ana: " in (here / "a.srt").read_text()
    assert (here / "a.srt").read_text() == (here / "b.srt").read_text()
    events = [json.loads(line) for line in (here / "events.jsonl").read_text().splitlines()]
    assert {"type": "speaker.named", "speaker": "SPEAKER_01", "name": "Ana"} in events
