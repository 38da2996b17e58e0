"""Speakers who keep their label: found by comparing all voices so far, recognised in between by their likeness.

The numbers were chosen on generated talk; benchmarks/RESULTS.md has the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from ...fusion.types import Seconds
from ..arrays import Flags, Float32, Float64, Int32, Int64
from ..clustering import Clusters
from ..masks import finite
from ..pipeline import Told
from ..plda import unit_length

UNKNOWN = -1
LINKED = 0.2
"""Added to the cosine with whom a local speaker was a moment ago: labels do not flip for a trifle."""
LIKE = 0.3
"""Cosine (with `LINKED` where it applies) below which a voice is nobody's who is known."""
CLEARLY = 0.15
"""How much more like somebody else the last seconds must sound before they are theirs."""
ALIKE = 0.75
"""Cosine from which two clusters of a comparison are one voice: of little speech, somebody is often cut in two."""
HELD = 0.1
"""Added to the cosine with whom a local speaker was before a comparison: who was told stays unless clearly wrong."""
STRANGE = 0.35
"""Cosine below which, to everybody known, a voice is somebody new, without waiting for a comparison to find them."""
UNLIKE = 0.5
"""Cosine to all whom a comparison found, below which another stays whom it did not: it overlooks who said little."""


@dataclass(slots=True)
class Registry:
    """Numbers of speakers, in the order in which they were found; none is given twice.

    most: people, from whom on nobody is taken for new.
    known: the numbers of those who stand, in the order of `centroids`, float64 (K, dimension), unit length.
    """

    most: float = np.inf
    told: Told | None = None
    known: list[int] = field(default_factory=list)
    centroids: Float64 = field(default_factory=lambda: np.empty((0, 0)))
    _next: int = 0

    def recognise(self, vectors: Float32, active: Flags, linked: Int32) -> Int32:
        """Who the local speakers of a window are, each somebody else.

        Args:
            vectors: (local speakers, dimension), NaN where there is none.
            active: bool (local speakers,).
            linked: int32 (local speakers,), who they were in the window before, or `UNKNOWN`.

        Returns:
            int32 (local speakers,), numbers, or `UNKNOWN`.
        """
        labels = np.full(len(active), UNKNOWN, np.int32)
        if self.told is None or not self.known:
            return labels
        cosines = unit_length(self.told.level(vectors).astype(np.float64)) @ self.centroids.T
        scores = np.nan_to_num(cosines, nan=0.0) + LINKED * (linked[:, None] == np.array(self.known))
        scores[np.isnan(cosines) & (linked[:, None] == np.array(self.known))] = LIKE
        scores[~active] = -2.0
        for speaker, place in zip(*linear_sum_assignment(scores, maximize=True), strict=True):
            if active[speaker] and scores[speaker, place] >= LIKE:
                labels[speaker] = self.known[place]
        return labels

    def greet(self, vectors: Float32, enough: Flags, labels: Int32) -> Int32:
        """Take for new who is like nobody.

        Args:
            vectors: (local speakers, dimension), NaN where there is none.
            enough: bool (local speakers,), who speaks alone for long enough to tell.
            labels: int32 (local speakers,), numbers, or `UNKNOWN`.

        Returns:
            The labels with new numbers for those who are new.
        """
        labels = labels.copy()
        if self.told is None or not self.known:
            return labels
        units = unit_length(self.told.level(vectors).astype(np.float64))
        for speaker in np.flatnonzero(enough & finite(units) & vectors.any(axis=-1)).tolist():
            if len(self.known) < self.most and (self.centroids @ units[speaker]).max() < STRANGE:
                labels[speaker], self._next = self._next, self._next + 1
                self._admit(int(labels[speaker]), units[speaker])
        return labels

    def taken_for_another(self, vectors: Float32, labels: Int32) -> dict[int, int]:
        """Which of the `labels` are clearly somebody else, and who.

        Args:
            vectors: (local speakers, dimension), of what each said last; NaN where that was not looked at.
            labels: int32 (local speakers,), who they are taken for; nobody is looked for among them.
        """
        if self.told is None:
            return {}
        cosines = unit_length(self.told.level(vectors).astype(np.float64)) @ self.centroids.T
        others = np.where(np.isin(self.known, labels), -np.inf, cosines)
        found = {}
        for own, scores, label in zip(cosines, others, labels.tolist(), strict=True):
            if label not in self.known or np.isnan(own).any():
                continue
            best = int(scores.argmax())
            if scores[best] >= max(LIKE, own[self.known.index(label)] + CLEARLY):
                found[label] = self.known[best]
        return found

    def learn(
        self, told: Told, vectors: Float32, before: Int32, speech: Int64, said: Mapping[int, Seconds]
    ) -> dict[int, int]:
        """Take over what a comparison of all voices found.

        Args:
            told: the clusters of all windows so far.
            vectors: (windows, local speakers, dimension), NaN where there is none.
            before: int32 (windows, local speakers), numbers so far, or `UNKNOWN`.
            speech: (windows, local speakers), frames for which each speaks.
            said: by number, for how long each was told; of several who are one the one told longest stays.

        Returns:
            Who is gone, and who they turned out to be.
        """
        hard, count = told.clusters.hard, len(told.clusters.centroids)
        shared = np.zeros((count, self._next), np.int64)
        both = (hard >= 0) & (before >= 0)
        np.add.at(shared, (hard[both], before[both]), speech[both])
        numbers = np.full(count, UNKNOWN, np.int64)
        for place, number in zip(*linear_sum_assignment(shared, maximize=True), strict=True):
            if shared[place, number]:
                numbers[place] = number
        for place in np.setdiff1d(told.heard_alone, np.flatnonzero(numbers != UNKNOWN)).tolist():
            numbers[place], self._next = self._next, self._next + 1
        for number in [number for number in self.known if number not in numbers and shared[:, number].any()]:
            place = shared[:, number].argmax()
            if numbers[place] != UNKNOWN and said.get(number, 0.0) > said.get(int(numbers[place]), 0.0):
                numbers[place] = number
        gone = [number for number in self.known if number not in numbers]
        into = {number: int(numbers[shared[:, number].argmax()]) for number in gone if shared[:, number].any()}
        stand = numbers != UNKNOWN
        self.told, self.known = told, numbers[stand].tolist()
        self.centroids = unit_length(told.clusters.centroids[stand]).astype(np.float64)
        self._keep_unlike(gone, vectors, before)
        return {number: other for number, other in into.items() if other != UNKNOWN and number not in self.known}

    def _keep_unlike(self, gone: list[int], vectors: Float32, before: Int32) -> None:
        """Let those stay whom a comparison did not find, and who are like nobody whom it found."""
        if self.told is None:
            return
        units, found = unit_length(self.told.level(vectors).astype(np.float64)), self.centroids
        for number in gone:
            own = units[(before == number) & finite(units)]
            if not len(own) or len(self.known) >= self.most:
                continue
            centre = unit_length(own.mean(axis=0)).astype(np.float64)
            if (found @ centre).max(initial=-1.0) < UNLIKE:
                self._admit(number, centre)

    def _admit(self, number: int, centroid: Float64) -> None:
        self.known.append(number)
        self.centroids = np.vstack([self.centroids, centroid])

    def settle(self, vectors: Float32, active: Flags, before: Int32) -> Int32:
        """Who everybody is after `learn`: whom they are most like, or were; in one window each somebody else.

        Args:
            vectors: (windows, local speakers, dimension), NaN where there is none.
            active: bool (windows, local speakers).
            before: int32 (windows, local speakers), numbers so far, or `UNKNOWN`; nobody who is gone.

        Returns:
            int32 (windows, local speakers), numbers, or `UNKNOWN`.
        """
        labels = np.full(before.shape, UNKNOWN, np.int32)
        if self.told is None or not self.known:
            return labels
        known = np.array(self.known, np.int32)
        cosines = unit_length(self.told.level(vectors).astype(np.float64)) @ self.centroids.T
        scores = np.nan_to_num(cosines, nan=-0.5) + HELD * (before[..., None] == known)
        scores[~active] = -2.0
        for window in np.flatnonzero(active.any(axis=1)).tolist():
            speakers, places = linear_sum_assignment(scores[window], maximize=True)
            labels[window, speakers] = known[places]
        labels[~active] = UNKNOWN
        return labels


def one_voice(told: Told) -> Told:
    """`told` with clusters that are `ALIKE` put together, the nearest first."""
    hard, centroids = told.clusters.hard, told.clusters.centroids.copy()
    into, sizes = np.arange(len(centroids)), np.bincount(hard[hard >= 0], minlength=len(centroids))
    while len(centroids) > 1:
        units = unit_length(centroids)
        likeness = np.tril(units @ units.T, -1)
        second, first = divmod(int(likeness.argmax()), len(centroids))
        if likeness[second, first] < ALIKE:
            break
        both = [first, second]
        centroids[first] = np.average(centroids[both], axis=0, weights=np.maximum(sizes[both], 1))
        sizes[first] += sizes[second]
        centroids, sizes = np.delete(centroids, second, axis=0), np.delete(sizes, second)
        into[into == second] = first
        into[into > second] -= 1
    clusters = Clusters(np.where(hard >= 0, into[np.maximum(hard, 0)], hard).astype(np.int32), centroids)
    return replace(told, clusters=clusters, heard_alone=np.unique(into[told.heard_alone]).astype(np.int32))
