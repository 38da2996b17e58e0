"""A recording on stdin (``-``): any container, a name of its own, and nothing left on the disk."""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
import soundfile

from diarfuse.fusion.types import Segment, Transcript, Word
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.inputs import stdin
from diarfuse.transcribe.inputs.paths import DASH

WORDS = [{"word": "Hello.", "start": 0.1, "end": 0.4}]
HEARD = ["--asr", "words-json", "--model", "words.json"]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, which must be empty in the end."""
    monkeypatch.chdir(tmp_path)
    Path("words.json").write_text(json.dumps(WORDS))
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def wav(channels: int = 1) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).standard_normal((16_000, channels)) * 0.1
    soundfile.write(file, noise, 16_000, format="WAV")
    return file.getvalue()


def mp4() -> bytes:
    """A container whose index lies at its end."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("content", [wav(), mp4()], ids=["wav", "mp4"])
def test_any_container(monkeypatch: pytest.MonkeyPatch, temporary: Path, content: bytes) -> None:
    pipe(monkeypatch, content)
    assert run([*HEARD, "-", "-o", "out.json", "-o", "out.srt"]) == 0
    document = json.loads(Path("out.json").read_text())
    assert (document["name"], document["audio"]["name"]) == ("stdin", "stdin")
    assert "Hello." in Path("out.srt").read_text()
    assert not list(temporary.iterdir())


def test_the_file_is_private_and_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b"sound")
    with stdin.stand_in([DASH]) as (path,):
        stdin.receive([path])
        assert (path.name, path.read_bytes()) == ("stdin", b"sound")
        assert path.parent.stat().st_mode & 0o077 == 0
        if sys.platform == "linux":
            assert path.is_symlink()
            assert path.stat().st_nlink == 0
        else:
            assert path.stat().st_mode & 0o077 == 0
    assert not path.parent.exists()


def test_others_beside_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pipe(monkeypatch, b"no sound at all, but text" * 9)
    Path("good.wav").write_bytes(wav())
    assert run([*HEARD, "-", "good.wav", "-o", "out/"]) == 1
    said = capsys.readouterr().err
    assert "Error: stdin is no audio or video that can be read (it holds text)" in said
    assert "diarfuse-stdin" not in said
    assert [path.name for path in Path("out").iterdir()] == ["good.srt"]


def test_nobody_is_called_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pipe(monkeypatch, wav(2))
    said = Transcript((Segment(0.1, 0.4, "Hello.", (Word(0.1, 0.4, "Hello."),)),), "en", 1.0)
    heard = SimpleNamespace(transcribe=lambda *_, **__: said)
    monkeypatch.setattr(recognisers, "make", lambda *_: heard)
    soundfile.write("ana.wav", np.random.default_rng(1).uniform(-0.1, 0.1, 16_000), 16_000)
    assert run(["--channels", "-", "ana.wav", "-o", "out.json"]) == 0
    assert set(json.loads(Path("out.json").read_text())["speakers"]) == {"SPEAKER_00", "ana"}
    assert "Speakers by file: stdin is SPEAKER_00; ana.wav is ana." in capsys.readouterr().err


def test_what_is_told_of_it_names_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pipe(monkeypatch, wav(2)[:40_000])
    assert run([*HEARD, "-", "-o", "out.json"]) == 0
    said = capsys.readouterr().err
    assert said.startswith("stdin is cut short: ")
    assert json.loads(Path("out.json").read_text())["notes"][0] == said.splitlines()[0]


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("command", [["diarize"], HEARD])
def test_no_recording_on_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    pipe(monkeypatch, b"")
    assert run([*command, "-", "-o", "out.json"]) == 1
    assert "Nothing came in on stdin: pipe a recording in" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", Screen())
    assert run([*command, "-", "-o", "out.json"]) == 2
    assert "Stdin (-) is a terminal" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", None)
    assert run([*command, "-", "-o", "out.json"]) == 2
    assert "Stdin (-) is closed" in capsys.readouterr().err
    assert run([*command, "-", "-", "-o", "out/"]) == 2
    assert "Stdin is given twice" in capsys.readouterr().err
    assert not Path("out.json").exists()


def test_mistakes_are_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, wav())
    assert run([*HEARD, "-", "-o", "out.str"]) == 2
    assert sys.stdin.buffer.tell() == 0


def test_no_room_for_it(monkeypatch: pytest.MonkeyPatch, temporary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe(monkeypatch, wav())
    temporary.rmdir()
    assert run([*HEARD, "-", "-o", "out.json"]) == 1
    assert "cannot hold what comes in on stdin" in capsys.readouterr().err
    temporary.mkdir()
    if Path("/dev/full").exists():
        with stdin.stand_in([DASH]) as (path,):
            path.unlink()
            path.symlink_to("/dev/full")
            with pytest.raises(OSError, match="cannot hold"):
                stdin.receive([path])


def test_a_file_called_so_is_read_by_its_path() -> None:
    Path("-").write_bytes(wav())
    assert run([*HEARD, "./-", "-o", "out.json"]) == 0
    assert json.loads(Path("out.json").read_text())["audio"]["name"] == "-"
