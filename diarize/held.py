"""Features that stay on the device: stretches go there in rows, and only embeddings come back.

On the host (`diarize.embedding`) each window is cut out of the features of its stretches and pooled by itself. Here the
windows that come next are gathered from the rows on the device, and pooled in one call; what belongs to no stretch has
weight zero. The sums are the same, with zeros between, which may move a result's last bits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from ..fusion.errors import LowMemoryError
from .arrays import AnyArray, Float32, Int64
from .coreml import HostValue
from .gathering import GatheredLists, in_parts
from .models.graph import Graph, in_half
from .models.packs import Precision
from .packing import GAP, MEANS, means_of, packed
from .runtime import Network, Runtime
from .stretches import Stretch

Piece: TypeAlias = tuple[int, Float32]
"""The trunk frame that a stretch begins at, and its filterbank, [1, frames, 80]."""
Item = TypeVar("Item")
Name = TypeVar("Name")
Request: TypeAlias = tuple[Name, int, Float32]
"""A name for it, the trunk frame that a window begins at, and its masks, (masks, frames)."""

SHORTEST_ROW, USUAL_ROW = 1024, 16384
"""Frames of a filterbank; rows are powers of two long, and longer only for a single stretch that is."""
_TOGETHER = 32
"""Windows of one call."""
_INT64 = 7  # of onnx.TensorProto


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Features on the device, [1, channels, frames], of stretches one after the other."""

    features: Any
    frames: int


class Place(NamedTuple):
    """A stretch in a row: the trunk frame that it begins at in the recording, how many it has, and where in the row."""

    begin: int
    length: int
    at: int
    row: Row

    @property
    def end(self) -> int:
        """The trunk frame of the recording behind its last."""
        return self.begin + self.length


