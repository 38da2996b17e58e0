"""Bare samples are told from files and text by their first bytes, however they are cut; sound is taken as such."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from diarfuse.transcribe.live.beginning import Beginning

TONE = np.sin(np.arange(9_000) / 20).astype(np.float32) / 2
PROSE = "Was gesagt wurde, hörte niemand: es ist kein Ton. " * 3
TEXTS = [PROSE.encode(), PROSE.encode("utf-16"), PROSE.encode("cp1252"), "语音识别".encode() * 9]


def told(data: bytes, size: int) -> str | None:
    beginning = Beginning()
    found = [beginning.take(data[start : start + size]) for start in range(0, min(len(data), 9_000), size)]
    return found[-1]


def file_of(kind: str, subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, TONE, 24_000, format=kind, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize("size", [1, 7, 9_000])
@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3"])
def test_a_file_is_one_in_pieces_of_any_size(kind: str, size: int) -> None:
    assert told(file_of(kind), size) == "a file"


@pytest.mark.parametrize("size", [1, 7, 9_000])
@pytest.mark.parametrize("text", TEXTS)
def test_text_is_text_in_every_script(text: bytes, size: int) -> None:
    assert told(text, size) == "text"


@pytest.mark.parametrize("size", [3, 9_000])
def test_sound_is_sound_however_loud(size: int) -> None:
    random = np.random.default_rng(0)
    for loudness in (0, 1, 30, 3_000, 32_767):
        samples = random.normal(0, loudness or 1e-9, 4_500).clip(-32_768, 32_767).astype("<i2")
        assert told(samples.tobytes(), size) is None
    assert told((TONE * 32_767).astype("<i2").tobytes(), size) is None
