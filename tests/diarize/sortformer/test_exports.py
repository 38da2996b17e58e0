"""Exports of others, by folder or file: the same answer as of the official files, whatever form they have."""

from __future__ import annotations

import base64

import numpy as np
import onnx
import pytest

from diarfuse.diarize.loading import check, is_place
from diarfuse.diarize.models.end_to_end import nemotron, sortformer
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.options import Execution, Options
from diarfuse.diarize.sortformer.mel import Mel
from diarfuse.diarize.sortformer.memory import Room
from diarfuse.diarize.sortformer.pipeline import SortformerDiarizer
from diarfuse.diarize.sortformer.sources import find
from diarfuse.fusion.errors import CorruptModelError, ModelNotFoundError, OptionError, UnsafeModelError
from diarfuse.fusion.types import SpeakerCount
from tests.diarize.sortformer import graphs as made
from tests.golden.sortformer import files, weights

SPEECH = weights.speech(16_000 * 8 + 77)
SILENCE = files.tensors("nemotron")["silence_embeds"].astype(np.float32)
COMMAS = ",".join(f"{number:.9g}" for number in SILENCE)


@pytest.fixture(scope="module")
def graphs():
    return {
        kind: (nemotron if kind == "nemotron" else sortformer).build(files.tensors(kind))
        for kind in ("nemotron", "sortformer", "audar")
    }


@pytest.fixture(scope="module")
def expected(networks):
    from diarfuse.diarize.sortformer.listening import Listener
    from diarfuse.diarize.sortformer.presets import PACES

    names = {"nemotron": "nemotron", "sortformer": "sortformer-v2.1", "audar": "audar-v1"}
    found = {}
    for kind, name in names.items():
        listener = Listener(networks[kind], PACES[name]["cpu"])
        found[kind] = np.concatenate([*listener.feed(SPEECH), *listener.close()])
    return found


def heard(path):
    diarizer = SortformerDiarizer.from_path(path, options=Options(preset="cpu"), execution=Execution(threads=1))
    from diarfuse.fusion.watch import Watch

    return diarizer, diarizer.hear(SPEECH, Watch())


def save(folder, name, model):
    (folder / name).parent.mkdir(exist_ok=True, parents=True)
    onnx.save(model, folder / name)
    return folder / name


def silent_file(folder):
    (folder / "silence_embeds.bin").write_bytes(SILENCE.astype("<f4").tobytes())


def test_two_graphs_with_their_silence_and_bands_beside_them(tmp_path, graphs, expected):
    for name, model in made.two(graphs["nemotron"]).items():
        save(tmp_path, name, model)
    with pytest.raises(CorruptModelError, match=r"what silence sounds like in 64 numbers: put silence_embeds.bin"):
        heard(tmp_path)
    for name, size in (("silence_embeds.bin", 64), ("mel_filters.bin", 128 * 257)):
        silent_file(tmp_path)
        (tmp_path / name).write_bytes(np.full(size, np.nan, "<f4").tobytes())
        with pytest.raises(CorruptModelError, match=f"{name} holds NaN"):
            heard(tmp_path)
    silent_file(tmp_path)
    (tmp_path / "mel_filters.bin").write_bytes(Mel(rounded=True).bands.astype("<f4").tobytes())
    diarizer, said = heard(tmp_path)
    np.testing.assert_allclose(said, expected["nemotron"], atol=1e-5)
    assert diarizer.models.name == "nemotron"
    assert set(diarizer.models.hashes) == {"embed.onnx", "step.onnx"}
    assert "is yours" in diarizer.models.notes[0]
    (tmp_path / "mel_filters.bin").write_bytes(Mel().bands.astype("<f4").tobytes())
    assert not find(tmp_path).rounded
    (tmp_path / "mel_filters.bin").write_bytes((2 * Mel().bands).astype("<f4").tobytes())
    with pytest.raises(CorruptModelError, match="other bands than those computed here"):
        heard(tmp_path)
    save(tmp_path, "step_int8.onnx", made.two(graphs["nemotron"])["step.onnx"])
    with pytest.raises(OptionError, match=r"several networks \(embed.onnx, step.onnx, step_int8.onnx\)"):
        find(tmp_path)
    assert [part.path.name for part in find(tmp_path / "step_int8.onnx").parts] == ["embed.onnx", "step_int8.onnx"]
    (tmp_path / "embed.onnx").unlink()
    with pytest.raises(ModelNotFoundError, match=r"step.onnx in .* is half a network"):
        find(tmp_path / "step.onnx")


def test_one_graph_with_what_is_remembered(tmp_path, graphs, expected):
    """As onnx-community has it, in its folder and with its weights in a file beside it; and as sherpa-onnx has it."""
    first = made.cached(graphs["nemotron"], silence=SILENCE)
    (tmp_path / "a" / "onnx").mkdir(parents=True)
    onnx.save(first, tmp_path / "a" / "onnx" / "model.onnx", save_as_external_data=True, location="model.onnx_data")
    (tmp_path / "a" / "config.json").write_text("{}")
    diarizer, said = heard(tmp_path / "a")
    np.testing.assert_allclose(said, expected["nemotron"], atol=1e-5)
    assert set(diarizer.models.hashes) == {"model.onnx", "model.onnx_data"}
    second = made.cached(
        graphs["nemotron"],
        "features",
        "num_frames",
        {"silence_embeds": COMMAS, "speaker_cache_length": 264, "speaker_cache_silence_frames_per_speaker": 1},
    )
    _, said = heard(save(tmp_path, "sherpa.onnx", second))
    np.testing.assert_allclose(said, expected["nemotron"], atol=1e-5)


