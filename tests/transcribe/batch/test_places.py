"""Folders and addresses behave alike; what goes wrong at an address is one sentence."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from diarfuse.fusion.errors import AudioNotFoundError, MissingExtraError, NetworkError, OutputError
from diarfuse.fusion.landing import write_whole
from diarfuse.transcribe.batch.places import Bucket, Folder, FullDiskError, Place


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return Folder(tmp_path / "new")
    address = f"memory://places/{tmp_path.name}"
    store = fsspec.filesystem("memory")
    if store.exists(address):
        store.rm(address, recursive=True)
    return Bucket(address)


def test_files_come_and_go(place: Place) -> None:
    assert (place.read("a.json"), place.has("a.json"), list(place.below("sub"))) == (None, False, [])
    place.write("sub/b/c.json", b"1")
    place.write("sub/a.json", b"2")
    place.write("sub/a.json", b"3")
    assert list(place.below("sub")) == ["sub/a.json", "sub/b/c.json"]
    assert (place.read("sub/a.json"), place.has("sub/b/c.json")) == (b"3", True)
    place.write("sub/empty", b"")
    assert [place.length(f"sub/{name}") for name in ("a.json", "empty", "gone")] == [1, 0, None]
    place.delete("sub/empty")
    place.delete("sub/b/c.json")
    place.delete("sub/b/c.json")
    place.delete("sub/a.json")
    assert list(place.below("sub")) == []


def test_a_folder_says_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match=r"cannot be written, since .*a is a file: move it away"):
        Folder(tmp_path).write("a/b.json", b"")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("diarfuse.transcribe.batch.places.write_whole", full)
    with pytest.raises(FullDiskError, match=r"\(No space left on device\): free some space"):
        Folder(tmp_path).write("b.json", b"")


def test_a_folder_that_another_worker_deletes_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, emptied = Folder(tmp_path), [True, True]

    def written(path: Path, content: bytes) -> None:
        if emptied and emptied.pop():
            (path.parent / "last").write_bytes(b"")
            place.delete("failures/last")  # takes the empty folder along
        write_whole(path, content)

    monkeypatch.setattr("diarfuse.transcribe.batch.places.write_whole", written)
    place.write("failures/a.json", b"1")
    assert (place.read("failures/a.json"), emptied) == (b"1", [])


def test_a_file_is_fetched_with_what_tells_its_content(tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe_file("/fetched.wav", b"sound")
    Bucket("memory://fetched.wav").fetch(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"sound"
    assert Bucket("memory://fetched.wav").size() == 5
    assert Bucket("memory://fetched.wav").etag() is None
    with pytest.raises(AudioNotFoundError, match=r"There is no memory://gone\.wav"):
        Bucket("memory://gone.wav").fetch(tmp_path / "b")


@pytest.mark.parametrize(
    ("address", "error", "said"),
    [
        ("http://127.0.0.1:9/a.wav", NetworkError, "cannot be reached or used"),
        ("nonsense://x/a.wav", NetworkError, "Protocol not known: nonsense"),
        ("sftp://x/a.wav", MissingExtraError, "pip install"),
    ],
)
def test_what_cannot_be_reached_is_said(address: str, error: type[Exception], said: str, tmp_path: Path) -> None:
    if address.startswith("http"):
        pytest.importorskip("aiohttp")
    if address.startswith("sftp"):
        try:
            import paramiko  # noqa: F401 - only whether it is there
        except ImportError:
            pass
        else:
            pytest.skip("paramiko is installed")
    with pytest.raises(error) as caught:
        Bucket(address).fetch(tmp_path / "a")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
