"""What is kept of people on disk: private, whole, bounded, and gone when deleted."""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
import stat
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.errors import OutputError, VoiceError
from diarfuse.transcribe.voices import encryption, files
from diarfuse.transcribe.voices.calibration import CALIBRATIONS
from diarfuse.transcribe.voices.exports import read_import, save_export, write_export
from diarfuse.transcribe.voices.likeness import check_same_voice
from diarfuse.transcribe.voices.records import (
    MAX_PROTOTYPES,
    Person,
    Prototype,
    check_name,
    dumps,
    from_json,
    loads,
    name_key,
)
from diarfuse.transcribe.voices.store import VoiceStore, forget_all

SPACE, CAMPPLUS = "abc-fbank80-1", next(iter(CALIBRATIONS))
WHEN = "2026-01-02T03:04:05Z"


def prototype(seed: int = 0, space: str = SPACE, dimension: int = 192) -> Prototype:
    vector = np.random.default_rng(seed).standard_normal(dimension)
    return Prototype((vector / np.linalg.norm(vector)).astype(np.float32), space, 12.5, WHEN)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "voices"


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


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
    with pytest.raises(VoiceError, match="unknown speakers are called"):
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


def test_encrypting_and_writing_at_once_leaves_no_clear_record(root: Path) -> None:
    pytest.importorskip("cryptography")
    store, other = VoiceStore(root), VoiceStore(root)
    store.add("Ana", [prototype()], WHEN)
    other.encrypt("secret")
    for act in (store.people, partial(store.add, "Ben", [prototype()], WHEN), partial(store.encrypt, "other")):
        with pytest.raises(VoiceError, match="run the command again"):
            act()
    assert b"diarfuse-voice" not in everything_in(root).replace(b"diarfuse-voices", b"")
    forget_all(root)
    with pytest.raises(VoiceError, match="run the command again"):
        other.add("Ben", [prototype()], WHEN)


def test_a_read_only_disk_is_read(root: Path, monkeypatch) -> None:
    VoiceStore(root).add("Ana", [prototype()], WHEN)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    assert len(VoiceStore(root).people()) == 1
    monkeypatch.setattr("pathlib.Path.rename", refuse)
    with pytest.raises(OutputError, match=r"cannot be used \(Read-only file system\)"):
        VoiceStore(root).delete("Ana")


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


def test_encryption_hides_names_and_numbers_and_notices_changes(root: Path) -> None:
    pytest.importorskip("cryptography")
    store = VoiceStore(root)
    store.add("Anastasia", [prototype(1)], WHEN)
    store.encrypt("secret")
    store.add("Benjamin", [prototype(2)], WHEN)
    data = everything_in(root)
    for hidden in (b"Anastasia", b"Benjamin", SPACE.encode(), base64.b64encode(prototype(1).embedding.tobytes())):
        assert hidden not in data
    assert [p.name for p in VoiceStore(root, passphrase="secret").people()] == ["Anastasia", "Benjamin"]  # noqa: S106
    with pytest.raises(VoiceError, match="encrypted: give the passphrase"):
        VoiceStore(root)
    with pytest.raises(VoiceError, match="passphrase is wrong"):
        VoiceStore(root, passphrase="Secret")  # noqa: S106
    one, other = sorted(root.glob("*.voice"))
    data, swapped = one.read_bytes(), other.read_bytes()
    for wrong in (data[:-1] + bytes([data[-1] ^ 1]), data[:9], swapped):
        one.write_bytes(wrong)
        told: list[str] = []
        people = VoiceStore(root, passphrase="secret", on_note=told.append).people()  # noqa: S106
        assert len(people) == 1
        assert told[0].startswith(f"{one} is damaged")


def test_a_guess_at_the_passphrase_takes_32_mebibytes() -> None:
    assert 128 * encryption._N * encryption._R == 32 << 20


