from __future__ import annotations

import pickle
import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from benchmarks.local_pack import make_store
from diarfuse.diarize.embedding import nearest
from diarfuse.diarize.fixed import Fixed
from diarfuse.diarize.live.pipeline import LiveDiarizer
from diarfuse.diarize.models.carrying import export_packs
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.options import Execution, Options
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.queue import DiarizationQueue
from diarfuse.diarize.runtime import Runtime, Session
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.errors import AudioError, CancelledError, NotPicklableError, OptionError
from diarfuse.fusion.watch import Watch
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import JobOptions

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
SECOND = 16_000
STAGES = ["segmentation", "embedding", "clustering", "reconstruction", "resegmentation"]


@pytest.fixture(scope="module")
def campplus(store) -> Diarizer:
    return Diarizer.from_pretrained("campplus", store=store)


@pytest.fixture(scope="module")
def telephone(shared) -> np.ndarray:
    """30 s of two people on the telephone."""
    return soundfile.read(shared / "audio/real/pyannote_sample.wav", dtype="float32")[0]


@pytest.fixture(scope="module")
def knowing(campplus, telephone) -> Diarizer:
    """The same, which heard `telephone` once: for what comes after the networks."""
    heard = campplus.listen(telephone, Watch())
    return campplus.remembering(lambda _: heard)


@pytest.fixture
def on_gpu(monkeypatch):
    """``on_gpu(diarizer, execution)``: the same, run as on a GPU, with the CPU provider in the GPU's place."""

    def load(diarizer, execution):
        monkeypatch.setattr(Runtime, "of", lambda _: Runtime("cuda", 1))
        monkeypatch.setattr(Runtime, "session", lambda _, graph, **how: Session(graph, **how))
        return Diarizer(diarizer.models, options=diarizer.options, execution=execution)

    return load


def with_options(diarizer: Diarizer, **options: object) -> Diarizer:
    return Diarizer(diarizer.models, options=Options(**options), execution=diarizer.execution)


@pytest.fixture(scope="module")
def upstreams(shared, segmentation_weights, tmp_path_factory) -> Diarizer:
    """The exact community-1 pipeline with a random ResNet34, which was also put into pyannote.audio 4.0.7."""
    local = make_store(
        tmp_path_factory.mktemp("local"),
        segmentation=segmentation_weights,
        embedding=shared / "models/rand_resnet34_seed0.pt",
        plda=shared / "models/plda",
    )
    options = Options(label_order="pyannote")
    return Diarizer.from_pretrained("community-1", store=local, options=options, execution=Execution(mode="exact"))


def test_turns_are_those_of_pyannote(upstreams, telephone):
    """From the samples to the turns, with a window that is padded; test_parity has more recordings stage by stage."""
    result = upstreams.diarize(telephone[10 * SECOND : 356_800])
    expected = np.load(GOLDEN / "turns.npz")
    for turns, name in ((result.turns, "diarization"), (result.exclusive, "exclusive_diarization")):
        found = [(turn.start, turn.end, int(turn.speaker[-2:])) for turn in turns]
        # To the millisecond; a frame is 17 ms.
        assert np.allclose(sorted(found), sorted(map(tuple, expected[name])), atol=5e-4)


def test_where_the_windows_together_hear_nobody_there_is_nobody(campplus, shared):
    whispers = soundfile.read(shared / "audio/real/ami_EN2001b_0-30.wav", dtype="float32")[0]
    heard = campplus.listen(whispers, Watch())
    assert campplus.remembering(lambda _: heard).diarize(whispers).turns == ()  # as pyannote.audio finds
    assert len(campplus.remembering(lambda _: heard).diarize(whispers, num_speakers=1).turns) == 1


def test_words_follow_the_turns_alone_in_exact(campplus, shared):
    heard = campplus.listen(
        soundfile.read(shared / "audio/real/pyannote_sample.wav", dtype="float32", frames=5 * SECOND)[0], Watch()
    )
    exact = Diarizer(campplus.models, execution=Execution(mode="exact"))
    told, kept = (by.remembering(lambda _: heard).diarize(np.zeros(5 * SECOND, np.float32)) for by in (campplus, exact))
    assert told.likeness is not None
    assert kept.likeness is None


