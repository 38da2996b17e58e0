"""Words with speakers -> cues that can be read."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from ..errors import OptionError
from ..given import short
from ..layout import DASH, DEFAULT, NOBODY, Layout
from ..text import best_lines, display_width, fitting, text_of
from ..types import check_transcript
from .cutting import Cycle, cut
from .pieces import TOGETHER, runs_of
from .timing import Said, retimed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..types import Seconds, Transcript
    from .pieces import Piece, Run

    _Layer: TypeAlias = tuple[str | None, int]
    _Latest: TypeAlias = tuple[Seconds, _Layer | None, Seconds]

_AGAIN = 3
"""A label is shown again after so many cues,"""
_FORGOTTEN: Seconds = 3.0
"""and after so long without one."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What one speaker says in a cue.

    label: the name to be shown before the first line, None where none is; the
        speaker is known all the same. lines: of text; the first is empty where the
        label fills it. beats: when each word begins, as (line, offset in the line, time).
    """

    speaker: str | None
    lines: tuple[str, ...]
    label: str | None = None
    beats: tuple[tuple[int, int, Seconds], ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """What is on the screen from `start` to `end`: one voice, or two that speak at once, a line each."""

    start: Seconds
    end: Seconds
    voices: tuple[Voice, ...]

    @property
    def speaker(self) -> str | None:
        """Of the first voice."""
        return self.voices[0].speaker

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of text, without labels; with dashes where two speak."""
        dash = DASH if len(self.voices) > 1 else ""
        return tuple(dash + line for voice in self.voices for line in voice.lines)

    @property
    def text(self) -> str:
        """The lines, one below the other."""
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class _Strip:
    """What one speaker says in a cue that is being made; `layer` is the run's."""

    speaker: str | None
    pieces: Sequence[Piece]
    crowded: bool = False
    layer: int = 0

    @property
    def start(self) -> Seconds:
        return self.pieces[0].start

    @property
    def end(self) -> Seconds:
        return max(piece.end for piece in self.pieces)

    @property
    def width(self) -> int:
        parts = [part for piece in self.pieces for part in piece.parts]
        return sum(part.width + part.spaced for part in parts) - parts[0].spaced


def build_cues(transcript: Transcript, layout: Layout = DEFAULT) -> tuple[Cue, ...]:
    """Cut a transcript into cues that can be read.

    A cue has one speaker, holds at most what fits its lines, with the label where
    one is shown, and can be read in `layout.longest` seconds. It ends rather at a
    sentence, a clause or a pause than between words, not in an article or the
    like, and holds no single word of a sentence if others can share. Text comes
    from the recogniser's own; only white space changes, to one space or a line
    break. A word wider than a line is broken between visible characters.

    Where two people speak at once they share a cue, a line each, if both fit; else
    each is shown in whole lines, not word by word. Cues never overlap: the earlier
    one's makes way. They stay on for as long as they need to be read, if there is room.
    """
    check_transcript(transcript)
    if not isinstance(layout, Layout):
        raise OptionError(f"layout={short(layout)} must be a Layout, such as Layout(width=32).")
    names = {segment.speaker for segment in transcript.segments} | {w.speaker for w in transcript.words}
    widest = max((display_width(_shown(name, layout)) for name in names), default=0) if layout.labels != "none" else 0
    runs = runs_of(transcript, layout.width if layout.lines > 1 else max(1, layout.width - widest))
    strips = sorted(_strips(runs, layout), key=lambda strip: strip.start)
    made = list(_voiced(_paired(strips, layout), layout))
    said = [Said(min(s.start for s in group), max(s.end for s in group), _columns(voices)) for group, voices in made]
    times = retimed(said, layout)
    return tuple(Cue(start, end, voices) for (start, end), (_, voices) in zip(times, made, strict=True))


def _columns(voices: Sequence[Voice]) -> int:
    """All that is to be read, labels included."""
    labels = sum(display_width(f"{voice.label}: ") for voice in voices if voice.label)
    return labels + sum(display_width(line) for voice in voices for line in voice.lines)


