from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from scipy.fft import irfft, next_fast_len, rfft

from diarfuse.diarize import trial
from diarfuse.diarize.front_ends import FRONT_ENDS
from diarfuse.diarize.joined import JoinedEmbedder
from diarfuse.diarize.options import Execution
from diarfuse.diarize.pipeline import Heard
from diarfuse.diarize.recipes import Embedded
from diarfuse.diarize.runtime import Runtime
from diarfuse.diarize.trial import Separation, calibrated, separation
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.types import Turn
from diarfuse.fusion.watch import Watch
from tests.diarize.tiny_embedder import VOICES, tiny_embedder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RUNTIME = Runtime.of(Execution(device="cpu", threads=1))


def load(tmp_path, front_end, seen_by):
    onnx.save(tiny_embedder(front_end), tmp_path / "model.onnx")
    return JoinedEmbedder(FRONT_ENDS[seen_by], RUNTIME.session(tmp_path / "model.onnx"), "embedding", False, 80)


def test_the_voices_are_those_of_the_example():
    meeting, _ = soundfile.read(EXAMPLES / "meeting.wav", dtype="float32")
    pieces = np.stack([clip[16_000:24_000] for clip in np.array_split(load_audio(VOICES), 9)])
    assert (_likeness(meeting, pieces) > 0.95).all()  # the codec's loss


def _likeness(meeting, pieces):
    """The highest normalised cross-correlation of each piece with any part of the meeting."""
    length, places = pieces.shape[1], len(meeting) - pieces.shape[1]
    size = next_fast_len(len(meeting) + length, real=True)
    product = irfft(rfft(meeting, size) * np.conj(rfft(pieces, size)), size)[:, :places]
    sums = np.concatenate([[0.0], np.cumsum(np.square(meeting, dtype=np.float64))])
    energy = (sums[length:] - sums[:-length])[:places]
    return (product / np.sqrt(np.maximum(energy, 1e-9) * np.square(pieces).sum(axis=1)[:, None])).max(axis=1)


def test_a_network_that_tells_voices_apart_and_one_that_does_not(tmp_path):
    good = separation(load(tmp_path, "kaldi", "kaldi"))
    assert good.apart
    assert good.same > good.different + 0.2
    assert not separation(load(tmp_path, "kaldi", "nemo")).apart  # every band of NeMo's varies by one


def test_what_counts_as_apart():
    assert Separation(0.5, 0.4).apart
    assert not Separation(0.43, 0.4).apart  # by chance
    assert not Separation(0.3, 0.4).apart
    assert Separation(1.0, 0.0).guess == 1.0  # a cosine of one half


class Listener:
    """A diarizer that hears two voices, so far apart as it is told to."""

    def __init__(self, angle):
        self.angle = angle

    def listen(self, samples, _watch):
        windows = Windows(samples.size)
        segmentations = np.zeros((windows.count, 589, 3), np.uint8)
        segmentations[:, :, 0] = 1
        generator = np.random.default_rng(0)
        vectors = np.full((windows.count, 3, 8), np.nan, np.float32)
        for window in range(windows.count):
            angle = self.angle * (window % 2)
            spread = 0.05 * generator.standard_normal(8)
            vectors[window, 0] = np.r_[np.cos(angle), np.sin(angle), np.zeros(6)] + spread
        return Heard(windows, segmentations, Embedded(vectors))


def turns_of(count):
    """In window k, speaker k modulo 2 speaks longest: turns that alternate every second, under 10 s windows."""
    return [Turn(float(k), k + 0.9, f"S{k % 2}") for k in range(count)]


@pytest.mark.parametrize("angle", [0.8, 1.2])
def test_the_distance_is_found_between_the_voices(monkeypatch, angle):
    samples = np.zeros(16_000 * 60, np.float32)
    monkeypatch.setattr(trial, "_who", lambda pairs, *_: pairs[0] % 2)
    found = calibrated(Listener(angle), [(samples, turns_of(60))], Watch())
    between = 2 * np.sin(angle / 2)
    assert 0.3 * between < found < 1.05 * between


def test_a_recording_of_one_person_calibrates_nothing():
    samples = np.zeros(16_000 * 30, np.float32)
    with pytest.raises(OptionError, match="hold no two people"):
        calibrated(Listener(1.0), [(samples, [Turn(0.0, 30.0, "only")])], Watch())


def test_who_speaks_most_under_a_local_speaker():
    windows = Windows(320_000)
    segmentations = np.zeros((windows.count, 589, 3), np.uint8)
    segmentations[0, :300, 0] = segmentations[0, 300:, 1] = segmentations[3, :, 0] = 1
    turns = [Turn(0.0, 5.0, "b"), Turn(4.0, 11.0, "a")]
    pairs = (np.array([0, 0, 3]), np.array([0, 1, 0]))
    assert trial._who(pairs, segmentations, windows, turns).tolist() == [1, 0, 0]
    assert trial._who(pairs, segmentations, windows, [Turn(18.0, 19.0, "late")]).tolist() == [-1, -1, -1]
