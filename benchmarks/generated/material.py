"""What conversations are made of: recordings of single speakers, cut where they pause."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from diarfuse.fusion.types import Seconds

Span: TypeAlias = "tuple[Seconds, Seconds]"
Said: TypeAlias = "tuple[Seconds, Seconds, str]"
"""A word: start, end, text."""

FOLDS = Path(__file__).with_name("folds.tsv")
LEFT_OUT_TIERS = ("C",)
"""Digits recorded at 8 kHz: no conversation, and no full band."""
_BREATH: Seconds = 0.3
"""A shorter pause is part of the speech."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording of one speaker. speech: where he speaks, pauses left out; words: in order of time."""

    file: str
    speaker: str
    seconds: Seconds
    speech: tuple[Span, ...]
    words: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a clip, from the middle of one pause (or end of a word) to the next."""

    clip: Clip
    start: Seconds
    end: Seconds

    @property
    def seconds(self) -> Seconds:
        """How long it lasts."""
        return self.end - self.start

    @property
    def speech(self) -> list[Span]:
        """Where somebody speaks, from the beginning of the piece."""
        inside = ((max(a, self.start), min(b, self.end)) for a, b in self.clip.speech)
        return [(a - self.start, b - self.start) for a, b in inside if b > a]

    @property
    def words(self) -> list[Said]:
        """The words whose middle lies in the piece, from its beginning."""
        inside = ((a, b, text) for a, b, text in self.clip.words if self.start <= (a + b) / 2 < self.end)
        return [(max(a - self.start, 0.0), min(b, self.end) - self.start, text) for a, b, text in inside]


def read_folds(path: Path = FOLDS) -> dict[str, int]:
    """The fold of each speaker, drawn once: fold 0 holds the speakers of `sim`, the others everybody else."""
    return {row["speaker"]: int(row["fold"]) for row in rows(path)}


def read_clips(voices: Path, heard: Path | None = None) -> list[Clip]:
    """Every clip whose speaker has a fold.

    Args:
        voices: the folder of MANIFEST.tsv, SPEECH.tsv and WORDS.tsv.
        heard: more words in WORDS.tsv's form, for clips that it lacks (`benchmarks.generated.words`).
    """
    speech, words = _spans(rows(voices / "SPEECH.tsv")), _words(rows(voices / "WORDS.tsv"))
    if heard is not None:
        words = {**_words(rows(heard)), **words}
    folds = read_folds()
    return [
        Clip(
            row["file"],
            row["speaker"],
            float(row["seconds"]),
            tuple(speech.get(row["file"], [])),
            tuple(words.get(row["file"], [])),
        )
        for row in rows(voices / "MANIFEST.tsv")
        if row["tier"] not in LEFT_OUT_TIERS and row["speaker"] in folds
    ]


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a table with a head and tabs."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


def _words(table: Iterable[dict[str, str]]) -> dict[str, list[Said]]:
    found = defaultdict(list)
    for row in table:
        found[row["file"]].append((float(row["start"]), float(row["end"]), row["word"]))
    return found


def _spans(table: Iterable[dict[str, str]]) -> dict[str, list[Span]]:
    """Speech by file, over breaths."""
    found: dict[str, list[Span]] = defaultdict(list)
    for row in table:
        spans, start, end = found[row["file"]], float(row["start"]), float(row["end"])
        if spans and start - spans[-1][1] < _BREATH:
            start = spans.pop()[0]
        spans.append((start, end))
    return found


def pieces_of(clip: Clip, lengths: Iterator[Seconds]) -> list[Piece]:
    """Cut `clip` into pieces that last at least as long as `lengths` says, one after another.

    A cut falls in the middle of a pause, or, where less than 1.2 s is wanted,
    at the end of a word; what is left behind the last cut joins the piece before.
    """
    pauses, ends = _pauses(clip), [end for _, end, _ in clip.words]
    cuts, wanted = [_begin(clip)], next(lengths)
    for place, short in sorted([(at, False) for at in pauses] + [(at, True) for at in ends]):
        if place - cuts[-1] >= wanted and (not short or wanted < 1.2):
            cuts.append(place)
            wanted = next(lengths)
    last = min(clip.speech[-1][1] + 0.1, clip.seconds) if clip.speech else clip.seconds
    if len(cuts) > 1 and last - cuts[-1] < 0.5:
        cuts.pop()
    found = [Piece(clip, a, b) for a, b in zip(cuts, [*cuts[1:], last], strict=True)]
    return [piece for piece in found if sum(b - a for a, b in piece.speech) > 0.2]


def _begin(clip: Clip) -> Seconds:
    return max(clip.speech[0][0] - 0.1, 0.0) if clip.speech else 0.0


def _pauses(clip: Clip) -> list[Seconds]:
    """The middles of the pauses."""
    return [(a[1] + b[0]) / 2 for a, b in zip(clip.speech, clip.speech[1:], strict=False)]


def by_speaker(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    """The clips of each speaker."""
    found = defaultdict(list)
    for clip in clips:
        found[clip.speaker].append(clip)
    return dict(found)
