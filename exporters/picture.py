"""Who spoke when, as a picture: where its lanes, bars and words are, for whatever draws them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..fusion.editing.statistics import statistics_of, stretches
from ..fusion.text import display_width, fitting
from .colours import colours_of
from .lines import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..fusion.document import Document
    from ..fusion.editing.statistics import Statistics
    from ..fusion.types import Seconds

Span: TypeAlias = tuple[float, float]

WIDTH, LEFT, RIGHT = 1200, 230, 24
"""Pixels: of the picture, and of the edges beside the lanes; on the left stand the names."""
TOP, PITCH, LANE, BELOW = 60, 48, 32, 34
"""Pixels: above the first lane, from lane to lane, a lane's height, and below the last, where the clock is."""
PAPER, INK, MUTED, TRACK, RULE = "#fcfbf8", "#1c1d1f", "#5c5f66", "#eceae3", "#dedbd2"
AT_ONCE = "#1c1d1f"
_NAME_COLUMNS = 24
_MOST_TICKS = 10
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)
_DAYS = 86_400
_SMALLEST_GAP = 0.5
"""Pixels: bars that are nearer to each other are drawn as one."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text at its baseline; `anchor` says which end of it lies at `x`."""

    x: float
    y: float
    text: str
    size: int = 13
    colour: str = INK
    anchor: Literal["start", "middle", "end"] = "start"


@dataclass(frozen=True, slots=True)
class Lane:
    """One speaker's bars, (left, width) in pixels from the left edge of the picture; `about` says what they are."""

    y: float
    colour: str
    bars: tuple[Span, ...]
    about: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything to be drawn, in pixels from the upper left; `rules` are the upright lines of the clock."""

    height: int
    about: str
    lanes: tuple[Lane, ...]
    rules: tuple[float, ...]
    texts: tuple[Text, ...]


def picture_of(document: Document) -> Picture:
    """One lane a speaker in the colours of the page, one for those who speak at once, talk times, and a clock.

    It is clean, as every format that is made to be shared: no file's name is in it.
    A document in which nobody speaks has the clock alone.
    """
    found = statistics_of(document.content)
    length = max([found.duration, *(turn.end for turn in document.turns)]) or 1.0
    rows = list(_rows(document, found))
    lanes = tuple(
        Lane(TOP + PITCH * at, row.colour, _bars(row.spans, length), f"{row.name}: {row.talked}")
        for at, row in enumerate(rows)
    )
    bottom = TOP + PITCH * len(rows)
    ticks = [(_x(time, length), clock(time)) for time in _ticks(length)]
    texts = (
        Text(24, 34, "Who spoke when", 20),
        Text(WIDTH - RIGHT, 34, _summary(found), 13, MUTED, "end"),
        *(text for lane, row in zip(lanes, rows, strict=True) for text in _beside(lane.y, row.name, row.talked)),
        *(Text(x, bottom + 18, time, 12, MUTED, "middle") for x, time in ticks),
    )
    return Picture(bottom + BELOW, f"Who spoke when: {_summary(found)}", lanes, tuple(x for x, _ in ticks), texts)


@dataclass(frozen=True, slots=True)
class _Row:
    """What a lane tells; spans in seconds."""

    name: str
    talked: str
    colour: str
    spans: list[Span]


def _rows(document: Document, found: Statistics) -> Iterator[_Row]:
    """Everybody as they are first heard, then those who speak at once, where there are several."""
    talks = {talk.speaker: talk for talk in found.speakers}
    heard: dict[str, list[Span]] = {}
    for turn in document.turns:
        heard.setdefault(turn.speaker, []).append((turn.start, turn.end))
    for speaker, colour in colours_of(document).items():
        talked = f"{clock(talks[speaker].talk)} · {_percent(talks[speaker].share)}"
        yield _Row(label(speaker), talked, colour, heard.get(speaker, []))
    if len(talks) > 1:
        spans = [(start, end) for start, end, active in stretches(document.turns) if len(active) > 1]
        share = found.overlap / found.talk if found.talk else 0.0
        yield _Row("At once", f"{clock(found.overlap)} · {_percent(share)} of the talk", AT_ONCE, spans)


def clock(seconds: Seconds) -> str:
    """``0:07``, ``12:03`` or ``1:02:03``.

    >>> clock(3723.9)
    '1:02:03'
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _summary(found: Statistics) -> str:
    people = "1 speaker" if len(found.speakers) == 1 else f"{len(found.speakers)} speakers"
    return f"{clock(found.duration)} · {people} · {_percent(found.silence)} silence"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _beside(y: float, name: str, talked: str) -> tuple[Text, Text]:
    """The name, cut to its room, and below it the numbers."""
    if display_width(name) > _NAME_COLUMNS:
        name = f"{fitting(name, _NAME_COLUMNS - 1)[0]}…"
    return Text(24, y + 13, name, 14), Text(24, y + 30, talked, 12, MUTED)


def _x(time: Seconds, length: Seconds) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * time / length, 2)


def _bars(spans: Iterable[Span], length: Seconds) -> tuple[Span, ...]:
    """Seconds -> (left, width) in pixels, each a pixel wide at least, without what lies on one another."""
    bars: list[list[float]] = []
    for start, end in sorted(spans):
        left = _x(start, length)
        right = max(_x(end, length), left + 1)
        if bars and left - bars[-1][1] < _SMALLEST_GAP:
            bars[-1][1] = max(bars[-1][1], right)
        else:
            bars.append([left, right])
    return tuple((left, round(right - left, 2)) for left, right in bars)


def _ticks(length: Seconds) -> Sequence[int]:
    """Whole seconds for the clock, at most eleven."""
    days = _DAYS * math.ceil(length / _DAYS / _MOST_TICKS)
    step = next((step for step in _STEPS if length / step <= _MOST_TICKS), days)
    return range(0, math.floor(length) + 1, step)
