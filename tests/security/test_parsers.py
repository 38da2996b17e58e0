"""Every parser of outside input against damaged and made-up input: read, or refused by an error of ours."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.asr_adapters.words_json import WordsJson
from diarfuse.diarize.models.checkpoint import read_checkpoint
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.errors import DiarfuseError
from diarfuse.fusion.formats.files import read_any
from diarfuse.fusion.formats.rttm import parse_rttm
from diarfuse.transcribe.voices.encryption import read_header
from diarfuse.transcribe.voices.records import loads
from diarfuse.transcribe.voices.store import VoiceStore
from tests.amounts import examples

FUZZ = settings(max_examples=examples(80))
MEMORY = 64 << 20
"""No parser may take more than this for input of a few kB."""


@contextlib.contextmanager
def bounded():
    """Errors of ours are answers; anything else, and too much memory, is a failure."""
    tracemalloc.start()
    try:
        with contextlib.suppress(DiarfuseError):
            yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    tone = 0.1 * np.sin(np.arange(4000) / 5).astype(np.float32)
    soundfile.write(buffer, tone, 16000, format=kind)
    return buffer.getvalue()


AUDIO = {kind: encoded(kind) for kind in ("WAV", "FLAC", "OGG", "AIFF", "MP3", "W64", "CAF")}


@FUZZ
@given(
    kind=st.sampled_from(sorted(AUDIO)),
    changes=st.lists(st.tuples(st.integers(0, 120), st.binary(min_size=1, max_size=6)), min_size=1, max_size=3),
    cut=st.integers(0, 200),
)
def test_audio_headers(kind: str, changes: list, cut: int) -> None:
    """The first 120 bytes of each container, damaged; sizes and counts in them are never believed."""
    data = bytearray(AUDIO[kind])
    for at, new in changes:
        data[at : at + len(new)] = new
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a.{kind.lower()}")
        path.write_bytes(bytes(data[: len(data) - cut]))
        with bounded():
            samples = load_audio(path)
            assert np.isfinite(samples).all()


numbers = st.integers(-5, 10**20).map(str) | st.floats().map(str) | st.text(max_size=4)
lines = st.lists(st.sampled_from(["SPEAKER", "LEXEME", ";;", "a", "1", "<NA>", "0.5"]) | numbers, max_size=11).map(
    " ".join
)


@FUZZ
@given(text=st.lists(lines, max_size=5).map("\n".join) | st.text(max_size=100))
def test_rttm(text: str) -> None:
    with bounded():
        for turn in parse_rttm(text):
            assert 0 <= turn.start <= turn.end < float("inf")


KEYS = (
    *("segments", "words", "word", "text", "start", "end", "results", "channels", "alternatives", "transcription"),
    *("items", "offsets", "from", "to", "timestamp", "chunks", "speaker", "confidence", "utterances", "NBest"),
)
keys = st.sampled_from(KEYS)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**20), 10**20) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)


@FUZZ
@given(value=json_values)
def test_json_of_any_recogniser(value: object) -> None:
    with tempfile.TemporaryDirectory() as folder, bounded():
        path = Path(folder, "words.json")
        path.write_text(json.dumps(value), encoding="utf-8")
        read_any(path)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '"' + "a" * 1_000_000, "1" * 10_000, "\0", "[1e999]"]
)
def test_json_that_is_made_to_hurt(tmp_path: Path, text: str) -> None:
    path = tmp_path / "words.json"
    path.write_text(text, encoding="utf-8")
    with bounded():
        read_any(path)
    with bounded():
        WordsJson(path).transcribe(np.zeros(160, np.float32))
    with bounded():
        loads(text.encode(), "x.voice")
    read_header(text.encode())


@FUZZ
@given(data=st.binary(max_size=300) | st.binary(max_size=100).map(lambda b: b"PK\x03\x04" + b))
def test_checkpoints(data: bytes) -> None:
    """The reader's own tests go deeper; here: no bytes get past it as anything but an error of ours."""
    with tempfile.TemporaryDirectory() as folder, bounded():
        path = Path(folder, "model.bin")
        path.write_bytes(data)
        read_checkpoint(path)


@FUZZ
@given(data=st.binary(max_size=200), lock=st.none() | st.binary(max_size=100))
def test_voice_stores(data: bytes, lock: bytes | None) -> None:
    with tempfile.TemporaryDirectory() as folder, bounded():
        root = Path(folder)
        (root / "a.voice").write_bytes(data)
        (root / "a.voice").chmod(0o600)
        if lock is not None:
            (root / "lock.json").write_bytes(lock)
        VoiceStore(root, passphrase="x").people()  # noqa: S106
