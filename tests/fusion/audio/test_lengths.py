"""A recording cut short is told wherever its container says how many bytes it has, and only then."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diarfuse.fusion.audio import load_audio

KINDS = {
    "a.aiff": "pcm_s16be",
    "a.au": "pcm_s16be",
    "a.caf": "pcm_s16be",
    "a.w64": "pcm_s16le",
    "a.avi": "pcm_s16le",
    "adpcm.wav": "adpcm_ms",
    "mp3.wav": "libmp3lame",
}
UNKNOWN = {"a.au": slice(8, 12), "a.aiff": slice(4, 8), "a.avi": slice(4, 8), "a.caf": None}


def notes_of(path: Path) -> list[str]:
    notes: list[str] = []
    load_audio(path, on_note=notes.append)
    return notes


@pytest.mark.parametrize("name", KINDS)
def test_a_cut_is_told(encode, name: str) -> None:
    path = encode(name, KINDS[name], 16_000, seconds=4.0)
    assert notes_of(path) == []
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    (note,) = notes_of(path)
    told = re.search(r"is cut short: its header promises (\S+) s", note)
    assert told, note
    assert float(told[1]) == pytest.approx(4.0, abs=0.3)  # what is there is whole blocks


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_header_that_does_not_know_promises_nothing(encode, name: str) -> None:
    path = encode(name, KINDS[name], 16_000, seconds=4.0)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4 if name == "a.caf" else 0
    place = UNKNOWN[name] or slice(at, at + 8)
    data[place] = b"\xff" * (place.stop - place.start)
    path.write_bytes(data[: len(data) // 2])
    assert notes_of(path) == []
