"""What is kept of people on disk: private, whole, bounded, and gone when deleted."""

from __future__ import annotations

import base64
import contextlib
import json
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.errors import VoiceError
from diarfuse.transcribe.voices.records import (
    MAX_PROTOTYPES,
    Person,
    Prototype,
    check_name,
    dumps,
    from_json,
    loads,
)
from diarfuse.transcribe.voices.store import VoiceStore, forget_all, read_bounded, write_private

SPACE, WHEN = "abc-fbank80-1", "2026-01-02T03:04:05Z"


def prototype(seed: int = 0, space: str = SPACE) -> Prototype:
    vector = np.random.default_rng(seed).standard_normal(192)
    return Prototype((vector / np.linalg.norm(vector)).astype(np.float32), space, 12.5, WHEN)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "voices"


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_several_recordings_of_several_people_in_several_spaces(root: Path) -> None:
    store = VoiceStore(root)
    assert store.people() == []
    store.add("Ben", prototype(1), WHEN)
    store.add(" Ana ", prototype(2), WHEN)
    store.add("ana", prototype(3), "2026-02-02T00:00:00Z")
    store.add("Ana", prototype(4, "other-1"), WHEN)
    assert [(p.name, len(p.prototypes)) for p in VoiceStore(root).people()] == [("Ana", 3), ("Ben", 1)]
    (ana, _) = VoiceStore(root).voices(SPACE)
    np.testing.assert_allclose(ana.prototypes[0], prototype(2).embedding, atol=1e-6)  # float32 written and read
    assert len(ana.prototypes) == 2
    assert VoiceStore(root).voices("nowhere") == []
    assert VoiceStore(root).get("ANA").consent == WHEN


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_only_the_user_can_read_and_no_file_is_named_after_anybody(root: Path) -> None:
    VoiceStore(root).add("Ana", prototype(), WHEN)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    for path in root.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "ana" not in path.name.lower()
    path.chmod(0o644)
    with pytest.raises(VoiceError, match="can be read by others"):
        VoiceStore(root).people()


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff"])
def test_a_damaged_file_is_named_with_its_folder_and_what_helps(root: Path, data: bytes) -> None:
    VoiceStore(root).add("Ana", prototype(), WHEN)
    (path,) = root.iterdir()
    write_private(path, data)
    with pytest.raises(VoiceError, match="delete it, or restore it from a copy") as raised:
        VoiceStore(root).people()
    assert str(raised.value).startswith(f"{path} is damaged")


def test_deletion_overwrites_what_was_there(root: Path, tmp_path: Path) -> None:
    store = VoiceStore(root)
    store.add("Ana", prototype(1), WHEN)
    (path,) = root.iterdir()
    witness = tmp_path / "witness"
    witness.hardlink_to(path)  # the same blocks under another name
    store.delete("Ana")
    assert list(root.iterdir()) == []
    assert set(witness.read_bytes()) == {0}
    with pytest.raises(VoiceError, match="Nobody named 'Ana' is enrolled"):
        store.delete("Ana")


def test_replacing_overwrites_the_old_blocks_too(root: Path, tmp_path: Path) -> None:
    store = VoiceStore(root)
    store.add("Ana", prototype(1), WHEN)
    (path,) = root.iterdir()
    (tmp_path / "witness").hardlink_to(path)
    store.add("Ana", prototype(2), WHEN)
    assert set((tmp_path / "witness").read_bytes()) == {0}
    assert [p.name for p in root.iterdir()] == [path.name]


def test_a_failed_write_leaves_the_old_file(root: Path, monkeypatch) -> None:
    store = VoiceStore(root)
    store.add("Ana", prototype(1), WHEN)
    before = everything_in(root)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.add("Ana", prototype(2), WHEN)
    monkeypatch.undo()
    assert everything_in(root) == before