@pytest.mark.parametrize("kind", ["nemotron", "sortformer", "audar"])
def test_one_graph_with_lengths(tmp_path, graphs, expected, kind):
    metadata = {"chunk_len": 340, "spkcache_len": 264, "learnable_sil_emb": COMMAS} if kind == "nemotron" else {}
    path = save(tmp_path, "any name.onnx", made.with_lengths(graphs[kind], kind == "nemotron", metadata))
    diarizer, said = heard(path)
    np.testing.assert_allclose(said, expected[kind], atol=1e-5)
    usual = {"nemotron": Room(8, 264, 1), "sortformer": Room(4, 188, 3), "audar": Room(8, 188, 3)}
    assert diarizer.networks.room == usual[kind]
    assert diarizer.diarize(SPEECH[:16_000]).duration == 1.0


def test_silence_in_other_writings_and_another_room(tmp_path, graphs):
    packed = base64.b64encode(SILENCE.astype("<f4").tobytes()).decode()
    metadata = {"vernacula.diar.learnable_sil_emb_f32le_b64": packed, "vernacula.diar.spkcache_len": "128"}
    path = save(tmp_path, "a.onnx", made.with_lengths(graphs["nemotron"], fine=True, metadata=metadata))
    diarizer, _ = heard(path)
    np.testing.assert_array_equal(diarizer.networks.silence, SILENCE)
    assert diarizer.networks.room == Room(8, 128, 1)
    for wrong in ({"learnable_sil_emb": "1,x"}, {"learnable_sil_emb": "1,2"}, {"silence_embeds": COMMAS + ",nan"}):
        path = save(tmp_path, "b.onnx", made.with_lengths(graphs["nemotron"], fine=True, metadata=wrong))
        with pytest.raises(CorruptModelError, match="silence"):
            heard(path)
    wrong = {"spkcache_len": "-3"}
    path = save(tmp_path, "c.onnx", made.with_lengths(graphs["nemotron"], fine=True, metadata=wrong))
    with pytest.raises(CorruptModelError, match=r"spkcache_len='-3' of itself"):
        heard(path)


def test_numbers_of_speakers_are_known_before_it_is_loaded(tmp_path, graphs):
    path = save(tmp_path, "a.onnx", made.with_lengths(graphs["sortformer"], fine=False))
    assert is_place(str(path))
    store = Store(tmp_path / "store", offline=True)
    with pytest.raises(OptionError, match=r"sortformer-v2.1 tells at most 4"):
        check(str(path), Options(), store, SpeakerCount(5, 5))
    check(str(path), Options(), store, SpeakerCount(1, 4))


def small(inputs, outputs=("speech",)):
    nodes = [onnx.helper.make_node("Identity", [inputs[0].name], [name]) for name in outputs]
    given = [made.value(name, made.FLOAT, 1, "T", 8) for name in outputs]
    graph = onnx.helper.make_graph(nodes, "small", list(inputs), given)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


def test_what_is_not_known_is_named_by_its_inputs(tmp_path):
    mel, other = made.value("mel", made.FLOAT, 1, "T", 128), made.value("hidden", made.FLOAT, 1, 4)
    cache = made.value("cached_embeds", made.FLOAT, 1, "C", 64)
    fixed = made.value("input_features", made.FLOAT, 1, 800, 128)
    half = made.value("input_features", onnx.TensorProto.FLOAT16, 1, "T", 128)
    cases = (
        ((mel, other), ("logits",), r"inputs mel float \[1, \?, 128\], hidden float \[1, 4\], and the exports known"),
        ((fixed, cache), ("logits", "chunk_embeds"), "takes 800 frames at a time in 'input_features'"),
        ((half, cache), ("logits", "chunk_embeds"), "half precision"),
        ((mel, cache), ("answer", "chunk_embeds"), "gives answer, chunk_embeds, and no speech"),
        ((mel, cache), ("logits",), "gives logits, and no speech or no embeddings"),
    )
    for inputs, outputs, said in cases:
        save(tmp_path, "a.onnx", small(inputs, outputs))
        with pytest.raises(CorruptModelError, match=said):
            find(tmp_path / "a.onnx")
    model = small((mel, cache), ("logits", "chunk_embeds"))
    model.graph.node.append(onnx.helper.make_node("Evil", ["mel"], ["evil"], domain="somebody"))
    save(tmp_path, "a.onnx", model)
    with pytest.raises(UnsafeModelError, match=r"somebody.Evil"):
        find(tmp_path / "a.onnx")
    save(tmp_path, "a.onnx", small((mel, cache), ("logits", "chunk_embeds")))
    with pytest.raises(CorruptModelError, match=r"export it with a free number|it is another network"):
        heard(tmp_path / "a.onnx")
    (tmp_path / "a.onnx").write_bytes(b"no graph")
    with pytest.raises(CorruptModelError, match="no ONNX"):
        find(tmp_path)
    files.write("nemotron", tmp_path)
    with pytest.raises(OptionError, match=r"several networks \(model.safetensors, a.onnx\)"):
        find(tmp_path)
