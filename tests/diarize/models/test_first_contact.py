"""A dry run of the first contact with community-1's official files, which no test can reach.

A hub on loopback serves checkpoints that pyannote.audio's own classes wrote
through Lightning (tests/golden/make_checkpoints.py), with seeded weights under
them, in the official layout; then everything goes wrong that can.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarfuse.diarize.models.checkpoint import read_checkpoint
from diarfuse.diarize.models.fetching import hub as fetching
from diarfuse.diarize.models.pack_file import PACKS
from diarfuse.diarize.models.packs import ClusteringPack, PackFile
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.options import Execution
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.fusion.errors import CorruptModelError, ModelError, NetworkError, UnsafeModelError
from tests.diarize.models.fake_hub import fake_pack
from tests.loopback import Loopback, serving

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "checkpoints"
OFFICIAL = PACKS["community-1"]
REPOSITORY = OFFICIAL.source.repository


def checkpoint(name: str, weights: Mapping[str, np.ndarray], *, pickled: bytes | None = None) -> bytes:
    """A file as the official one: the pickle that pyannote's classes wrote, and `weights` as its storages."""
    table = json.loads((GOLDEN / f"{name}.json").read_text())
    storages = {key: bytearray(size) for key, size in table["sizes"].items()}
    for entry, (key, offset, shape) in table["weights"].items():
        values = weights.get(entry, np.zeros(shape, np.int64 if entry.endswith("tracked") else np.float32))
        assert list(values.shape) == shape
        raw = values.tobytes()
        begin = offset * values.itemsize
        storages[key][begin : begin + len(raw)] = raw
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled or lzma.decompress((GOLDEN / f"{name}.pkl.xz").read_bytes()))
        archive.writestr("archive/byteorder", "little")
        for key, content in storages.items():
            archive.writestr(f"archive/data/{key}", bytes(content))
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/.data/serialization_id", "0" * 40)
    return file.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.fixture(scope="module")
def official(inputs) -> dict[str, bytes]:
    """The four files of the pack by path."""
    random = np.random.default_rng(0)
    lda, square = random.standard_normal((256, 128)), random.standard_normal((128, 128))
    return {
        "segmentation/pytorch_model.bin": checkpoint("segmentation", inputs.pyannet_weights()),
        "embedding/pytorch_model.bin": checkpoint("embedding", inputs.resnet34_weights()),
        "plda/xvec_transform.npz": npz(mean1=np.zeros(256), mean2=np.zeros(128), lda=lda),
        "plda/plda.npz": npz(mu=np.zeros(128), tr=square, psi=np.linspace(3, 1, 128)),
    }


def pinned(files: Mapping[str, bytes]) -> ClusteringPack:
    """community-1 with the hashes of these files."""
    found = [PackFile(path, len(content), hashlib.sha256(content).hexdigest()) for path, content in files.items()]
    return replace(OFFICIAL, files=tuple(found))


@pytest.fixture
def hub(official, monkeypatch) -> Iterator[Loopback]:
    monkeypatch.setattr(fetching, "_PAUSE_SECONDS", 0.0)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    with serving() as found:
        found.files = {f"{REPOSITORY}/{path}": content for path, content in official.items()}
        yield found


def test_what_pyannote_writes_is_read(official, inputs, tmp_path):
    for name, weights in (("segmentation", inputs.pyannet_weights()), ("embedding", inputs.resnet34_weights())):
        path = tmp_path / f"{name}.bin"
        path.write_bytes(official[f"{name}/pytorch_model.bin"])
        found = read_checkpoint(path)
        assert set(weights) <= set(found)
        for entry, values in weights.items():
            np.testing.assert_array_equal(found[entry], values)


def test_storages_of_every_type_that_torch_writes_are_read():
    found = read_checkpoint(GOLDEN / "types.bin")
    assert len(found) == 16
    for name, values in found.items():
        expected = np.ones(2) if name == "parameter" else np.arange(6).reshape(2, 3)
        np.testing.assert_array_equal(values, expected.astype(bool) if name == "bool" else expected)
        if name not in ("parameter", "bfloat16"):
            assert values.dtype == np.dtype(name)
    assert found["bfloat16"].dtype == np.float32


