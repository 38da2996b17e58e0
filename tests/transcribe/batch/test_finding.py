"""What folders, patterns and addresses hold, under which ids."""

from __future__ import annotations

import os
from pathlib import Path

import fsspec
import pytest

from diarfuse.fusion.errors import AudioError, AudioNotFoundError, OptionError
from diarfuse.transcribe.batch.finding import find, with_durations
from diarfuse.transcribe.batch.items import Item

from .conftest import noise


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    names = ("in/a.wav", "in/a.mp3", "in/b.WAV", "in/sub/c.v2.m4a", "in/sub/.hidden.wav", "in/.git/d.wav", "in/n.txt")
    for name in (*names, "in/out/old.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def ids(*inputs: str, pattern: str | None = None, out: str = "in/out") -> dict[str, str]:
    return {item.id: item.audio for item in find(inputs, pattern, out)}


@pytest.mark.usefixtures("here")
def test_a_folder_gives_paths_without_endings_unless_two_differ_only_in_these() -> None:
    assert ids("in") == {
        "a.mp3": "in/a.mp3",
        "a.wav": "in/a.wav",
        "b": "in/b.WAV",
        "sub/c.v2": "in/sub/c.v2.m4a",
    }
    assert ids("in", pattern="*.txt") == {"n": "in/n.txt"}
    assert ids("in", pattern="sub/*") == {"sub/c.v2": "in/sub/c.v2.m4a"}
    assert "out/old" in ids("in", out="elsewhere")
    assert ids("in/*.wav") == {"a": "in/a.wav"}
    assert ids("in/**/*.m4a") == {"sub/c.v2": "in/sub/c.v2.m4a"}
    assert ids("in/a.wav", "in/sub") == {"a": "in/a.wav", "c.v2": "in/sub/c.v2.m4a"}


@pytest.mark.usefixtures("here")
def test_nothing_there_is_said() -> None:
    with pytest.raises(OptionError, match=r"'in/\.git' holds no recording that fits '\*\.opus' \(1 other files\)"):
        find(["in/.git"], "*.opus", "out")
    with pytest.raises(OptionError, match=r"No file fits 'in/\*\.opus'"):
        find(["in/*.opus"], None, "out")
    with pytest.raises(AudioNotFoundError, match="There is no file or folder 'gone'"):
        find(["gone"], None, "out")


def test_an_address_is_a_file_a_folder_or_a_pattern() -> None:
    store = fsspec.filesystem("memory")
    for name in ("/finding/a.wav", "/finding/sub/b.mp3", "/finding/n.txt", "/finding/out/old.wav"):
        store.pipe_file(name, b"x")
    assert ids("memory://finding/", out="memory://finding/out") == {
        "a": "memory:///finding/a.wav",
        "sub/b": "memory:///finding/sub/b.mp3",
    }
    assert ids("memory://finding/*.wav") == {"a": "memory:///finding/a.wav", "out/old": "memory:///finding/out/old.wav"}
    assert set(ids("memory://finding/*.wav", out="memory://finding/out")) == {"a"}
    assert ids("memory://finding/a.wav") == {"a": "memory://finding/a.wav"}
    with pytest.raises(OptionError, match="holds no recording"):
        find(["memory://finding/none/"], None, "out")


def test_durations_are_told_read_or_guessed_and_never_refused(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "a.wav", noise(1), 16_000)
    (tmp_path / "text.mp3").write_bytes(bytes(32_000))
    fsspec.filesystem("memory").pipe_file("/durations.wav", bytes(48_000))
    items = [
        Item("told", "gone", "", 7.0),
        Item("a", str(tmp_path / "a.wav"), ""),
        Item("text", str(tmp_path / "text.mp3"), ""),
        Item("gone", str(tmp_path / "gone.wav"), ""),
        Item("there", "memory://durations.wav", ""),
        Item("not there", "memory://gone.wav", ""),
    ]
    assert [item.duration for item in with_durations(items)] == [7.0, 0.5, 2.0, 0.0, 3.0, 0.0]


@pytest.mark.usefixtures("here")
def test_a_folder_that_may_not_be_read_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refusing(path: str) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(AudioError, match=r"The folder 'in/sub' cannot be read \(Permission denied\): change"):
        find(["in"], None, "out")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes, and links need a right")
def test_neither_links_to_folders_above_nor_results_nor_pipes_are_waited_for_or_heard(here: Path) -> None:
    (here / "in" / "loop").symlink_to(here / "in")
    assert ids("in/**/*.wav") == {"a": "in/a.wav"}
    assert ids("in/**/*.wav", out="elsewhere") == {"a": "in/a.wav", "out/old": "in/out/old.wav"}
    assert ids("in/*/*.m4a", out="in/loop/out") == {"sub/c.v2": "in/sub/c.v2.m4a"}
    with pytest.raises(OptionError, match="No file fits"):
        ids("in/sub/*", out="in")
    os.mkfifo(here / "in" / "pipe.wav")
    assert with_durations([Item("pipe", "in/pipe.wav", "")])[0].duration == 0.0