def _shown(speaker: str | None, layout: Layout) -> str:
    """The label as it stands in the text, colon and space included; a name wider than a line is cut."""
    name = " ".join((speaker or NOBODY).split()) or NOBODY
    room = (layout.width // 2 if layout.lines == 1 else layout.width) - len(":")
    if display_width(name) > room:
        name = fitting(name, max(1, room - len("…")))[0] + "…"
    return f"{name}: "


def _strips(runs: Sequence[Run], layout: Layout) -> Iterator[_Strip]:
    """The runs, cut."""
    crowd = _Crowd.of(runs)
    starts = [*sorted(run.start for run in runs), math.inf]
    seen: set[str | None] = set()
    for run in runs:
        crowded = crowd.around(run)
        cycle = _cycle(run.speaker, layout, first=run.speaker not in seen)
        seen.add(run.speaker)
        until = starts[bisect_right(starts, run.pieces[-1].start)]
        for start, stop in cut(run.pieces, layout, cycle, crowded, until):
            yield _Strip(run.speaker, run.pieces[start:stop], any(crowded[start:stop]), run.layer)


def _cycle(speaker: str | None, layout: Layout, *, first: bool) -> Cycle:
    wide = display_width(_shown(speaker, layout))
    if layout.labels == "every":
        return Cycle((wide if speaker else 0,))
    if layout.labels == "change":
        return Cycle((wide, *[0] * (_AGAIN - 1)))
    return Cycle((wide, 0) if first and speaker and layout.labels == "first" else (0,), loops=False)


@dataclass(frozen=True, slots=True)
class _Crowd:
    """When anybody speaks.

    starts: of all pieces, in order. latest: of none, the first one, the first two ... of them: the latest end, the
        speaker's layer whose that is, and the latest end of any other.
    """

    starts: list[Seconds]
    latest: list[_Latest]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> _Crowd:
        pieces = sorted(((p, (run.speaker, run.layer)) for run in runs for p in run.pieces), key=lambda it: it[0].start)
        nobody: _Latest = (-math.inf, None, -math.inf)
        return cls([piece.start for piece, _ in pieces], list(accumulate(pieces, _later, initial=nobody)))

    def around(self, run: Run) -> list[bool]:
        """During which pieces of a run somebody else speaks."""
        before = (self.latest[bisect_left(self.starts, piece.end - TOGETHER)] for piece in run.pieces)
        ends = (others if whose == (run.speaker, run.layer) else end for end, whose, others in before)
        return [end > piece.start + TOGETHER for end, piece in zip(ends, run.pieces, strict=True)]


def _later(so_far: _Latest, given: tuple[Piece, _Layer]) -> _Latest:
    (end, whose, others), (piece, layer) = so_far, given
    if layer == whose:
        return max(end, piece.end), whose, others
    return (piece.end, layer, end) if piece.end > end else (end, whose, max(others, piece.end))


def _paired(strips: Sequence[_Strip], layout: Layout) -> Iterator[tuple[_Strip, ...]]:
    """Two that are spoken at once as one, where each fits a line."""
    index = 0
    while index < len(strips):
        pair = tuple(strips[index : index + 2])
        if len(pair) > 1 and layout.lines > 1 and _share(pair[0], pair[1], layout):
            yield pair
            index += 2
        else:
            yield pair[:1]
            index += 1


def _share(one: _Strip, other: _Strip, layout: Layout) -> bool:
    apart = min(one.end, other.end) - max(one.start, other.start) <= TOGETHER
    same = (one.speaker, one.layer) == (other.speaker, other.layer)
    if apart or same or max(one.end, other.end) - one.start > layout.longest:
        return False
    return all(
        strip.crowded and strip.width + len(DASH) + _room(strip.speaker, layout) <= layout.width
        for strip in (one, other)
    )


def _room(speaker: str | None, layout: Layout) -> int:
    return 0 if layout.labels == "none" else display_width(_shown(speaker, layout))


@dataclass(slots=True)
class _Labels:
    """Who was shown last, which decides whether the next cue bears a label."""

    layout: Layout
    last: str | None = None
    cues: int = 0
    end: Seconds = 0.0
    seen: set[str | None] = field(default_factory=set)

    def next(self, strip: _Strip, *, shared: bool) -> str | None:
        """The label of the next cue, or of one of its voices."""
        speaker, policy = strip.speaker, self.layout.labels
        changed = speaker != self.last or shared
        again = self.cues >= _AGAIN or strip.start - self.end >= _FORGOTTEN
        needed = {
            "none": False,
            "every": speaker is not None,
            "first": speaker is not None and speaker not in self.seen,
            "change": changed or (again and speaker is not None),
        }[policy]
        self.cues = 1 if needed or changed else self.cues + 1
        self.last, self.end = speaker, strip.end
        self.seen.add(speaker)
        return _shown(speaker, self.layout).removesuffix(": ") if needed else None


def _voiced(
    groups: Iterator[tuple[_Strip, ...]], layout: Layout
) -> Iterator[tuple[tuple[_Strip, ...], tuple[Voice, ...]]]:
    """The cues' text in lines, with the labels that are to be shown; what has no room beside one is cut once more."""
    labels = _Labels(layout)
    waiting = deque(groups)
    while waiting:
        group = waiting.popleft()
        if len(group) > 1:
            yield group, tuple(_voice(strip, labels.next(strip, shared=True), layout, 1) for strip in group)
            labels.cues = _AGAIN  # whoever goes on is named again
            continue
        strip = group[0]
        label = labels.next(strip, shared=False)
        indent = display_width(f"{label}: ") if label else 0
        parts = [part for piece in strip.pieces for part in piece.parts]
        if best_lines(parts, layout.width, layout.lines, indent) is None:
            first, *rest = cut(strip.pieces, layout, Cycle((indent, 0), loops=False))
            waiting.extendleft((_Strip(strip.speaker, strip.pieces[a:b]),) for a, b in reversed(rest))
            group = (_Strip(strip.speaker, strip.pieces[slice(*first)]),)
        yield group, (_voice(group[0], label, layout, layout.lines),)


def _voice(strip: _Strip, label: str | None, layout: Layout, lines: int) -> Voice:
    """The strip in lines."""
    parts = [part for piece in strip.pieces for part in piece.parts]
    dash = len(DASH) if lines < layout.lines else 0
    indent = display_width(f"{label}: ") if label else 0
    ranges = best_lines(parts, layout.width - dash, lines, indent) or [(0, len(parts))]
    firsts = dict(zip(accumulate((len(p.parts) for p in strip.pieces), initial=0), strip.pieces, strict=False))
    beats = tuple(
        (line, len(text_of(parts[start:index])) + (parts[index].spaced and index > start), firsts[index].start)
        for line, (start, stop) in enumerate(ranges)
        for index in range(start, stop)
        if index in firsts
    )
    return Voice(strip.speaker, tuple(text_of(parts[a:b]) for a, b in ranges), label, beats)
