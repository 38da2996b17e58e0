"""Several inputs, a channel each: every one by its own clock, and together one stream."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ...fusion.types import SAMPLE_RATE, Samples, Seconds
from .sources import BLOCK, Lost, Stopped

if TYPE_CHECKING:
    from collections.abc import Generator

    from .sources import Piece

APART: Seconds = 1.0
"""An input that is so far behind the others gets silence: it stands still, or its clock is slower (some ten minutes of
most devices make less than a tenth of a second)."""
_WAITING = 10


@dataclass(frozen=True, slots=True)
class Silent:
    """The last `seconds` of one channel stand as silence, for nothing came; the others were heard."""

    seconds: Seconds
    why: str


_Given: TypeAlias = "Piece | BaseException | None"


@dataclass(slots=True)
class _Input:
    """One input: what of it waits for the others.

    given: what was read of it. missing: seconds that stand as silence, and were not told yet.
    """

    name: str
    given: queue.Queue[_Given] = field(default_factory=lambda: queue.Queue(_WAITING))
    waiting: Samples = field(default_factory=lambda: np.empty(0, np.float32))
    missing: Seconds = 0.0
    goes_on: bool = True
    came: bool = False

    @property
    def size(self) -> int:
        """Samples that wait."""
        return len(self.waiting)

    def take(self, given: _Given) -> Iterator[Silent]:
        """Take what it gave; None or an error: nothing more comes.

        Raises:
            DiarfuseError: it cannot be opened.
        """
        if isinstance(given, BaseException) and not self.came:
            raise given
        if given is None or isinstance(given, BaseException | Stopped):
            was, self.goes_on = self.goes_on, False
            if given is not None and was:
                why = given.why if isinstance(given, Stopped) else str(given)
                yield self._told(f"{why}; the recording goes on without it")
            return
        self.came = True
        if isinstance(given, Lost):
            self.fill(given.seconds)
            yield self._told(given.why)
            return
        if self.missing and len(given):
            yield self._told("nothing came for a while")
        self.waiting = np.concatenate([self.waiting, given])

    def fill(self, seconds: Seconds) -> None:
        """Let silence stand for what did not come."""
        self.waiting = np.concatenate([self.waiting, np.zeros(round(seconds * SAMPLE_RATE), np.float32)])
        self.missing += seconds

    def cut(self, size: int) -> Samples:
        """The first samples that wait."""
        first, self.waiting = self.waiting[:size], self.waiting[size:]
        return first

    def end(self) -> Iterator[Silent]:
        """The recording is over."""
        if self.missing:
            yield self._told("nothing came any more")

    def _told(self, why: str) -> Silent:
        seconds, self.missing = self.missing, 0.0
        return Silent(seconds, f"{self.name}: {why}")


def together(inputs: Sequence[tuple[str, Generator[Piece]]]) -> Iterator[Samples | Silent | Stopped]:
    """Blocks float32 (inputs, num_samples) of all `inputs`, each read in a thread of its own.

    One that stops is told, and silent from then on; when the last stops so does the recording.

    Args:
        inputs: names and what each gives.

    Raises:
        DiarfuseError: one cannot be opened.
    """
    over = threading.Event()
    channels = [_Input(f"Input {number} ({name})") for number, (name, _) in enumerate(inputs, 1)]
    for each, (_, pieces) in zip(channels, inputs, strict=True):
        threading.Thread(target=_read, args=(pieces, each.given, over), name=each.name, daemon=True).start()
    try:
        yield from _blocks(channels)
    finally:
        over.set()


def _blocks(channels: Sequence[_Input]) -> Iterator[Samples | Silent | Stopped]:
    last = None
    while going := [each for each in channels if each.goes_on]:
        for each, piece in _given(going):
            yield from each.take(piece)
            last = piece
        going = [each for each in going if each.goes_on]
        if (block := _cut(channels, min((each.size for each in going), default=0))).size:
            yield block
    yield _cut(channels, max(each.size for each in channels))
    for each in channels:
        yield from each.end()
    if isinstance(last, Stopped):
        yield last


def _given(going: Sequence[_Input]) -> Iterator[tuple[_Input, _Given]]:
    """What comes next of the input that is last; where nothing does, what the others gave meanwhile."""
    slowest = min(going, key=lambda each: each.size)
    try:
        piece = slowest.given.get(timeout=BLOCK)
    except queue.Empty:
        yield from _given_by_others(going, slowest)
    else:
        yield slowest, piece


def _given_by_others(going: Sequence[_Input], slowest: _Input) -> Iterator[tuple[_Input, _Given]]:
    for each in going:
        while each is not slowest and each.goes_on and not each.given.empty():
            yield each, each.given.get()
    behind = max(each.size for each in going) - slowest.size
    if behind > APART * SAMPLE_RATE:
        slowest.fill(behind / SAMPLE_RATE - APART / 2)


def _cut(channels: Sequence[_Input], size: int) -> Samples:
    for each in channels:
        if (short := size - each.size) > 0:
            each.fill(short / SAMPLE_RATE)
    return np.stack([each.cut(size) for each in channels])


def _read(pieces: Generator[Piece], given: queue.Queue[_Given], over: threading.Event) -> None:
    last: BaseException | None = None
    try:
        with closing(pieces):
            for piece in pieces:
                if not _put(given, piece, over):
                    return
    except BaseException as error:  # noqa: BLE001 - raised where the blocks are taken
        last = error
    _put(given, last, over)


def _put(given: queue.Queue[_Given], item: _Given, over: threading.Event) -> bool:
    """Hand `item` over; False where nobody takes it any more."""
    while not over.is_set():
        try:
            given.put(item, timeout=BLOCK)
        except queue.Full:
            continue
        return True
    return False
