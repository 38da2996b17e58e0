"""Where a page finds the recording: beside it, or within it."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from diarfuse.exporters.style import Style
from diarfuse.fusion.audio import SeparateFiles
from diarfuse.transcribe.documents.sound import MEDIA_TYPE, beside, gain_of, sounded
from diarfuse.transcribe.output import Target
from diarfuse.transcribe.runs import View


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "calls" / "a b.wav"
    path.parent.mkdir()
    soundfile.write(path, np.sin(np.arange(48_000) * 0.05).astype(np.float32) * 0.3, 16_000)
    return path


def test_a_recording_below_the_page_is_named_as_seen_from_there(tmp_path: Path, recording: Path) -> None:
    notes: list[str] = []
    style = sounded(Style(), Target(tmp_path / "a.html", "html"), recording, embed=False, on_note=notes.append)
    assert style.audio is not None
    assert style.audio.address == "calls/a%20b.wav"
    assert notes == []


def test_a_recording_elsewhere_is_not_named_and_that_is_told(tmp_path: Path, recording: Path) -> None:
    notes: list[str] = []
    (tmp_path / "pages").mkdir()
    style = sounded(
        Style(), Target(tmp_path / "pages" / "a.html", "html"), recording, embed=False, on_note=notes.append
    )
    assert style.audio is None
    assert "--embed-audio" in notes[0]


def test_other_formats_play_nothing(tmp_path: Path, recording: Path) -> None:
    style = Style()
    assert sounded(style, Target(tmp_path / "a.srt", "srt"), recording, embed=True, on_note=print) is style


def test_the_recording_within_the_page_is_small_and_whole(tmp_path: Path, recording: Path) -> None:
    style = sounded(Style(), Target(tmp_path / "a.html", "html"), recording, embed=True, on_note=print)
    assert style.audio is not None
    assert style.audio.media_type == MEDIA_TYPE
    assert len(style.audio.data) < recording.stat().st_size / 4
    with av.open(io.BytesIO(style.audio.data)) as container:
        heard = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert abs(heard - 3.0) < 0.05


def test_the_track_that_was_heard_is_the_one_within_the_page(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []

    def load(_: Path, *, on_note: object, track: object) -> np.ndarray:
        heard.append((on_note, track))
        return np.zeros(16_000, np.float32)

    monkeypatch.setattr("diarfuse.fusion.audio.load_audio", load)
    View(embed_audio=True).seen(Target(recording.with_suffix(".html"), "html"), recording, print, 2)
    assert heard == [(print, 2)]


def test_a_mix_is_as_loud_as_its_files_unless_that_would_cut_it_off() -> None:
    quiet, files = np.full(2_000, 0.25, np.float32), SeparateFiles(("a.wav", "b.wav"))
    assert gain_of(quiet, "a.wav") == 1
    assert gain_of(quiet, files) == 2
    assert gain_of(quiet * 0, files) == 2
    assert gain_of(np.concatenate([quiet, -3 * quiet]), files) == pytest.approx(4 / 3)


def test_a_recording_lies_beside_its_document_and_nowhere_else(tmp_path: Path) -> None:
    document = tmp_path / "in" / "m.json"
    document.parent.mkdir()
    (tmp_path / "private.wav").write_bytes(b"x")
    (document.parent / "sub").mkdir()
    (document.parent / "sub" / "a.wav").write_bytes(b"x")
    for name in ("a.wav", "10:30 a.wav", "-a.wav", "Zo\u00eb.wav"):
        (document.parent / name).write_bytes(b"x")
        assert beside(document, name) == document.parent / name
    away = ("", ".", "..", "../private.wav", str(tmp_path / "private.wav"), "sub/a.wav", "sub", "gone.wav", "a\0b")
    for name in (*away, "x" * 5000):
        assert beside(document, name) is None
