"""What an editor minds in subtitles, in numbers; see `transcribe check`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING

from ..layout import DEFAULT
from ..text import display_width, ends_sentence, is_unspaced, weak_ends

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..formats.subtitles import Shown
    from ..layout import Layout

_SLACK = 2e-3
"""Seconds that rounding to milliseconds may take."""
_APART = 1.5
"""Cues of one speaker that lie further apart could not share their words."""
_FEW_COLUMNS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Counts over the cues of a file.

    too_wide: lines wider than the layout has it. too_high: cues of too many lines.
    too_fast: that take more columns a second than the layout's fastest to read, and
    quick: more than its speed, those among them. too_short, too_long: that stay so.
    too_close: that begin before two pictures without a cue have passed, or even while
    another is shown. orphans: of one word that is cut off its sentence. weak: lines,
    not the last of a sentence, that end in an article, a preposition or the like.
    """

    cues: int
    too_wide: int
    too_high: int
    too_fast: int
    quick: int
    too_short: int
    too_long: int
    too_close: int
    orphans: int
    weak: int

    @property
    def faults(self) -> int:
        """All that no subtitle guide allows; `quick` and `weak` are advice."""
        return sum(getattr(self, field.name) for field in fields(self) if field.name not in ("cues", "quick", "weak"))


def quality_of(cues: Sequence[Shown], layout: Layout = DEFAULT, language: str | None = None) -> Quality:
    """Count what an editor minds.

    Args:
        cues: of a file, in its order.
        layout: what is allowed.
        language: whose articles and prepositions should end no line; None for English.
    """
    lengths = [cue.end - cue.start for cue in cues]
    paces = [
        sum(map(display_width, cue.lines)) / max(length, _SLACK) for cue, length in zip(cues, lengths, strict=True)
    ]
    weak = weak_ends(language)
    return Quality(
        cues=len(cues),
        too_wide=sum(display_width(line) > layout.width for cue in cues for line in cue.lines),
        too_high=sum(len(cue.lines) > layout.lines for cue in cues),
        too_fast=sum(pace > layout.fastest + 0.05 for pace in paces),
        quick=sum(pace > layout.speed + 0.05 for pace in paces),
        too_short=sum(length < layout.shortest - _SLACK for length in lengths),
        too_long=sum(length > layout.longest + _SLACK for length in lengths),
        too_close=sum(after.start - before.end < layout.gap - _SLACK for before, after in pairwise(cues)),
        orphans=sum(_orphans(cues, language)),
        weak=sum(line.split()[-1].lower() in weak for cue in cues for line in cue.lines if line.split()),
    )


def _orphans(cues: Sequence[Shown], language: str | None) -> Iterator[bool]:
    """For each cue, whether it is one word whose sentence goes on in the cue before or after it."""
    for index, cue in enumerate(cues):
        before = cues[index - 1] if index else None
        after = cues[index + 1] if index + 1 < len(cues) else None
        yield _is_one_word(cue) and (
            (before is not None and _goes_on(before, cue, language))
            or (after is not None and _goes_on(cue, after, language))
        )


def _is_one_word(cue: Shown) -> bool:
    if len(cue.voices) != 1:
        return False
    text = cue.voices[0].text
    if any(map(is_unspaced, text)):
        return display_width(text) <= _FEW_COLUMNS
    return len(text.split()) == 1


def _goes_on(before: Shown, after: Shown, language: str | None) -> bool:
    """Whether one sentence of one speaker stands in both cues, which could have shared its words."""
    one, other = before.voices[-1], after.voices[0]
    near = one.speaker == other.speaker and after.start - before.end <= _APART
    return near and not ends_sentence(one.text, other.text, language)
