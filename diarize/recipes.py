"""What differs between the ways to diarize: how the stages are run, and how speakers are learnt.

The numbers were chosen by measurement; the tables that decided are in
benchmarks/RESULTS.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, cast

import numpy as np

from ..fusion.errors import OptionError
from ..fusion.types import Samples, Seconds, SpeakerCount
from ..fusion.watch import Advance
from . import communities, resegment
from .agglomerative import agglomerative_centroids, agglomerative_labels
from .arrays import Bits, Float32, Float64, Int64, Pairs
from .bands import Bands
from .classic import THRESHOLD, classic_centroids
from .clustering import Clusters, vbx_centroids
from .embedders import Embedder
from .masks import training_pairs
from .models.packs import Cut, Distances, ModelSet
from .options import Mode, Options, RecipeName
from .plda import Plda
from .reconstruct import Timeline, drop_specks
from .runtime import Runtime
from .segmentation import silence_padding
from .strangers import add_missing, add_strangers
from .stretches import Stretch, cut_stretches
from .windows import Windows

SHORT: Seconds = 180.0
"""A recording up to this long keeps the 1 s hop in every mode: it has few windows to learn from."""

KEEP = 0.1
"""Share of the windows by which somebody else must be heard more to take a frame from who speaks: speakrs' epsilon."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What the embedding network made.

    vectors: float32 (windows, local speakers, dimension).
    span_vectors, spans: of short stretches of one speaker, for a second look; None where there is none.
    """

    vectors: Float32
    span_vectors: Float32 | None = None
    spans: tuple[Stretch, ...] = ()

    def heard_alone(self, segmentations: Bits, windows: Windows) -> Float64 | None:
        """The span vectors in which one person speaks (`communities.heard_alone`); None where there are no spans."""
        if self.span_vectors is None:
            return None
        found = communities.heard_alone(self.spans, self.span_vectors, segmentations, windows)
        return found if len(found) else None

    def with_strangers(self, centroids: Float64 | None, segmentations: Bits, most: int | None) -> Float64 | None:
        """The centroids, and those whom nobody sounds like (`strangers`); as they are where there are no spans.

        None, of at most one embedding to learn from, stays None where there is nobody besides.
        """
        if self.span_vectors is None:
            return centroids
        known = self._known(centroids, segmentations)
        found = add_strangers(known, self.vectors, segmentations, most)
        return found if len(found) > max(len(known), 1) else centroids

    def with_missing(self, centroids: Float64 | None, segmentations: Bits, least: int) -> Float64 | None:
        """The centroids, and as many more as make `least` (`strangers`); as they are where there are no spans."""
        if self.span_vectors is None or least <= 1:
            return centroids
        known = self._known(centroids, segmentations)
        found = add_missing(known, self.vectors, segmentations, least)
        return found if len(found) > max(len(known), 1) else centroids

    def _known(self, centroids: Float64 | None, segmentations: Bits) -> Float64:
        """The centroids; for None, the one embedding that there is to learn from, or none."""
        if centroids is not None:
            return centroids
        return self.vectors[training_pairs(segmentations, self.vectors)].astype(np.float64)

    def second_look(
        self, timeline: Timeline, pairs: Pairs, clusters: Clusters, windows: Windows, min_speakers: int
    ) -> tuple[Timeline, Float64 | None]:
        """The timeline, resegmented and without specks, and what it rests on: how much spans sound like each cluster.

        Where there are no spans to look at, the timeline as it is, and None.
        """
        if self.span_vectors is None:
            return timeline, None
        voices = resegment.Voices.of(self.vectors, pairs, clusters)
        likeness = resegment.compare(self.spans, self.span_vectors, voices, windows)
        timeline = resegment.resegment(timeline, self.spans, likeness, windows)
        timeline = resegment.look_again(timeline, self.spans, self.span_vectors, likeness.shape[1], windows)
        return drop_specks(timeline, min_speakers), likeness


@dataclass(frozen=True, slots=True)
class Method:
    """How the stages around the clustering are run.

    trim: changes the segmentations in place before anything looks at them.
    embed: makes the embeddings.
    level: takes out of embeddings what the line does to all of them; also what a user should know of it.
    end: the latest end of a turn in a recording of so many seconds.
    keep: how many votes more it takes to take a frame from who speaks, as a share of the windows (`reconstruct`).
    """

    trim: Callable[[Bits, Windows], None]
    embed: Callable[[Embedder, Samples, Windows, Bits, Runtime, Advance], Embedded]
    level: Callable[[Embedded, Bits, Bands | None], tuple[Embedded, tuple[str, ...]]]
    end: Callable[[Seconds], Seconds]
    keep: float | None


def _as_heard(_segmentations: Bits, _windows: Windows) -> None:
    """Leave what the network hears in the zeros behind the end."""


def _each_window(
    embedder: Embedder, samples: Samples, windows: Windows, segmentations: Bits, runtime: Runtime, advance: Advance
) -> Embedded:
    return Embedded(embedder.windows(samples, windows, segmentations, runtime, advance))


def _each_stretch(
    embedder: Embedder, samples: Samples, windows: Windows, segmentations: Bits, runtime: Runtime, advance: Advance
) -> Embedded:
    spans = cut_stretches(segmentations, windows, Cut(resegment.LONGEST, at_changes=True), multiple=embedder.stride)
    return Embedded(*embedder.stretches(samples, windows, segmentations, spans, runtime, advance), spans)


def _as_they_are(voices: Embedded, _segmentations: Bits, _bands: Bands | None) -> tuple[Embedded, tuple[str, ...]]:
    return voices, ()


def _levelled(voices: Embedded, segmentations: Bits, bands: Bands | None) -> tuple[Embedded, tuple[str, ...]]:
    if bands is None:
        return voices, ()
    narrowness = bands.narrowness(voices.vectors[training_pairs(segmentations, voices.vectors)])
    spans = None if voices.span_vectors is None else bands.centred(voices.span_vectors, narrowness)
    return Embedded(bands.centred(voices.vectors, narrowness), spans, voices.spans), bands.note(narrowness)


UPSTREAM = Method(trim=_as_heard, embed=_each_window, level=_as_they_are, end=lambda _: np.inf, keep=None)
"""What pyannote.audio does: each window embedded by itself, each frame decided by itself."""

OURS = Method(trim=silence_padding, embed=_each_stretch, level=_levelled, end=lambda duration: duration, keep=KEEP)
"""What was found faster or better: features shared between windows, levelled lines, a second look at stretches."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What learning depends on besides the embeddings: the pack's distances and PLDA, what is asked for, the run.

    alone: float64 (n, dimension), stretches in which one person speaks; None where they are too few.
    """

    bounds: SpeakerCount
    distances: Distances
    plda: Plda | None
    options: Options
    step: Seconds
    alone: Float64 | None = None


class Learn(Protocol):
    """Finds the speakers."""

    def __call__(self, training: Float64, windows: Int64, /, setting: Setting) -> Float64 | None:
        """Centroids (K, dimension) that `training` (n, dimension) shows; None for fewer than two embeddings.

        `windows` (n,) is the window each comes from.
        """
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """A way to diarize.

    learn: finds the speakers, by mode.
    needs_plda: only for packs that have one.
    constrained: two local speakers of one window are never the same person.
    steps: hop of the windows by mode, in seconds, for recordings longer than `SHORT`.
    methods: how the other stages are run, by mode.
    """

    learn: Mapping[Mode, Learn]
    needs_plda: bool
    constrained: bool
    steps: Mapping[Mode, Seconds]
    methods: Mapping[Mode, Method]

    def step(self, mode: Mode, duration: Seconds) -> Seconds:
        """The hop for a recording of `duration` seconds."""
        return self.steps["exact"] if duration <= SHORT else self.steps[mode]


def _with_vbx(training: Float64, _windows: Int64, setting: Setting) -> Float64 | None:
    """VBx over agglomerative clusters."""
    options = setting.options
    # At a hop of h seconds each window stands for h of upstream's: as if it were there h times, which is Fb / h.
    fb, threshold = options.fb / setting.step, options.threshold or setting.distances.before_vbx
    return vbx_centroids(training, cast("Plda", setting.plda), threshold=threshold, fa=options.fa, fb=fb)


def _by_distance(training: Float64, windows: Int64, setting: Setting) -> Float64 | None:
    """Communities of stretches, by distances no more of many, of few perhaps more; or clusters of windows.

    Whom the graph misses of the people that are asked for, clusters of windows are.
    """
    distances = Distances(setting.options.threshold) if setting.options.threshold else setting.distances
    alone, bounds = setting.alone, setting.bounds
    if bounds.high == 1:
        return None
    if alone is None or len(training) < 2 or communities.says_all_again(alone):  # noqa: PLR2004 - a pair
        few = SpeakerCount(high=bounds.high)  # who is missing is found otherwise
        return agglomerative_centroids(training, windows, distances.alone, setting.step, few)
    many = len(alone) > communities.MANY
    threshold = distances.alone if many else distances.surely
    apart = int(agglomerative_labels(training, windows, threshold, setting.step).max()) + 1
    told_apart, most = (1, apart) if many else (apart, None)
    labels = communities.cluster(alone, told_apart, most, bounds)
    if labels.max() + 1 < bounds.low:
        return agglomerative_centroids(training, windows, threshold, setting.step, bounds)
    return np.stack([alone[labels == label].mean(axis=0) for label in range(labels.max() + 1)])


def _by_dendrogram(training: Float64, _windows: Int64, setting: Setting) -> Float64 | None:
    """As pyannote.audio 3 did, at the distance published with it for its WeSpeaker ResNet34."""
    return classic_centroids(training, setting.options.threshold or THRESHOLD, setting.bounds)


_ONE_SECOND: Mapping[Mode, Seconds] = {"exact": 1.0, "default": 1.0, "fast": 1.0}
_STEPS: Mapping[Mode, Seconds] = {"exact": 1.0, "default": 2.0, "fast": 2.0}
_UPSTREAM: Mapping[Mode, Method] = {"exact": UPSTREAM, "default": UPSTREAM, "fast": UPSTREAM}
_OURS: Mapping[Mode, Method] = {"exact": OURS, "default": OURS, "fast": OURS}
_BY_DISTANCE: Mapping[Mode, Learn] = dict.fromkeys(_STEPS, _by_distance)

RECIPES: Mapping[RecipeName, Recipe] = MappingProxyType(
    {
        "community-1": Recipe({**_BY_DISTANCE, "exact": _with_vbx}, True, True, _STEPS, {**_OURS, "exact": UPSTREAM}),
        "agglomerative": Recipe(_BY_DISTANCE, False, True, _STEPS, _OURS),
        "speaker-diarization-3.1": Recipe(dict.fromkeys(_STEPS, _by_dendrogram), False, False, _ONE_SECOND, _UPSTREAM),
    }
)
"""By name, as packs name theirs and ``--recipe`` does."""


def recipe_of(models: ModelSet, asked: RecipeName | None) -> Recipe:
    """The recipe asked for, else the pack's own.

    Raises:
        OptionError: it needs a PLDA, and the pack has none.
    """
    recipe = RECIPES[asked or models.recipe]
    if recipe.needs_plda and models.plda is None:
        able = ", ".join(name for name, other in RECIPES.items() if not other.needs_plda)
        raise OptionError(f"The recipe {asked} needs a PLDA, and the pack {models.name} has none: use {able}.")
    return recipe
