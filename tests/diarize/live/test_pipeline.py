"""The law of convergence, and what is said on the way."""

from __future__ import annotations

import json
import pickle
import threading
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import diarfuse.diarize.live as package
from diarfuse.diarize.live import LiveDiarizer, pipeline
from diarfuse.diarize.live.events import (
    Committed,
    Done,
    Gap,
    Paused,
    Resumed,
    SpeakersMerged,
    TurnStarted,
    to_json,
)
from diarfuse.diarize.live.ledger import Ledger
from diarfuse.diarize.options import Execution, Options
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.fusion.errors import AudioError, CancelledError, OptionError
from tests.amounts import examples

SECOND = 16_000
SCHEMA = json.loads(Path(package.__file__).with_name("events.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def diarizer(store) -> Diarizer:
    return Diarizer.from_pretrained("campplus", store=store)


@pytest.fixture(scope="module")
def talk(shared) -> dict[str, np.ndarray]:
    """Real and simulated talk, a little longer than a window; the second has floats that no 16 bits hold."""
    real, _ = soundfile.read(shared / "audio/real/pyannote_sample.wav", dtype="float32", frames=11 * SECOND)
    sim, _ = soundfile.read(shared / "audio/sim/sim_dev_3spk.flac", dtype="float32", start=40 * SECOND, frames=180_001)
    return {"real": real, "sim": sim * np.float32(0.7)}


def play(live: LiveDiarizer, samples: np.ndarray, sizes: list[int]) -> list:
    """Feed `samples` in blocks of `sizes`, over and over; all events but those of the end."""
    events, start, place = [], 0, 0
    while start < len(samples):
        size = sizes[place % len(sizes)]
        events += live.feed(samples[start : start + size])
        start, place = start + size, place + 1
    return events


@pytest.fixture(scope="module")
def lives(diarizer) -> dict[str, LiveDiarizer]:
    return {name: LiveDiarizer(diarizer, in_memory=True) for name in ("real", "sim")}


@pytest.fixture(scope="module")
def said(lives, talk) -> dict[str, list]:
    """What is said of each in blocks of a second."""
    return {name: play(lives[name], talk[name], [SECOND]) for name in talk}


@pytest.mark.parametrize("name", ["real", "sim"])
@settings(max_examples=examples(2), derandomize=True)
@given(sizes=st.lists(st.integers(1, 90_000), min_size=1, max_size=5).filter(lambda sizes: sum(sizes) > 2_000))
def test_the_end_is_the_offline_answer_however_it_was_cut(diarizer, talk, said, name, sizes):
    length = len(talk[name]) - sizes[0] % 12_000  # ends anywhere
    live, whole = LiveDiarizer(diarizer), talk[name][:length]
    events = play(live, whole, sizes)
    found, offline = live.close(), diarizer.diarize(whole)
    assert (found.turns, found.exclusive, found.notes) == (offline.turns, offline.exclusive, offline.notes)
    assert found.to_rttm() == offline.to_rttm()
    assert found.turns
    assert events == said[name][: len(events)]  # what is said on the way does not depend on it either


def test_other_rates_and_numbers_of_speakers_converge_too(diarizer, talk):
    at_44100 = np.interp(np.arange(4 * 44_100) / 44_100, np.arange(4 * SECOND) / SECOND, talk["real"][: 4 * SECOND])
    live = LiveDiarizer(diarizer, sample_rate=44_100, max_speakers=1)
    play(live, at_44100.astype(np.float32), [7_001, 3])
    assert live.close().turns == diarizer.diarize(at_44100.astype(np.float32), sample_rate=44_100, max_speakers=1).turns


@pytest.mark.official
def test_other_steps_and_modes_converge_too(diarizer, talk):
    odd = Diarizer(diarizer.models, options=Options(step=0.7), execution=Execution(mode="fast", threads=1))
    live = LiveDiarizer(odd, in_memory=True)
    play(live, talk["sim"], [5_000])
    assert live.close().turns == odd.diarize(talk["sim"]).turns


def test_what_is_said_on_the_way(lives, talk, said):
    live, ledger, events = lives["sim"], Ledger(), said["sim"]
    offline, samples, last = live.finish()
    assert np.array_equal(samples, talk["sim"])
    for event in (*events, *last):
        jsonschema.validate(to_json(event), SCHEMA)
    commitments = [event.until for event in events if isinstance(event, Committed)]
    assert commitments == sorted(commitments)
    assert commitments[-1] > live.seconds - 5.1
    ledger.apply(events)
    assert {entry.speaker for entry in ledger.entries} >= {"SPEAKER_00"}
    started = [event for event in events if isinstance(event, TurnStarted)]
    assert [event.turn for event in started] == list(range(len(started)))
    ledger.apply(last)
    assert isinstance(last[-1], Done)
    assert tuple((e.start, e.end, e.speaker) for e in ledger.entries) == tuple(
        (t.start, t.end, t.speaker) for t in offline.turns
    )


@pytest.mark.parametrize(("name", "least"), [("real", 0), ("sim", 100)])
def test_what_is_committed_stays_but_for_labels_that_are_merged(said, name, least):
    ledger, before, until = Ledger(), set(), 0.0
    for event in said[name]:
        ledger.apply([event])
        if isinstance(event, SpeakersMerged):
            before = {(frame, event.into if label == event.gone else label) for frame, label in before}
        if isinstance(event, Committed):
            now = {cell for cell in cells(ledger) if cell[0] < 100 * event.until}
            assert {cell for cell in before if cell[1]} <= now
            assert {frame for frame, _ in now if frame < 100 * until} == {frame for frame, _ in before}
            before, until = now, event.until
    assert until > 5
    assert len(before) >= least


def cells(ledger: Ledger) -> set[tuple[int, str | None]]:
    """Hundredths of a second with who is told there."""
    spans = ((round(100 * e.start), round(100 * e.end), e.speaker) for e in ledger.entries)
    return {(frame, speaker) for start, end, speaker in spans for frame in range(start, end)}


def test_pauses_and_gaps_are_told(diarizer):
    live = LiveDiarizer(diarizer, in_memory=True)
    assert live.feed(np.zeros(100, np.float32)) == []
    assert live.pause("the device stopped") == [Paused(100 / SECOND, "the device stopped")]
    assert live.pause() == []
    assert live.feed(np.zeros(100, np.float32)) == []  # not taken
    assert live.gap(1.0) == []  # nor silence
    assert live.resume() == [Resumed(100 / SECOND)]
    assert live.resume() == []
    for seconds in (-1.0, float("nan"), float("inf"), 1e12, "1", True, np.complex64(1)):
        with pytest.raises(OptionError, match="A gap of"):
            live.gap(seconds)
    assert live.gap(1.0)[0] == Gap(100 / SECOND, 100 / SECOND + 1.0, "audio was lost")
    assert live.close().duration == 100 / SECOND + 1.0


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (np.zeros((10, 2), np.float32), "mono"),
        (np.array([0.0, np.nan], np.float32), "NaN"),
        (np.array([True, False]), "bool"),
        (b"1234", "bytes"),
        ([[0.1, 0.2], [0.3]], "several lengths"),
        (np.zeros(3, complex), "no audio"),
        (0.5, "float"),
    ],
)
def test_a_bad_block_is_refused_and_the_rest_goes_on(diarizer, block, words):
    live = LiveDiarizer(diarizer)
    live.feed(np.zeros(SECOND, np.int16))
    with pytest.raises(AudioError, match=words):
        live.feed(block)
    assert live.feed([]) == []
    live.feed(np.zeros(3, np.float32))
    assert live.close().duration == (SECOND + 3) / SECOND


