"""Give enrolled people their names: arithmetic over cluster embeddings, on the user's own machine only.

A cluster gets a name when three things hold together: its best match passes
the threshold, beats the runner-up by a margin, and rests on enough speech.
Otherwise it keeps its label, and the reason says which of the three failed. A
wrong name costs a reader more than a missing one, so every doubt ends in "no".

Nothing that serves other people's recordings may import this file; a test
follows every import path of the server to be sure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..errors import OptionError, VoiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..types import Embedding, Seconds


@dataclass(frozen=True, slots=True)
class Voice:
    """An enrolled person.

    space: what made the prototypes; only embeddings of one space compare.
    prototypes: unit-length embeddings, one a recording (room, microphone, mood).
    """

    name: str
    space: str
    prototypes: tuple[Embedding, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """One anonymous speaker of one recording.

    speech: seconds of this speaker alone that `embedding` rests on.
    overlaps: seconds during which this cluster and another (by label) speak at
        once; one person cannot, so it speaks against "one person was split".
    """

    label: str
    space: str
    embedding: Embedding
    speech: Seconds
    overlaps: Mapping[str, Seconds] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """When a match is a name; the measured values are kept beside each model's calibration.

    threshold: least cosine score. margin: least lead over the runner-up.
    min_speech: least seconds of speech. same: least cosine between two
        clusters that may share one name.
    """

    threshold: float
    margin: float
    min_speech: Seconds
    same: float

    def __post_init__(self) -> None:
        for name in ("threshold", "same"):
            if not -1 <= getattr(self, name) <= 1:
                raise OptionError(f"{name}={getattr(self, name)} must be a cosine, from -1 to 1.")
        for name in ("margin", "min_speech"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise OptionError(f"{name}={getattr(self, name)} must be a number, 0 or more.")


@dataclass(frozen=True, slots=True)
class Naming:
    """What became of one cluster: `name` is None where it keeps its label, and `reason` says why."""

    label: str
    name: str | None
    reason: str
    score: float | None = None


MAX_SHARED_OVERLAP = 0.05
"""Two clusters that speak at once for more than this share of the shorter one are two people."""


def unit_length(embedding: Embedding) -> Embedding:
    """`embedding` at length one, float32 (dimension,).

    Raises:
        VoiceError: it is empty, all zero, or holds NaN or infinity.
    """
    vector = np.asarray(embedding, dtype=np.float64).ravel()
    length = float(np.linalg.norm(vector)) if vector.size else 0.0
    if not 0 < length < float("inf"):
        raise VoiceError("A voice embedding must be finite and not zero: take it from a recording with speech.")
    return (vector / length).astype(np.float32)


def cosine(one: Embedding, other: Embedding) -> float:
    """Likeness of two voices in [-1, 1].

    Raises:
        VoiceError: the dimensions differ, so the two cannot be of one space.
    """
    if one.shape != other.shape:
        raise VoiceError(
            f"Embeddings of {one.size} and {other.size} dimensions come from different models: "
            "make both with the same model."
        )
    return float(np.clip(np.dot(unit_length(one).astype(np.float64), unit_length(other).astype(np.float64)), -1.0, 1.0))


def check_space(one: str, other: str) -> None:
    """Refuse to compare embeddings of different models or front ends.

    Raises:
        VoiceError: the spaces differ.
    """
    if one != other:
        raise VoiceError(
            f"Voices of the spaces {one!r} and {other!r} cannot be compared: make both with the same model "
            "(enrol again, or choose it with --voice-model)."
        )


def score(embedding: Embedding, voice: Voice) -> float:
    """Cosine between `embedding` and the nearest prototype of `voice`.

    The nearest, not the mean: a person enrolled over the telephone and in a
    room is one of the two in this recording, not something between.
    """
    if not voice.prototypes:
        raise VoiceError(f"The voice {voice.name!r} holds no embedding: enrol it again.")
    return max(cosine(embedding, prototype) for prototype in voice.prototypes)


def identify(clusters: Sequence[Cluster], voices: Sequence[Voice], gate: Gate) -> tuple[Naming, ...]:
    """Name the clusters of one recording; the answer has their order.

    A name goes to one cluster, the best. A second cluster that passes the same
    gate gets it too only if the evidence says that one person was split: the
    two clusters sound alike (`Gate.same`) and hardly ever speak at once.

    No clusters give an empty answer; no voices leave every cluster unnamed.

    Raises:
        VoiceError: a voice and a cluster are of different spaces.
    """
    first = [_judge(cluster, voices, gate) for cluster in clusters]
    by_label = {cluster.label: cluster for cluster in clusters}
    owners: dict[str, list[Naming]] = {}
    final: dict[str, Naming] = {}
    for naming in sorted(first, key=_best_first):
        final[naming.label] = naming if naming.name is None else _claim(naming, owners, by_label, gate)
    return tuple(final[cluster.label] for cluster in clusters)


def identify_primary(clusters: Sequence[Cluster], voice: Voice, gate: Gate) -> tuple[Naming, ...]:
    """Find the one cluster that is `voice`, if any: for the person whose machine this is.

    The margin is taken between clusters, not between people: exactly one
    centroid is enrolled, and at most one cluster is it.
    """
    _check_spaces(clusters, [voice])
    scores = {c.label: score(c.embedding, voice) for c in clusters if c.speech >= gate.min_speech}
    ranked = sorted(scores, key=lambda label: (-scores[label], label))
    winner = ranked[0] if ranked and scores[ranked[0]] >= gate.threshold else None
    rival = ranked[1] if len(ranked) > 1 else None
    close = winner is not None and rival is not None and scores[winner] - scores[rival] < gate.margin
    namings = []
    for cluster in clusters:
        value = scores.get(cluster.label)
        if value is None:
            namings.append(Naming(cluster.label, None, _too_short(cluster, gate)))
        elif close and winner is not None and rival is not None and cluster.label in (winner, rival):
            reason = f"ambiguous: {winner} {scores[winner]:.2f} / {rival} {scores[rival]:.2f}"
            namings.append(Naming(cluster.label, None, reason, value))
        elif cluster.label == winner:
            namings.append(Naming(cluster.label, voice.name, f"matched {value:.2f}", value))
        else:
            namings.append(Naming(cluster.label, None, f"no match: {voice.name} {value:.2f}", value))
    return tuple(namings)


def link_speakers(files: Sequence[Sequence[Cluster]], gate: Gate) -> tuple[dict[str, str], ...]:
    """One label for one unknown voice over several recordings: {label: shared label} for each file.

    Files are taken in order; within a file the best pair is linked first, and a
    shared label is given once. A link needs the same three proofs as a name. A
    cluster without them opens a new label, so short ones are never merged.
    """
    known: list[_Linked] = []
    answer: list[dict[str, str]] = []
    for clusters in files:
        links = _link_file(clusters, known, gate)
        mapping: dict[str, str] = {}
        for cluster in clusters:
            index = links.get(cluster.label)
            if index is None:
                index = len(known)
                known.append(_Linked(cluster.space))
            known[index].add(cluster, gate)
            mapping[cluster.label] = f"SPEAKER_{index:02d}"
        answer.append(mapping)
    return tuple(answer)


class _Linked:
    """A voice met in earlier files: the speech-weighted sum of its embeddings."""

    def __init__(self, space: str) -> None:
        self.space = space
        self.total: Embedding | None = None

    def add(self, cluster: Cluster, gate: Gate) -> None:
        """Let `cluster` refine the voice, unless it is too short to be relied on."""
        if cluster.speech < gate.min_speech:
            return
        weighted = unit_length(cluster.embedding) * np.float32(cluster.speech)
        self.total = weighted if self.total is None else self.total + weighted


def _link_file(clusters: Sequence[Cluster], known: Sequence[_Linked], gate: Gate) -> dict[str, int]:
    """{label: index in `known`} for the clusters of one file that are surely known."""
    fit = [c for c in clusters if c.speech >= gate.min_speech]
    pairs: list[tuple[float, str, int]] = []
    for cluster in fit:
        scored = []
        for index, voice in enumerate(known):
            if voice.total is not None:
                check_space(cluster.space, voice.space)
                scored.append((cosine(cluster.embedding, voice.total), index))
        scored.sort(key=lambda item: (-item[0], item[1]))
        runner_up = scored[1][0] if len(scored) > 1 else -1.0
        if scored and scored[0][0] >= gate.threshold and scored[0][0] - runner_up >= gate.margin:
            pairs.append((scored[0][0], cluster.label, scored[0][1]))
    links: dict[str, int] = {}
    for _, label, index in sorted(pairs, key=lambda item: (-item[0], item[1])):
        if index not in links.values():
            links[label] = index
    return links


def _best_first(naming: Naming) -> tuple[float, str]:
    return (-(naming.score if naming.score is not None else -2.0), naming.label)


def _check_spaces(clusters: Iterable[Cluster], voices: Sequence[Voice]) -> None:
    for cluster in clusters:
        for voice in voices:
            check_space(cluster.space, voice.space)


def _too_short(cluster: Cluster, gate: Gate) -> str:
    return f"too short: {cluster.speech:.1f} s of speech, {gate.min_speech:g} s are needed"


def _judge(cluster: Cluster, voices: Sequence[Voice], gate: Gate) -> Naming:
    """The verdict on one cluster, as if it were alone in the recording."""
    _check_spaces([cluster], voices)
    if cluster.speech < gate.min_speech:
        return Naming(cluster.label, None, _too_short(cluster, gate))
    ranked = sorted(((score(cluster.embedding, voice), voice.name) for voice in voices), key=lambda s: (-s[0], s[1]))
    if not ranked:
        return Naming(cluster.label, None, "no match: nobody is enrolled")
    best, name = ranked[0]
    if best < gate.threshold:
        return Naming(cluster.label, None, f"no match: {name} {best:.2f}", best)
    if len(ranked) > 1 and best - ranked[1][0] < gate.margin:
        second, other = ranked[1]
        return Naming(cluster.label, None, f"ambiguous: {name} {best:.2f} / {other} {second:.2f}", best)
    return Naming(cluster.label, name, f"matched {best:.2f}", best)


def _claim(naming: Naming, owners: dict[str, list[Naming]], clusters: Mapping[str, Cluster], gate: Gate) -> Naming:
    """Give the name, unless a better cluster has it and is somebody else."""
    name = naming.name or ""
    holders = owners.setdefault(name, [])
    cluster = clusters[naming.label]
    if all(_one_person(cluster, clusters[holder.label], gate) for holder in holders):
        holders.append(naming)
        return naming
    taken = holders[0]
    reason = f"{name} {naming.score:.2f} is already {taken.label} {taken.score:.2f}"
    return Naming(naming.label, None, reason, naming.score)


def _one_person(one: Cluster, other: Cluster, gate: Gate) -> bool:
    """Whether two clusters can be one person whom the diarizer split."""
    together = max(one.overlaps.get(other.label, 0.0), other.overlaps.get(one.label, 0.0))
    if together > MAX_SHARED_OVERLAP * min(one.speech, other.speech):
        return False
    return cosine(one.embedding, other.embedding) >= gate.same
