"""How far all of the work has come, out of what its stages report one by one."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ...fusion.types import Seconds
    from ..options import Wish

STAGES: Mapping[str, tuple[str, float]] = {
    "load audio": ("reading the audio", 3.0),
    "load diarizer": ("loading the diarizer", 2.0),
    "choose recogniser": ("loading the recogniser", 3.0),
    "recognise": ("recognising words", 70.0),
    "segmentation": ("finding where speakers change", 7.0),
    "embedding": ("listening to voices", 12.0),
    "clustering": ("telling voices apart", 1.0),
    "reconstruction": ("placing turns", 0.5),
    "resegmentation": ("placing turns", 0.5),
    "align": ("aligning words", 3.0),
    "join": ("giving words to speakers", 1.0),
    "identify": ("naming speakers", 2.0),
    "upload": ("sending the recording", 10.0),
    "remote": ("waiting for the server", 90.0),
    "vad": ("finding speech", 1.0),
    "recordings": ("recordings", 1.0),
}
"""Stage -> what people call it, and its usual part of the time; only the parts' proportions matter."""
TURNS: tuple[str, ...] = (
    "load audio",
    "load diarizer",
    "segmentation",
    "embedding",
    "clustering",
    "reconstruction",
    "resegmentation",
)
WORDS: tuple[str, ...] = ("load audio", "choose recogniser", "recognise")
_SURE_AFTER: Seconds = 3.0
"""Before that, and before a fiftieth of the work, nothing can be said about the time left."""
_SURE_FROM = 0.02


def expected(wish: Wish, *, remote: bool = False, names: bool = False) -> tuple[str, ...]:
    """The stages of a job on one recording, as far as they are known before it."""
    if remote:
        return ("upload", "remote")
    found = (*TURNS, *WORDS[1:], "align", "join") if wish.diarize else WORDS
    return (*found, "identify") if names else found


@dataclass(frozen=True, slots=True)
class Progress:
    """What a bar shows.

    stage: in plain words, what is being done now. fraction: of all the work, 0 to 1, never falls.
    left: seconds, None where nothing can be said yet.
    number, of: which recording it is, from 1.
    """

    stage: str
    fraction: float
    left: Seconds | None
    number: int = 1
    of: int = 1

    def told(self) -> str:
        """The time that is left, in words; empty where it is not known."""
        if self.left is None:
            return ""
        minutes = round(self.left / 60)
        if minutes < 1:
            return f"about {max(5, 5 * round(self.left / 5))} s left"
        hours, rest = divmod(minutes, 60)
        return f"about {hours} h {rest} min left" if hours else f"about {minutes} min left"


@dataclass(slots=True)
class Meter:
    """Sums the stages of all recordings up.

    expect: the stages of each recording; none means that whatever is reported is all there is.
    sizes: of the recordings, in any unit, which are their parts of the work.
    clock: seconds from any moment on.
    """

    expect: Sequence[str] = ()
    sizes: Sequence[float] = (1.0,)
    clock: Callable[[], float] = time.monotonic
    _done: dict[str, float] = field(default_factory=dict)
    _active: dict[str, None] = field(default_factory=dict)
    _current: int = -1
    _most: float = 0.0
    _began: float | None = None
    _aside: float = 0.0
    _last: float = 0.0

    def start(self) -> None:
        """The next recording begins; the one before is done, or has failed."""
        self._current += 1
        self._done.clear()
        self._active.clear()

    def report(self, stage: str, done: int, total: int) -> Progress:
        """A stage, or one channel's (``recognise, channel 2``), has come to `done` of `total`."""
        now = self.clock()
        if self._began is None:
            self._began = self._last = now
        name = stage.partition(",")[0]
        self._active.pop(stage, None)
        if done < total:
            self._active[stage] = None
        if self.expect and name not in self.expect and name not in STAGES:
            self._aside += now - self._last  # a download is no part of the work, and tells nothing about the rest
        self._last = now
        self._done[name] = max(self._done.get(name, 0.0), _part(stage, done / max(total, 1)))
        self._most = max(self._most, self._fraction(name))
        shown = " and ".join(dict.fromkeys(words(one) for one in self._active)) or words(stage)
        return Progress(shown, self._most, self._left(now), max(self._current, 0) + 1, len(self.sizes))

    def _fraction(self, stage: str) -> float:
        if not self.expect:
            return self._done[stage] if len(self.sizes) == 1 else self._before(self._done[stage])
        weights = {name: STAGES[name][1] for name in self.expect}
        here = sum(weight * self._done.get(name, 0.0) for name, weight in weights.items()) / sum(weights.values())
        return self._before(here)

    def _before(self, here: float) -> float:
        """The fraction of all recordings, of which the present one has come to `here`."""
        current = min(max(self._current, 0), len(self.sizes) - 1)
        return (sum(self.sizes[:current]) + here * self.sizes[current]) / sum(self.sizes)

    def _left(self, now: float) -> Seconds | None:
        worked = now - (now if self._began is None else self._began) - self._aside
        if worked < _SURE_AFTER or self._most < _SURE_FROM:
            return None
        return worked * (1 - self._most) / self._most


def words(stage: str) -> str:
    """A stage in plain words.

    >>> words("recognise, channel 2"), words("pull campplus")
    ('recognising words, channel 2', 'fetching campplus')
    """
    name, comma, channel = stage.partition(",")
    if name.startswith("pull "):
        return f"fetching {name.removeprefix('pull ')}"
    return (STAGES[name][0] if name in STAGES else name) + comma + channel


def _part(stage: str, fraction: float) -> float:
    """How far all channels are, of which there are two at least, where one of them has come to `fraction`."""
    _, _, channel = stage.rpartition(", channel ")
    if ", channel " not in stage:
        return fraction
    return (int(channel) - 1 + fraction) / max(2, int(channel))
