"""A recording that somebody renamed is still that of its transcript."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.document import Recording
from diarfuse.transcribe.documents import renamed as module
from diarfuse.transcribe.documents.desk.listing import Listing
from diarfuse.transcribe.documents.renamed import all_renamed, recordings_beside, renamed
from diarfuse.transcribe.documents.sound import recording_near


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Of ``b.wav``, which was called ``a.wav``; beside it lie two that are none, one of them as long."""
    for seed, (name, seconds) in enumerate((("b.wav", 3), ("like.wav", 3), ("long.wav", 9))):
        samples = np.random.default_rng(seed).uniform(-0.1, 0.1, 16_000 * seconds)
        soundfile.write(tmp_path / name, samples.astype(np.float32), 16_000)
    (tmp_path / "notes.txt").write_text("b")
    return Recording("a.wav", hashlib.sha256((tmp_path / "b.wav").read_bytes()).hexdigest(), 3.0)


def test_it_is_found_by_what_it_holds_and_no_other_is_read(
    tmp_path: Path, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, real = list[str](), module.sha256_of
    monkeypatch.setattr(module, "sha256_of", lambda path: (read.append(path.name), real(path))[1])
    document, beside = tmp_path / "a.json", recordings_beside(tmp_path / "a.json")
    assert [path.name for path in beside] == ["b.wav", "like.wav", "long.wav"]
    for _ in range(2):
        assert renamed(document, recording, beside) == recording_near(document, recording) == tmp_path / "b.wav"
    assert read == ["b.wav"], "once, and no other"
    assert renamed(document, replace(recording, sha256="0" * 64), beside) is None
    assert renamed(document, replace(recording, sha256=""), beside) is None
    assert "long.wav" not in read


def test_one_whose_length_is_not_known_is_found_if_both_are_renamed(tmp_path: Path, recording: Recording) -> None:
    unknown = replace(recording, duration=0.0)
    assert recording_near(tmp_path / "a.json", unknown) is None
    assert recording_near(tmp_path / "b.json", unknown) == tmp_path / "b.wav"


def test_one_that_is_there_is_taken_whatever_it_holds(tmp_path: Path, recording: Recording) -> None:
    (tmp_path / "a.wav").write_bytes(b"another")
    assert recording_near(tmp_path / "a.json", recording) == tmp_path / "a.wav"


def test_the_list_shows_it_beside_its_transcript(tmp_path: Path, recording: Recording) -> None:
    audio = {"name": recording.name, "sha256": recording.sha256, "duration": 3.0}
    (tmp_path / "a.json").write_text(json.dumps({"format": "diarfuse/1", "audio": audio}))
    (tmp_path / "like.json").write_text(json.dumps({"format": "diarfuse/1", "audio": {"name": "like.wav"}}))
    listing = Listing(tmp_path)

    def pairs() -> set[tuple[str | None, str | None]]:
        return {(one.recording, one.transcript) for one in listing.entries()}

    assert pairs() == {("b.wav", "a.json"), ("like.wav", "like.json"), ("long.wav", None)}
    (tmp_path / "b.wav").rename(tmp_path / "c.wav")
    assert ("c.wav", "a.json") in pairs()
    (tmp_path / "c.wav").write_bytes(b"another")
    assert {("c.wav", None), (None, "a.json")} <= pairs()


def test_one_that_is_still_being_written_is_not_read_at_every_look(
    tmp_path: Path, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (tmp_path / "b.wav").rename(tmp_path / "whole").read_bytes()
    audio = {"name": "a.m4a", "sha256": recording.sha256, "duration": 3.0}
    (tmp_path / "a.json").write_text(json.dumps({"format": "diarfuse/1", "audio": audio}))
    listing, growing, read, real = Listing(tmp_path), tmp_path / "a.wav", list[str](), module.sha256_of
    monkeypatch.setattr(module, "sha256_of", lambda path: (read.append(path.name), real(path))[1])
    for size in range(0, len(whole), 10_000):
        growing.write_bytes(whole[:size])
        listing.entries()
    assert read.count("a.wav") == 1
    growing.write_bytes(whole)
    listing.entries()
    found = {one.recording: one.transcript for one in listing.entries()}
    assert found == {"a.wav": "a.json", "like.wav": None, "long.wav": None}
    assert read.count("a.wav") == 2


def test_a_file_is_looked_at_once_for_all_documents_and_again_only_where_it_changed(
    tmp_path: Path, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    real, measured = module._state, list[str]()
    monkeypatch.setattr(module, "_state", lambda path: (looked.append(path.name), real(path))[1])
    length = module.probable_duration
    monkeypatch.setattr(module, "probable_duration", lambda path: (measured.append(path.name), length(path))[1])
    others = {tmp_path / f"gone{i}.json": replace(recording, sha256=f"{i:064}", duration=50.0 + i) for i in range(99)}
    beside = recordings_beside(tmp_path / "a.json")
    for _ in range(3):
        found = all_renamed({**others, tmp_path / "a.json": recording}, beside)
        assert found == {tmp_path / "a.json": tmp_path / "b.wav"}
    assert looked == ["b.wav", "like.wav", "long.wav"] * 3
    assert measured == ["b.wav", "like.wav", "long.wav"]


@pytest.mark.parametrize("seconds", [2.001, 3.0, 3.999])
def test_a_header_may_differ_by_a_second(tmp_path: Path, recording: Recording, seconds: float) -> None:
    beside = recordings_beside(tmp_path / "a.json")
    assert renamed(tmp_path / "a.json", replace(recording, duration=seconds), beside) == tmp_path / "b.wav"
    assert renamed(tmp_path / "a.json", replace(recording, duration=seconds + 2.1), beside) is None
