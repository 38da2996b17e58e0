"""What folders, patterns and addresses hold, under which ids."""

from __future__ import annotations

import os
import re
from pathlib import Path

import fsspec
import pytest

from diarfuse.fusion.errors import AudioError, AudioNotFoundError, NetworkError, OptionError
from diarfuse.transcribe.batch.caches import Cache, looks
from diarfuse.transcribe.batch.finding import Search, find, with_durations
from diarfuse.transcribe.batch.items import Item
from diarfuse.transcribe.batch.places import Bucket

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
    return {item.id: item.audio for item in find(Search(inputs, pattern), out)}


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


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (" a.wav", "the id ' a' begins or ends with a space"),
        ("a .wav", "the id 'a ' begins or ends with a space"),
        ("a\\b.wav", "holds a backslash or a character that cannot be printed"),
        ("batch.csv.wav", "is one of the batch's own names"),
    ],
)
def test_a_file_whose_name_no_result_can_have_is_to_be_renamed_or_listed(here: Path, name: str, why: str) -> None:
    (here / "in" / name).write_bytes(b"x")
    with pytest.raises(OptionError, match=rf"^'in/.*{re.escape(why)}: rename it, or list it with another id in a m"):
        find(Search(["in"]), "out")


@pytest.mark.usefixtures("here")
def test_nothing_there_is_said() -> None:
    with pytest.raises(OptionError, match=r"'in/\.git' holds no recording that fits '\*\.opus' \(1 other files\)"):
        find(Search(["in/.git"], "*.opus"), "out")
    with pytest.raises(OptionError, match=r"No file fits 'in/\*\.opus'"):
        find(Search(["in/*.opus"]), "out")
    with pytest.raises(AudioNotFoundError, match="There is no file or folder 'gone'"):
        find(Search(["gone"]), "out")


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
        find(Search(["memory://finding/none/"]), "out")


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


def test_what_cannot_be_looked_at_is_no_file_and_no_failure_of_the_others(here: Path) -> None:
    names = ("in/a.wav", "in/gone.wav", "x" * 400, "nul\0", "\ud800", "in/a.wav/b.wav", "https://calls.example/a.wav")
    assert [Item("id", name, "").on_disk for name in names] == [True] + [False] * 6
    cache = Cache(here / "cache")
    cache.make()
    item = Item("a", "in/a.wav", "")
    assert cache.learn(item, "hash", looks(item)) == cache.known(item)
    (here / "in" / "a.wav").unlink()
    assert cache.known(item) is None


def test_a_host_that_is_down_costs_its_own_recordings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def size(bucket: Bucket) -> int:
        asked.append(bucket.address)
        if "//down/" in bucket.address:
            raise NetworkError("cannot be reached")
        return 32_000

    monkeypatch.setattr(Bucket, "size", size)
    items = [Item(name, f"https://{name}", "") for name in ("down/a.wav", "up/b.wav", "down/c.wav")]
    assert [item.duration for item in with_durations(items)] == [0.0, 2.0, 0.0]
    assert asked == ["https://down/a.wav", "https://up/b.wav"]
    with pytest.raises(NetworkError):  # another part may be told, and would deal them out otherwise
        with_durations(items, shared=True)


@pytest.mark.usefixtures("here")
def test_a_folder_that_may_not_be_read_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refusing(path: str) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(AudioError, match=r"The folder 'in/sub' cannot be read \(Permission denied\): change"):
        find(Search(["in"]), "out")


