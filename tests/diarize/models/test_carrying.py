from __future__ import annotations

import hashlib
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from diarfuse.diarize.models.carrying import export_packs, import_packs, load_dir
from diarfuse.diarize.models.pack_file import write_pack
from diarfuse.diarize.models.packs import Network
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.models.yours import record
from diarfuse.fusion.errors import (
    CorruptModelError,
    LicenceError,
    ModelNotFoundError,
    OptionError,
    UnknownNameError,
    UnsafeModelError,
)
from tests.diarize.models.fake_hub import ALONE, PACK, Hub, install_builders
from tests.diarize.tiny_embedder import tiny_embedder

pytestmark = pytest.mark.usefixtures("built")


def test_sources_are_carried_and_networks_built_where_they_are_used(hub: Hub, tmp_path: Path, built: list[str]) -> None:
    store = Store(tmp_path / "here", packs=ALONE, endpoint=hub.address)
    models = store.load("fake")
    assert export_packs(store, tmp_path / "stick") == ("fake",)
    assert "Licence: none" in (tmp_path / "stick" / "fake" / "NOTICE.txt").read_text()
    assert not list((tmp_path / "stick").rglob("*.onnx"))
    there = Store(tmp_path / "there", packs=ALONE, offline=True)
    assert import_packs(there, tmp_path / "stick") == ("fake",)
    assert built[2:] == [
        "fake_segmentation",
        "fake_embedding",
        "fake_segmentation in integers",
        "fake_embedding in integers",
    ]
    loaded = [there.load("fake"), load_dir(tmp_path / "stick", packs=ALONE, on_note=pytest.fail)]
    assert [other.space for other in loaded] == [models.space] * 2
    for other in loaded:
        assert {name: path.read_bytes() for name, path in other.graphs.items()} == {
            name: path.read_bytes() for name, path in models.graphs.items()
        }


def plant(folder: Path, models: Path) -> list[Path]:
    """Put networks with a sound hash beside them where `folder` has, or would have, its graphs."""
    (folder / "graphs").mkdir(exist_ok=True)
    planted = []
    for graph in models.glob("*.onnx"):
        target = folder / "graphs" / graph.name
        target.write_bytes(b"evil")
        content = f"4 {hashlib.sha256(b'evil').hexdigest()}\n"
        target.with_name(target.name + ".sha256").write_text(content)
        planted.append(target)
    assert planted
    return planted


def test_a_planted_network_is_neither_installed_nor_run(hub: Hub, tmp_path: Path) -> None:
    store = Store(tmp_path / "here", packs=ALONE, endpoint=hub.address)
    store.load("fake")
    export_packs(store, tmp_path / "stick")
    plant(tmp_path / "stick", tmp_path / "here" / "graphs")
    there = Store(tmp_path / "there", packs=ALONE, offline=True)
    import_packs(there, tmp_path / "stick")
    for models in (there.load("fake"), load_dir(tmp_path / "stick", packs=ALONE)):
        assert all(path.read_bytes() != b"evil" for path in models.graphs.values())
        assert not any(path.is_relative_to(tmp_path / "stick") for path in models.graphs.values())


def test_verify_tells_a_planted_network_and_pull_builds_it_again(hub: Hub, tmp_path: Path) -> None:
    store = Store(tmp_path / "here", packs=ALONE, endpoint=hub.address)
    models = store.load("fake")
    models.graph("trunk", "int8")
    assert store.verify_networks("fake") == []
    planted = plant(tmp_path / "here", tmp_path / "here" / "graphs")
    assert store.verify_graphs() == []  # each has the hash that lies beside it
    assert sorted(store.verify_networks("fake")) == sorted(
        f"{path} is not what {tmp_path / 'here' / 'fake' / part / 'weights.bin'} gives."
        for path in planted
        for part in ["segmentation" if "segmentation" in path.name else "embedding"]
    )
    store.load("fake", fresh=True)
    assert store.verify_networks("fake") == []
    assert store.load("fake").graph("trunk", "int8").read_bytes() != b"evil"


def test_import_replaces_networks_that_were_there(hub: Hub, tmp_path: Path) -> None:
    store = Store(tmp_path / "here", packs=ALONE, endpoint=hub.address)
    store.load("fake")
    export_packs(store, tmp_path / "stick")
    there = Store(tmp_path / "there", packs=ALONE, offline=True)
    (tmp_path / "there").mkdir()
    plant(tmp_path / "there", tmp_path / "here" / "graphs")
    import_packs(there, tmp_path / "stick")
    assert there.verify_networks("fake") == []


