"""Voices that go to another machine: all or nothing, and written over no file."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from diarfuse.fusion.errors import OutputError, VoiceError
from diarfuse.transcribe.voices.exports import read_import, save_export, write_export
from diarfuse.transcribe.voices.likeness import check_same_voice
from diarfuse.transcribe.voices.records import Person, Prototype, dumps
from diarfuse.transcribe.voices.store import VoiceStore
from tests.transcribe.voices.made import CAMPPLUS, WHEN, prototype


def test_export_and_import(root: Path, tmp_path: Path) -> None:
    store = VoiceStore(root)
    store.add("Ana", [prototype(1)], WHEN)
    store.add("Ben", [prototype(2)], WHEN)
    other = VoiceStore(tmp_path / "elsewhere")
    other.add("ana", [prototype(9)], WHEN)
    assert other.import_(store.export(), "x.json") == ["Ana", "Ben"]
    assert [(p.name, len(p.prototypes)) for p in other.people()] == [("Ana", 1), ("Ben", 1)]
    assert [p["name"] for p in json.loads(store.export(["ben"]))["people"]] == ["Ben"]
    document = json.loads(store.export())
    document["people"][1]["version"] = 99
    third = VoiceStore(tmp_path / "third")
    with pytest.raises(VoiceError, match="another format or version"):
        third.import_(json.dumps(document).encode(), "x.json")
    assert third.people() == []  # all or nothing
    with pytest.raises(VoiceError, match="another version"):
        third.import_(json.dumps(json.loads(store.export()) | {"version": 2}).encode(), "x.json")


@pytest.mark.parametrize(
    ("field", "value"),
    [*((field, "2026\x1b[2J") for field in ("consent", "added", "space")), ("consent", ""), ("added", "yesterday")],
)
def test_imported_text_is_what_it_should_be(root: Path, field: str, value: str) -> None:
    document = json.loads(VoiceStore(root).export())
    person = json.loads(dumps(Person("Ana", WHEN, (prototype(),))))
    (person if field in person else person["prototypes"][0])[field] = value
    document["people"] = [person]
    with pytest.raises(VoiceError, match="is no voice file"):
        VoiceStore(root).import_(json.dumps(document).encode(), "x.json")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_a_file_without_an_end_is_not_read_to_the_end(monkeypatch, tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="is no file"):
        read_import(Path("/dev/zero"))
    monkeypatch.setattr("diarfuse.transcribe.voices.exports.MAX_BYTES", 1000)
    (tmp_path / "x").write_bytes(bytes(1001))
    with pytest.raises(VoiceError, match="larger than"):
        read_import(tmp_path / "x")


def document(*people: tuple[str, Prototype]) -> bytes:
    return write_export(Person(name, WHEN, (one,)) for name, one in people)


def test_an_import_that_names_somebody_twice_keeps_one_person(root: Path) -> None:
    store = VoiceStore(root)
    data = document(("Ana", prototype(1)), ("ANA ", prototype(1)), ("Ben", prototype(2)), ("ana", prototype(3)))
    assert store.import_(data, "x.json") == ["Ana", "Ben"]
    assert [(p.name, len(p.prototypes)) for p in store.people()] == [("Ana", 2), ("Ben", 1)]
    two = document(("Cid", prototype(1, CAMPPLUS)), ("cid", prototype(2, CAMPPLUS)))
    with pytest.raises(VoiceError, match="Cid is enrolled with another voice: likeness"):
        store.import_(two, "x.json", check_same_voice)
    same = document(("Cid", prototype(1, CAMPPLUS)), ("CID", prototype(1, CAMPPLUS)))
    assert store.import_(same, "x.json", check_same_voice) == ["Cid"]


@pytest.mark.parametrize("dimension", [1, 191, 193, 4096])
def test_a_voice_of_another_dimension_is_refused_by_name(root: Path, dimension: int) -> None:
    data = document(("Ben", prototype(1, CAMPPLUS)), ("Mal", prototype(2, CAMPPLUS, dimension)))
    with pytest.raises(VoiceError, match=rf"x\.json: the voice of 'Mal' has {dimension} numbers, .* 192"):
        VoiceStore(root).import_(data, "x.json")
    assert VoiceStore(root).people() == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
def test_an_export_is_a_new_private_file_and_follows_no_link(root: Path, tmp_path: Path) -> None:
    store = VoiceStore(root)
    store.add("Ana", [prototype()], WHEN)
    save_export(tmp_path / "new.json", store.export(), root)
    assert stat.S_IMODE((tmp_path / "new.json").stat().st_mode) == 0o600
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / "symbolic").symlink_to(precious)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "hard").hardlink_to(precious)
    for name in ("symbolic", "dangling", "hard", "precious", "new.json"):
        with pytest.raises(OutputError, match="exists, and voices are never written over a file"):
            save_export(tmp_path / name, store.export(), root)
    assert precious.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(OutputError, match="cannot be written"):
        save_export(tmp_path / "no" / "folder.json", b"", root)
    (tmp_path / "elsewhere").symlink_to(root)
    for folder in (root, tmp_path / "elsewhere"):
        with pytest.raises(OutputError, match="lies among the enrolled voices"):
            save_export(folder / "x.voice", store.export(), root)
