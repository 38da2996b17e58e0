"""Speech that leaks from one channel into another: two people at a table, each with a microphone.

Every channel is recognised by itself, so that whoever is heard in the neighbour's
microphone too is written twice, the second time under the neighbour's name. A word
is a leak where three things hold: another channel has words meanwhile; the sound
is that channel's, played through a room; and it is fainter than there, as seen
from how both differ when each of the two speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.fft

from ..cues import split_segments
from ..types import SAMPLE_RATE, Diarization, Samples, Seconds, Transcript, Turn
from .channels import Channel, turns_of

Floats: TypeAlias = npt.NDArray[np.float64]
Spectra: TypeAlias = npt.NDArray[np.complexfloating]
Decibels: TypeAlias = float
Shares: TypeAlias = tuple[float, float, float]
Span: TypeAlias = tuple[Seconds, Seconds]
Place: TypeAlias = tuple[int, int]
"""A channel, and the number of a word in it."""
Pair: TypeAlias = tuple[int, int]
"""Two channels, the first one first."""

_WINDOW, _STEP = 8 * SAMPLE_RATE, 2 * SAMPLE_RATE
_FRAME, _HOP = 4096, 1024  # long beside echoes, and beside the way between two microphones: 50 ms are 17 m
_BINS = _FRAME // 4
_TAPER = np.hanning(_FRAME).astype(np.float32)
_ENOUGH = 16  # frames: of fewer, chance explains too much
_LOUD = 1e-3  # of a window's loudest frame: fainter ones are pauses
_EXPLAINED = 0.25
"""Of a window's power, from which it is another channel's sound: of the words of two unlike voices 1 % come to 0.2."""
_COVERED = 0.5  # of a word: by turns of the other channel
_NEAR: Seconds = 0.5  # by which recognisers place one word apart on two channels
_APART: Decibels = 6.0  # from which the levels of a pair of channels are those of two people
_NOTHING = 1e-12
_CLEAR: Decibels = 2.0  # beyond the boundary at least: what is nearer is kept on both channels


def without_leaks(channels: Sequence[Channel], sounds: Sequence[Samples]) -> tuple[list[Channel], int]:
    """The channels without the words that leaked into them, and how many words these were.

    A word goes only where one stays on another channel meanwhile. With its words goes
    a turn of a shared channel that held no others. Words without times stay.

    Args:
        channels: whose segments have words.
        sounds: of each, float32 (num_samples,) at 16 kHz.
    """
    leaked = _sure(_leaked([channel.transcript for channel in channels], sounds))
    gone = [{number for channel, number in leaked if channel == own} for own in range(len(channels))]
    done = [_without(channel, numbers) if numbers else channel for channel, numbers in zip(channels, gone, strict=True)]
    return done, len(leaked)


def _leaked(transcripts: Sequence[Transcript], sounds: Sequence[Samples]) -> dict[Place, set[Place]]:
    """The words that leaked, each with the words of other channels that are said meanwhile."""
    found: dict[Place, set[Place]] = {}
    timed = [_timed(transcript) for transcript in transcripts]
    turns = [turns_of(transcript, "") for transcript in transcripts]
    pairs = combinations(range(len(transcripts)), 2)
    meanwhile = {pair: _meanwhile(timed, turns, pair) for pair in pairs}
    alike = _alike(sounds, {(_step(timed[own][n]), pair) for pair, places in meanwhile.items() for own, n in places})
    own = cache(lambda channel, number: _level(sounds[channel], timed[channel][number]))  # whichever the other one is
    for pair, places in meanwhile.items():
        levels: dict[Place, Decibels] = {}
        for channel, number in places:
            span, here = timed[channel][number], own(channel, number)
            level = here - _level(sounds[pair[1]], span) if channel == pair[0] else _level(sounds[pair[0]], span) - here
            if alike(pair, span, level) >= _EXPLAINED:
                levels[channel, number] = level
        low, high = _limits(np.array(sorted(levels.values())))
        for (channel, number), level in levels.items():
            if level < low if channel == pair[0] else level > high:
                found.setdefault((channel, number), set()).update(places[channel, number])
    return found


def _sure(leaked: Mapping[Place, set[Place]]) -> set[Place]:
    """Those of the leaks that are heard on another channel, where the words are no leaks themselves."""
    return {place for place, others in leaked.items() if not others <= leaked.keys()}


def _timed(transcript: Transcript) -> dict[int, Span]:
    """When each word is said, by its number; those without times, or of no length, are left out."""
    return {
        number: (word.start, word.end)
        for number, word in enumerate(transcript.words)
        if word.start is not None and word.end is not None and word.end > word.start
    }


def _meanwhile(
    timed: Sequence[Mapping[int, Span]], turns: Sequence[Sequence[Turn]], pair: Pair
) -> dict[Place, set[Place]]:
    """The words of both channels during half of which the other has words, and which these are."""
    found: dict[Place, set[Place]] = {}
    for own, other in (pair, pair[::-1]):
        starts = np.array([turn.start for turn in turns[other]])
        middles, numbers = _in_order(timed[other])
        for number, (start, end) in timed[own].items():
            if _covered(turns[other], starts, start, end) >= _COVERED * (end - start):
                near = numbers[slice(*np.searchsorted(middles, [start - _NEAR, end + _NEAR]))]
                found[own, number] = {(other, int(one)) for one in near}
    return found


def _in_order(timed: Mapping[int, Span]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The middles of words, rising, and their numbers."""
    middles = np.array([(start + end) / 2 for start, end in timed.values()])
    order = np.argsort(middles, kind="stable")
    return middles[order], np.array([*timed], np.int64)[order]


