"""What is kept of people on disk: private, whole, bounded, and gone when deleted."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diarfuse.fusion.errors import OptionError, OutputError, VoiceError
from diarfuse.transcribe.voices import files
from diarfuse.transcribe.voices.likeness import check_same_voice
from diarfuse.transcribe.voices.records import Person, dumps
from diarfuse.transcribe.voices.root import default_root
from diarfuse.transcribe.voices.store import VoiceStore, forget_all
from tests.transcribe.voices.made import CAMPPLUS, SPACE, WHEN, everything_in, prototype


def test_several_recordings_of_several_people_in_several_spaces(root: Path) -> None:
    store = VoiceStore(root)
    assert store.people() == []
    store.add("Ben", [prototype(1)], WHEN)
    store.add(" Ana ", [prototype(2)], WHEN)
    store.add("ana", [prototype(3)], "2026-02-02T00:00:00Z")
    store.add("Ana", [prototype(4, "other-1")], WHEN)
    assert [(p.name, len(p.prototypes)) for p in VoiceStore(root).people()] == [("Ana", 3), ("Ben", 1)]
    (ana, _) = VoiceStore(root).voices(SPACE)
    np.testing.assert_allclose(ana.prototypes[0], prototype(2).embedding, atol=1e-6)  # float32 written and read
    assert len(ana.prototypes) == 2
    assert VoiceStore(root).voices("nowhere") == []
    assert VoiceStore(root).get("ANA").consent == WHEN


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_only_the_user_can_read_and_no_file_is_named_after_anybody(root: Path) -> None:
    VoiceStore(root).add("Ana", [prototype()], WHEN)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    for path in root.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "ana" not in path.name.lower()


def test_a_folder_in_the_home_is_found_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("DIARFUSE_VOICES_DIR", "~/kept")
    assert default_root() == tmp_path / "kept"


def blank(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def exposed(path: Path) -> None:
    path.chmod(0o644)


def of_another_model(path: Path) -> None:
    one = dumps(Person("Ana", WHEN, (prototype(space=CAMPPLUS, dimension=1),)))
    path.write_bytes(one)


def linked(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent.parent / "elsewhere")


def foldered(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (blank, "held nothing"),
        (lambda path: path.write_bytes(b""), "held nothing"),
        (lambda path: path.write_bytes(b"{}"), "is damaged, or of a newer version of this program: delete it, or re"),
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "is damaged"),
        (lambda path: path.write_bytes(b"\0" * 40 + path.read_bytes()[40:]), "is damaged"),
        (lambda path: path.write_bytes(b"\xff"), "is damaged"),
        (of_another_model, "is damaged"),
        (exposed, "can be read by others: run chmod 600 on it"),
        (linked, "cannot be read"),
        (foldered, "is no file of ours"),
        (lambda path: os.truncate(path, 1 << 40), "is no file of ours"),
    ],
)
def test_a_spoilt_record_costs_only_itself_and_is_named_once(root: Path, spoil, said: str) -> None:
    (root.parent / "elsewhere").mkdir(parents=True)
    VoiceStore(root).add("Ana", [prototype(1)], WHEN)
    (path,) = root.glob("*.voice")
    VoiceStore(root).add("Ben", [prototype(2)], WHEN)
    spoil(path)
    told: list[str] = []
    store = VoiceStore(root, on_note=told.append)
    assert [person.name for person in store.people()] == ["Ben"]
    assert [voice.name for voice in store.voices(SPACE)] == ["Ben"]
    store.add("Cid", [prototype(3)], WHEN)
    assert store.get("ben").name == "Ben"
    assert [sentence for sentence in told if sentence.startswith(f"{path} {said}")] == told
    assert len(told) == 1
    store.delete("Ben")
    assert [person.name for person in store.people()] == ["Cid"]
    assert (root.parent / "elsewhere").is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_record_that_others_can_read_is_deleted_with_the_person(root: Path) -> None:
    VoiceStore(root).add("Ana", [prototype()], WHEN)
    (path,) = root.glob("*.voice")
    path.chmod(0o644)
    VoiceStore(root).delete("Ana")
    assert list(root.glob("*.voice")) == []


COMPOSED, DECOMPOSED = "Jos\u00e9 Stra\u00dfe", "JOSE\u0301  STRASSE"


def test_spellings_of_one_name_are_one_person(root: Path) -> None:
    store = VoiceStore(root)
    store.add(DECOMPOSED, [prototype(1)], WHEN)
    store.add(COMPOSED, [prototype(2)], WHEN)
    assert [(p.name, len(p.prototypes)) for p in store.people()] == [("JOS\u00c9  STRASSE", 2)]
    assert store.import_(VoiceStore(root).export([COMPOSED]), "x.json") == ["JOS\u00c9  STRASSE"]
    store.delete(COMPOSED)
    assert store.people() == []


def twice(root: Path) -> VoiceStore:
    """A folder in which an earlier version kept Ana twice."""
    store = VoiceStore(root)
    for name, seeds in (("Ana", (1, 2)), ("Anb", (2, 3))):
        store.add(name, [prototype(seed) for seed in seeds], WHEN)
    path = next(path for path in root.glob("*.voice") if b"Anb" in path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b"Anb", b"ANA"))
    return store


def test_who_was_kept_twice_is_one_person_and_goes_as_one(root: Path) -> None:
    store = twice(root)
    (ana,) = store.people()
    assert len(ana.prototypes) == 3
    store.add("Ana", [prototype(4)], WHEN)
    assert len(list(root.glob("*.voice"))) == 1
    assert len(VoiceStore(root).get("ana").prototypes) == 4


def test_delete_removes_all_of_a_name(root: Path) -> None:
    twice(root).delete("aNa")
    assert list(root.glob("*.voice")) == []


def test_another_voice_under_a_name_is_refused_with_the_figure(root: Path) -> None:
    store = VoiceStore(root)
    known = prototype(1, CAMPPLUS)
    store.add("Cath", [known], WHEN)
    with pytest.raises(VoiceError, match=r"Cath is enrolled with another voice: likeness -?0\.\d\d, .*--another-voice"):
        store.add("cath", [prototype(2, CAMPPLUS)], WHEN, check_same_voice)
    with pytest.raises(VoiceError, match="another voice model"):
        store.add("cath", [prototype(2, "other-1")], WHEN, check_same_voice)
    store.add("cath", [prototype(2, CAMPPLUS), known], WHEN, check_same_voice)  # the likest of several counts
    store.add("cath", [prototype(3, CAMPPLUS)], WHEN)
    store.add("cath", [replace(known, added="2026-03-03T00:00:00Z")], WHEN)  # a recording counts once
    assert len(store.get("Cath").prototypes) == 3
    other = VoiceStore(root.parent / "other")
    other.add("CATH", [prototype(9, CAMPPLUS)], WHEN)
    other.add("Dan", [prototype(8, CAMPPLUS)], WHEN)
    with pytest.raises(VoiceError, match="Cath is enrolled with another voice"):
        store.import_(other.export(), "x.json", check_same_voice)
    assert [person.name for person in store.people()] == ["Cath"]  # all or nothing
    store.import_(store.export(), "x.json", check_same_voice)
    assert store.import_(other.export(), "x.json") == ["CATH", "Dan"]


def test_renaming_keeps_the_voice_and_takes_nobodys_name(root: Path) -> None:
    store = VoiceStore(root)
    store.add("Ana", [prototype(1)], WHEN)
    store.add("Ben", [prototype(2)], WHEN)
    assert store.rename("ana", " Anna  Maria ") == "Anna  Maria"
    assert store.rename("anna maria", "ANNA") == "ANNA"
    assert store.rename("anna", "Anna") == "Anna"
    with pytest.raises(VoiceError, match="Ben is enrolled already"):
        store.rename("Anna", "BEN")
    with pytest.raises(VoiceError, match="Nobody named 'Ana'"):
        store.rename("Ana", "Zoe")
    with pytest.raises(OptionError, match="unknown speakers are called"):
        store.rename("Anna", "SPEAKER_01")
    assert [(p.name, p.prototypes[0].space) for p in store.people()] == [("Anna", SPACE), ("Ben", SPACE)]
    assert b"Ana" not in everything_in(root)


def enrol_in_turn(root: Path, name: str, seeds: range, start: threading.Barrier) -> None:
    store = VoiceStore(root)
    start.wait()
    for seed in seeds:
        store.add(name, [prototype(seed)], WHEN)


def test_enrolments_at_once_lose_nothing_and_keep_nobody_twice(root: Path) -> None:
    start = threading.Barrier(4)
    threads = [
        threading.Thread(target=enrol_in_turn, args=(root, name, range(8 * i, 8 * i + 8), start))
        for i, name in enumerate(("Ana", "ana", "ANA", "Ben"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(person.prototypes) for person in VoiceStore(root).people()] == [24, 8]
    assert len(list(root.glob("*.voice"))) == 2


def test_a_folder_that_is_held_is_waited_for_and_then_told_of(root: Path, monkeypatch) -> None:
    store = VoiceStore(root)
    store.add("Ana", [prototype()], WHEN)
    monkeypatch.setattr("diarfuse.transcribe.voices.files.WAIT", 0)
    with files.held(root), pytest.raises(VoiceError, match="Another command is at work in"):
        store.people()
    assert len(store.people()) == 1


def test_a_read_only_disk_is_read(root: Path, monkeypatch) -> None:
    VoiceStore(root).add("Ana", [prototype()], WHEN)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    assert len(VoiceStore(root).people()) == 1
    monkeypatch.setattr("pathlib.Path.rename", refuse)
    with pytest.raises(OutputError, match=r"cannot be used \(Read-only file system\): check its permissions, or set"):
        VoiceStore(root).delete("Ana")


@pytest.mark.parametrize(("number", "remedy"), [(errno.ENOSPC, "make room"), (errno.EROFS, "check its permissions")])
def test_a_folder_that_cannot_be_made_is_told_by_its_reason(root: Path, monkeypatch, number, remedy) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(OutputError, match=rf"cannot be used \({os.strerror(number)}\): {remedy}, or set"):
        VoiceStore(root).add("Ana", [prototype()], WHEN)


def test_deletion_overwrites_what_was_there(root: Path, tmp_path: Path) -> None:
    store = VoiceStore(root)
    store.add("Ana", [prototype(1)], WHEN)
    (path,) = root.glob("*.voice")
    witness = tmp_path / "witness"
    witness.hardlink_to(path)  # the same blocks under another name
    store.delete("Ana")
    assert [path.name for path in root.iterdir()] == [".lock"]
    assert set(witness.read_bytes()) == {0}
    with pytest.raises(VoiceError, match="Nobody named 'Ana' is enrolled"):
        store.delete("Ana")


def test_replacing_overwrites_the_old_blocks_too(root: Path, tmp_path: Path) -> None:
    store = VoiceStore(root)
    store.add("Ana", [prototype(1)], WHEN)
    (path,) = root.glob("*.voice")
    (tmp_path / "witness").hardlink_to(path)
    store.add("Ana", [prototype(2)], WHEN)
    assert set((tmp_path / "witness").read_bytes()) == {0}
    assert sorted(p.name for p in root.iterdir()) == [".lock", path.name]


def test_a_failed_write_leaves_the_old_file(root: Path, monkeypatch) -> None:
    store = VoiceStore(root)
    store.add("Ana", [prototype(1)], WHEN)
    before = everything_in(root)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.add("Ana", [prototype(2)], WHEN)
    monkeypatch.undo()
    assert everything_in(root) == before


def test_forget_all_needs_no_passphrase_and_leaves_nothing(root: Path) -> None:
    pytest.importorskip("cryptography")
    store = VoiceStore(root)
    store.add("Ana", [prototype(1)], WHEN)
    store.encrypt("secret")
    (root / "index" / "key").mkdir(parents=True)
    (root / "index" / "key" / "vectors-1.npy").write_bytes(b"numbers")
    assert forget_all(root) == 1
    assert not root.exists()
    assert forget_all(root) == 0
