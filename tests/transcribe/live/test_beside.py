"""Microphone and the system's sound at once: a channel each, aligned, and the end is that of the file with both."""

from __future__ import annotations

import itertools
import json
import threading

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.errors import DeviceError
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.live import sources
from diarfuse.transcribe.live.beside import Silent, together
from diarfuse.transcribe.live.sources import Lost, Stopped

BLOCK = np.full(1_600, 0.5, np.float32)


def sound(pieces):
    return np.concatenate([piece for piece in pieces if isinstance(piece, np.ndarray)], axis=1)


def told(pieces):
    return [piece for piece in pieces if not isinstance(piece, np.ndarray)]


def given(*pieces):
    yield from pieces


def test_blocks_of_any_size_lie_beside_one_another():
    one = (np.full(size, 0.1, np.float32) for size in (3, 4_000, 160, 12_000))
    two = (np.full(size, 0.2, np.float32) for size in (16_000, 163))
    pieces = list(together([("a", one), ("b", two)]))
    assert sound(pieces).shape == (2, 16_163)
    assert np.array_equal(sound(pieces)[:, 0], np.float32([0.1, 0.2]))
    assert told(pieces) == []


def test_one_that_stops_is_told_and_the_other_goes_on():
    first = [BLOCK] * 20
    pieces = list(together([("Mic", given(*first)), ("Monitor", given(BLOCK, Stopped("it is gone")))]))
    assert sound(pieces).shape == (2, 32_000)
    assert not sound(pieces)[1, 1_600:].any()
    why = [piece.why for piece in told(pieces)]
    assert why[0] == "Input 2 (Monitor): it is gone; the recording goes on without it"
    assert sum(piece.seconds for piece in told(pieces)) == pytest.approx(1.9)
    both = list(together([("a", given(BLOCK, Stopped("gone"))), ("b", given(BLOCK, Stopped("gone")))]))
    assert both[-1] == Stopped("gone")


def test_one_that_stands_still_is_silent_meanwhile_and_comes_back_where_it_belongs():
    go_on = threading.Event()

    def pausing():
        yield BLOCK
        assert go_on.wait(60)
        yield from [BLOCK * 2] * 3

    def steady():
        yield from [BLOCK] * 30
        go_on.set()
        yield from [BLOCK] * 5

    pieces = list(together([("a", pausing()), ("b", steady())]))
    silent = [piece for piece in told(pieces) if isinstance(piece, Silent)]
    assert silent[0].why == "Input 1 (a): nothing came for a while"
    heard = sound(pieces)
    assert np.flatnonzero(heard[0] == 1.0)[0] == pytest.approx(16_000 * (0.1 + silent[0].seconds))
    assert (heard[0] != 0).sum() == 4 * 1_600


def test_what_an_input_lost_stays_its_own():
    pieces = list(together([("a", given(BLOCK, Lost(0.1, "too slow"), BLOCK)), ("b", given(*[BLOCK] * 3))]))
    assert np.array_equal(sound(pieces)[0] == 0, np.repeat([False, True, False], 1_600))
    assert told(pieces) == [Silent(0.1, "Input 1 (a): too slow")]


def test_one_that_cannot_be_opened_ends_it_and_a_late_failure_does_not():
    def broken():
        raise DeviceError("The input 'b' cannot be opened.")
        yield

    with pytest.raises(DeviceError, match="cannot be opened"):
        list(together([("a", given(BLOCK)), ("b", broken())]))

    def failing():
        yield BLOCK
        raise DeviceError("unplugged")

    pieces = list(together([("a", given(*[BLOCK] * 3)), ("b", failing())]))
    assert "unplugged; the recording goes on without it" in told(pieces)[0].why


def test_who_ends_early_leaves_no_reader_behind():
    over = threading.Event()

    def endless():
        try:
            yield from itertools.repeat(BLOCK)
        finally:
            over.set()

    pieces = together([("a", endless()), ("b", given(*[BLOCK] * 100))])
    next(pieces)
    pieces.close()
    assert over.wait(60)


