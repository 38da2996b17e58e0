"""Comparing two voiceprints: what is decided, and what is left open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarfuse.diarize.voice_quality import Quality
from diarfuse.diarize.voiceprint import Voiceprint
from diarfuse.fusion.errors import VoiceError
from diarfuse.fusion.naming.match import Gate
from diarfuse.transcribe.voices import enrol
from diarfuse.transcribe.voices.calibration import Calibration, Line
from diarfuse.transcribe.voices.enrol import compare

SCALE = Calibration(
    dimension=2,
    threshold=0.5,
    line=Line(slope=10.0, intercept=-5.0, longer=-0.2),
    false_accept={3: 0.02, 10: 0.001},
    false_reject={3: 0.09, 10: 0.0},
    min_speech=3.0,
    gate=Gate(threshold=0.55, margin=0.1, min_speech=5.0, same=0.6),
)


def heard(cosine: float, speech: float, space: str = "a-1") -> Voiceprint:
    return Voiceprint(np.array([cosine, np.sqrt(1 - cosine**2)], np.float32), space, speech)


ONE = heard(1.0, 20.0)


@pytest.mark.parametrize(
    ("cosine", "speech", "decision", "probability", "errors"),
    [
        (0.5, 3.0, "same", 0.526, (0.02, 0.09)),
        (0.5, 5.0, "same", 0.5, (0.02, 0.09)),
        (0.49, 9.9, "different", 0.441, (0.02, 0.09)),
        (0.9, 10.0, "same", 0.979, (0.001, 0.0)),
        (0.9, 20.0, "same", 0.979, (0.001, 0.0)),
        (0.9, 2.9, "too little speech to tell", None, (None, None)),
    ],
)
def test_the_shorter_recording_decides_what_can_be_said(cosine, speech, decision, probability, errors) -> None:
    found = compare(ONE, heard(cosine, speech), SCALE)
    assert (found.decision, found.speech) == (decision, speech)
    assert found.probability == (None if probability is None else pytest.approx(probability, abs=1e-3))
    assert (found.false_accept, found.false_reject) == errors


def test_other_spaces_are_refused() -> None:
    with pytest.raises(VoiceError, match="'a-1' and 'b-1' cannot be compared"):
        compare(ONE, heard(0.9, 20.0, "b-1"), SCALE)


def test_what_happens_to_the_audio_is_told_and_the_track_chosen(tmp_path: Path, monkeypatch) -> None:
    heard: list[Any] = []

    def load(path: Path, *, on_note, track) -> Any:
        on_note(f"{path.name} is told of.")
        heard.append((path.name, track))
        return np.zeros(16_000, np.float32)

    monkeypatch.setattr(enrol, "load_audio", load)
    said: list[str] = []
    with pytest.raises(VoiceError, match="holds no speech"):
        enrol.listen(tmp_path / "a.wav", None, on_note=said.append, track=2)
    with pytest.raises(VoiceError):
        enrol.take_prototypes([tmp_path / "b.wav"], None, SCALE, said.append, track="all")
    assert heard == [("a.wav", 2), ("b.wav", "all")]
    assert said == ["a.wav is told of.", "b.wav is told of."]


def test_a_copy_makes_no_more_speech(tmp_path: Path, monkeypatch) -> None:
    said = enrol.Utterance(heard(0.9, 6.0), Quality(((0.0, 6.0),), 6.0, -20.0, 30.0, 0.0), ())
    monkeypatch.setattr(enrol, "_take", lambda *_: ((tmp_path / name, said) for name in ("a.wav", "copy.wav")))
    with pytest.raises(VoiceError, match=r"hold 6\.0 s of speech, 10 s are needed"):
        enrol.take_prototypes([tmp_path], None, SCALE)