@pytest.mark.parametrize("header", [b"", b"[]", b"{}", b'{"format": "diarfuse-encrypted", "version": 1, "salt": 3}'])
def test_a_damaged_lock_is_said(root: Path, header: bytes) -> None:
    root.mkdir(parents=True)
    (root / "lock.json").write_bytes(header)
    with pytest.raises(VoiceError, match=r"lock\.json"):
        VoiceStore(root, passphrase="x")  # noqa: S106


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


def test_at_most_32_recordings_are_kept() -> None:
    person = Person("Ana", WHEN, (prototype(0),))
    for seed in range(1, 40):
        person = person.with_prototypes([prototype(seed)])
    assert len(person.prototypes) == MAX_PROTOTYPES
    np.testing.assert_array_equal(person.prototypes[-1].embedding, prototype(39).embedding)


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


@pytest.mark.parametrize(
    "number", [b"\x00\x00\xc0\x7f", b"\x01\x00\xa0\x7f", b"\x00\x00\x80\xff"], ids=["NaN", "sNaN", "inf"]
)
def test_numbers_that_are_none_are_refused_without_a_warning(number: bytes) -> None:
    document = json.loads(dumps(Person("Ana", WHEN, (prototype(),))))
    document["prototypes"][0]["embedding"] = base64.b64encode(number * 192).decode()
    with pytest.raises(VoiceError, match="is no voice file"):
        from_json(document, "x")


@pytest.mark.parametrize("header", [{"check": "A"}, {"salt": "\u00e9"}, {"check": 3}, {"salt": None}])
def test_a_lock_that_was_edited_is_said(root: Path, header: dict[str, object]) -> None:
    pytest.importorskip("cryptography")
    VoiceStore(root).encrypt("secret")
    lock = root / "lock.json"
    lock.write_text(json.dumps(json.loads(lock.read_bytes()) | header), encoding="utf-8")
    with pytest.raises(VoiceError, match=r"lock\.json of the voices folder is damaged"):
        VoiceStore(root, passphrase="secret")  # noqa: S106


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


@pytest.mark.parametrize("name", ["SPEAKER_01", "speaker_7"])
def test_names_are_no_anonymous_labels(name: str) -> None:
    with pytest.raises(VoiceError, match="unknown speakers are called"):
        check_name(name)


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a\x00", "x" * 101, "\u202eevil", "\ud800", "nobody", "Unknown", "?", "\u200d"]
)
def test_names_are_one_visible_line(name: str) -> None:
    with pytest.raises(VoiceError, match=r"name|Nobody"):
        check_name(name)


def test_names_are_written_as_their_language_writes_them() -> None:
    persian = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"
    assert check_name(f" {persian} ") == persian
    assert name_key(persian) == name_key(persian.replace("\u200c", ""))
    assert check_name("Jose\u0301 B.") == "Jos\u00e9 B."
    assert loads(dumps(Person(persian, WHEN, (prototype(),))), "x").name == persian


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.just("diarfuse-voice"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "x"]), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["format", "version", "name", "consent", "prototypes"]), json_values)
def test_a_changed_field_is_refused_or_harmless(field: str, value: object) -> None:
    document = json.loads(dumps(Person("Ana", WHEN, (prototype(),))))
    document[field] = value
    with contextlib.suppress(VoiceError):
        assert isinstance(from_json(document, "x"), Person)


@given(st.sampled_from(["embedding", "space", "speech", "added"]), json_values | st.text(max_size=40))
def test_a_changed_number_is_refused_or_harmless(field: str, value: object) -> None:
    document = json.loads(dumps(Person("Ana", WHEN, (prototype(),))))
    document["prototypes"][0][field] = value
    try:
        (kept,) = from_json(document, "x").prototypes
    except VoiceError:
        return
    assert np.isfinite(kept.embedding).all()
    assert np.linalg.norm(kept.embedding) == pytest.approx(1, abs=1e-5)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(VoiceError):
        loads(data, "x.voice")
