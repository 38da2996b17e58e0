"""From audio to one voice: which audio is used, and that the numbers separate people (with the real pack)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.diarize.voice_quality import likeness_of_groups, measure
from diarfuse.diarize.voiceprint import ENOUGH, VoiceEmbedder, gather, overlaps, solo_spans
from diarfuse.fusion.errors import VoiceError
from diarfuse.fusion.types import SAMPLE_RATE, Turn


def test_gather_lays_the_longest_spans_end_to_end_in_order() -> None:
    samples = np.arange(10 * SAMPLE_RATE, dtype=np.float32)
    taken = gather(samples, [(8.0, 99.0), (1.0, 2.0), (3.0, 3.1), (-5.0, 0.5)])
    expected = np.concatenate([samples[:8000], samples[16000:32000], samples[128000:]])
    np.testing.assert_array_equal(taken, expected)  # 0.1 s is too short; the ends are cut to the recording
    assert len(gather(samples, [])) == 0


def test_gather_stops_when_there_is_enough() -> None:
    samples = np.zeros(200 * SAMPLE_RATE, np.float32)
    assert len(gather(samples, [(0, 50), (60, 100), (110, 190)])) == ENOUGH * SAMPLE_RATE


turns_of = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 10), st.sampled_from("ABC")).map(
        lambda t: Turn(float(t[0]), float(t[0] + t[1]), t[2])
    ),
    max_size=8,
)


@given(turns_of)
def test_solo_spans_and_overlaps_against_counting_seconds(turns: list[Turn]) -> None:
    """Turns on whole seconds, so that a set of seconds a speaker is the whole truth."""
    active = {t.speaker: set() for t in turns}
    for turn in turns:
        active[turn.speaker] |= set(range(int(turn.start), int(turn.end)))
    for speaker, spans in solo_spans(turns).items():
        alone = active[speaker] - set().union(*(seconds for other, seconds in active.items() if other != speaker))
        assert {s for start, end in spans for s in range(int(start), int(end))} == alone
        assert all(end < start for (_, end), (start, _) in pairwise(spans))
    single = [t for t in turns if len([u for u in turns if u.speaker == t.speaker]) == 1]
    for one in single:
        for other in single:
            if one.speaker < other.speaker:
                shared = len(active[one.speaker] & active[other.speaker])
                assert overlaps(turns)[one.speaker].get(other.speaker, 0.0) == shared


def test_one_voice_or_two() -> None:
    rng = np.random.default_rng(0)
    one, other = np.eye(16)[0], np.eye(16)[1]

    def pieces(*centres: np.ndarray) -> list[np.ndarray]:
        return [(c + 0.1 * rng.standard_normal(16)).astype(np.float32) for c in centres]

    assert likeness_of_groups(pieces(*[one] * 8)) > 0.8
    assert likeness_of_groups(pieces(*[one] * 5, *[other] * 3)) < 0.3
    assert likeness_of_groups(pieces(*[one] * 8, other)) > 0.8  # one odd piece may be a cough
    assert likeness_of_groups(pieces(*[one] * 8, *[other] * 5, -one)) < 0.3  # which hides nobody
    assert likeness_of_groups(pieces(one, other)) == 1.0  # too few to say


@pytest.fixture(scope="module")
def embedder(store) -> VoiceEmbedder:
    return VoiceEmbedder(store.load("campplus"))


def test_real_voices_are_told_apart(embedder: VoiceEmbedder, shared: Path) -> None:
    from diarfuse.fusion.audio import load_audio

    names = ("ls1998/1998-15444-0000", "ls1998/1998-15444-0005", "ls2033/2033-164914-0000")
    heard = [load_audio(shared / "audio" / "voices" / f"{name}.flac") for name in names]
    qualities = [measure(samples) for samples in heard]
    a, b, c = (embedder.embed(s, q.spans).embedding for s, q in zip(heard, qualities, strict=True))
    assert float(a @ b) > 0.7
    assert float(a @ c) < 0.4
    assert float(np.linalg.norm(a)) == pytest.approx(1, abs=1e-5)
    assert all(quality.flags() == () for quality in qualities)
    mixed = np.concatenate(heard[1:])
    both = embedder.embed_pieces(mixed, measure(mixed).spans, 3.0)
    assert likeness_of_groups(both) < 0.5
    assert likeness_of_groups(embedder.embed_pieces(heard[0], qualities[0].spans, 3.0)) > 0.5
    again = embedder.embed(heard[0], qualities[0].spans).embedding
    np.testing.assert_array_equal(a, again)


def test_no_speech_is_refused(embedder: VoiceEmbedder) -> None:
    with pytest.raises(VoiceError, match="no speech"):
        embedder.embed(np.zeros(16000, np.float32), [(0.0, 0.2)])


def test_quality_flags_quiet_noisy_and_clipped_speech(shared: Path) -> None:
    pytest.importorskip("faster_whisper")
    from diarfuse.fusion.audio import load_audio

    clean = load_audio(shared / "audio" / "voices" / "ls1998" / "1998-15444-0000.flac")
    noise = np.random.default_rng(0).standard_normal(len(clean)).astype(np.float32)
    loud = np.clip(clean * 30, -1, 1)
    assert measure(clean).flags() == ()
    assert any(flag.startswith("quiet") for flag in measure(clean * 0.02).flags())
    assert any(flag.startswith("noisy") for flag in measure(clean + 0.05 * noise).flags())
    assert any(flag.startswith("clipped") for flag in measure(loud).flags())
    assert measure(np.zeros(32000, np.float32)).speech == 0.0
