"""How far a diarization is from the truth: error rates, and the files that hold the truth.

`pyannote.metrics` does the arithmetic, so that the figures compare with
everybody else's; this file gives it turns and takes seconds back.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from diarfuse.fusion.types import Seconds, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Region: TypeAlias = tuple[Seconds, Seconds]

_DRAWN = 2000
AUDIO_ENDINGS = (".wav", ".flac", ".mp3", ".ogg", ".m4a")


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """What was wrong, in seconds of speaker time; add them up to pool recordings.

    reference: seconds of speech by the truth, overlap counted once a speaker.
    missed, false_alarm, confusion: seconds of each kind of error under the
        mapping of speakers that makes the sum smallest.
    jaccard: sum over `speakers` reference speakers of the Jaccard error, each
        in [0, 1].
    expected, found: number of speakers in truth and answer, whatever the region.
    right: recordings whose number of speakers was right. recordings: how many.
    """

    reference: Seconds
    missed: Seconds
    false_alarm: Seconds
    confusion: Seconds
    jaccard: float = 0.0
    speakers: int = 0
    expected: int = 0
    found: int = 0
    right: int = 0
    recordings: int = 1

    def __add__(self, other: ErrorRates) -> ErrorRates:
        return ErrorRates(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def der(self) -> float:
        """Diarization error rate: 0 is perfect, above 1 is possible; inf if the truth holds no speech."""
        return self.share(self.wrong)

    @property
    def wrong(self) -> Seconds:
        """All that counts as error."""
        return self.missed + self.false_alarm + self.confusion

    @property
    def jer(self) -> float:
        """Jaccard error rate: the mean over reference speakers; 0 where there is none."""
        return self.jaccard / self.speakers if self.speakers else 0.0

    def share(self, seconds: Seconds) -> float:
        """`seconds` as a share of the reference speech; 0/0 is 0."""
        if not self.reference:
            return float("inf") if seconds else 0.0
        return seconds / self.reference


def total(rates: Iterable[ErrorRates]) -> ErrorRates:
    """All recordings pooled: summed errors over summed speech, not a mean of rates."""
    return functools.reduce(ErrorRates.__add__, rates, ErrorRates(0.0, 0.0, 0.0, 0.0, recordings=0))


def der_apart(
    ours: Sequence[ErrorRates], others: Sequence[ErrorRates], talks: Sequence[str]
) -> tuple[float, float, float]:
    """How far the pooled DER of `ours` is above that of `others`, and between what it would be on other such talks.

    Args:
        ours: of each recording.
        others: of the same recordings.
        talks: which talk each recording holds; one that comes through several lines is drawn with all of them.

    Returns:
        The difference, and the interval that holds 95 % of 2 000 draws of as many talks.
    """
    names = sorted(set(talks))
    sums = np.zeros((len(names), 4))
    for talk, one, two in zip(talks, ours, others, strict=True):
        sums[names.index(talk)] += (one.wrong, one.reference, two.wrong, two.reference)
    drawn = np.random.default_rng(0).integers(0, len(names), (_DRAWN, len(names)))
    wrong, spoken, wrong_too, spoken_too = np.vstack([sums.sum(axis=0), sums[drawn].sum(axis=1)]).T
    apart = wrong / spoken - wrong_too / spoken_too
    low, high = np.percentile(apart[1:], [2.5, 97.5])
    return float(apart[0]), float(low), float(high)


def score(
    reference: Sequence[Turn],
    hypothesis: Sequence[Turn],
    uem: Sequence[Region] | None = None,
    collar: Seconds = 0.0,
) -> ErrorRates:
    """Compare `hypothesis` with the truth, overlap counted.

    Args:
        reference: the true turns. Overlap of a speaker with himself counts once.
        hypothesis: the turns to judge; labels need not match.
        uem: the regions that count; None means all that either side covers.
        collar: seconds left out on EACH side of every reference boundary, as
            NIST counts them (pyannote.metrics takes the total width).

    Returns:
        The errors of this one recording.
    """
    from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

    truth, guess, regions = _annotation(reference), _annotation(hypothesis), _timeline(uem, reference, hypothesis)
    errors = DiarizationErrorRate(collar=2 * collar).compute_components(truth, guess, uem=regions)
    jaccard = JaccardErrorRate(collar=2 * collar).compute_components(truth, guess, uem=regions)
    expected, found = _count(reference), _count(hypothesis)
    return ErrorRates(
        reference=float(errors["total"]),
        missed=float(errors["missed detection"]),
        false_alarm=float(errors["false alarm"]),
        confusion=float(errors["confusion"]),
        jaccard=float(jaccard["speaker error"]),
        speakers=int(jaccard["speaker count"]),
        expected=expected,
        found=found,
        right=int(expected == found),
    )


def _count(turns: Sequence[Turn]) -> int:
    return len({turn.speaker for turn in turns})


def _annotation(turns: Sequence[Turn]) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for track, turn in enumerate(turns):
        annotation[Segment(turn.start, turn.end), track] = turn.speaker
    return annotation.support()  # a speaker's overlapping or touching turns become one


def _timeline(uem: Sequence[Region] | None, *sides: Sequence[Turn]) -> Any:
    from pyannote.core import Segment, Timeline

    if uem is None:
        turns = [turn for side in sides for turn in side]
        uem = [(min(turn.start for turn in turns), max(turn.end for turn in turns))] if turns else [(0.0, 1.0)]
    return Timeline([Segment(start, end) for start, end in uem])


def read_rttm(path: Path) -> list[Turn]:
    """The turns of an RTTM file in its order; other line types are passed over."""
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    spans = [(float(row[3]), float(row[4]), row[7]) for row in rows if row and row[0] == "SPEAKER"]
    return [Turn(start, start + length, speaker) for start, length, speaker in spans if length > 0]


def read_uem(path: Path) -> list[Region] | None:
    """The regions of a UEM file, or None if there is no such file."""
    if not path.is_file():
        return None
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return [(float(row[2]), float(row[3])) for row in rows if len(row) >= 4 and not row[0].startswith(";")]


@dataclass(frozen=True, slots=True)
class Recording:
    """An audio file, the turns that are true of it, and the regions to score (None: all)."""

    audio: Path
    turns: tuple[Turn, ...]
    uem: tuple[Region, ...] | None

    @property
    def name(self) -> str:
        """The file's name without its ending; answers are found by it."""
        return self.audio.stem


def find_audio(folder: Path) -> list[Path]:
    """The audio files right in `folder`, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in AUDIO_ENDINGS)


def find_recordings(folder: Path) -> list[Recording]:
    """Every audio file right in `folder` that has an ``.rttm`` beside it, by name."""
    with_truth = [path for path in find_audio(folder) if path.with_suffix(".rttm").is_file()]
    return [_recording(path) for path in with_truth]


def _recording(audio: Path) -> Recording:
    uem = read_uem(audio.with_suffix(".uem"))
    return Recording(audio, tuple(read_rttm(audio.with_suffix(".rttm"))), None if uem is None else tuple(uem))