def test_the_whole_first_contact(hub, official, tmp_path, inputs):
    """Fetched over redirects, one file cut and continued; converted; run."""
    hub.cut = [1_000_000]
    pack, notes, heard = pinned(official), list[str](), list[Any]()
    store = Store(tmp_path, packs={"community-1": pack}, endpoint=hub.address)
    diarizer = Diarizer.from_pretrained(
        "auto",
        store=store,
        execution=Execution(mode="exact", device="cpu"),
        on_note=notes.append,
        on_progress=lambda *report: heard.append(report),
    )
    assert notes == []
    assert heard[-1][1:] == (pack.size, pack.size)
    assert hub.ranges(f"{REPOSITORY}/segmentation/pytorch_model.bin") == [None, "bytes=1000000-"]
    assert diarizer.models.name == "community-1"
    assert diarizer.diarize(inputs.waveforms(3, 1, 160_000)[0, 0]).turns
    assert Diarizer.from_pretrained("community-1", store=Store(tmp_path, packs=store.packs, offline=True))


def test_a_proxy_is_asked_where_one_is_set(hub, official, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", hub.address)
    monkeypatch.setenv("no_proxy", "")
    store = Store(tmp_path, packs={"community-1": pinned(official)}, endpoint="http://hub.example")
    store._fetch(store.pack("community-1"), None, None)
    assert store.verify("community-1") == []
    assert hub.ranges(f"{REPOSITORY}/plda/plda.npz") == [None]


def second(tmp_path: Path, hub: Loopback, official: Mapping[str, bytes], **first: Any) -> tuple[Store, list[str]]:
    """A store whose auto is community-1, and then a small pack that is on disk already; and its notes."""
    files = dict.fromkeys(("segmentation/weights.bin", "embedding/weights.bin", "plda/transform.npz"), b"x" * 1000)
    other = replace(fake_pack("second"), files=pinned({**files, "plda/plda.npz": b"y"}).files, auto=2)
    for path, content in {**files, "plda/plda.npz": b"y"}.items():
        (tmp_path / "second" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "second" / path).write_bytes(content)
    packs = {"community-1": replace(pinned(official), **first), "second": other}
    return Store(tmp_path, packs=packs, endpoint=hub.address), []


def incomplete(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "community-1").rglob("*") if path.is_file())


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("answers", "said"),
    [([401] * 9, "Unauthorized"), ([403] * 9, "Forbidden"), ([404] * 9, "Not Found"), ([429] * 9, "Too Many Requests")],
)
def test_a_hub_that_refuses_is_said_and_auto_goes_on(hub, official, tmp_path, answers, said):
    store, notes = second(tmp_path, hub, official)
    hub.answers = [200, *answers]  # that it answers at all is asked first
    assert store.load("auto", on_note=notes.append).name == "second"
    assert len(notes) == 1
    assert notes[0].startswith(
        "The diarization pack community-1 cannot be used, so second is: Cannot download http://127"
    )
    assert said in notes[0]
    assert incomplete(tmp_path) == []
    hub.answers = list(answers)
    with pytest.raises(NetworkError, match=said):
        store.load("community-1")


def test_a_busy_hub_is_asked_again(hub, official, tmp_path):
    hub.answers = [429, 503]
    store = Store(tmp_path, packs={"community-1": pinned(official)}, endpoint=hub.address)
    store._fetch(store.pack("community-1"), None, None)
    assert store.verify("community-1") == []


@pytest.mark.usefixtures("built")
def test_a_networks_login_page_is_told_for_what_it_is(hub, official, tmp_path):
    store, notes = second(tmp_path, hub, official)
    hub.portal = True
    assert store.load("auto", on_note=notes.append).name == "second"
    assert "is answered with a page in place of the file: a network that wants a login first" in notes[0]
    assert incomplete(tmp_path) == []
    assert len([path for _, path, _ in hub.seen if "resolve" in path]) == 1  # asking again is pointless
    hub.portal = False
    store._fetch(store.pack("community-1"), None, None)
    assert store.verify("community-1") == []


@pytest.mark.usefixtures("built")
def test_another_content_is_dropped_and_said(hub, official, tmp_path):
    store, notes = second(tmp_path, hub, official)
    name = f"{REPOSITORY}/plda/plda.npz"
    hub.files[name] = bytes(len(hub.files[name]))
    assert store.load("auto", on_note=notes.append).name == "second"
    assert "does not serve the pinned content (its sha256 is not" in notes[0]
    assert "and what came was dropped" in notes[0]
    assert not [name for name in incomplete(tmp_path) if "plda.npz" in name]
    hub.files[name] += b"more"
    with pytest.raises(CorruptModelError, match=r"bytes, not \d+\), and what came was dropped"):
        store.load("community-1")


