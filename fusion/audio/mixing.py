"""Several channels -> one, without losing what is out of phase in them.

The mean of the channels is the mix, unless sound that the channels have is
missing in it: a microphone wired the wrong way round turns the wave over, and
the mean of both is silence. Every half second is compared with its mix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..types import Seconds
from .source import Block

Weights: TypeAlias = npt.NDArray[np.float32]
"""float32 (channels, 1): the mix is ``samples @ weights``."""
Powers: TypeAlias = npt.NDArray[np.float64]
"""float64 (windows, channels, channels): the products of every two channels, averaged over each window."""

_WINDOW: Seconds = 0.5
_ENOUGH_RATE = 4_000  # of comparisons a second: two thousand in a window tell its powers to some hundredths
_FULL_WINDOW_CHANNELS = 16  # with more channels windows are longer, or their products would fill the memory
_LOST = 0.1  # of the power that unlike channels would have in their mix: less is no chance
_HEARD = 1e-3  # of the power of loud windows: fainter ones are pauses
_LEAST_LOST: Seconds = 0.5
_ALIKE = 0.3  # correlation from which two channels carry the same sound; those of two speakers come to hundredths


def equal_weights(channels: int) -> Weights:
    """The mean of the channels, as a product: 40 times faster than `mean` over so short an axis."""
    return np.full((channels, 1), 1 / channels, np.float32)


@dataclass(slots=True)
class Mixer:
    """Mixes blocks, and remembers how much of each channel's sound is in the mix.

    weights: by number of channels; the mean of the channels where there are none.
    """

    weights: Mapping[int, Weights] = field(default_factory=dict)
    _powers: dict[int, list[tuple[Seconds, npt.NDArray[np.floating]]]] = field(default_factory=dict)

    def mix(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The blocks with one channel each."""
        for block in blocks:
            channels = block.samples.shape[1]
            if channels == 1:
                yield block
                continue
            if not self.weights:
                self._listen(block)
            yield Block(block.samples @ self.weights.get(channels, equal_weights(channels)), block.rate)

    def better(self) -> dict[int, Better]:
        """By number of channels, a mix that loses less than their mean does; empty where nothing is lost."""
        found = {}
        for channels, windows in self._powers.items():
            seconds = np.array([length for length, _ in windows])
            better = better_mix(np.stack([power for _, power in windows]).astype(np.float64), seconds)
            if better is not None:
                found[channels] = better
        return found

    def _listen(self, block: Block) -> None:
        channels = block.samples.shape[1]
        every = max(1, int(block.rate / _ENOUGH_RATE))
        # Differences weigh voices above hum, and have no offset.
        steps = block.samples[1::every] - block.samples[: len(block.samples) - 1 : every]
        length = int(block.rate / every * _WINDOW * max(1.0, (channels / _FULL_WINDOW_CHANNELS) ** 2))
        windows = self._powers.setdefault(channels, [])
        for start in range(0, len(steps), length):
            part = steps[start : start + length]
            with np.errstate(over="ignore", invalid="ignore"):  # floats far beyond full scale, in a damaged file
                windows.append((len(part) * every / block.rate, part.T @ part / len(part)))


@dataclass(frozen=True, slots=True)
class Better:
    """A mix that keeps what the mean loses.

    weights: of the channels. lost: seconds that are missing in the mean. what: was done, for a sentence.
    """

    weights: Weights
    lost: Seconds
    what: str


def better_mix(powers: Powers, seconds: npt.NDArray[np.float64]) -> Better | None:
    """The mix that loses least, if the mean loses half a second or more.

    Args:
        powers: (windows, channels, channels).
        seconds: (windows,), how long each window is.
    """
    channels = powers.shape[1]
    own = np.trace(powers, axis1=1, axis2=2)
    heard = own > _HEARD * np.quantile(own, 0.9)
    floor = _LOST * own / channels**2

    def lost(weights: Weights) -> Seconds:
        column = weights[:, 0].astype(np.float64)
        mixed = np.einsum("i,tij,j->t", column, powers, column)
        return float(seconds[heard & (mixed < floor)].sum())

    missing = lost(equal_weights(channels))
    if missing < _LEAST_LOST:
        return None
    turned = _aligned(powers.sum(axis=0))
    loudest = sorted(range(channels), key=lambda channel: -powers[:, channel, channel].sum())
    choices = [(turned[:, np.newaxis] / channels, _turned(turned))]
    choices += [(np.eye(channels)[:, [channel]], f"channel {channel + 1} alone is used") for channel in loudest]
    best, what = min(choices, key=lambda choice: lost(choice[0]))
    return Better(best.astype(np.float32), missing, what) if lost(best) < missing / 2 else None


def _aligned(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A sign for each channel, against which of those before it is most like it; one like none stays as it is."""
    lengths = np.sqrt(np.diag(power))
    likeness = power / np.maximum(np.outer(lengths, lengths), np.finfo(np.float64).tiny)
    signs = np.ones(len(power))
    for channel in range(1, len(power)):
        other = int(np.argmax(np.abs(likeness[channel, :channel])))
        if abs(likeness[channel, other]) > _ALIKE:
            signs[channel] = signs[other] * np.sign(likeness[channel, other])
    return signs


def _turned(signs: npt.NDArray[np.float64]) -> str:
    over = [str(channel + 1) for channel in np.flatnonzero(signs < 0)]
    return f"channel{'s' * (len(over) > 1)} {' and '.join(over)} {'are' if len(over) > 1 else 'is'} turned over"