@pytest.mark.usefixtures("here")
def test_a_folder_that_is_gone_since_it_was_listed_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def vanishing(path: str) -> object:
        if Path(path).name == "sub":
            raise FileNotFoundError(2, "No such file or directory", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", vanishing)
    assert ids("in") == {"a.mp3": "in/a.mp3", "a.wav": "in/a.wav", "b": "in/b.WAV"}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("pattern", ["in/**/*.wav", "in/*/*.m4a"])
def test_nor_is_one_in_which_a_pattern_looks(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir, access = os.scandir, os.access

    def refusing(path: str) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "sub" and access(path, mode))
    with pytest.raises(AudioError, match=r"The folder 'in/sub' cannot be read \(Permission denied\): change"):
        find(Search([pattern]), "out")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes, and links need a right")
def test_neither_links_to_folders_above_nor_results_nor_pipes_are_waited_for_or_heard(here: Path) -> None:
    (here / "in" / "loop").symlink_to(here / "in")
    assert ids("in/**/*.wav") == {"a": "in/a.wav"}
    assert ids("in/**/*.wav", out="elsewhere") == {"a": "in/a.wav", "out/old": "in/out/old.wav"}
    assert ids("in/*/*.m4a", out="in/loop/out") == {"sub/c.v2": "in/sub/c.v2.m4a"}
    with pytest.raises(OptionError, match="No file fits"):
        ids("in/sub/*", out="in")
    (here / "in" / "dead.wav").symlink_to("nowhere.wav")
    assert ids("in/*.wav") == ids("in/d*.wav") | {"a": "in/a.wav"}  # it fails in its turn, and is not passed over
    os.mkfifo(here / "in" / "pipe.wav")
    assert with_durations([Item("pipe", "in/pipe.wav", "")])[0].duration == 0.0


def conversations(*inputs: str, pattern: str | None = None, out: str = "out") -> dict[str, tuple[str, ...]]:
    return {item.id: item.parts for item in find(Search(inputs, pattern, folders=True), out)}


@pytest.fixture
def episodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As services deliver: a folder a conversation, also below another, beside a mix of all."""
    monkeypatch.chdir(tmp_path)
    names = (
        "one/ana.wav",
        "one/ben.flac",
        "two/Audio Record/1.m4a",
        "two/Audio Record/2.m4a",
        "two/mix.m4a",
        "two/a.mp4",
    )
    for name in (*names, "three.v2/solo.wav", "one/info.txt", "one/.x/hidden.wav", "out/old.wav", "out/older.wav"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"x")
    return tmp_path


@pytest.mark.usefixtures("episodes")
def test_a_folder_is_a_conversation_where_that_is_asked_for() -> None:
    one, zoom = ("in/one/ana.wav", "in/one/ben.flac"), ("in/two/Audio Record/1.m4a", "in/two/Audio Record/2.m4a")
    assert conversations("in", out="in/out") == {
        "one": one,
        "three.v2": ("in/three.v2/solo.wav",),
        "two/Audio Record": zoom,
        "two": ("in/two/a.mp4", "in/two/mix.m4a"),
    }
    assert conversations("in", pattern="*Audio Record/*") == {"two/Audio Record": zoom}
    assert conversations("in/one", "in/two/Audio Record/") == {"one": one, "Audio Record": zoom}
    assert conversations("in/one/*") == {"one": (*one, "in/one/info.txt")}
    assert conversations("in/*/a*.wav", "in/one/ben.flac") == {"one": one[:1], "ben": one[1:]}
    os.chdir("in/one")
    assert conversations(".", "ana.wav") == {"one": ("ana.wav", "ben.flac"), "ana": ("ana.wav",)}
    (item,) = find(Search(["."], folders=True), "out")
    assert (item.remote, item.gone, item.on_disk) == (False, None, True)
    Path("ben.flac").unlink()
    assert (item.gone, item.on_disk) == ("ben.flac", False)


def test_a_folder_at_an_address_is_one_too() -> None:
    for name in ("ep1/ana.wav", "ep1/ben.wav", "ep2/ana.wav", "ep2/ben.wav"):
        fsspec.filesystem("memory").pipe_file(f"/folders/{name}", bytes(32_000))
    both = {f"ep{n}": tuple(f"memory:///folders/ep{n}/{who}.wav" for who in ("ana", "ben")) for n in (1, 2)}
    assert conversations("memory://folders/") == both
    assert conversations("memory://folders/ep1/") == {"ep1": both["ep1"]}
    items = find(Search(["memory://folders/"], folders=True), "out")
    assert [item.duration for item in with_durations(items)] == [2.0, 2.0]


def test_more_files_than_people_of_a_conversation_fail_alone(episodes: Path) -> None:
    for number in range(33):
        (episodes / f"in/calls/{number}.wav").parent.mkdir(exist_ok=True)
        (episodes / f"in/calls/{number}.wav").write_bytes(b"x")
    told: list[str] = []
    assert "calls" not in {item.id for item in find(Search(["in"], folders=True), "in/out", told.append)}
    (why,) = told
    assert why == (
        "'in/calls' holds 33 recordings, and one conversation has 32 at most, one for each person: leave --folders out "
        "where each is a recording by itself."
    )


def test_a_conversation_lasts_until_its_last_file_ends(tmp_path: Path) -> None:
    import soundfile

    files = [str(tmp_path / name) for name in ("a.wav", "b.wav")]
    for number, file in enumerate(files):
        soundfile.write(file, noise(number), 16_000)
    assert [item.duration for item in with_durations([Item("x", "x", "", files=files, starts=(0.0, 2.5))])] == [3.0]
