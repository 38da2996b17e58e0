"""A pack of one's own, from an ONNX file to turns; the segmentation is the real one."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import pytest

from diarfuse.diarize.adding import Wanted, add_pack
from diarfuse.diarize.models.graphs import hash_file
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.voiceprint import VoiceEmbedder
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.errors import CorruptModelError, LicenceError, ModelError, OptionError, UnknownNameError
from tests.diarize.tiny_embedder import VOICES, tiny_embedder

WESPEAKER = {"framework": "wespeaker", "sample_rate": "16000", "output_dim": "80"}


@pytest.fixture
def own(store, tmp_path) -> Store:
    """A store of the test's own with campplus in it."""
    root = tmp_path / "models"
    root.mkdir()
    (root / "campplus").symlink_to(store.root / "campplus")
    (root / "graphs").mkdir()
    for made in store.load("campplus").graphs.values():
        for path in (made, hash_file(made)):
            (root / "graphs" / path.name).symlink_to(path)
    return Store(root, offline=True)


def graph(tmp_path: Path, *args, **options) -> Path:
    onnx.save(tiny_embedder(*args, **options), tmp_path / "tiny.onnx")
    return tmp_path / "tiny.onnx"


def test_from_a_file_to_turns(own, tmp_path):
    notes: list[str] = []
    added = add_pack(own, "tiny", graph(tmp_path, metadata=WESPEAKER), Wanted("campplus"), on_note=notes.append)
    assert notes == []
    assert (added.pack.embedding.front_end, added.pack.embedding.dimension) == ("kaldi", 80)
    assert added.pack.distances.basis == "guess"
    assert added.separation.apart
    assert own.names[:2] == ("community-1", "campplus")
    assert own.names[-1] == "tiny"
    assert own.origin("tiny") == "yours"
    assert own.verify("tiny") == []
    assert not list(own.root.glob(".adding-*"))
    found = Diarizer.from_pretrained("tiny", store=own).diarize(load_audio(VOICES))
    assert found.turns
    assert any("The pack tiny is yours" in note and "is a guess" in note for note in found.notes)
    assert VoiceEmbedder(own.load("tiny")).space.endswith("-fbank80-1")
    (tmp_path / "tiny.onnx").unlink()  # the pack has its own copy
    assert own.load("tiny").name == "tiny"


def test_a_front_end_that_is_named_and_a_distance_that_is_given(own, tmp_path):
    wanted = Wanted("campplus", front_end="speechbrain", distance=0.7, licence="CC-BY-NC-4.0")
    pack = add_pack(own, "tiny", graph(tmp_path, "speechbrain"), wanted).pack
    assert (pack.embedding.front_end, pack.distances.alone, pack.distances.basis) == ("speechbrain", 0.7, "given")
    assert pack.licence.startswith("CC-BY-NC-4.0 (embedding), MIT")


def test_the_distance_is_calibrated_on_recordings(own, tmp_path, monkeypatch):
    monkeypatch.setattr("diarfuse.diarize.adding.calibrated", lambda *_: 0.55)
    wanted = Wanted("campplus", recordings=[(load_audio(VOICES), ())])
    pack = add_pack(own, "tiny", graph(tmp_path, metadata=WESPEAKER), wanted).pack
    assert (pack.distances.alone, pack.distances.basis) == (0.55, "calibrated")
    assert "calibrated on recordings" in own.load("tiny").notes[0]


@pytest.mark.parametrize(
    ("options", "wanted", "error", "said"),
    [
        ({}, Wanted("campplus"), OptionError, "name them with --front-end"),
        ({}, Wanted("campplus", front_end="nemo"), ModelError, r"cosines down to -?\d\.\d\d, of two voices up to"),
        ({"metadata": {**WESPEAKER, "output_dim": "192"}}, Wanted("campplus"), ModelError, "says output_dim=192"),
        ({"metadata": WESPEAKER}, Wanted("camplus"), UnknownNameError, "did you mean 'campplus'"),
        ({"bands": 40, "metadata": WESPEAKER}, Wanted("campplus"), CorruptModelError, r"\[1, \?, 40\]"),
    ],
)
def test_what_is_refused_leaves_nothing(own, tmp_path, options, wanted, error, said):
    before = sorted(own.root.rglob("*"))
    with pytest.raises(error, match=said) as caught:
        add_pack(own, "tiny", graph(tmp_path, **options), wanted)
    assert "\n" not in str(caught.value)
    after = [path for path in sorted(own.root.rglob("*")) if path.suffix != ".lock"]
    assert after == [path for path in before if path.suffix != ".lock"]
    assert own.yours == {}


@pytest.mark.parametrize("name", ["campplus", "auto", "graphs", "Tiny", "../x", "", "a" * 41, "a b"])
def test_names_that_a_pack_cannot_have(own, tmp_path, name):
    with pytest.raises(OptionError):
        add_pack(own, name, graph(tmp_path, metadata=WESPEAKER), Wanted("campplus"))


@pytest.mark.parametrize("distance", [0, -1, 2.1, float("nan")])
def test_a_distance_that_no_vectors_have(distance):
    with pytest.raises(OptionError, match=r"threshold=.* must be above 0 and at most 2, or auto"):
        Wanted("campplus", distance=distance)


def test_one_name_is_one_pack(own, tmp_path):
    path = graph(tmp_path, metadata=WESPEAKER)
    add_pack(own, "tiny", path, Wanted("campplus"))
    with pytest.raises(OptionError, match="There is a pack tiny already"):
        add_pack(own, "tiny", path, Wanted("campplus"))
    shutil.rmtree(own.root / "tiny")
    add_pack(own, "tiny", path, Wanted("campplus"))  # deleted by hand, so the name is free


def test_what_was_changed_after_it_was_added_is_refused(own, tmp_path):
    add_pack(own, "tiny", graph(tmp_path, metadata=WESPEAKER), Wanted("campplus"))
    model = own.root / "tiny" / "embedding" / "model.onnx"
    model.write_bytes(model.read_bytes() + b"\0")
    assert own.verify("tiny") == [f"{model} is corrupt."]
    with pytest.raises(CorruptModelError, match="not the one that was added"):
        own.load("tiny")
    description = own.root / "tiny" / "pack.toml"
    description.write_text(description.read_text().replace("0.", "1.", 1))
    with pytest.raises(CorruptModelError, match="was changed after the pack was added"):
        own.load("tiny")
    description.write_text("name = ")
    with pytest.raises(CorruptModelError, match="cannot be read"):
        own.load("tiny")
    assert own.load("campplus").notes == ()  # the others stay as they are


def test_a_folder_in_the_store_is_no_pack(own, tmp_path):
    add_pack(own, "tiny", graph(tmp_path, metadata=WESPEAKER), Wanted("campplus"))
    shutil.copytree(own.root / "tiny", own.root / "planted")
    with pytest.raises(UnknownNameError):
        own.load("planted")
    for content in ("[1]", "[" * 100_000, '{"tiny": 1}'):
        (own.root / "yours.json").write_text(content)
        with pytest.raises(CorruptModelError, match=r"yours\.json is damaged"):
            own.load("tiny")
    assert own.load("campplus").name == "campplus"


def test_a_licence_that_forbids_voices(own, tmp_path):
    add_pack(own, "tiny", graph(tmp_path, metadata=WESPEAKER), Wanted("campplus", forbids=frozenset({"voices"})))
    with pytest.raises(LicenceError, match="does not allow it to identify people"):
        VoiceEmbedder(own.load("tiny"))
