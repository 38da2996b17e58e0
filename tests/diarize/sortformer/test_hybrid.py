"""Labels of a network on the speech that another diarizer hears."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diarfuse.diarize.loading import check, live_of
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.options import Execution, Options
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.queue import DiarizationQueue
from diarfuse.diarize.sortformer.hybrid import HybridDiarizer, with_labels
from diarfuse.diarize.sortformer.pipeline import SortformerDiarizer
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.types import Diarization, SpeakerCount, Turn
from tests.golden.sortformer import files

STEP, ROWS = 0.08, 500
DURATION = STEP * ROWS


def truth(seed):
    """Turns of three speakers on the grid of rows, and how surely each speaks: exactly 0 or 1."""
    rng = np.random.default_rng(seed)
    said = np.zeros((ROWS, 4), np.float32)
    for speaker in (0, 2, 3):
        for first in rng.integers(0, ROWS - 60, 4):
            said[first : first + rng.integers(5, 60), speaker] = 1
    return said


def diarization(said):
    """The turns of exact rows."""
    from diarfuse.diarize.sortformer.said import turns_of

    return turns_of(said, STEP, DURATION, Options(), activity=False)


def at_once(turns, times):
    return np.array([sum(turn.start <= time < turn.end for turn in turns) for time in times])


@pytest.mark.parametrize("seed", range(5))
def test_a_network_that_knows_the_truth_gives_its_labels(seed):
    """Whatever labels the speech had before, even none of its own for each."""
    said = truth(seed)
    true = diarization(said)
    mixed = said.copy()
    mixed[:, [0, 2, 3]] = np.sort(said[:, [0, 2, 3]], axis=1)  # as many at a time, and each somebody else
    found = with_labels(diarization(mixed), said, STEP, Options())
    assert found.turns == true.turns
    assert [(turn.start, turn.end) for turn in found.exclusive if turn.end - turn.start > 1e-9]
    assert found.duration == true.duration


@pytest.mark.parametrize("seed", range(5))
def test_speech_stays_where_it_was_and_as_many_speak(seed):
    rng = np.random.default_rng(seed)
    other = diarization(truth(seed + 100))
    said = rng.random((ROWS, 4)).astype(np.float32) ** 3
    found = with_labels(other, said, STEP, Options())
    times = np.arange(0.004, DURATION, 0.01)
    np.testing.assert_array_equal(at_once(found.turns, times), at_once(other.turns, times))
    np.testing.assert_array_equal(at_once(found.exclusive, times), at_once(other.exclusive, times))


def test_where_too_few_surely_speak_the_nearest_do():
    said = np.zeros((ROWS, 3), np.float32)
    said[10:20, 2], said[40:50, 1] = 1, 1
    found = with_labels(made((0.5, 5.0)), said, STEP, Options(label_order="pyannote"))
    assert [turn.speaker for turn in found.turns] == ["SPEAKER_01", "SPEAKER_00"]
    # halfway between the middles of the last sure row of one and the first of the other
    assert found.turns[0].start == 0.5
    assert found.turns[0].end == pytest.approx(30 * STEP, abs=STEP)
    assert found.turns[1].end == 5.0
    both = with_labels(made((0.5, 5.0), (2.0, 3.0)), said, STEP, Options())
    assert len({turn.speaker for turn in both.turns}) == 2
    nobody = np.full((ROWS, 3), 0.1, np.float32)
    nobody[:, 1] = 0.3
    (alone,) = with_labels(made((0.5, 5.0)), nobody, STEP, Options()).turns
    assert (alone.start, alone.end) == (0.5, 5.0)
    assert with_labels(made(), said, STEP, Options()).turns == ()
    (short,) = with_labels(made((0.0, 0.03), duration=0.03), said[:0], STEP, Options()).turns
    assert short.end == 0.03


def test_of_two_who_surely_speak_the_surer_does_and_they_do_not_flip():
    said = np.zeros((ROWS, 2), np.float32)
    said[:, 0], said[:, 1] = 0.8, 0.75
    said[::2, 1] = 0.83  # for a moment surer, on the whole less sure
    (turn,) = with_labels(made((1.0, 30.0)), said, STEP, Options()).turns
    assert (turn.start, turn.end) == (1.0, 30.0)
    crowd = with_labels(made((1.0, 2.0), (1.0, 2.0), (1.0, 2.0)), said, STEP, Options())
    assert len(crowd.turns) == 2  # more than the network knows


def made(*spans, duration=DURATION):
    turns = tuple(Turn(start, end, f"SPEAKER_{number:02d}") for number, (start, end) in enumerate(spans))
    return Diarization(turns, turns[:1], duration)


@pytest.fixture(scope="module")
def real_speech():
    return load_audio(Path(__file__).parents[3] / "examples" / "meeting.wav")[: 16_000 * 12]


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory, store):
    folder = tmp_path_factory.mktemp("nemotron")
    files.write("nemotron", folder)
    execution = Execution(threads=1)
    labels = SortformerDiarizer.from_path(folder, execution=execution, store=Store(folder / "store", offline=True))
    return HybridDiarizer(Diarizer(store.load("campplus"), execution=execution), labels)


def test_offline_live_and_in_a_queue_it_is_the_same(hybrid, real_speech):
    found = hybrid.diarize(real_speech, activity=True)
    plain = hybrid.speech.diarize(real_speech)
    times = np.arange(0.004, found.duration, 0.01)
    np.testing.assert_array_equal(at_once(found.turns, times), at_once(plain.turns, times))
    assert found.activity.scores.shape[1] == len(found.speakers)
    assert "Labels are those of nemotron, where campplus hears speech." in found.notes
    assert len(hybrid.models.hashes) > 2
    with live_of(hybrid, in_memory=True) as live:
        for start in range(0, len(real_speech), 40_000):
            live.feed(real_speech[start : start + 40_000])
        assert live.close().to_rttm() == found.to_rttm()
    with DiarizationQueue(hybrid) as queue:
        queue.push(1, real_speech)
        queue.close()
        assert next(iter(queue)).get().to_rttm() == found.to_rttm()
    for asked in ({"num_speakers": 2}, {"min_speakers": 9}):
        with pytest.raises(OptionError, match="nemotron"):
            hybrid.diarize(real_speech, **asked)
        with pytest.raises(OptionError, match="nemotron"):
            live_of(
                hybrid, SpeakerCount.of(**{"num_speakers": None, "min_speakers": None, "max_speakers": None} | asked)
            )
    with pytest.raises(OptionError, match="no embeddings"):
        hybrid.diarize(real_speech, embeddings=True)


def test_what_goes_together(tmp_path):
    store = Store(tmp_path, offline=True)
    check("campplus", Options(preset="low", step=1.0), store, None, "nemotron")
    cases = (
        (("campplus", Options(), store, None, "campplus"), "takes an end-to-end network.* and not campplus"),
        (("nemotron", Options(), store, None, "audar-v1"), "nemotron has labels of its own"),
        (("nemotron", Options(step=1.0), store, None, "audar-v1"), "step=1.0 is for packs"),
        (("auto", Options(), store, SpeakerCount(5, 5), "sortformer-v2.1"), "sortformer-v2.1 tells at most 4"),
    )
    for asked, said in cases:
        with pytest.raises(OptionError, match=said):
            check(*asked)