def test_the_edges(diarizer):
    with pytest.raises(OptionError, match="sample_rate=0"):
        LiveDiarizer(diarizer, sample_rate=0)
    with pytest.raises(AudioError, match="No audio came"):
        LiveDiarizer(diarizer).close()
    live, cancel = LiveDiarizer(diarizer), threading.Event()
    live.feed(np.zeros(SECOND, np.float32))
    cancel.set()
    with pytest.raises(CancelledError):
        live.close(cancel=cancel)
    with pytest.raises(OptionError, match="closed"):
        live.feed([0.0])
    other = LiveDiarizer(diarizer)
    other.abandon()
    with pytest.raises(OptionError, match="closed"):
        other.close()


def test_what_is_remembered_stays_small_however_long_it_lasts(diarizer, monkeypatch):
    """Voices of few windows, evenly apart, and of each hop less than a kilobyte: 15 MB an hour are two."""
    voices, hops = np.eye(3, 192, dtype=np.float32), 0

    def hear(_self, _window):
        nonlocal hops
        hops += 1
        heard = np.zeros((589, 3), np.uint8)
        heard[: 200 + hops, 0] = heard[320 + hops :, 1] = 1
        return heard

    monkeypatch.setattr(pipeline, "MOST", 4)
    monkeypatch.setattr(pipeline, "SPARSEST", 4.0)
    monkeypatch.setattr(Diarizer, "hear", hear)
    monkeypatch.setattr(Diarizer, "embed", lambda *_: voices.copy())
    live, sizes = LiveDiarizer(diarizer, in_memory=True), {}
    for second in range(1, 25):
        live.feed(np.zeros(SECOND, np.float32))
        assert len(live._voices.firsts) <= 4
        assert len({*np.diff(live._voices.firsts)}) <= 1
        sizes[second] = len(pickle.dumps((live._heard, live._voices, live._book)))
    assert live._remember_step == 4.0
    assert all(vectors.base is None or vectors.base.nbytes == vectors.nbytes for vectors in live._voices.vectors)
    assert (sizes[24] - sizes[12]) / 24 < 1_000


@pytest.mark.parametrize("wrong", [{"cancel": True}, {"on_progress": 5}, {"embeddings": "no"}])
def test_what_cannot_be_asked_of_the_end_costs_nothing_of_what_came(diarizer, wrong):
    with LiveDiarizer(diarizer) as live:
        live.feed(np.zeros(SECOND, np.int16))
        with pytest.raises(OptionError, match=next(iter(wrong))):
            live.finish(**wrong)
        assert live.close().duration == 1.0