class Devices:
    """Two inputs, each with a channel of a file; PortAudio calls from threads of its own."""

    PortAudioError = RuntimeError
    channels: tuple[np.ndarray, ...] = ()

    @staticmethod
    def query_devices(_device=None, _kind=None):
        return {"default_samplerate": 16_000.0}

    class InputStream:
        def __init__(self, *, device, callback, **_):
            self.samples, self.callback = Devices.channels[device], callback

        def __enter__(self):
            for start in range(0, len(self.samples), 1_600):
                block = self.samples[start : start + 1_600, None]
                self.callback(block, len(block), None, None)

        def __exit__(self, *_):
            pass


@pytest.fixture
def two(talk, monkeypatch):
    """A speaker a channel, and noise that no recogniser takes for the same recording."""
    samples = soundfile.read("talk.wav", dtype="int16", frames=8 * 16_000)[0]
    Devices.channels = tuple(
        np.round(np.where(np.arange(len(samples)) % 96_000 < half, samples, samples // 64)).astype(np.float32) / 32_768
        for half in (48_000, 64_000)
    )
    soundfile.write("two.wav", np.stack(Devices.channels, axis=1), 16_000, "PCM_16")
    monkeypatch.setattr(sources, "_sounddevice", lambda: Devices)
    monkeypatch.setattr(sources, "_SILENT", 0.0)
    return talk


OFFLINE = ["--diarize", "--channels", "hybrid", "--diarizer", "campplus"]


def test_two_devices_end_with_what_the_file_of_both_gives(two):
    outs = ["-o", "live.srt", "-o", "live.rttm", "--save-audio", "kept.wav", "--events", "events.jsonl"]
    assert run(["live", "--input", "0", "--input", "1", "--diarizer", "campplus", *outs]) == 0
    assert np.array_equal(soundfile.read("kept.wav")[0], soundfile.read("two.wav")[0])
    assert run(["kept.wav", *OFFLINE, "-o", "kept.srt", "-o", "kept.rttm"]) == 0
    assert (two / "live.srt").read_bytes() == (two / "kept.srt").read_bytes()
    live, kept = ((two / name).read_text(encoding="utf-8") for name in ("live.rttm", "kept.rttm"))
    assert live.replace(" live ", " kept ") == kept
    events = [json.loads(line) for line in (two / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    kinds = [event["type"] for event in events]
    assert kinds[-1] == "done"
    assert kinds.count("done") == 1
    assert kinds.count("paused") == 1  # both have stopped
    turns = [event["turn"] for event in events if event["type"] == "turn.started"]
    assert len(turns) == len(set(turns))
    words = [event["word"] for event in events if event["type"] == "word.said"]
    assert sorted(words) == [*range(len(words))]
    until = [event["until"] for event in events if event["type"] == "committed"]
    assert until == sorted(until)


def test_a_file_of_two_channels_is_played_the_same_way(two, capfd):
    live = ["live", "--from-file", "two.wav", "--channels", "hybrid", "--pace", "0", "--diarizer", "campplus"]
    assert run([*live, "-o", "a.json", "-o", "a.srt", "--save-audio", "kept.flac", "--events", "e.jsonl"]) == 0
    done = json.loads((two / "e.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert len({*done["speakers"].values()}) == len(done["speakers"])  # nobody is of the other channel
    assert "Speakers by channel" in capfd.readouterr().err
    assert run(["two.wav", *OFFLINE, "-o", "b.json", "-o", "b.srt"]) == 0
    assert (two / "a.json").read_bytes() == (two / "b.json").read_bytes()
    assert (two / "a.srt").read_bytes() == (two / "b.srt").read_bytes()
    assert soundfile.info("kept.flac").channels == 2


def test_channels_that_are_the_same_are_one_recording(two, capfd):
    samples = soundfile.read("talk.wav", dtype="int16", frames=3 * 16_000)[0]
    soundfile.write("same.wav", np.stack([samples, samples], axis=1), 16_000)
    live = ["live", "--from-file", "same.wav", "--channels", "hybrid", "--pace", "0", "--diarizer", "campplus"]
    assert run([*live, "-o", "a.srt"]) == 0
    assert "are taken as one" in capfd.readouterr().err
    assert run(["same.wav", *OFFLINE, "-o", "b.srt"]) == 0
    assert (two / "a.srt").read_bytes() == (two / "b.srt").read_bytes()
