"""Words that leaked into a neighbour's microphone go, and no others, however loud the microphones are."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diarfuse.fusion.join import crosstalk
from diarfuse.fusion.join.channels import Channel
from diarfuse.fusion.join.crosstalk import _APART, _boundary, _covered, explained, without_leaks
from diarfuse.fusion.types import SAMPLE_RATE, Diarization, Segment, Transcript, Turn, Word

SECONDS = 12
TURNS = ((0.5, 3.0), (3.5, 6.0), (6.5, 9.0), (9.5, 11.5))  # of two people by turns, the first one first


@cache
def voice(seed: int, spans: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Noise of its own, where somebody speaks."""
    sound = np.random.default_rng(seed).standard_normal(SECONDS * SAMPLE_RATE)
    at = np.arange(len(sound)) / SAMPLE_RATE
    return 0.05 * sound * sum(((at >= start) & (at < end)).astype(float) for start, end in spans)


def room(sound: np.ndarray, delay: int, seed: int) -> np.ndarray:
    """The sound as it comes to another microphone: later, and with echoes."""
    echo = np.random.default_rng(seed).standard_normal(1600) * np.exp(-np.arange(1600) / 300)
    path = np.concatenate([np.zeros(delay), [1.0], 0.05 * echo])
    size = 1 << (len(sound) + len(path)).bit_length()
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(path, size), size)[: len(sound)]


@cache
def across(people: int, spoken: tuple[tuple[tuple[float, float], ...], ...], delay: int) -> tuple[np.ndarray, ...]:
    """What each microphone hears of all but its own."""
    sounds = [voice(n, spans) for n, spans in enumerate(spoken)]
    return tuple(
        np.sum([room(sound, delay, people * here + n) for n, sound in enumerate(sounds) if n != here], axis=0)
        for here in range(people)
    )


def table(*spoken: tuple[tuple[float, float], ...], leak: float, gains=(0.0, 0.0, 0.0), delay: int = 80):
    """What each one's microphone hears, where everybody speaks in these spans."""
    noise, tracks = np.random.default_rng(99), []
    for number, (spans, others) in enumerate(zip(spoken, across(len(spoken), spoken, delay), strict=True)):
        heard = voice(number, spans) + 10 ** (leak / 20) * others + 1e-5 * noise.standard_normal(len(others))
        tracks.append((10 ** (gains[number] / 20) * heard).astype(np.float32))
    return tracks


def said(*spans: tuple[float, float], text: str = "x") -> Transcript:
    """A segment a span, with two words each."""
    segments = []
    for start, end in spans:
        middle = (start + end) / 2
        words = (Word(start, middle, f" {text}{start}"), Word(middle, end, f" {text}{middle}"))
        segments.append(Segment(start, end, "".join(word.text for word in words), words))
    return Transcript(tuple(segments), "en", float(SECONDS))


def times(channel: Channel) -> list[float]:
    return [word.start for word in channel.transcript.words]


@pytest.mark.parametrize(
    ("leak", "gains", "delay", "late"),
    [(-8, (0, 0), 80, 0.0), (-16, (-9, 9), 700, 0.1), (-16, (12, -12), 0, -0.1), (-26, (6, -3), 80, 0.05)],
)
def test_each_word_stays_with_whoever_said_it_whatever_the_gains(leak, gains, delay, late):
    first, second = TURNS[::2], TURNS[1::2]
    sounds = table(first, second, leak=leak, gains=gains, delay=delay)
    own = [said(*first, text="a"), said(*second, text="b")]
    leaked = [said(*((a + late, b + late) for a, b in spans)) for spans in (second, first)]
    both = [
        Channel(Transcript(tuple(sorted((*one.segments, *two.segments), key=lambda s: s.start)), "en", 12.0))
        for one, two in zip(own, leaked, strict=True)
    ]
    found, count = without_leaks(both, sounds)
    assert [channel.transcript.segments for channel in found] == [one.segments for one in own]
    assert count == 8


def test_where_one_alone_speaks_the_fainter_channel_is_the_leak():
    sounds = table(TURNS, (), leak=-15)
    found, count = without_leaks([Channel(said(*TURNS)), Channel(said(*TURNS))], sounds)
    assert (len(times(found[0])), times(found[1]), count) == (8, [], 8)


def test_two_who_speak_at_once_keep_all_their_words():
    sounds = table(TURNS, TURNS, leak=-90, gains=(0, -10))
    channels = [Channel(said(*TURNS)), Channel(said(*TURNS))]
    assert without_leaks(channels, sounds) == (channels, 0)


def test_who_is_fainter_keeps_what_is_said_while_the_other_speaks_although_both_leak():
    spoken = ((0.5, 3.0), (3.5, 5.0), (9.5, 11.5)), ((6.5, 9.0), (9.5, 11.5))
    sounds = table(*spoken, leak=-16)
    sounds[0][round(9.4 * SAMPLE_RATE) :] *= 0.6
    found, _ = without_leaks([Channel(said(*sorted({*spoken[0], *spoken[1]}))) for _ in spoken], sounds)
    assert times(found[0]) == [0.5, 1.75, 3.5, 4.25, 6.5, 7.75, 9.5, 10.5]
    assert times(found[1]) == [6.5, 7.75, 9.5, 10.5]


