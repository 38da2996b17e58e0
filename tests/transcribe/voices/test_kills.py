"""The voice store killed at every step of every change: whole records, nobody lost, and nobody who is gone."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from diarfuse.transcribe.voices import files
from diarfuse.transcribe.voices.exports import save_export
from diarfuse.transcribe.voices.records import Prototype
from diarfuse.transcribe.voices.store import VoiceStore, forget_all
from tests.faults import every_kill, has_unnamed

WHEN = "2026-01-02T03:04:05Z"
SECRET = "open sesame"  # noqa: S105
State = dict[str, tuple[int, ...]]
"""Name -> the seeds of the recordings kept."""


def prototype(seed: int) -> Prototype:
    vector = np.random.default_rng(seed).standard_normal(4)
    return Prototype((vector / np.linalg.norm(vector)).astype(np.float32), "made-up-1", 12.0, WHEN)


SEEDS = {prototype(seed).embedding.tobytes(): seed for seed in range(9)}


def marks(state: State) -> set[bytes]:
    """What gives people away in a file: the names, and the numbers."""
    numbers = {prototype(seed).embedding.tobytes() for seeds in state.values() for seed in seeds}
    return {name.encode() for name in state} | {base64.b64encode(one) for one in numbers}


@pytest.fixture(params=["clear", "encrypted"])
def passphrase(request: pytest.FixtureRequest) -> str | None:
    if request.param == "clear":
        return None
    pytest.importorskip("cryptography")
    return SECRET


@pytest.fixture(params=["unnamed", "named"])
def before(request: pytest.FixtureRequest, monkeypatch, tmp_path: Path, passphrase: str | None) -> Path:
    """Ana and Ben, where the system has files without names, and where it has none."""
    if request.param == "named":
        monkeypatch.delattr("os.O_TMPFILE", raising=False)
    elif not has_unnamed(tmp_path):
        pytest.skip("no files without names here")
    store = VoiceStore(tmp_path / "voices")
    store.add("Anastasia", [prototype(1), prototype(2)], WHEN)
    store.add("Benjamin", [prototype(3)], WHEN)
    if passphrase:
        store.encrypt(passphrase)
    return tmp_path / "voices"


def open_store(root: Path, passphrase: str | None) -> VoiceStore:
    told: list[str] = []
    store = VoiceStore(root, passphrase=passphrase if VoiceStore.locked(root) else None, on_note=told.append)
    store.people()
    assert [sentence for sentence in told if "was shredded" not in sentence] == []
    return store


def kept(store: VoiceStore) -> State:
    people = store.people()
    assert len({person.name for person in people}) == len(people)
    return {p.name: tuple(SEEDS[one.embedding.tobytes()] for one in p.prototypes) for p in people}


def bytes_of(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


ANA, BEN = (1, 2), (3,)
START: State = {"Anastasia": ANA, "Benjamin": BEN}


def check(root: Path, passphrase: str | None, allowed: Sequence[State]) -> State:
    """The next voice command finds one of the states allowed, and leaves nothing else in the folder."""
    store = open_store(root, passphrase)
    found = kept(store)
    assert found in allowed
    assert {path.suffix for path in root.rglob("*") if path.is_file()} <= {".voice", ".json", ""}  # "" is the lock's
    assert len(list(root.glob("*.voice"))) == len(found)
    shown = set() if passphrase and VoiceStore.locked(root) else marks(found)
    data = bytes_of(root)
    assert [mark for mark in set().union(*map(marks, allowed)) - shown if mark in data] == []
    return found


CHANGES: dict[str, tuple[Callable[[VoiceStore], object], list[State]]] = {
    "a new person": (lambda s: s.add("Cidalia", [prototype(4), prototype(5)], WHEN), [{**START, "Cidalia": (4, 5)}]),
    "one more recording": (lambda s: s.add("anastasia", [prototype(4)], WHEN), [{**START, "Anastasia": (1, 2, 4)}]),
    "another name": (lambda s: s.rename("Anastasia", "Zoe Zimmermann"), [{"Zoe Zimmermann": ANA, "Benjamin": BEN}]),
    "a deletion": (lambda s: s.delete("Anastasia"), [{"Benjamin": BEN}]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_killed_change_was_made_or_was_not(before: Path, passphrase: str | None, change: str) -> None:
    act, after = CHANGES[change]
    allowed = [START, *after]
    found = [
        check(root, passphrase, allowed)
        for root in every_kill(before, lambda root: act(VoiceStore(root, passphrase=passphrase)))
    ]
    assert found[0] == START
    assert found[-1] == after[-1]


def test_a_killed_import_brings_everybody_whole_or_not_at_all(before: Path, passphrase: str | None, tmp_path: Path):
    other = VoiceStore(tmp_path / "other")
    other.add("ANASTASIA", [prototype(6)], WHEN)
    other.add("Cidalia", [prototype(7)], WHEN)
    data = other.export()
    end = {"ANASTASIA": (6,), "Benjamin": BEN, "Cidalia": (7,)}
    for root in every_kill(before, lambda root: VoiceStore(root, passphrase=passphrase).import_(data, "x.json")):
        last = check(root, passphrase, [START, {"ANASTASIA": (6,), "Benjamin": BEN}, end])
    assert last == end


def test_a_deletion_after_any_killed_change_leaves_nothing(before: Path, passphrase: str | None) -> None:
    for root in every_kill(
        before, lambda root: VoiceStore(root, passphrase=passphrase).add("Anastasia", [prototype(4)], WHEN)
    ):
        open_store(root, passphrase).delete("Anastasia")
        data = bytes_of(root)
        assert not [mark for mark in marks({"Anastasia": (1, 2, 4)}) if mark in data]
        assert check(root, passphrase, [{"Benjamin": BEN}]) == {"Benjamin": BEN}


def test_a_killed_deletion_of_one_kept_twice_keeps_her_once_or_not(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delattr("os.O_TMPFILE", raising=False)
    root = tmp_path / "voices"
    store = VoiceStore(root)
    store.add("Anastasia", [prototype(1)], WHEN)
    store.add("Anastasib", [prototype(2)], WHEN)
    path = next(path for path in root.glob("*.voice") if b"Anastasib" in path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b"Anastasib", b"Anastasia"))
    for copy in every_kill(root, lambda copy: VoiceStore(copy).delete("Anastasia")):
        found = kept(open_store(copy, None))
        assert sorted(found.get("Anastasia", ())) in ([1, 2], [1], [2], [])
        assert len(list(copy.glob("*.voice"))) == len(found.get("Anastasia", ()))
    assert found == {}


def test_a_killed_encryption_is_finished_by_the_next_command(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    root = tmp_path / "voices"
    store = VoiceStore(root)
    store.add("Anastasia", [prototype(1), prototype(2)], WHEN)
    store.add("Benjamin", [prototype(3)], WHEN)
    locked = [
        VoiceStore.locked(copy) and bool(check(copy, SECRET, [START]))
        for copy in every_kill(root, lambda copy: VoiceStore(copy).encrypt(SECRET))
    ]
    assert not locked[0]
    assert locked[-1]


def test_after_a_killed_forgetting_the_next_one_forgets_the_rest(before: Path, passphrase: str | None) -> None:
    (before / "index" / "key").mkdir(parents=True)
    (before / "index" / "key" / "vectors-1.npy").write_bytes(b"Anastasia said this")
    for root in every_kill(before, forget_all):
        if root.exists():
            files.tidy(root)
            assert not list(root.rglob("*.part"))
            found = kept(open_store(root, passphrase))  # never damaged: what locks them goes last
            assert set(found) <= set(START)
            forget_all(root)
        assert not root.exists()


def test_a_killed_export_is_whole_or_absent(before: Path, passphrase: str | None, tmp_path: Path) -> None:
    data = VoiceStore(before, passphrase=passphrase).export()
    place = tmp_path / "elsewhere"
    place.mkdir()
    unnamed = has_unnamed(place)
    for copy in every_kill(place, lambda copy: save_export(copy / "ana.json", data, before)):
        assert {path.suffix for path in copy.iterdir()} - {".json"} <= (set() if unnamed else {".part"})
        assert not (copy / "ana.json").exists() or (copy / "ana.json").read_bytes() == data
    assert (copy / "ana.json").read_bytes() == data


def test_a_killed_enrolment_has_no_name_anywhere_even_before_the_next_command(tmp_path: Path) -> None:
    if not has_unnamed(tmp_path):
        pytest.skip("no files without names here")
    (tmp_path / "voices").mkdir()
    for root in every_kill(tmp_path / "voices", lambda root: VoiceStore(root).add("Cidalia", [prototype(4)], WHEN)):
        assert (b"Cidalia" in bytes_of(root)) == (len(list(root.glob("*.voice"))) == 1)
