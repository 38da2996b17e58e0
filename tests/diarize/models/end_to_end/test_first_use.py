"""Packs of one network: fetched by name, and trusted when first had where nobody pinned a file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diarfuse.diarize.models.carrying import export_packs, import_packs
from diarfuse.diarize.models.end_to_end.first_use import RECORD
from diarfuse.diarize.models.pack_file import PACKS, PINNED, read_pack
from diarfuse.diarize.models.packs import EndToEndPack, HubSource, Network, PackFile
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.sortformer.pipeline import SortformerDiarizer
from diarfuse.diarize.sortformer.presets import PACES
from diarfuse.fusion.errors import CorruptModelError, ModelNotFoundError, NetworkError, OptionError
from diarfuse.transcribe.__main__ import run
from tests.golden.sortformer import files, weights

PACK = EndToEndPack(
    name="net",
    summary="two layers",
    source=HubSource("someone/something", "0123abc"),
    files=(PackFile("a.nemo", 0, ""),),
    network=Network("a.nemo", "end_to_end.sortformer"),
    speakers=8,
    licence="none",
    attribution="nobody",
)
PACKS_HERE = {"net": PACK}


@pytest.fixture(scope="module")
def nemo(tmp_path_factory):
    return files.write("audar", tmp_path_factory.mktemp("nemo")).read_bytes()


@pytest.fixture
def served(hub, nemo, monkeypatch):
    monkeypatch.delenv("DIARFUSE_OFFLINE", raising=False)
    hub.contents["a.nemo"] = nemo
    return hub


def test_the_programs_own_are_described_and_run_at_every_preset():
    ours = {name: pack for name, pack in PINNED.items() if isinstance(pack, EndToEndPack)}
    assert set(ours) == set(PACES)
    assert not set(ours) & set(PACKS)
    for pack in ours.values():
        assert isinstance(pack.source, HubSource)
        assert pack.licence
        assert pack.attribution
        assert pack.auto is None
        assert pack.file(pack.network.file)
        for file in pack.files:
            assert (len(file.sha256), file.size > 0) in ((64, True), (0, False))
        assert not any(file.known for file in pack.files) or pack.source.revision != "main"


def test_what_nobody_pinned_is_trusted_at_first_and_compared_from_then_on(served, nemo, tmp_path):
    store = Store(tmp_path, packs=PACKS_HERE, endpoint=served.address)
    assert (store.origin("net"), store.has("net"), store.pack("net").size) == ("first use", False, 0)
    notes, heard = [], []
    served.cut_after = len(nemo) // 2
    diarizer = SortformerDiarizer.from_pretrained(
        "net", store=store, on_note=notes.append, on_progress=lambda *report: heard.append(report)
    )
    assert served.gets("a.nemo")[-1] == f"bytes={len(nemo) // 2}-"  # what had come was kept
    assert heard[-1] == ("pull a.nemo of net", len(nemo), len(nemo))
    (sentence,) = notes
    assert "nobody has pinned a.nemo (sha256 " in sentence
    found = diarizer.diarize(weights.speech(16_000))
    assert any("nobody has pinned a.nemo: it is what was first fetched on" in note for note in found.notes)
    assert diarizer.models.hashes == {"a.nemo": store.pack("net").files[0].sha256}
    again = Store(tmp_path, packs=PACKS_HERE, offline=True)
    assert again.has("net")
    assert again.verify("net") == []
    (tmp_path / "net" / "a.nemo").write_bytes(nemo[:-1] + b"x")
    assert "is corrupt" in again.verify("net")[0]
    with pytest.raises(CorruptModelError, match="offline mode forbids"):
        again.network("net")
    served.contents["a.nemo"] = nemo[:-1] + b"x"
    with pytest.raises(CorruptModelError, match="does not serve the pinned content"):
        store.network("net")


def test_a_part_from_another_place_is_no_part_of_an_unknown_file(served, nemo, tmp_path):
    store = Store(tmp_path, packs=PACKS_HERE, endpoint=served.address)
    served.cut_after, served.shift = len(nemo) // 2, 100
    store.network("net")
    assert served.gets("a.nemo")[-1] is None  # anew
    assert (tmp_path / "net" / "a.nemo").read_bytes() == nemo


def test_what_changes_while_it_is_fetched_is_fetched_anew(served, nemo, tmp_path):
    store = Store(tmp_path, packs=PACKS_HERE, endpoint=served.address)
    served.cut_after, served.etag = len(nemo) // 2, '"one"'

    class Changing(list):
        def append(self, request):
            if request[1]:  # when the rest is asked for
                served.etag, served.contents["a.nemo"] = '"two"', nemo[:-4] + b"\0\0\0\0"
            super().append(request)

    served.requests = Changing()
    store.network("net")
    assert (tmp_path / "net" / "a.nemo").read_bytes() == nemo[:-4] + b"\0\0\0\0"


def test_a_damaged_record_is_named(served, tmp_path):
    store = Store(tmp_path, packs=PACKS_HERE, endpoint=served.address)
    for content in (
        "[",
        "[" * 100_000,
        "[]",
        "",
        " " * (1 << 21),
        '{"net": {"day": 1}}',
        '{"net": {"day": "", "files": [{"a": 1}]}}',
    ):
        (tmp_path / RECORD).write_text(content)
        with pytest.raises(CorruptModelError, match=r"first-use.json is damaged \((it |Expecting value: line 1)"):
            store.has("net")


def test_an_absent_hub_and_one_that_tells_no_length(served, tmp_path, monkeypatch):
    absent = Store(tmp_path, packs=PACKS_HERE, endpoint="http://127.0.0.1:9")
    with pytest.raises(NetworkError, match=r"Cannot download http://127.0.0.1:9/.*a.nemo.*models import DIR"):
        absent.network("net")
    store = Store(tmp_path, packs=PACKS_HERE, endpoint=served.address)
    monkeypatch.setattr("diarfuse.diarize.models.fetching.hub._LARGEST", 10)
    with pytest.raises(NetworkError, match="comes without its length"):
        store.network("net")
    with pytest.raises(ModelNotFoundError, match="offline mode forbids"):
        Store(tmp_path, packs=PACKS_HERE, offline=True).network("net")
    assert not store.has("net")


def test_a_known_file_beside_an_unknown_one(served, tmp_path):
    served.contents["note.txt"] = b"small"
    pinned = replace(PACK, files=(*PACK.files, PackFile("note.txt", 5, "0" * 64)))
    store = Store(tmp_path, packs={"net": pinned}, endpoint=served.address)
    with pytest.raises(CorruptModelError, match="does not serve the pinned content"):
        store.network("net")
    assert not (tmp_path / RECORD).exists()


def test_carried_elsewhere_it_is_compared_with_what_it_was(served, nemo, tmp_path):
    store = Store(tmp_path / "here", packs=PACKS_HERE, endpoint=served.address)
    store.network("net")
    assert export_packs(store, tmp_path / "stick") == ("net",)
    assert "Licence: none" in (tmp_path / "stick" / "net" / "NOTICE.txt").read_text()
    there = Store(tmp_path / "there", packs=PACKS_HERE, offline=True)
    with pytest.raises(ModelNotFoundError, match="no complete pack"):
        import_packs(there, tmp_path / "stick")  # nobody vouches for it: by its name only
    notes = []
    assert import_packs(there, tmp_path / "stick", ["net"], notes.append) == ("net",)
    assert "nobody has pinned a.nemo" in notes[0]
    assert there.pack("net") == store.pack("net")
    (tmp_path / "stick" / "net" / "a.nemo").write_bytes(nemo[:-1] + b"x")
    with pytest.raises(CorruptModelError, match="cannot be copied"):
        import_packs(Store(tmp_path / "third", packs=PACKS_HERE, offline=True), tmp_path / "stick", ["net"])
    with pytest.raises(ModelNotFoundError, match="The pack net is not"):
        import_packs(there, tmp_path / "here" / "net", ["net"])


def test_a_folder_filled_by_hand_can_be_imported(nemo, tmp_path):
    (tmp_path / "hand" / "net").mkdir(parents=True)
    (tmp_path / "hand" / "net" / "a.nemo").write_bytes(nemo)
    store = Store(tmp_path / "store", packs=PACKS_HERE, offline=True)
    assert import_packs(store, tmp_path / "hand", ["net"]) == ("net",)
    assert store.has("net")


def test_it_is_no_pack_of_voices_nor_the_other_way_round(tmp_path):
    store = Store(tmp_path, offline=True)
    for load in (store.load, lambda name: Diarizer.from_pretrained(name, store=store)):
        with pytest.raises(OptionError, match=r"nemotron is an end-to-end network.* take another pack here"):
            load("nemotron")
    with pytest.raises(OptionError, match="campplus tells voices apart"):
        store.network("campplus")


def test_such_a_pack_cannot_be_added_and_lacks_nothing_else(tmp_path):
    text = (
        'name = "a"\nsummary = "b"\nlicence = "c"\nattribution = "d"\n[network]\nfile = "f"\n'
        'network = "end_to_end.sortformer"\nspeakers = 4\n[[files]]\npath = "f"\n'
    )
    path = tmp_path / "pack.toml"
    path.write_text(text)
    assert read_pack(path).files == (PackFile("f", 0, ""),)
    for old, new, said in (
        ("speakers = 4", "speakers = 0", "speakers=0 must lie"),
        ("end_to_end.sortformer", "pyannet", "must be one of"),
        ('path = "f"\n', 'path = "f"\nsize = 3\n', "sha256 must be text"),
        ("[network]", 'recipe = "agglomerative"\n[network]', "recipe='agglomerative' means nothing here"),
    ):
        path.write_text(text.replace(old, new))
        with pytest.raises(CorruptModelError, match=said):
            read_pack(path)


def test_by_name_from_the_command_line(served, tmp_path, monkeypatch, capfd):
    """Listed, pulled, verified and used, all under its name; nothing goes to any other address."""
    import soundfile

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_ENDPOINT", served.address)
    monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setitem(Store.__init__.__kwdefaults__, "packs", {"campplus": PINNED["campplus"], **PACKS_HERE})
    soundfile.write("a.wav", weights.speech(16_000 * 3), 16_000)
    assert run(["models", "list"]) == 0
    assert "first use" in capfd.readouterr().out
    assert run(["diarize", "a.wav", "--diarizer", "net", "--num-speakers", "9", "-o", "a.rttm"]) == 2
    assert "net tells at most 8 speakers apart, not 9" in capfd.readouterr().err
    assert run(["diarize", "a.wav", "--diarizer", "net", "--step", "1", "-o", "a.rttm"]) == 2
    assert "net clusters none" in capfd.readouterr().err
    assert served.gets("a.nemo") == []  # refused before anything was fetched
    assert run(["models", "pull", "net"]) == 0
    told = capfd.readouterr()
    assert "net is ready" in told.out
    assert "nobody has pinned a.nemo" in told.err
    assert run(["models", "verify"]) == 0
    assert "net: every file is as pinned, or as it was when it was first fetched" in capfd.readouterr().out
    served.contents.clear()
    assert run(["diarize", "a.wav", "--diarizer", "net", "--preset", "low", "-o", "a.rttm"]) == 0
    assert (tmp_path / "a.rttm").read_text()
    assert run(["live", "--from-file", "a.wav", "--diarizer", "net", "--num-speakers", "2", "-o", "b.srt"]) == 2
    assert "cannot be held to 2" in capfd.readouterr().err