def test_a_word_that_nobody_else_has_is_kept_however_much_it_leaks():
    sounds = table(TURNS, (), leak=-15)
    channels = [Channel(said()), Channel(said(*TURNS))]
    assert without_leaks(channels, sounds) == (channels, 0)


def test_of_a_line_that_is_partly_a_leak_the_rest_stays_in_the_recognisers_own_words():
    sounds = table(((0.5, 3.0), (6.5, 9.0)), ((3.5, 6.0),), leak=-15)
    words = (Word(0.5, 2.9, " One,"), Word(3.6, 5.9, " two"), Word(6.6, 8.9, " three."), Word(None, None, " Four"))
    line = Transcript((Segment(0.5, 9.0, " One,  two three. Four", words),), "en", 12.0)
    found, count = without_leaks([Channel(line), Channel(said((3.5, 6.0)))], sounds)
    assert [(s.text, s.speaker) for s in found[0].transcript.segments] == [(" One,", None), (" three. Four", None)]
    assert found[0].transcript.words == (words[0], *words[2:])
    assert count == 1
    assert len(times(found[1])) == 2


def test_a_turn_goes_with_its_words_and_one_without_any_stays():
    sounds = table(((0.5, 3.0),), ((3.5, 6.0),), leak=-15)
    turns = (Turn(0.4, 3.1, "A"), Turn(3.4, 6.1, "B"), Turn(8.0, 9.0, "A"))
    shared = Channel(said((0.5, 3.0), (3.5, 6.0)), Diarization(turns, turns, 12.0))
    found, _ = without_leaks([shared, Channel(said((3.5, 6.0)))], sounds)
    assert found[0].diarization == Diarization((turns[0], turns[2]), (turns[0], turns[2]), 12.0)


spans = st.lists(st.integers(0, 2 * SECONDS), min_size=2, max_size=10, unique=True).map(
    lambda edges: tuple((a / 2, b / 2) for a, b in pairwise(sorted(edges)))
)


@settings(max_examples=8)
@given(st.lists(spans, min_size=3, max_size=3), st.tuples(*[st.floats(-20, 20)] * 3), st.sampled_from([-3, -10, -40]))
def test_no_word_goes_unless_one_stays_beside_it(heard, gains, leak):
    sounds = table(*(TURNS[seed::3] for seed in range(3)), leak=leak, gains=gains)
    before = [Channel(said(*one)) for one in heard]
    after, count = without_leaks(before, sounds)
    kept = [word for channel in after for word in channel.transcript.words]
    gone = [w for a, b in zip(before, after, strict=True) for w in a.transcript.words if w not in b.transcript.words]
    assert len(gone) == count
    for word in gone:
        assert any(one.start < word.end + 0.5 and word.start - 0.5 < one.end for one in kept)


def share_slowly(one: np.ndarray, other: np.ndarray) -> float:
    """The squared coherence, weighed by the power, by its definition; spectra are (frames, bins)."""
    if len(one) < 16:
        return 0.0
    powers = [np.square(np.abs(x)).mean(axis=0) for x in (one, other)]
    cross = np.square(np.abs((one * other.conj()).mean(axis=0)))
    made = np.divide(cross, powers[1], out=np.zeros_like(cross), where=powers[1] > 0)
    return float(made.sum() / powers[0].sum()) if powers[0].any() else 0.0


def explained_slowly(one: np.ndarray, other: np.ndarray) -> tuple[float, tuple[float, float, float]]:
    """Every frame by itself, by another program's transform."""
    frames = []
    for samples in (one, other):
        steps = np.diff(samples.astype(float))
        parts = [steps[start : start + 4096] for start in range(0, len(steps) - 4095, 1024)]
        frames.append(np.array([np.fft.rfft(part * np.hanning(4096))[:1024] for part in parts]).reshape(-1, 1024))
    powers = [np.square(np.abs(x)).sum(axis=1) for x in frames]
    loud = np.logical_or(*(power > 1e-3 * power.max(initial=0.0) for power in powers))
    levels = np.subtract(*(10 * np.log10(power + 1e-12) for power in powers))
    boundary = _boundary(np.sort(levels[loud]))
    kinds = (loud, loud & (levels < boundary), loud & (levels >= boundary))
    return boundary, tuple(share_slowly(*(x[kind] for x in frames)) for kind in kinds)


def alike_slowly(sounds, _):
    """Windows that share nothing with each other."""

    @cache
    def at(first, second, middle):
        length = min(len(sounds[first]), len(sounds[second]))
        start = max(0, min(middle - 4 * SAMPLE_RATE, length - 8 * SAMPLE_RATE))
        window = slice(start, min(start + 8 * SAMPLE_RATE, length))
        return explained_slowly(sounds[first][window], sounds[second][window])

    def during(pair, span, level):
        boundary, (every, below, above) = at(*pair, round(sum(span) / 2 / 2) * 2 * SAMPLE_RATE)
        return max(every, below if level < boundary else above)

    return during


