"""What a streaming Sortformer remembers between two pieces of audio, in numpy.

Two arrays of embeddings go before every new piece: the *cache*, a few of the best
frames of every speaker, by which the network knows who is whom, and the *FIFO*,
the last frames as they came. The oldest of the FIFO move to the cache; when that
is full it is thinned out. Sources: NeMo's ``SortformerModules`` (its synchronous
update) and transformers' ``Nemotron3DiarizationSpeakerCache``, which keep the
same frames, and so does this. Scores are float32 as theirs are: in float64 other
frames would win. Of equal scores the lower index wins (theirs: any of them).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...fusion.errors import CorruptModelError, OptionError
from ..arrays import Float32, Int64

if TYPE_CHECKING:
    from ...fusion.types import Seconds

FRAME: Seconds = 0.08
"""One frame of embeddings."""
_SPEAKS, _SILENT = np.float32(0.5), np.float32(0.2)
_FLOOR = np.float32(0.25)
_HALF = np.float32(np.log(0.5))
_NEW = np.float32(0.05)
_STRONG, _WEAK, _ENOUGH = 0.75, 1.5, 0.5
"""Of a speaker's share of the cache: how many frames are lifted much, how many a little, how many clear ones do."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much there is to remember, in frames.

    speakers: that the network tells apart. cache: frames kept of all of them.
    silence: of these, frames of silence a speaker.
    """

    speakers: int
    cache: int
    silence: int

    def __post_init__(self) -> None:
        least = (1 + self.silence) * self.speakers
        if self.speakers < 1 or self.silence < 0 or self.cache < least:
            raise OptionError(f"A cache of {self.cache} frames is too small for {self.speakers} speakers: {least}.")

    @property
    def share(self) -> int:
        """Frames of the cache for each speaker's own voice."""
        return self.cache // self.speakers - self.silence


def room_of(path: Path, *, speakers: int, cache: int, silence: int) -> Room:
    """What a file says that there is to remember.

    Raises:
        CorruptModelError: it cannot be.
    """
    try:
        return Room(speakers, cache, silence)
    except OptionError as error:
        raise CorruptModelError(f"{path} says what cannot be: {error} Fetch it again.") from error


@dataclass(frozen=True, slots=True)
class Pace:
    """How the audio is cut, in frames.

    chunk: frames decided at a time. right, left: heard beside them, and not decided.
    fifo: the last frames kept as they came. period: how many of them move to the cache at least.
    """

    chunk: int
    right: int
    fifo: int
    period: int
    left: int = 0

    def __post_init__(self) -> None:
        if min(self.chunk, self.period) < 1 or min(self.right, self.left, self.fifo) < 0:
            raise OptionError(f"{self} must have a chunk and a period of 1 or more, and nothing below 0.")


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk and what is heard beside it.

    embeddings: float32 (left + chunk + right, dimension). left, right: frames that are not decided.
    """

    embeddings: Float32
    left: int
    right: int

    @property
    def chunk(self) -> int:
        """Frames that are decided."""
        return len(self.embeddings) - self.left - self.right


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered; a new one after every piece.

    cache: float32 (frames, dimension). kept: float32 (frames, speakers), what was said of them when they were
        last chosen; None before the cache was first thinned out, while what is said of them still improves.
    fifo: float32 (frames, dimension).
    silence: float32 (dimension,), what silence sounds like. silent: how many frames it is the mean of; None
        where the network has learnt it.
    """

    cache: Float32
    kept: Float32 | None
    fifo: Float32
    silence: Float32
    silent: int | None

    @classmethod
    def empty(cls, dimension: int, silence: Float32 | None = None) -> Memory:
        """Nothing yet; `silence` (dimension,) where the network has learnt what it sounds like."""
        nothing = np.zeros((0, dimension), np.float32)
        known = np.zeros(dimension, np.float32) if silence is None else silence
        return cls(nothing, None, nothing, known, 0 if silence is None else None)

    @property
    def frames(self) -> int:
        """How many go before a piece."""
        return len(self.cache) + len(self.fifo)

    def after(self, piece: Piece, said: Float32, room: Room, pace: Pace) -> Memory:
        """What is remembered when the network has heard the cache, the FIFO and `piece`.

        Args:
            piece: the last one.
            said: float32 (frames, speakers), how surely each speaks, for every frame of these three.
            room: the network's.
            pace: how the audio is cut.
        """
        first = self.frames + piece.left
        fifo = np.concatenate([self.fifo, piece.embeddings[piece.left : piece.left + piece.chunk]])
        of_fifo = np.concatenate([said[len(self.cache) : self.frames], said[first : first + piece.chunk]])
        if len(fifo) <= pace.fifo:
            return replace(self, fifo=fifo)
        leaving = min(max(pace.period, len(fifo) - pace.fifo), len(fifo))
        heard = self._hear_silence(fifo[:leaving], of_fifo[:leaving])
        of_cache = said[: len(self.cache)] if self.kept is None else self.kept
        frames, said = np.concatenate([self.cache, fifo[:leaving]]), np.concatenate([of_cache, of_fifo[:leaving]])
        return _with_cache(replace(heard, fifo=fifo[leaving:]), frames, said, room)

    def _hear_silence(self, frames: Float32, said: Float32) -> Memory:
        """With the mean of the silent ones of `frames` learnt."""
        quiet = said.sum(axis=1) < _SILENT
        if self.silent is None or not quiet.any():
            return self
        count = self.silent + int(quiet.sum())
        total = self.silence * np.float32(self.silent) + frames[quiet].sum(axis=0)
        return replace(self, silence=total / np.float32(count), silent=count)