@pytest.mark.parametrize("seconds", [0.01, 0.05, 3, 10, 10 + 1 / SECOND, 12.3])
def test_silence_of_any_length_has_no_turns(campplus, seconds):
    result = campplus.diarize(np.zeros(round(seconds * SECOND), np.float32), embeddings=True, activity=True)
    assert result.turns == result.exclusive == ()
    assert result.embeddings == {}
    assert result.duration == pytest.approx(seconds, abs=1e-4)


def test_a_constant_signal_has_no_turns(campplus):
    assert campplus.diarize(np.full(5 * SECOND, 0.5, np.float32)).turns == ()


@pytest.mark.parametrize("name", ["ami_EN2001e_0-30", "fw_stereo_mixdown"])
def test_nobody_speaks_for_a_moment_or_after_the_end(campplus, shared, name):
    """Untouched, the first has a speaker of one frame, and a turn that ends 1 s after the recording."""
    result = campplus.diarize(soundfile.read(shared / f"audio/real/{name}.wav", dtype="float32")[0])
    seconds = [sum(t.end - t.start for t in result.turns if t.speaker == speaker) for speaker in result.speakers]
    assert min(seconds) >= 0.1
    assert 0 < max(turn.end for turn in result.turns) <= result.duration
    assert max(turn.end for turn in result.exclusive) <= result.duration


def test_two_people_are_told_apart(campplus, knowing, telephone):
    result = campplus.diarize(telephone)
    assert knowing.diarize(telephone).turns == result.turns
    assert result.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert result.turns[0].speaker == "SPEAKER_00"
    assert {*result.timings} == {*STAGES}
    assert result.embeddings is None
    assert result.activity is None


def test_what_is_asked_for_comes_along(knowing, telephone):
    result = knowing.diarize(telephone, embeddings=True, activity=True)
    assert {*result.embeddings} == {*result.speakers} == {*result.activity.speakers}
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-5) for vector in result.embeddings.values())
    scores = result.activity.scores
    assert scores.dtype == np.float32
    assert 0 <= scores.min() <= scores.max() <= 1
    turn = max(result.exclusive, key=lambda turn: turn.end - turn.start)
    middle = round(((turn.start + turn.end) / 2 - result.activity.start) / result.activity.step)
    assert result.activity.speakers[scores[middle].argmax()] == turn.speaker


@pytest.mark.parametrize(("first", "last"), [(22.0, 27.5), (15.0, 15.6)], ids=["one speaker", "one word"])
def test_one_speaker(campplus, telephone, first, last):
    result = campplus.diarize(telephone[round(first * SECOND) : round(last * SECOND)])
    assert result.speakers == ("SPEAKER_00",)
    assert sum(turn.end - turn.start for turn in result.exclusive) == pytest.approx(last - first, rel=0.2)


def test_speech_in_whole_windows_and_in_one_sample_more(campplus, telephone):
    whole, more = (campplus.diarize(telephone[: 10 * SECOND + extra]) for extra in (0, 1))
    assert whole.speakers == more.speakers
    frames = [round(turn.end / 270 * SECOND) for turn in whole.turns]
    assert [round(turn.end / 270 * SECOND) for turn in more.turns] == pytest.approx(frames, abs=3)


@pytest.mark.parametrize("samples", [1, 160, 495, 990, 991])
def test_noise_shorter_than_a_frame(campplus, samples):
    noise = np.random.default_rng(0).standard_normal(samples).astype(np.float32) / 10
    result = campplus.diarize(noise, num_speakers=1)
    assert all(0 <= turn.start < turn.end <= result.duration for turn in result.turns)
    assert bool(result.turns) != bool(result.notes)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_number_of_speakers_is_a_contract(knowing, telephone, count):
    result = knowing.diarize(telephone, num_speakers=count)
    assert len(result.speakers) == count
    assert not any("asked for" in note for note in result.notes)


def test_the_right_number_leaves_who_was_told_apart_as_they_were(campplus, shared):
    """Four are there: one who says 23 s, and three who say 1.1 s together, of whom unasked nobody is found."""
    samples = soundfile.read(shared / "audio/real/ami_EN2004a_0-30.wav", dtype="float32")[0]
    result = campplus.diarize(samples, num_speakers=4)
    assert len(result.speakers) == 4
    longest = max(sum(t.end - t.start for t in result.turns if t.speaker == name) for name in result.speakers)
    assert longest > 21  # k-means leaves 11


