"""How many words carry the right speaker, from word-level truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from diarfuse.fusion.types import Turn

_TOUCH = 1e-9


@dataclass(frozen=True, slots=True)
class TrueWord:
    """One word of the truth."""

    start: float
    end: float
    text: str
    speaker: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Words and right ones: all, overlapped by another speaker's word, and not."""

    words: int = 0
    right: int = 0
    overlapped: int = 0
    overlapped_right: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.words + other.words,
            self.right + other.right,
            self.overlapped + other.overlapped,
            self.overlapped_right + other.overlapped_right,
        )

    def row(self) -> str:
        """Three cells of a Markdown table: right of all, of overlapped, of the others."""
        outside, outside_right = self.words - self.overlapped, self.right - self.overlapped_right
        pairs = ((self.right, self.words), (self.overlapped_right, self.overlapped), (outside_right, outside))
        return " | ".join(f"{100 * a / b:.2f} % ({a}/{b})" if b else "-" for a, b in pairs)


def read_ctm(path: Path) -> list[TrueWord]:
    """The truth of one recording: CTM whose second field is the speaker, sorted by start."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    words = [TrueWord(float(row[2]), float(row[2]) + float(row[3]), row[4], row[1]) for row in rows]
    return sorted(words, key=lambda word: word.start)


def overlapped(words: Sequence[TrueWord]) -> list[bool]:
    """Which words another speaker's word overlaps."""
    return [
        any(
            other.speaker != word.speaker and min(other.end, word.end) - max(other.start, word.start) > _TOUCH
            for other in words
        )
        for word in words
    ]


def mapped(truth: Sequence[str], given: Sequence[str | None]) -> list[str | None]:
    """`given` with its labels replaced by the true ones, one to one, such that most words agree."""
    ours, theirs = sorted({label for label in given if label is not None}), sorted(set(truth))
    if not ours:
        return [None] * len(given)
    agree = np.zeros((len(ours), len(theirs)))
    for label, true in zip(given, truth, strict=True):
        if label is not None:
            agree[ours.index(label), theirs.index(true)] += 1
    pairs = zip(*linear_sum_assignment(-agree), strict=True)
    names = {ours[i]: theirs[j] for i, j in pairs}
    return [None if label is None else names.get(label) for label in given]


def turn_mapping(truth: Sequence[Turn], given: Sequence[Turn]) -> dict[str, str]:
    """The true speaker of each given one, one to one, such that their turns share most time."""
    ours, theirs = (sorted({turn.speaker for turn in side}) for side in (given, truth))
    shared = np.zeros((len(ours), len(theirs)))
    for one in given:
        for two in truth:
            both = min(one.end, two.end) - max(one.start, two.start)
            shared[ours.index(one.speaker), theirs.index(two.speaker)] += max(both, 0.0)
    return {ours[i]: theirs[j] for i, j in zip(*linear_sum_assignment(-shared), strict=True)}


def right_words(words: Sequence[TrueWord], given: Sequence[str | None], *, map_labels: bool = True) -> list[bool]:
    """Which words carry the right speaker, after the best mapping of labels."""
    truth = [word.speaker for word in words]
    labels = mapped(truth, given) if map_labels else given
    return [label == true for label, true in zip(labels, truth, strict=True)]


def count(words: Sequence[TrueWord], right: Sequence[bool]) -> Counts:
    """Add up one recording."""
    both = overlapped(words)
    return Counts(len(words), sum(right), sum(both), sum(a and b for a, b in zip(both, right, strict=True)))