def test_forget_all_needs_no_passphrase_and_leaves_nothing(root: Path) -> None:
    pytest.importorskip("cryptography")
    store = VoiceStore(root)
    store.add("Ana", prototype(1), WHEN)
    store.encrypt("secret")
    (root / "index" / "key").mkdir(parents=True)
    (root / "index" / "key" / "vectors-1.npy").write_bytes(b"numbers")
    assert forget_all(root) == 1
    assert not root.exists()
    assert forget_all(root) == 0


def test_encryption_hides_names_and_numbers_and_notices_changes(root: Path) -> None:
    pytest.importorskip("cryptography")
    store = VoiceStore(root)
    store.add("Anastasia", prototype(1), WHEN)
    store.encrypt("secret")
    store.add("Benjamin", prototype(2), WHEN)
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
        write_private(one, wrong)
        with pytest.raises(VoiceError, match="is damaged"):
            VoiceStore(root, passphrase="secret").people()  # noqa: S106


@pytest.mark.parametrize("header", [b"", b"[]", b"{}", b'{"format": "diarfuse-encrypted", "version": 1, "salt": 3}'])
def test_a_damaged_lock_is_said(root: Path, header: bytes) -> None:
    root.mkdir(parents=True)
    (root / "lock.json").write_bytes(header)
    with pytest.raises(VoiceError, match=r"lock\.json"):
        VoiceStore(root, passphrase="x")  # noqa: S106


def test_export_and_import(root: Path, tmp_path: Path) -> None:
    store = VoiceStore(root)
    store.add("Ana", prototype(1), WHEN)
    store.add("Ben", prototype(2), WHEN)
    other = VoiceStore(tmp_path / "elsewhere")
    other.add("ana", prototype(9), WHEN)
    assert other.import_(store.export(), "x.json") == ["Ana", "Ben"]
    assert [(p.name, len(p.prototypes)) for p in other.people()] == [("Ana", 1), ("Ben", 1)]
    assert [p["name"] for p in json.loads(store.export(["ben"]))["people"]] == ["Ben"]
    document = json.loads(store.export())
    document["people"][1]["version"] = 99
    third = VoiceStore(tmp_path / "third")
    with pytest.raises(VoiceError, match="another format or version"):
        third.import_(json.dumps(document).encode(), "x.json")
    assert third.people() == []  # all or nothing


@pytest.mark.parametrize("field", ["consent", "added", "space"])
def test_imported_text_cannot_steer_the_terminal(root: Path, field: str) -> None:
    document = json.loads(VoiceStore(root).export())
    person = json.loads(dumps(Person("Ana", WHEN, (prototype(),))))
    (person if field in person else person["prototypes"][0])[field] = "2026\x1b[2J"
    document["people"] = [person]
    with pytest.raises(VoiceError, match="is no voice file"):
        VoiceStore(root).import_(json.dumps(document).encode(), "x.json")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_a_file_without_an_end_is_not_read_to_the_end(monkeypatch, tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="is no file"):
        read_bounded(Path("/dev/zero"))
    monkeypatch.setattr("diarfuse.transcribe.voices.store.MAX_BYTES", 1000)
    (tmp_path / "x").write_bytes(bytes(1001))
    with pytest.raises(VoiceError, match="larger than"):
        read_bounded(tmp_path / "x")


def test_at_most_32_recordings_are_kept() -> None:
    person = Person("Ana", WHEN, (prototype(0),))
    for seed in range(1, 40):
        person = person.with_prototype(prototype(seed))
    assert len(person.prototypes) == MAX_PROTOTYPES
    np.testing.assert_array_equal(person.prototypes[-1].embedding, prototype(39).embedding)


@pytest.mark.parametrize("name", ["SPEAKER_01", "speaker_7", "Unknown"])
def test_names_are_no_anonymous_labels(name: str) -> None:
    with pytest.raises(VoiceError, match="unknown speakers are called"):
        check_name(name)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00", "x" * 101, "\u202eevil"])
def test_names_are_one_printable_line(name: str) -> None:
    with pytest.raises(VoiceError, match="printable"):
        check_name(name)


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