@pytest.mark.parametrize(("bounds", "count"), [({"min_speakers": 3}, 3), ({"max_speakers": 1}, 1)])
def test_least_and_most_are_kept(knowing, telephone, bounds, count):
    result = knowing.diarize(telephone, **bounds)
    assert len(result.speakers) == count
    assert not any("asked for" in note for note in result.notes)


def test_a_number_that_cannot_be_met_is_said(campplus):
    result = campplus.diarize(np.zeros(5 * SECOND, np.float32), num_speakers=3)
    assert any("3 speakers" in note for note in result.notes)


def test_impossible_numbers_are_refused(campplus, telephone):
    with pytest.raises(OptionError, match="min_speakers=5"):
        campplus.diarize(telephone, min_speakers=5, max_speakers=2)


def test_the_same_audio_as_integers_or_doubles_or_a_view_gives_the_same(campplus, telephone):
    samples = telephone[: 12 * SECOND]
    expected = campplus.diarize(samples).to_rttm()
    twice = np.repeat(samples, 2)[::2]
    twice.flags.writeable = False
    assert expected
    for same in (np.round(samples * 32768).astype(np.int16), samples.astype(np.float64), twice):
        assert campplus.diarize(same).to_rttm() == expected


@pytest.mark.parametrize("rate", [8_000, pytest.param(44_100, marks=pytest.mark.official)])
def test_samples_at_any_rate_give_the_same_turns(campplus, telephone, rate):
    """The recording has nothing above 4 kHz, so that 8 kHz hold all of it."""
    samples = telephone[: 15 * SECOND]
    expected = campplus.diarize(samples)
    found = campplus.diarize(soxr.resample(samples, SECOND, rate), sample_rate=rate)
    assert found.duration == pytest.approx(expected.duration, abs=1e-3)
    assert found.notes == expected.notes
    one, other = (
        [[turn.speaker for turn in who.exclusive if turn.start <= time < turn.end] for time in np.arange(0, 15, 0.01)]
        for who in (found, expected)
    )
    assert np.mean([a == b for a, b in zip(one, other, strict=True)]) > 0.97


def test_a_rate_that_makes_speech_implausible_is_told(campplus, knowing, telephone):
    slow = campplus.diarize(soxr.resample(telephone[8 * SECOND : 12 * SECOND], SECOND, 44_100))
    assert any(note.startswith("The speech sounds implausibly slow and deep") for note in slow.notes)
    assert not any(note.startswith("The speech sounds implausibly") for note in knowing.diarize(telephone).notes)


def test_impossible_rates_are_refused(campplus, telephone, tmp_path):
    with pytest.raises(OptionError, match="sample_rate=0 must be a number"):
        campplus.diarize(telephone, sample_rate=0)
    soundfile.write(tmp_path / "a.wav", telephone[:SECOND], SECOND)
    with pytest.raises(OptionError, match=r"sample_rate=8000 is for samples, and .*a\.wav tells its own"):
        campplus.diarize(tmp_path / "a.wav", sample_rate=8_000)


def test_what_is_told_of_a_file_stands_in_the_notes(campplus, telephone, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.stack([telephone, -telephone], 1)[: 10 * SECOND], SECOND)
    assert "channel 2 is turned over" in campplus.diarize(tmp_path / "a.wav").notes[0]


@pytest.mark.usefixtures("afresh")
def test_the_result_does_not_depend_on_threads_or_on_the_run(campplus, telephone):
    runs = {
        Diarizer(campplus.models, execution=Execution(mode="exact", threads=threads))
        .diarize(telephone[: 11 * SECOND])
        .to_rttm()
        for threads in (1, 2, 2)
    }
    assert len(runs) == 1


@pytest.mark.official
@pytest.mark.usefixtures("afresh")
def test_nor_does_that_of_upstreams_windows(upstreams, telephone):
    runs = {
        Diarizer(upstreams.models, execution=Execution(mode="exact", threads=threads))
        .diarize(telephone[5 * SECOND : 16 * SECOND])
        .to_rttm()
        for threads in (1, 2)
    }
    assert len(runs) == 1
    assert runs != {""}


