"""Voice exports, records and the lock's header, damaged at random: refused in a sentence, or harmless."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from diarfuse.fusion.errors import VoiceError
from diarfuse.fusion.naming.match import Cluster, identify
from diarfuse.transcribe.voices import encryption
from diarfuse.transcribe.voices.calibration import CALIBRATIONS
from diarfuse.transcribe.voices.exports import read_export, write_export
from diarfuse.transcribe.voices.records import Person, Prototype, check_name, name_key
from diarfuse.transcribe.voices.shapes import person_json, person_line
from diarfuse.transcribe.voices.store import HEADER, VoiceStore
from tests.amounts import examples
from tests.security.mutations import answer, fuzz, is_plain, mutate_bytes, mutate_json, put

((SPACE, CALIBRATION),) = CALIBRATIONS.items()
WHEN = "2026-01-02T03:04:05Z"


def prototype(seed: int, space: str = SPACE) -> Prototype:
    vector = np.random.default_rng(seed).standard_normal(192)
    return Prototype((vector / np.linalg.norm(vector)).astype(np.float32), space, 12.5, WHEN)


ANA = Person("Ana Mar\u00eda L.", WHEN, (prototype(1), prototype(2, "made-up-1")))
BEN = Person("Ben", WHEN, (prototype(3),))
EXPORT = write_export([ANA, BEN])


def check_people(people: list[Person]) -> None:
    """What was let in can be listed, written, exported, and compared with a speaker."""
    for person in people:
        assert check_name(person.name) == person.name
        assert is_plain(person_line(person))
        json.dumps(person_json(person), ensure_ascii=False).encode()
        for one in person.prototypes:
            assert np.linalg.norm(one.embedding) == pytest.approx(1, abs=1e-4)
            assert 0 <= one.speech < 1e6
    voices = [voice for person in people if (voice := person.voice(SPACE)) is not None]
    identify([Cluster("SPEAKER_00", SPACE, prototype(9).embedding, 20.0)], voices, CALIBRATION.gate)
    assert list(read_export(write_export(people), "x.json").values()) is not None


def test_exports() -> None:
    taken: list[int] = []
    good = json.loads(EXPORT)

    def one(chance: random.Random) -> None:
        data = mutate_json(good, chance) if chance.random() < 0.6 else mutate_bytes(EXPORT, [EXPORT], chance)
        found = answer(lambda data: read_export(data, "x.json"), data)
        if found is not None:
            check_people(list(found.values()))
            assert [name_key(person.name) for person in found.values()] == list(found)
            taken.append(len(found))

    fuzz(400, one)
    assert len(taken) > examples(20)  # or the variants are all too wild to reach anything


@pytest.fixture(params=["clear", "encrypted"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch) -> VoiceStore:
    """Ana and Ben."""
    made = VoiceStore(tmp_path / "voices")
    for person in (ANA, BEN):
        made.add(person.name, person.prototypes, WHEN)
    if request.param == "encrypted":
        pytest.importorskip("cryptography")
        monkeypatch.setattr(encryption, "_N", 16)
        made.encrypt("secret")
    return made


def test_records(store: VoiceStore) -> None:
    """Whatever became of Ana's record, Ben can be listed and named, and the file is told of."""
    passphrase = "secret" if store.locked(store.root) else None
    bens, anas = sorted(store.root.glob("*.voice"), key=lambda path: path.stat().st_size)
    good, other = anas.read_bytes(), bens.read_bytes()

    def one(chance: random.Random) -> None:
        as_json = passphrase is None and chance.random() < 0.6
        data = mutate_json(json.loads(good), chance) if as_json else mutate_bytes(good, [good, other], chance)
        put(anas, data)
        anas.chmod(0o600)
        told: list[str] = []
        opened = VoiceStore(store.root, passphrase=passphrase, on_note=told.append)
        people = answer(lambda _: opened.people(), data)
        assert people is not None
        check_people(people)
        assert name_key(BEN.name) in [name_key(person.name) for person in people]
        assert len(people) == 2 or told or len(people[0].prototypes) == 2  # the variant is one more of Ben
        assert all(is_plain(sentence) for sentence in told)

    fuzz(250, one)


@pytest.mark.parametrize("store", ["encrypted"], indirect=True)
def test_the_locks_header(store: VoiceStore) -> None:
    header = store.root / HEADER
    good = header.read_bytes()

    def one(chance: random.Random) -> None:
        data = mutate_json(json.loads(good), chance) if chance.random() < 0.6 else mutate_bytes(good, [good], chance)
        header.write_bytes(data)
        answer(lambda _: VoiceStore(store.root, passphrase="secret").people(), data)  # noqa: S106

    fuzz(300, one)
    header.write_bytes(good)
    assert len(VoiceStore(store.root, passphrase="secret").people()) == 2  # noqa: S106
    with pytest.raises(VoiceError, match="wrong"):
        VoiceStore(store.root, passphrase="other")  # noqa: S106
