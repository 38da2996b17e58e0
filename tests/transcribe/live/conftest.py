"""Ten seconds of two people, and recognisers of the tests' own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import soundfile

from diarfuse.transcribe import recognisers

HERE = Path(__file__).resolve().parent
MEETING = HERE.parents[2] / "examples" / "meeting.wav"


def load_fakes():
    spec = importlib.util.spec_from_file_location("live_fakes", HERE / "fakes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def talk(tmp_path, monkeypatch, models_dir) -> Path:
    """10 s of two people, where the recogniser is the tests' own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(models_dir))
    counting = load_fakes().Counting()
    monkeypatch.setattr(recognisers, "make", lambda *_: counting)
    write_talk(10)
    return tmp_path


def write_talk(seconds: int) -> None:
    """The first seconds of the example as talk.wav, here."""
    samples, rate = soundfile.read(MEETING, dtype="int16", frames=seconds * 16_000)
    soundfile.write("talk.wav", samples, rate)


@pytest.fixture
def growing(talk, monkeypatch) -> Path:
    """14 s of them, where the recogniser tells its words as they come, and some that differ in the end."""
    write_talk(14)
    recogniser = load_fakes().Growing()
    monkeypatch.setattr(recognisers, "make", lambda *_: recogniser)
    return talk