def test_progress_never_goes_back(campplus, telephone):
    heard: list[tuple[str, float]] = []
    campplus.diarize(
        telephone[: 15 * SECOND], on_progress=lambda stage, done, total: heard.append((stage, done / total))
    )
    stages = list(dict.fromkeys(stage for stage, _ in heard))
    assert stages == STAGES
    assert heard == sorted(heard, key=lambda item: (stages.index(item[0]), item[1]))
    assert [share for _, share in heard].count(1.0) >= len(stages)


def test_an_error_from_progress_reaches_the_caller_at_once(campplus, telephone):
    calls = []

    def stop(_stage, done, _total):
        calls.append(done)
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        campplus.diarize(telephone, on_progress=stop)
    assert len(calls) == 2  # the start, and the first batch


@pytest.mark.parametrize("stage", STAGES[:2])
def test_an_event_stops_within_a_batch(campplus, telephone, stage):
    cancel = threading.Event()
    heard = []

    def on_progress(name, done, _total):
        if name == stage:
            heard.append(done)
            cancel.set()

    with pytest.raises(CancelledError, match=stage):
        campplus.diarize(telephone, on_progress=on_progress, cancel=cancel)
    assert len(heard) == 1


def test_turns_can_be_smoothed(knowing, telephone):
    rough, smooth = (
        with_options(knowing, min_duration_on=length, min_duration_off=length)
        .remembering(knowing._recall)
        .diarize(telephone)
        for length in (0.0, 0.5)
    )
    assert min(turn.end - turn.start for turn in rough.turns) < 0.5
    assert min(turn.end - turn.start for turn in smooth.turns) >= 0.5


def test_a_long_hop_gives_nearly_the_same(campplus, knowing, telephone):
    exact, coarse = knowing.diarize(telephone), with_options(campplus, step=2.5).diarize(telephone)
    spoken = [sum(turn.end - turn.start for turn in result.exclusive) for result in (exact, coarse)]
    assert coarse.speakers == exact.speakers
    assert spoken[1] == pytest.approx(spoken[0], rel=0.05)


def test_stereo_is_refused_with_the_remedy(campplus):
    with pytest.raises(AudioError):
        campplus.diarize(np.zeros((2, SECOND), np.float32))


def test_a_folder_with_an_exported_pack_is_enough(campplus, store, tmp_path, telephone):
    export_packs(store, tmp_path / "pack", ["campplus"])
    diarizer = Diarizer.from_dir(tmp_path / "pack")
    first = telephone[: 12 * SECOND]
    assert diarizer.diarize(first).to_rttm() == campplus.diarize(first).to_rttm()


def test_the_way_of_a_gpu_gives_the_same_turns(campplus, telephone, on_gpu):
    """Fixed shapes, places that are bound once, features that stay on the device: all but the device."""
    samples = telephone[: 11 * SECOND]
    here, other = campplus.listen(samples, Watch()), on_gpu(campplus, Execution(batch=8, cuda_graph=True))
    assert isinstance(other._segmentation, Fixed)
    assert other._embedder.handling is not None
    there = other.listen(samples, Watch())
    assert np.array_equal(there.segmentations, here.segmentations)
    for name in ("vectors", "span_vectors"):
        ours, its = getattr(here.voices, name), getattr(there.voices, name)
        assert np.allclose(its, ours, rtol=1e-4, atol=1e-4, equal_nan=True)
    turns = campplus.remembering(lambda _: here).diarize(samples).turns
    assert len({turn.speaker for turn in turns}) == 2
    with DiarizationQueue(other) as queue:
        for number in range(2):  # at once, so their windows may go together
            queue.push(number, samples)
        queue.close()
        assert [done.get().turns for done in queue] == [turns, turns]