@settings(max_examples=3)
@given(
    st.lists(spans, min_size=3, max_size=3),
    st.tuples(*[st.floats(-20, 20)] * 3),
    st.sampled_from([-3, -16, -40]),
    st.tuples(*[st.integers(1, SECONDS * 2)] * 3),
)
def test_the_leaks_are_those_that_each_word_s_own_window_shows(heard, gains, leak, halves):
    sounds = table(*(TURNS[seed::3] for seed in range(3)), leak=leak, gains=gains)
    sounds = [sound[: half * SAMPLE_RATE // 2] for sound, half in zip(sounds, halves, strict=True)]
    channels = [Channel(said(*one)) for one in heard]
    found = without_leaks(channels, sounds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crosstalk, "_alike", alike_slowly)
        assert without_leaks(channels, sounds) == found


@given(st.integers(0, 2**32 - 1), st.integers(4000, 40_000), st.floats(-40, 0))
def test_what_is_explained_is_what_the_definition_says(seed, length, decibels):
    rng = np.random.default_rng(seed)
    one, other = (
        rng.standard_normal((2, length)) * rng.choice([0, 0.01, 1], (2, length // 4000 + 1)).repeat(4000, 1)[:, :length]
    )
    heard = one + 10 ** (decibels / 20) * np.roll(other, 50)
    boundary, shares = explained(heard.astype(np.float32), other.astype(np.float32))
    expected, slow = explained_slowly(heard.astype(np.float32), other.astype(np.float32))
    assert boundary == pytest.approx(expected, abs=1e-3)
    assert shares == pytest.approx(slow, abs=1e-4)


def test_a_channel_is_transformed_once_for_all_it_is_compared_with(monkeypatch):
    sounds = table(*(TURNS[seed::3] for seed in range(3)), leak=-16)
    windows = []
    frames = crosstalk._frames
    monkeypatch.setattr(crosstalk, "_frames", lambda samples: windows.append(samples) or frames(samples))
    without_leaks([Channel(said(*TURNS)) for _ in range(3)], sounds)
    begins = {(window.ctypes.data, len(window)) for window in windows}
    assert len(windows) == len(begins) == 9  # three channels, of which two seconds apart begin three windows


def test_what_a_room_makes_of_a_sound_is_explained_by_it_and_another_sound_is_not():
    one, other = (voice(number, ((0, 8),))[: 8 * SAMPLE_RATE] for number in (1, 2))
    heard = room(one, 300, 5) / 10
    for a, b in ((heard, one), (one, heard), (-heard, one)):
        assert explained(a, b)[1][0] > 0.8
    assert explained(heard + other, one)[1][0] < 0.1


def test_two_who_leak_into_each_other_are_seen_apart():
    one, other = voice(1, ((0, 4),))[: 8 * SAMPLE_RATE], voice(2, ((4, 8),))[: 8 * SAMPLE_RATE]
    first, second = one + room(other, 200, 5) / 10, other + room(one, 300, 6) / 10
    boundary, (every, below, above) = explained(first, second)
    assert -5 < boundary < 5
    assert every < 0.25
    assert below > 0.7
    assert above > 0.7


@pytest.mark.parametrize("length", [0, 1, 4000, 16_000])
def test_of_nothing_or_silence_nothing_is_explained(length):
    sound = voice(1, ((0, 2),))[:length].astype(np.float32)
    assert explained(sound, sound)[1] == (0.0, 0.0, 0.0)
    silent, loud = np.zeros(2 * SAMPLE_RATE, np.float32), voice(1, ((0, 2),))[: 2 * SAMPLE_RATE]
    for a, b in ((silent, loud), (loud, silent), (silent, silent)):
        assert explained(a, b)[1] == (0.0, 0.0, 0.0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=5), st.integers(0, 40), st.integers(1, 9))
def test_how_much_of_a_word_the_turns_of_another_cover(gaps, start, length):
    turns, at = [], 0
    for gap, lasting in gaps:
        turns.append(Turn(at + gap, at + gap + lasting, "A"))
        at += gap + lasting
    speaking = {second for turn in turns for second in range(int(turn.start), int(turn.end))}
    starts = np.array([turn.start for turn in turns])
    assert _covered(turns, starts, start, start + length) == len(speaking & set(range(start, start + length)))


@example([-10, 10])
@given(st.lists(st.integers(-30, 30), max_size=9))
def test_the_boundary_lies_between_the_two_kinds_that_are_most_apart(levels):
    levels = np.sort(np.array(levels, float))
    cuts = [(levels[:cut], levels[cut:]) for cut in range(1, len(levels))]
    spread = [len(a) * len(b) * (b.mean() - a.mean()) ** 2 for a, b in cuts]
    likely = [cut for cut, apart in zip(cuts, spread, strict=True) if apart >= max(spread) - 1e-6]  # equals may round
    expected = [(a.mean() + b.mean()) / 2 if b.mean() - a.mean() >= _APART else 0.0 for a, b in likely]
    assert any(_boundary(levels) == pytest.approx(one, abs=1e-9) for one in expected or [0.0])
