"""The diarizer over files of the official layout, offline and as the audio comes."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from diarfuse.diarize.live.events import Committed, Done
from diarfuse.diarize.live.ledger import Ledger
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.options import Execution, Options
from diarfuse.diarize.queue import DiarizationQueue
from diarfuse.diarize.sortformer.live import LiveSortformer, too_slow
from diarfuse.diarize.sortformer.pipeline import SortformerDiarizer
from diarfuse.diarize.sortformer.said import turns_of
from diarfuse.diarize.sortformer.sources import find
from diarfuse.fusion.errors import CancelledError, CorruptModelError, ModelNotFoundError, OptionError
from diarfuse.fusion.types import Turn
from tests.golden.sortformer import files, weights

SPEECH = weights.speech(16_000 * 8 + 77)
MOST = {"nemotron": 8, "sortformer": 4, "audar": 8}


@pytest.fixture(scope="module", params=files.KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def diarizer(kind, tmp_path_factory):
    folder = tmp_path_factory.mktemp(kind)
    files.write(kind, folder)
    store = Store(folder / "store", offline=True)
    return SortformerDiarizer.from_path(folder, execution=Execution(threads=1), store=store)


def at(diarizer, preset):
    options = replace(diarizer.options, preset=preset)
    return SortformerDiarizer(diarizer.networks, diarizer.models, diarizer.runtime, options, diarizer.execution)


def test_turns_are_where_the_network_says_so(diarizer):
    found = diarizer.diarize(SPEECH, activity=True)
    scores = found.activity
    assert scores.step == (0.01 if diarizer.models.name == "nemotron" else 0.08)
    for column, speaker in enumerate(scores.speakers):
        middles = scores.start + scores.step * np.arange(len(scores.scores))
        spoken = sum((turn.start < middles) & (middles < turn.end) for turn in found.turns if turn.speaker == speaker)
        np.testing.assert_array_equal(spoken > 0, (scores.scores[:, column] > 0.5) & (middles < found.duration))
    assert found.speakers == scores.speakers
    assert max(turn.end for turn in found.turns) <= found.duration
    ends = sorted((turn.start, turn.end) for turn in found.exclusive)
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))
    assert any("is yours" in note for note in found.notes)


@pytest.mark.parametrize("preset", ["low", "cpu"])
def test_live_ends_as_offline_at_the_same_preset(diarizer, preset):
    """However it is cut."""
    chosen = at(diarizer, preset)
    expected = chosen.diarize(SPEECH)
    for block in (7_001, 50_000):
        live, committed = LiveSortformer(chosen, in_memory=True), 0.0
        for start in range(0, len(SPEECH), block):
            events = live.feed(SPEECH[start : start + block])
            until = [event.until for event in events if isinstance(event, Committed)]
            assert [committed, *until] == sorted({committed, *until})
            committed = max([committed, *until])
        found, _, events = live.finish()
        assert found.to_rttm() == expected.to_rttm()
        assert isinstance(events[-1], Done)


def test_what_is_told_on_the_way_is_what_the_network_said(diarizer):
    """Turns go on over the edges of chunks, and begin and end where they do; only names may change in the end."""
    rng = np.random.default_rng(1)
    step, speakers = diarizer.step, diarizer.networks.room.speakers
    apart = max(1, round(0.1 / step))
    said = np.zeros((40 * apart, speakers), np.float32)
    for column in range(speakers):
        lengths = rng.integers(apart, 6 * apart, 40)
        said[:, column] = np.repeat(np.arange(40) % 2 == column % 2, lengths)[: len(said)]
    live, ledger = LiveSortformer(diarizer, in_memory=True), Ledger()
    size = live._diarizer.pace("low").chunk * diarizer.networks.rows
    for start in range(0, len(said), size):
        ledger.apply(live._tell(said[start : start + size]))
    ledger.apply(live._book.end())
    expected = turns_of(said, step, len(said) * step, Options(), activity=False).turns
    found = [(entry.start, entry.end) for entry in ledger.entries]
    np.testing.assert_allclose(sorted(found), sorted((turn.start, turn.end) for turn in expected), atol=1e-6)
    assert all(entry.over for entry in ledger.entries)
    live.abandon()


def test_numbers_that_it_cannot_be_held_to(diarizer, kind):
    for asked in ({"num_speakers": 2}, {"max_speakers": MOST[kind] - 1}, {"min_speakers": MOST[kind] + 1}):
        with pytest.raises(OptionError, match="take a pack"):
            diarizer.diarize(SPEECH, **asked)
        with pytest.raises(OptionError, match="take a pack"):
            LiveSortformer(diarizer, **asked)
    diarizer.diarize(SPEECH[:16_000], min_speakers=1, max_speakers=MOST[kind])
    with pytest.raises(OptionError, match="no embeddings"):
        diarizer.diarize(SPEECH[:16_000], embeddings=True)


def test_it_can_be_stopped_and_shared(diarizer):
    stop = threading.Event()
    stop.set()
    with pytest.raises(CancelledError):
        diarizer.diarize(SPEECH, cancel=stop)
    with DiarizationQueue(diarizer) as queue:
        for part in range(2):
            queue.push(part, SPEECH[:32_000])
        queue.close()
        assert len({done.get().to_rttm() for done in queue}) == 1


@pytest.mark.parametrize("samples", [1, 100, 1_300])
def test_hardly_any_audio(diarizer, samples):
    found = diarizer.diarize(np.full(samples, 0.1, np.float32))
    assert found.duration == samples / 16_000
    assert all(turn.end <= found.duration for turn in found.turns)


def test_options_of_packs_are_refused(diarizer):
    for name, value in (("step", 1.0), ("threshold", 0.7), ("recipe", "agglomerative")):
        with pytest.raises(OptionError, match=f"{name}=.* is for packs"):
            SortformerDiarizer(
                diarizer.networks, diarizer.models, diarizer.runtime, Options(**{name: value}), diarizer.execution
            )


def test_a_machine_that_is_too_slow_is_told_what_it_can(diarizer):
    seconds = {"low": 0.9, "cpu": 0.5}
    chunk = {name: at(diarizer, name).pace().chunk * 0.08 for name in ("low", "cpu", "offline")}
    ticks = iter([0, 2 * chunk["low"], 0, 2 * chunk["low"], 0, seconds["cpu"] * chunk["cpu"]])
    sentence = too_slow(at(diarizer, "low"), lambda: next(ticks))
    assert "needs 2.0 s for every second" in sentence
    assert "take --preset cpu" in sentence
    ticks = iter([0, 0.5 * chunk["low"]])
    assert too_slow(diarizer, lambda: next(ticks)) is None
    always = iter([0, 1e6] * 9)
    assert "no preset is fast enough" in too_slow(diarizer, lambda: next(always))


def test_of_several_the_surest_speaks_alone():
    said = np.array([[0.9, 0.6], [0.7, 0.8], [0.2, 0.1], [0.6, 0.6]], np.float32)
    found = turns_of(said, 1.0, 3.5, Options(), activity=False)
    assert found.turns == (
        Turn(0, 2, "SPEAKER_00"),
        Turn(0, 2, "SPEAKER_01"),
        Turn(3, 3.5, "SPEAKER_00"),
        Turn(3, 3.5, "SPEAKER_01"),
    )
    assert found.exclusive == (Turn(0, 1, "SPEAKER_00"), Turn(1, 2, "SPEAKER_01"), Turn(3, 3.5, "SPEAKER_00"))


def change(path, old, new):
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


def test_other_settings_than_those_computed_here_are_refused(tmp_path):
    files.write("nemotron", tmp_path)
    for name, old, new, said in (
        ("config.json", b'"rope_theta": 10000.0', b'"rope_theta": 500.0', "rope_theta=500.0"),
        ("config.json", b'"model_type": "nemotron3_diarization",', b'"model_type": "bert",', "model_type='bert'"),
        ("processor_config.json", b'"hop_length": 160', b'"hop_length": 80', "hop_length=80"),
        ("config.json", b'"speaker_cache_length": 264', b'"speaker_cache_length": "x"', "is no size"),
    ):
        good = (tmp_path / name).read_bytes()
        change(tmp_path / name, old, new)
        with pytest.raises(CorruptModelError, match=said):
            find(tmp_path)
        (tmp_path / name).write_bytes(good)
    change(tmp_path / "processor_config.json", b"bfloat16", b"float32")
    assert not find(tmp_path).rounded
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(CorruptModelError, match="names nothing"):
        find(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"config.json is missing"):
        find(tmp_path)


def test_a_nemo_of_other_features_or_of_another_count_is_refused(tmp_path):
    config = (files.HERE / "sortformer" / "model_config.yaml").read_bytes()
    path = tmp_path / "a.nemo"
    for old, new, said in (
        (b"normalize: NA", b"normalize: per_feature", "normalize='per_feature'"),
        (b"n_heads: 8", b"n_heads: 4", "n_heads=4"),
        (b"pre_ln: false", b"pre_ln: true", "pre_ln=True"),
    ):
        with pytest.raises(CorruptModelError, match=said):
            find(files.tar(path, {"model_config.yaml": config.replace(old, new)}))
    members = {"model_config.yaml": config.replace(b"num_spks: 4", b"num_spks: 5")}
    files.tar(path, members | {"model_weights.ckpt": files.checkpoint("sortformer")})
    with pytest.raises(CorruptModelError, match="tells 4 speakers apart, and what lies beside it says 5"):
        SortformerDiarizer.from_path(path, store=Store(tmp_path / "store", offline=True))


def test_a_cache_too_small_names_its_file(tmp_path):
    files.write("nemotron", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    config.setdefault("streaming_config", {})["speaker_cache_length"] = 9
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(CorruptModelError, match=r"config.json says what cannot be: A cache of 9 frames"):
        find(tmp_path)


def test_folders_without_a_network_or_with_several(tmp_path):
    with pytest.raises(ModelNotFoundError, match="holds no network"):
        find(tmp_path)
    with pytest.raises(ModelNotFoundError, match="There is no network"):
        find(tmp_path / "absent")
    (tmp_path / "a.nemo").write_bytes(b"")
    (tmp_path / "b.nemo").write_bytes(b"")
    with pytest.raises(OptionError, match="several networks"):
        find(tmp_path)
    (tmp_path / "b.nemo").unlink()
    with pytest.raises(CorruptModelError, match=r"a.nemo"):
        find(tmp_path)