def test_windows_heard_together_are_embedded_as_one_by_one(campplus, telephone, on_gpu):
    samples = telephone[: 11 * SECOND]
    windows, embedder = Windows(samples.size), campplus._embedder
    segmentations = (np.arange(589) // 200 == np.arange(3)[:, None]).T.astype(np.uint8)[None].repeat(windows.count, 0)
    segmentations[1] = 0
    hit = nearest(np.eye(589, dtype=np.float32), 499).any(axis=1)
    segmentations[0, :, 2] = 0
    segmentations[0, np.flatnonzero(~hit)[10], 2] = 1  # somebody whom no frame of the features samples
    together = on_gpu(campplus, Execution())._embedder
    assert together.handling is not None
    one, all_at_once = (
        each.windows(samples, windows, segmentations, Runtime(device, 1), lambda *_: None)
        for each, device in ((embedder, "cpu"), (together, "cuda"))
    )
    assert np.isnan(one[1]).all()
    assert not np.isnan(one[0, 2]).any()  # pooled all the same, as upstream
    assert np.allclose(all_at_once, one, rtol=1e-4, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize(("asked", "windows"), [(0, 32), (7, 7), (100, 32)])
def test_coreml_gets_no_more_windows_than_its_program_takes(campplus, monkeypatch, asked, windows):
    monkeypatch.setattr(Runtime, "of", lambda _: Runtime("coreml", 1))
    monkeypatch.setattr(Runtime, "network", lambda *_, **_how: None)
    assert Diarizer(campplus.models, execution=Execution(batch=asked))._batch == windows


@pytest.mark.parametrize(
    "holds",
    [
        lambda loaded: loaded,
        lambda loaded: loaded.models,
        lambda loaded: LiveDiarizer(loaded, in_memory=True),  # which keeps no file open
        DiarizationQueue,
        lambda _: Job(JobOptions()),
    ],
)
def test_what_holds_loaded_models_says_that_it_cannot_be_pickled(store, holds) -> None:
    thing = holds(Diarizer.from_pretrained("campplus", store=store))
    with thing if hasattr(thing, "__exit__") else nullcontext():
        for error in (NotPicklableError, TypeError):
            with pytest.raises(error, match=r"^Loaded models cannot be pickled: load them in each process"):
                pickle.dumps(thing)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda _: Diarizer("campplus"), "'campplus' is no loaded pack: Diarizer.from_pretrained loads one."),
        (lambda _: Diarizer(None), "None is no loaded pack: Diarizer.from_pretrained loads one."),
        (lambda one: Diarizer(one.models, options=Execution()), "options=Execution("),
        (lambda _: Diarizer.from_pretrained("campplus", options=Execution()), "options=Execution("),
        (lambda _: Diarizer.from_pretrained("campplus", execution="fast"), "execution='fast' must be Execution or"),
        (lambda _: Diarizer.from_pretrained("campplus", store="/models"), "store='/models' must be Store or None."),
        (lambda _: Diarizer.from_dir("/models", execution={"mode": "fast"}), "execution={'mode': 'fast'} must be"),
        (lambda _: Diarizer.from_dir(None), "A NoneType is no path: give an exported folder's path"),
        (lambda _: Store(5), "A int is no path: give a folder's path"),
        (lambda _: Store(offline="no"), "offline='no' must be bool or None."),
        (lambda one: one.diarize(np.zeros(SECOND), embeddings="no"), "embeddings='no' must be True or False."),
        (lambda one: one.diarize(np.zeros(SECOND), activity=1), "activity=1 must be True or False."),
        (lambda one: one.diarize(np.zeros(SECOND), cancel=True), "cancel=True must be a threading.Event"),
        (lambda one: one.diarize(np.zeros(SECOND), on_progress=5), "on_progress=5 must be a function."),
        (lambda _: LiveDiarizer("campplus"), "'campplus' is no diarizer: Diarizer.from_pretrained loads one."),
        (lambda _: DiarizationQueue("campplus"), "'campplus' is no diarizer: Diarizer.from_pretrained loads one."),
        (lambda _: Job({"diarize": True}), "setup={'diarize': True} must be Setup."),
        (lambda _: Job(None), "setup=None must be Setup."),
        (lambda _: Job(JobOptions()).transcribe("a.wav", {"diarize": True}), "wish={'diarize': True} must be Wish or"),
        (lambda _: Job(JobOptions()).diarize("a.wav", "en"), "wish='en' must be Wish or None."),
    ],
)  # fmt: skip
def test_what_is_of_another_kind_is_refused_in_a_sentence(campplus, call, told) -> None:
    with pytest.raises(OptionError) as caught:
        call(campplus)
    assert str(caught.value).startswith(told)


def test_files_and_addresses_in_place_of_a_recording_are_told_what_to_do(campplus) -> None:
    with pytest.raises(AudioError, match="Text is no audio: give one file"):
        campplus.diarize(["a.wav", "b.wav"])
    with pytest.raises(AudioError, match="is an address, not a file: download it first"):
        campplus.diarize("https://example.org/a.wav")