class PackedTrunk:
    """A trunk for stretches in rows (`diarize.packing`), on a device; calls are thread-safe.

    Args:
        path: of its graph in float32.
        runtime: where it runs.
        stride: frames of a filterbank in a trunk frame.
        precision: float32, or float16.
    """

    def __init__(self, path: Path, runtime: Runtime, stride: int, precision: Precision = "float32") -> None:
        import onnx

        model = packed(onnx.load(path))
        self._takes_means = MEANS in (value.name for value in model.graph.input)
        self._session = runtime.session((in_half(model) if precision == "float16" else model).SerializeToString())
        self._stride = stride
        self._gathered = GatheredLists(self._all)

    def __call__(self, *inputs: AnyArray) -> AnyArray:
        """``[batch, frames, 80] -> [batch, channels, frames / stride]`` on the host; see `Network`."""
        (bands,) = inputs
        places = self.through([(0, one[None]) for one in bands])
        return np.concatenate([at.row.features.numpy()[:, :, at.at : at.at + at.length] for at in places])

    def on_device(self, *inputs: Any) -> HostValue:
        """Like calling; what stays on the device is `through`'s."""
        return HostValue(self(*inputs))

    def through(self, pieces: Sequence[Piece]) -> Sequence[Place]:
        """Where the features of stretches are, in order; those that several threads ask for lie in common rows."""
        return self._gathered(pieces)

    def _all(self, pieces: Sequence[Piece]) -> list[Place]:
        return [place for some in _filling(pieces, self._room) for place in self._halved(some)]

    def _room(self, piece: Piece) -> int:
        frames: int = piece[1].shape[1]
        return -(-frames // self._stride) * self._stride + GAP

    def _halved(self, pieces: list[Piece]) -> list[Place]:
        """The pieces in a row; in two where there is no memory for one."""
        try:
            return self._row(pieces)
        except LowMemoryError:
            if len(pieces) == 1:
                raise
        half = len(pieces) // 2
        return self._halved(pieces[:half]) + self._halved(pieces[half:])

    def _row(self, pieces: Sequence[Piece]) -> list[Place]:
        needed = sum(map(self._room, pieces))
        size = max(SHORTEST_ROW, 1 << (needed - 1).bit_length())
        fbank, known = np.zeros((1, size, pieces[0][1].shape[2]), np.float32), np.zeros((1, 1, 1, size), np.float32)
        starts, at = [], 0
        for piece in pieces:
            frames = piece[1].shape[1]
            fbank[:, at : at + frames], known[..., at : at + frames] = piece[1], 1
            starts.append(at // self._stride)
            at += self._room(piece)
        lengths = [-(-bands.shape[1] // self._stride) for _, bands in pieces]
        means = means_of(lengths, starts, size // self._stride) if self._takes_means else ()
        row = Row(self._session.on_device(fbank, known, *means), size // self._stride)
        begins = (begin for begin, _ in pieces)
        return [Place(*place, row) for place in zip(begins, lengths, starts, strict=True)]


@dataclass(frozen=True, slots=True)
class Handling:
    """What is done with features on the device.

    trunk: makes them.
    join: [1, channels, a] and [1, channels, b] -> [1, channels, a + b].
    gather: [1, channels, frames] and the numbers of frames (windows, n) -> [windows, channels, n].
    pooling: features [windows, channels, n] and weights [windows, masks, n] -> embeddings [windows, masks, dimension].
    """

    trunk: PackedTrunk
    join: Network
    gather: Network
    pooling: Network

    @classmethod
    def on(cls, runtime: Runtime, trunk: PackedTrunk, pooling: Network) -> Handling:
        """All of it, on the runtime's device."""
        join, gather = Graph("join"), Graph("gather")
        sides = [join.input(name, (1, "channels", f"{name}_frames")) for name in ("first", "second")]
        joined = join.model(join.op("Concat", *sides, axis=2), "joined", (1, "channels", "frames"))
        row, numbers = gather.input("row", (1, "channels", "frames")), gather.input("numbers", ("windows", "n"))
        flat = gather.op("Squeeze", row, gather.shape(0))
        picked = gather.op("Gather", flat, gather.op("Cast", numbers, to=_INT64), axis=1)
        turned = gather.op("Transpose", picked, perm=[1, 0, 2])
        gathered = gather.model(turned, "gathered", ("windows", "channels", "n"))
        joining, gathering = (runtime.session(model.SerializeToString()) for model in (joined, gathered))
        return cls(trunk, joining, gathering, pooling)

    def pool(self, features: Any, numbers: Int64, weights: Float32) -> Float32:
        """Embeddings (windows, masks, dimension) of frames (windows, n) of a row, and weights (windows, masks, n)."""

        def some(rows: Int64) -> Float32:
            chosen = numbers[rows].astype(np.float32)  # whole numbers up to 2**24
            windows = self.gather.on_device(features, chosen)
            return np.array(self.pooling.on_device(windows, weights[rows]).numpy())

        return in_parts(some, np.arange(len(numbers)))


def blocks(cuts: Iterable[Stretch]) -> Iterator[list[Stretch]]:
    """Stretches in order, as many together as go into a row."""
    return _filling(cuts, lambda cut: cut.last - cut.first + 2 * GAP)  # also what it takes to reach a trunk frame


def _filling(items: Iterable[Item], room: Callable[[Item], int]) -> Iterator[list[Item]]:
    """As many together as go into a row; `room`: frames that one takes there."""
    some: list[Item] = []
    taken = 0
    for item in items:
        frames = room(item)
        if some and taken + frames > USUAL_ROW:
            yield some
            some, taken = [], 0
        some.append(item)
        taken += frames
    if some:
        yield some


@dataclass(slots=True)
class HeldFeatures:
    """The last few stretches, drawn from `source` as they are needed.

    dimension: numbers in an embedding. nothing: whether an empty mask is pooled as well, as upstream does.
    """

    source: Iterator[Place]
    handling: Handling
    dimension: int
    nothing: bool = False
    held: deque[Place] = field(default_factory=deque)

    def pooled(self, requests: Iterable[Request[Name]]) -> Iterator[tuple[Name, Float32]]:
        """The embeddings (masks, dimension) of each of `requests`; NaN for an empty mask, unless it is pooled too.

        Requests must come in order of where they begin.
        """
        left = iter(requests)
        while some := list(islice(left, _TOGETHER)):
            yield from zip((name for name, _, _ in some), self._pool(some), strict=True)

    def _pool(self, some: Sequence[Request[Name]]) -> Iterator[Float32]:
        origin, end = some[0][1], max(first + masks.shape[1] for _, first, masks in some)
        self._draw(end)
        while self.held and self.held[0].end <= origin:
            self.held.popleft()
        under = [place for place in self.held if place.begin < end]
        numbers, weights = _laid(some, _positions(under, origin, end))
        pooled = np.full((len(some), weights.shape[1], self.dimension), np.nan, np.float32)
        if under:
            pooled = self.handling.pool(self._joined(under), numbers, weights)
        if not self.nothing:
            pooled[~weights.any(axis=2)] = np.nan
        for found, (_, _, masks) in zip(pooled, some, strict=True):
            yield found[: len(masks)]

    def _joined(self, places: Sequence[Place]) -> Any:
        features, *others = (row.features for row in _rows_of(places))
        for other in others:
            features = self.handling.join.on_device(features, other)
        return features

    def _draw(self, until: int) -> None:
        while not self.held or self.held[-1].end < until:
            drawn = next(self.source, None)
            if drawn is None:
                return
            self.held.append(drawn)


def _rows_of(places: Iterable[Place]) -> list[Row]:
    return list(dict.fromkeys(place.row for place in places))


def _positions(places: Sequence[Place], origin: int, end: int) -> Int64:
    """Where in the rows, laid end to end, each of the recording's frames from `origin` to `end` is; -1 for nowhere."""
    rows = _rows_of(places)
    before = dict(zip(rows, accumulate((row.frames for row in rows), initial=0), strict=False))
    found = np.full(end - origin, -1, np.int64)
    for place in places:
        low, high = max(place.begin, origin), min(place.end, end)
        if low < high:
            first = low - place.begin + place.at + before[place.row]
            found[low - origin : high - origin] = np.arange(first, first + high - low)
    return found


def _laid(some: Sequence[Request[Name]], positions: Int64) -> tuple[Int64, Float32]:
    """For each request the frames that it is of, (requests, n), and their weights, (requests, masks, n).

    What lies nowhere, or fills a shorter request up, is frame 0 with weight zero.
    """
    origin, n = some[0][1], max(masks.shape[1] for _, _, masks in some)
    numbers = np.zeros((len(some), n), np.int64)
    weights = np.zeros((len(some), max(len(masks) for _, _, masks in some), n), np.float32)
    for row, (_, first, masks) in enumerate(some):
        where = positions[first - origin : first - origin + masks.shape[1]]
        numbers[row, : len(where)] = where.clip(0)
        weights[row, : len(masks), : len(where)] = masks * (where >= 0)
    return numbers, weights