def damaged(official: Mapping[str, bytes], weights: Mapping[str, np.ndarray], kind: str) -> dict[str, bytes]:
    """The official files with one unforeseen thing in the segmentation, pinned as they are."""
    pickled = lzma.decompress((GOLDEN / "segmentation.pkl.xz").read_bytes())
    pickled = {
        "a tensor made by something unknown": pickled.replace(b"_rebuild_tensor_v2", b"_rebuild_sparse_xx"),
        "an opcode that nobody knows": pickled[:-1] + b"\x8f.",
        "weights of another network": pickled.replace(b"classifier.weight", b"classifier.heavys"),
        "elements that nobody has": pickled.replace(b"FloatStorage", b"FluidStorage"),
    }.get(kind, pickled)
    files = dict(official)
    files["segmentation/pytorch_model.bin"] = (
        b"no checkpoint" if kind == "no checkpoint" else checkpoint("segmentation", weights, pickled=pickled)
    )
    return files


@pytest.mark.parametrize(
    "kind",
    [
        "no checkpoint",
        "a tensor made by something unknown",
        "an opcode that nobody knows",
        "weights of another network",
        "elements that nobody has",
    ],
)
def test_what_was_fetched_and_cannot_be_read_or_converted_is_said_and_auto_goes_on(
    hub, official, inputs, tmp_path, monkeypatch, kind
):
    files = damaged(official, inputs.pyannet_weights(), kind)
    hub.files = {f"{REPOSITORY}/{path}": content for path, content in files.items()}
    store, notes = second(tmp_path, hub, official, files=pinned(files).files)
    real = Store._model_set
    monkeypatch.setattr(
        Store,
        "_model_set",
        lambda self, pack, note, **fresh: "used" if pack.name == "second" else real(self, pack, note, **fresh),
    )
    assert store.load("auto", on_note=notes.append) == "used"
    assert len(notes) == 1
    assert notes[0].startswith("The diarization pack community-1 cannot be used, so second is: ")
    assert "segmentation" in notes[0] or "checkpoint" in notes[0]
    with pytest.raises(ModelError):
        store.load("community-1")


def test_names_that_nobody_foresaw_are_passed_over_where_they_touch_no_tensor(tmp_path):
    pickled = lzma.decompress((GOLDEN / "segmentation.pkl.xz").read_bytes())
    for name in (b"omegaconf.dictconfig\nDictConfig", b"pathlib\nPosixPath", b"typing\nAny"):
        assert name in pickled
    other = pickled.replace(b"omegaconf.dictconfig\nDictConfig", b"os\nsystem").replace(b"typing\nAny", b"x\ny")
    path = tmp_path / "model.bin"
    path.write_bytes(checkpoint("segmentation", {}, pickled=other))
    assert len(read_checkpoint(path)) == 54
    path.write_bytes(checkpoint("segmentation", {}, pickled=pickled.replace(b"state_dict", b"weights_at")))
    with pytest.raises((CorruptModelError, UnsafeModelError)):
        read_checkpoint(path)


def test_what_cannot_be_loaded_is_said_and_auto_goes_on(tmp_path, monkeypatch):
    packs = {name: replace(fake_pack(name), auto=place) for place, name in enumerate(("first", "second"), start=1)}
    store, notes, tried = Store(tmp_path, packs=packs, offline=True), list[str](), list[str]()
    monkeypatch.setattr(Store, "has", lambda *_: True)
    monkeypatch.setattr(Store, "_load", lambda _, name, **__: name)

    def make(name: str) -> str:
        tried.append(name)
        if name == "first":
            raise CorruptModelError("It is no graph that ONNX Runtime can load.")
        return "made"

    assert store.open("auto", make, on_note=notes.append) == "made"
    assert tried == ["first", "second"]
    assert notes == [
        "The diarization pack first cannot be used, so second is: It is no graph that ONNX Runtime can load."
    ]
    with pytest.raises(CorruptModelError):
        store.open("first", make)


@pytest.mark.usefixtures("built")
def test_without_a_listener_the_log_says_which_pack_gives_way_and_else_is_silent(hub, official, tmp_path, caplog):
    store, notes = second(tmp_path, hub, official)
    hub.answers = [200, *[401] * 9]
    assert store.load("auto").name == "second"
    hub.answers = [200, *[401] * 9]
    assert store.load("auto", on_note=notes.append).name == "second"
    assert [record.getMessage() for record in caplog.records] == notes
    assert len(notes) == 1
    assert Store(tmp_path, packs=store.packs, offline=True).load("auto").name == "second"
    assert caplog.records[-1].getMessage().endswith("cannot be fetched in offline mode, so second is used.")
