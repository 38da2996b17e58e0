"""A result tells what it was made of and what was said on the way, and no secret and no path."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from diarfuse.diarize.options import Execution, Options
from diarfuse.fusion.document import Recording
from diarfuse.transcribe.documents import origin
from diarfuse.transcribe.documents.origin import Told, origin_of, recording_of, without_folders
from diarfuse.transcribe.options import JobOptions


class Recogniser:
    """Tells of two files: one in a cache that names files by their hash, and one that is gone."""

    def __init__(self, folder: Path) -> None:
        blob = folder / ("ab" * 32)
        blob.write_bytes(b"weights")
        (folder / "model.bin").symlink_to(blob)
        (folder / "other.bin").write_bytes(b"more")
        self.model_files = (folder / "model.bin", folder / "other.bin", folder / "gone.bin")

    def transcribe(self, *_: object, **__: object) -> None:
        """Never called."""


def test_it_tells_what_was_asked_and_what_did_the_work(tmp_path: Path) -> None:
    options = JobOptions(
        diarize=True,
        max_speakers=4,
        options=Options(step=2.0),
        execution=Execution(threads=3),
        models_dir=tmp_path,
        asr_options={"beam_size": 5, "api_key": "secret", "prompt": ["a", object()]},
    )
    models = SimpleNamespace(name="campplus", hashes={"net.bin": "cd" * 32})
    origin = origin_of(options, options, Recogniser(tmp_path), models)
    assert origin.program.startswith("diarfuse ")
    assert origin.models == {
        "net.bin": "cd" * 32,
        "model.bin": "ab" * 32,
        "other.bin": hashlib.sha256(b"more").hexdigest(),
    }
    settings = origin.settings
    assert (settings["diarize"], settings["max_speakers"], settings["step"]) == (True, 4, 2.0)
    assert (settings["diarizer"], settings["recogniser"]) == ("campplus", "Recogniser")
    assert settings["asr_options"] == {"beam_size": 5, "api_key": "...", "prompt": ["a", "..."]}
    assert not {"threads", "models_dir", "offline", "language"} & settings.keys()
    assert str(tmp_path) not in str(origin)


def test_nothing_loaded_is_nothing_told() -> None:
    origin = origin_of(JobOptions(), JobOptions(), None, None)
    assert origin.models == {}
    assert origin.settings["diarizer"] == "auto"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_the_recording_is_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    found = recording_of(tmp_path / "a.wav", 2.0)
    assert found == Recording("a.wav", hashlib.sha256(b"sound").hexdigest(), 2.0)
    os.mkfifo(tmp_path / "pipe")
    assert recording_of(tmp_path / "pipe", 2.0) is None


def test_what_is_said_is_kept() -> None:
    said: list[str] = []
    told = Told(said.append, Path("a.wav"))
    told("One.")
    told("Two.")
    told.each(["Two.", "Three."])
    assert said == told.sentences == ["One.", "Two.", "Three."]


def test_what_is_kept_names_files_and_no_folders(tmp_path: Path) -> None:
    said: list[str] = []
    recording = tmp_path / "Ana Maria" / "a.wav"
    told = Told(said.append, recording)
    told.each([f"{recording} is cut short.", f"The model file {tmp_path}/models/x.bin is fetched again."])
    assert said == ["a.wav is cut short.", f"The model file {tmp_path}/models/x.bin is fetched again."]
    assert told.sentences == ["a.wav is cut short.", "The model file x.bin is fetched again."]
    told.each([f"{recording} is cut short."])
    assert len(said) == 2


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        (f"{Path.home()}/b c/d.wav is it.", "d.wav is it." if len(Path.home().parts) < 2 else "b c/d.wav is it."),
        ("'/tmp/x/y.json' and (/y/z.bin): done.", "'y.json' and (z.bin): done."),
        (r"C:\Users\Ana\a.wav is cut short.", "a.wav is cut short."),
        ("give a word and/or a line at 1/2 s, 3 / 4 of https://example.org/v1/x.", None),
        ("Nothing to see: --format srt, ~5 s.", None),
        ("rec/2024/a.wav is cut.", "a.wav is cut."),
    ],
)
def test_what_looks_like_a_path_is_shortened(sentence: str, kept: str | None) -> None:
    assert without_folders(sentence, Path("rec/2024/a.wav")) == (kept or sentence)


def test_a_recognisers_folder_is_told_by_its_name(tmp_path: Path) -> None:
    options = JobOptions(asr="moonshine", model=str(tmp_path))
    assert origin_of(options, options, None, None).settings["model"] == tmp_path.name


def test_models_are_hashed_once_and_again_when_they_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []

    def counted(path: Path) -> str:
        hashed.append(path)
        return path.read_text(encoding="utf-8")

    monkeypatch.setattr(origin, "sha256_of", counted)
    asked, recogniser = JobOptions(), Recogniser(tmp_path)
    for content in ("more", "more", "another"):
        if (tmp_path / "other.bin").read_text(encoding="utf-8") != content:
            (tmp_path / "other.bin").write_text(content, encoding="utf-8")
        assert origin_of(asked, asked, recogniser, None).models["other.bin"] == content
    assert len(hashed) == 2


def test_a_home_that_nobody_knows_and_a_recording_that_is_gone_lose_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as where no home is known
    assert without_folders("/home/ana/a.wav is cut.") == "a.wav is cut."
    recording = tmp_path / "a.wav"
    assert recording_of(recording, 1.0) == Recording("a.wav", "", 1.0)
    recording.write_bytes(b"RIFF")

    def unplugged(_: Path) -> str:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(origin, "sha256_of", unplugged)
    assert recording_of(recording, 1.0) == Recording("a.wav", "", 1.0)


def test_one_that_is_renamed_while_it_is_heard_is_told_and_keeps_its_name(tmp_path: Path) -> None:
    said: list[str] = []
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"RIFF")
    told = Told(said.append, recording)
    recording.rename(tmp_path / "b.wav")
    assert told.recording(1.0) == Recording("a.wav", "", 1.0)
    assert said == ["a.wav was moved or renamed while it was heard: the result tells its old name."]
    never = Told(said.append, tmp_path / "c.wav")  # heard from where no name leads
    assert never.recording(1.0) == Recording("c.wav", "", 1.0)
    assert len(said) == 1