def test_a_read_only_folder_keeps_new_graphs_with_the_user(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(tmp_path / "a", packs=ALONE, endpoint=hub.address).load("fake")
    install_builders(monkeypatch, version=2)
    monkeypatch.setattr("os.access", lambda path, _: not str(path).startswith(str(tmp_path / "a")))
    for models in (
        load_dir(tmp_path / "a", packs=ALONE),
        Store(tmp_path / "a", packs=ALONE, offline=True).load("fake"),
    ):
        assert {path.parent for path in models.graphs.values()} == {tmp_path / "default" / "graphs"}


def test_nothing_to_carry(tmp_path: Path) -> None:
    store = Store(tmp_path / "here", packs=ALONE)
    with pytest.raises(ModelNotFoundError, match=r"no pack in .*here to export"):
        export_packs(store, tmp_path / "stick")
    with pytest.raises(ModelNotFoundError, match=r"no complete pack in .*stick"):
        import_packs(store, tmp_path / "stick")
    with pytest.raises(ModelNotFoundError, match=r"The pack fake is not, or not whole, in .*stick"):
        import_packs(store, tmp_path / "stick", ["fake"])
    with pytest.raises(ModelNotFoundError, match=r"no complete pack in .*stick"):
        load_dir(tmp_path / "stick")


def test_a_corrupt_pack_is_not_carried(hub: Hub, tmp_path: Path) -> None:
    store = Store(tmp_path / "here", packs=ALONE, endpoint=hub.address)
    store.load("fake")
    export_packs(store, tmp_path / "stick")
    for root in ("here", "stick"):
        weights = tmp_path / root / "fake" / "embedding" / "weights.bin"
        weights.write_bytes(bytes(weights.stat().st_size))
    with pytest.raises(CorruptModelError, match=r"fake cannot be copied: .*weights\.bin is corrupt"):
        export_packs(store, tmp_path / "elsewhere")
    there = Store(tmp_path / "there", packs=ALONE, offline=True)
    with pytest.raises(CorruptModelError, match=r"fake cannot be copied: .*weights\.bin is corrupt"):
        import_packs(there, tmp_path / "stick")
    with pytest.raises(ModelNotFoundError):
        there.load("fake")


@pytest.fixture
def added(hub: Hub, tmp_path: Path) -> Store:
    """A store with the pinned pack, and with one of its user's own that has a ready network."""
    store = Store(tmp_path / "here", packs=ALONE, endpoint=hub.address)
    store.load("fake")
    make_own(store.root)
    record(store.root, "own", "2026-01-02")
    return store


def make_own(root: Path, model: bytes | None = None) -> None:
    """The folder of a pack: the fake segmentation, and a graph."""
    folder = root / "own"
    content = model if model is not None else tiny_embedder().SerializeToString()
    (folder / "embedding").mkdir(parents=True, exist_ok=True)
    (folder / "embedding" / "model.onnx").write_bytes(content)
    (folder / "segmentation").mkdir(exist_ok=True)
    shutil.copyfile(root / "fake" / "segmentation" / "weights.bin", folder / "segmentation" / "weights.bin")
    graph = replace(
        PACK.files[1], path="embedding/model.onnx", size=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    embedding = replace(PACK.embedding, file=graph.path, builder="onnx", dimension=80, output="embedding", stride=1)
    segmentation = Network("segmentation/weights.bin", "pyannet")
    pack = replace(
        PACK,
        name="own",
        source=None,
        files=(PACK.files[0], graph),
        segmentation=segmentation,
        embedding=embedding,
        recipe="agglomerative",
        plda=None,
        auto=None,
    )
    (folder / "pack.toml").write_text(write_pack(pack))


@pytest.fixture(autouse=True)
def pyannet(monkeypatch: pytest.MonkeyPatch, built: list[str]) -> None:
    """The name of a real network for the builder of the fake one, so that a pack may name it."""
    assert built == []
    home = "diarfuse.diarize.models"
    monkeypatch.setitem(sys.modules, f"{home}.pyannet", sys.modules[f"{home}.fake_segmentation"])


def test_a_pack_of_ones_own_is_carried_and_taken_only_by_its_name(added: Store, tmp_path: Path) -> None:
    assert export_packs(added, tmp_path / "stick") == ("fake", "own")
    there = Store(tmp_path / "there", packs=ALONE, offline=True)
    assert import_packs(there, tmp_path / "stick") == ("fake",)
    with pytest.raises(UnknownNameError):
        there.load("own")
    assert import_packs(there, tmp_path / "stick", ["own"]) == ("own",)
    models = there.load("own")
    assert there.origin("own") == "yours"
    assert "is yours" in models.notes[0]
    assert there.verify("own") == []
    with pytest.raises(CorruptModelError, match=r"There is a pack own .* already"):
        import_packs(there, tmp_path / "stick", ["own"])
    assert load_dir(tmp_path / "stick", packs=ALONE).name == "fake"
    assert load_dir(tmp_path / "stick", "own", packs=ALONE).name == "own"


def test_a_name_that_is_not_there_or_is_no_name(added: Store, tmp_path: Path) -> None:
    for name in ("other", "../here", "own/../own"):
        with pytest.raises(UnknownNameError, match="known ones are fake, own"):
            import_packs(Store(tmp_path / "there", packs=ALONE), added.root, [name])
    assert not (tmp_path / "there").exists()


def test_an_own_pack_that_is_more_than_a_network_is_refused(added: Store, tmp_path: Path) -> None:
    model = tiny_embedder()
    model.graph.node[0].domain = "evil.ops"
    make_own(added.root, model.SerializeToString())
    with pytest.raises(UnsafeModelError, match=r"evil\.ops"):
        import_packs(Store(tmp_path / "there", packs=ALONE), added.root, ["own"])
    shutil.move(added.root / "own", added.root / "renamed")
    with pytest.raises(CorruptModelError, match="describes the pack own: rename its folder"):
        import_packs(Store(tmp_path / "there", packs=ALONE), added.root, ["renamed"])
    assert not (tmp_path / "there").exists()


def test_a_licence_that_forbids_copies(added: Store, tmp_path: Path) -> None:
    store = Store(added.root, packs={"fake": replace(PACK, forbids=frozenset({"export"}))})
    with pytest.raises(LicenceError, match="does not allow it to be copied elsewhere"):
        export_packs(store, tmp_path / "stick")
    assert not (tmp_path / "stick").exists()
    with pytest.raises(OptionError):
        export_packs(store, tmp_path / "stick", ["nobody"])
