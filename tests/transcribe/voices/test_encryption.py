"""Voices behind a passphrase: nothing to read, every change noticed, and a lock that was spoilt is said."""

from __future__ import annotations

import base64
import json
from functools import partial
from pathlib import Path

import pytest

from diarfuse.fusion.errors import VoiceError
from diarfuse.transcribe.voices import encryption
from diarfuse.transcribe.voices.store import VoiceStore, forget_all
from tests.transcribe.voices.made import SPACE, WHEN, everything_in, prototype

COST = encryption._N


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
    assert 128 * COST * encryption._R == 32 << 20


@pytest.mark.parametrize("header", [b"", b"[]", b"{}", b'{"format": "diarfuse-encrypted", "version": 1, "salt": 3}'])
def test_a_damaged_lock_is_said(root: Path, header: bytes) -> None:
    root.mkdir(parents=True)
    (root / "lock.json").write_bytes(header)
    with pytest.raises(VoiceError, match=r"lock\.json"):
        VoiceStore(root, passphrase="x")  # noqa: S106


@pytest.mark.parametrize("header", [{"check": "A"}, {"salt": "\u00e9"}, {"check": 3}, {"salt": None}])
def test_a_lock_that_was_edited_is_said(root: Path, header: dict[str, object]) -> None:
    pytest.importorskip("cryptography")
    VoiceStore(root).encrypt("secret")
    lock = root / "lock.json"
    lock.write_text(json.dumps(json.loads(lock.read_bytes()) | header), encoding="utf-8")
    with pytest.raises(VoiceError, match=r"lock\.json of the voices folder is damaged"):
        VoiceStore(root, passphrase="secret")  # noqa: S106


def test_voices_whose_lock_is_lost_are_called_so_and_not_locked_out_for_good(root: Path) -> None:
    pytest.importorskip("cryptography")
    store = VoiceStore(root)
    store.add("Ana", [prototype(1)], WHEN)
    store.encrypt("secret")
    lock, (record,) = (root / "lock.json").read_bytes(), root.glob("*.voice")
    (root / "lock.json").unlink()
    told: list[str] = []
    without = VoiceStore(root, on_note=told.append)
    assert without.people() == []
    (said,) = told
    assert said.startswith(f"{record} is encrypted, and lock.json, without which no passphrase opens it, is not beside")
    for act in (partial(without.add, "Ben", [prototype(2)], WHEN), partial(without.encrypt, "other")):
        with pytest.raises(VoiceError, match=r"lock\.json, without which"):
            act()
    assert list(root.glob("*.json")) == []
    (root / "lock.json").write_bytes(lock)
    assert [p.name for p in VoiceStore(root, passphrase="secret").people()] == ["Ana"]  # noqa: S106
    (root / "lock.json").unlink()
    record.unlink()
    without.add("Ben", [prototype(2)], WHEN)
    assert forget_all(root) == 1