def _covered(turns: Sequence[Turn], starts: Floats, start: Seconds, end: Seconds) -> Seconds:
    first = max(0, int(np.searchsorted(starts, start, side="right")) - 1)
    last = int(np.searchsorted(starts, end))
    return sum(max(0.0, min(end, turn.end) - max(start, turn.start)) for turn in turns[first:last])


def _step(span: Span) -> int:
    """The number of the window whose middle is nearest to that of a word."""
    return round(sum(span) / 2 * SAMPLE_RATE / _STEP)


def _alike(sounds: Sequence[Samples], wanted: Iterable[tuple[int, Pair]]) -> Callable[[Pair, Span, Decibels], float]:
    """How much of one channel's power around a word of that level another one explains, from 0 to 1.

    In the order of time, so that a window of a channel is transformed once for all channels that it is compared with.

    Args:
        sounds: of the channels.
        wanted: the windows that are asked for, and of which channels.
    """

    @lru_cache(maxsize=len(sounds))
    def heard(channel: int, start: int, end: int) -> _Frames:
        return _frames(sounds[channel][start:end])

    def at(step: int, pair: Pair) -> tuple[Decibels, Shares]:
        length = min(len(sounds[channel]) for channel in pair)
        start = max(0, min(step * _STEP - _WINDOW // 2, length - _WINDOW))
        return _explained(*(heard(channel, start, min(start + _WINDOW, length)) for channel in pair))

    known = {(step, pair): at(step, pair) for step, pair in sorted(wanted)}

    def during(pair: Pair, span: Span, level: Decibels) -> float:
        boundary, (every, below, above) = known[_step(span), pair]
        return max(every, below if level < boundary else above)

    return during


def explained(one: Samples, other: Samples) -> tuple[Decibels, Shares]:
    """The share of the power of `one` that a filter makes of `other`: the squared coherence, weighed by the power.

    Whoever leaks comes another way into each channel than whoever leaks back, so frames of both kinds are also seen
    by themselves.

    Args:
        one, other: (num_samples,), equally long.

    Returns:
        The level of `one` above `other` that parts the frames, and the share of all frames, of those below and of
        those above; of fewer than 16 frames it is 0.
    """
    return _explained(_frames(one), _frames(other))


@dataclass(frozen=True, slots=True)
class _Frames:
    """A stretch of a channel.

    spectra: (frames, bins) below 4 kHz. powers: of these, (frames, bins). loudness: (frames,), the sum of these.
    """

    spectra: Spectra
    powers: npt.NDArray[np.float32]
    loudness: npt.NDArray[np.float32]


def _frames(samples: Samples) -> _Frames:
    """Of the differences, which weigh voices above hum."""
    differences = np.diff(samples.astype(np.float32))
    if len(differences) < _FRAME:
        spectra = np.zeros((0, _BINS), np.complex64)
    else:
        windows = np.lib.stride_tricks.sliding_window_view(differences, _FRAME)[::_HOP]
        # scipy's transforms several frames at once: eight times as fast as numpy's
        spectra = scipy.fft.rfft(windows * _TAPER)[:, :_BINS]
    powers = np.square(spectra.real) + np.square(spectra.imag)
    return _Frames(spectra, powers, powers.sum(axis=1))


def _explained(one: _Frames, other: _Frames) -> tuple[Decibels, Shares]:
    """See `explained`."""
    both = (one.loudness, other.loudness)
    loud = np.logical_or(*(power > _LOUD * power.max(initial=0.0) for power in both))
    first, second = (10 * np.log10(power + _NOTHING) for power in both)
    levels = first - second
    boundary = _boundary(np.sort(levels[loud]))
    kinds = [_Sums.of(one, other, np.flatnonzero(loud & kind)) for kind in (levels < boundary, levels >= boundary)]
    below, above = (kind.share() for kind in kinds)
    return boundary, (kinds[0].with_those(kinds[1]).share(), below, above)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Over some frames of two channels: of the powers of both, and of the one times the other, (bins,) each."""

    count: int
    one: npt.NDArray[np.float32]
    other: npt.NDArray[np.float32]
    cross: Spectra

    @classmethod
    def of(cls, one: _Frames, other: _Frames, frames: npt.NDArray[np.intp]) -> _Sums:
        """Those frames."""
        own, others = (x.powers[frames].sum(axis=0) for x in (one, other))
        return cls(len(frames), own, others, (one.spectra[frames] * other.spectra[frames].conj()).sum(axis=0))

    def with_those(self, others: _Sums) -> _Sums:
        """Of both kinds of frames together."""
        return _Sums(
            self.count + others.count, self.one + others.one, self.other + others.other, self.cross + others.cross
        )

    def share(self) -> float:
        """How much of the one's power the other makes, from 0 to 1; 0 of too few frames, and of silence."""
        if self.count < _ENOUGH or not self.one.any():
            return 0.0
        cross = np.square(np.abs(self.cross))
        made = np.divide(cross, self.other, out=np.zeros_like(cross), where=self.other > 0)
        return float(made.sum() / self.one.sum())


def _level(samples: Samples, span: Span) -> Decibels:
    part = samples[slice(*(round(time * SAMPLE_RATE) for time in span))].astype(np.float64)
    return float(10 * np.log10((part @ part + _NOTHING) / (len(part) + 1)))


def _limits(levels: Floats) -> tuple[Decibels, Decibels]:
    """The level of one channel above the other below which its words are leaks, and above which the other's are.

    Two thirds of the way from the middle to where leaks lie: between these are words of two who speak at once, and one
    that stays on both channels is a smaller fault than one that stays on none.
    """
    boundary = _boundary(levels)
    sides = levels[levels < boundary], levels[levels >= boundary]
    asides = [max(abs(float(np.median(side)) - boundary) * 2 / 3, _CLEAR) for side in sides if len(side)] or [_CLEAR]
    return boundary - asides[0], boundary + asides[-1]


def _boundary(levels: Floats) -> Decibels:
    """The level of one channel above the other at which neither's speaker is likelier.

    Args:
        levels: where both are heard, in rising order. If these are of two kinds, the middle between both, however
            loud the channels are; else 0.
    """
    if not levels[1:].size:
        return 0.0
    counts = np.arange(1, len(levels))
    sums = np.cumsum(levels)[:-1]
    below, above = sums / counts, (levels.sum() - sums) / (len(levels) - counts)
    best = int(np.argmax(counts * (len(levels) - counts) * np.square(above - below)))
    return float((below[best] + above[best]) / 2) if above[best] - below[best] >= _APART else 0.0


def _without(channel: Channel, numbers: set[int]) -> Channel:
    """The channel without these of its words, nor what their segments have of text for them."""
    transcript = channel.transcript
    count = iter(range(len(transcript.words)))
    marked = [
        replace(
            segment,
            speaker=None,
            words=tuple(replace(word, speaker=_LEAK if next(count) in numbers else _OWN) for word in segment.words),
        )
        for segment in transcript.segments
    ]
    parts = split_segments(replace(transcript, segments=tuple(marked))).segments
    kept = tuple(
        replace(part, speaker=None, words=tuple(replace(word, speaker=None) for word in part.words))
        for part in parts
        if part.speaker != _LEAK
    )
    left = replace(transcript, segments=kept)
    timed = _timed(transcript)
    gone = {number: timed[number] for number in numbers}
    return Channel(left, _turns_without(channel.diarization, _in_order(gone)[0], _in_order(_timed(left))[0]))


_OWN, _LEAK = "own", "leak"


def _turns_without(found: Diarization | None, gone: Floats, left: Floats) -> Diarization | None:
    """The turns but for those in which only words that are gone were said; the middles of both are given, rising."""
    if found is None:
        return None

    def stays(turn: Turn) -> bool:
        leaks, words = (np.ptp(np.searchsorted(middles, [turn.start, turn.end])) for middles in (gone, left))
        return bool(words or not leaks)

    return replace(found, turns=tuple(filter(stays, found.turns)), exclusive=tuple(filter(stays, found.exclusive)))