def _with_cache(memory: Memory, frames: Float32, said: Float32, room: Room) -> Memory:
    """With `frames` in the cache, thinned out where they are too many."""
    if len(frames) <= room.cache:
        return replace(memory, cache=frames)
    chosen = choose(said, room)
    frames = np.concatenate([frames, memory.silence[None]])
    said = np.concatenate([said, np.zeros((1, room.speakers), np.float32)])
    return replace(memory, cache=frames[chosen], kept=said[chosen])


def choose(said: Float32, room: Room) -> Int64:
    """Which frames stay in the cache, (room.cache,): speaker after speaker, each one's in the order of time.

    Args:
        said: float32 (frames, speakers), how surely each speaks; more frames than the cache has.
        room: the network's.

    Returns:
        Frames; ``len(said)`` stands for silence. A frame in which several speak may be there for each of them.
    """
    scores = _worth(said, int(room.share * _ENOUGH))
    scores[room.cache :] += _NEW
    for share, lift in ((_STRONG, -2 * _HALF), (_WEAK, -_HALF)):
        _lift_best(scores, int(room.share * share), lift)
    padded = np.concatenate([scores, np.full((room.silence, room.speakers), np.inf, np.float32)])
    flat = padded.T.ravel()
    best = np.argsort(-flat, kind="stable")[: room.cache]
    best = np.sort(np.where(flat[best] == -np.inf, flat.size, best))
    chosen = np.where(best == flat.size, len(said), best % len(padded))
    return np.minimum(chosen, len(said)).astype(np.int64)


def _worth(said: Float32, enough: int) -> Float32:
    """How much each frame tells of each speaker, float32 (frames, speakers): most where one surely speaks alone.

    Minus infinity where the speaker is silent, and where others speak too although there are `enough` clear frames.
    """
    speaking, others = np.log(np.maximum(said, _FLOOR)), np.log(np.maximum(1 - said, _FLOOR))
    scores: Float32 = speaking - others + others.sum(axis=1, keepdims=True) - _HALF
    scores[said <= _SPEAKS] = -np.inf
    clear = scores > 0
    scores[~clear & (clear.sum(axis=0) >= enough)] = -np.inf
    return scores


def _lift_best(scores: Float32, count: int, lift: np.float32) -> None:
    """Raise the `count` highest scores of each speaker, in place."""
    best = np.argsort(-scores, axis=0, kind="stable")[:count]
    np.put_along_axis(scores, best, np.take_along_axis(scores, best, axis=0) + lift, axis=0)
