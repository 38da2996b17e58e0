"""Who spoke when: `Diarizer._run` is the pipeline, one stage a line."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..fusion.audio import check_samples, doubts, load_audio, release
from ..fusion.errors import OptionError
from ..fusion.given import check_flag, check_kind
from ..fusion.types import SAMPLE_RATE, Diarization, Note, Progress, Samples, Seconds, SpeakerCount
from ..fusion.watch import Watch
from .arrays import Bits, Float32, Float64, Int32, Int64
from .bands import Bands
from .clustering import Clusters, cluster
from .counting import speaker_count
from .embedders import embedder_of
from .embedding import TrunkEmbedder
from .fixed import MOST, segmentation_network
from .masks import finite, training_pairs
from .models.carrying import load_dir
from .models.packs import ModelSet, Precision
from .models.store import Store
from .options import Device, Execution, Options, check_loaded, given_options
from .plda import Plda, load_plda
from .recipes import Embedded, Setting, recipe_of
from .reconstruct import Timeline, reconstruct
from .runtime import Network, Runtime, settled
from .segmentation import Known, nothing_known, segment
from .turns import activity, build_turns, minor_speakers
from .turns import likeness as likeness_of
from .windows import Windows

_CPU_BATCH = 4
_SHARED_BATCH = 32
"""Windows that one of several recordings brings at a time; those of all go together."""
_FAST: Mapping[Device, Precision] = {"cpu": "int8", "cuda": "float16", "coreml": "float32"}
"""What `fast` computes in: the trunk, and 8-bit integers also in the segmentation. CoreML's programs see to theirs."""
_RELEASE_EVERY = 256  # windows; batches are powers of two


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asked for besides the turns."""

    bounds: SpeakerCount
    embeddings: bool
    activity: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """What the networks say of a recording; everything after them takes no time to speak of.

    segmentations: 0 or 1, (windows, frames, local speakers).
    """

    windows: Windows
    segmentations: Bits
    voices: Embedded


Recall: TypeAlias = Callable[[Callable[[], Heard]], Heard]
"""``recall(listen)``: what the networks hear of a recording, from wherever it is kept or from `listen()`."""


def _heard_now(listen: Callable[[], Heard]) -> Heard:
    return listen()


@dataclass(frozen=True, slots=True)
class Told:
    """Speakers told apart on the way.

    clusters: who is who in the windows so far. level: brings vectors to where the centroids are.
    heard_alone: those of whom there is a window in which they speak alone for long enough to be learnt from; where
        there is no such window at all, who speaks.
    """

    clusters: Clusters
    level: Callable[[Float32], Float32]
    heard_alone: Int32


class Diarizer:
    """A loaded diarization pack.

    Example:
        >>> diarizer = Diarizer.from_pretrained("campplus")  # doctest: +SKIP
        >>> print(diarizer.diarize("meeting.wav").to_rttm("meeting"))  # doctest: +SKIP
    """

    def __init__(self, models: ModelSet, *, options: Options | None = None, execution: Execution | None = None) -> None:
        check_loaded(models, "loaded pack", "graph", "distances")
        self.models = models
        self.options, execution = given_options(options, execution, models.name)
        self.execution = settled(execution)
        self.runtime = Runtime.of(self.execution)
        precision: Precision = _FAST[self.runtime.device] if self.execution.mode == "fast" else "float32"
        integers = precision == "int8"
        self._batch = self._windows_a_call(integers=integers)
        self._segmentation = segmentation_network(
            models.graph("segmentation", "int8" if integers else "float32"),
            self.runtime,
            cuda_graph=self.execution.cuda_graph,
        )
        self._embedder = embedder_of(models, self.runtime, precision)
        self.bands = Bands.of(models.distances.bands)
        self._plda: Plda | None = load_plda(*models.plda) if models.plda else None
        self._recipe = recipe_of(models, self.options.recipe)
        self._method = self._recipe.methods[self.execution.mode]
        self._recall: Recall = _heard_now

    @classmethod
    def from_pretrained(
        cls,
        pack: str = "auto",
        *,
        options: Options | None = None,
        execution: Execution | None = None,
        store: Store | None = None,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
    ) -> Diarizer:
        """Load a pack from the model store, fetching it first if it is not there.

        Args:
            pack: ``community-1``, ``campplus``, one that was added to the store, or
                ``auto``: the first of the two that is on disk or reachable, and can
                be loaded; `on_note` hears which and why if not the first.
            options: what changes the answer.
            execution: what changes the wait.
            store: where models are kept; default the user's cache.
            on_progress: hears about downloads.
            on_note: hears sentences a user should see; None: the log `diarfuse` has them, as warnings.

        Raises:
            ModelError, NetworkError: the pack cannot be had (see `Store.load`).
            DeviceError: the device asked for is not usable.
        """
        check_kind(store, "store", Store, type(None))
        execution = settled(given_options(options, execution)[1], on_note)
        make = partial(cls, options=options, execution=execution)
        return (store or Store()).open(pack, make, on_progress=on_progress, on_note=on_note)

    @classmethod
    def from_dir(
        cls,
        folder: str | os.PathLike[str],
        pack: str = "auto",
        *,
        options: Options | None = None,
        execution: Execution | None = None,
    ) -> Diarizer:
        """Load a pack from a folder that ``transcribe models export`` wrote; no network is touched.

        ``auto`` takes a pinned pack; one that somebody added is taken by its name only.

        Raises:
            ModelError: the folder holds no such pack, or files that are not what the pack names.
            DeviceError: the device asked for is not usable.
        """
        options, execution = given_options(options, execution)
        return cls(load_dir(folder, pack), options=options, execution=execution)

    def diarize(
        self,
        audio: npt.ArrayLike | str | os.PathLike[str],
        *,
        sample_rate: float = SAMPLE_RATE,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
        embeddings: bool = False,
        activity: bool = False,
    ) -> Diarization:
        """Find who spoke when.

        Args:
            audio: a file, or samples (num_samples,), mono.
            sample_rate: of samples; a file tells its own. `notes` says so if the speech sounds as if it were wrong.
            num_speakers, min_speakers, max_speakers: a contract; if it cannot be met, `notes` says so.
            on_progress: ``(stage, done, total)``; raising from it stops the work.
            cancel: set it from another thread to stop within one batch.
            embeddings: also return one embedding a speaker, float32 (dimension,), by label.
            activity: also return the frame-wise scores (`Activity`).

        Raises:
            AudioError: the file or array is not usable audio.
            OptionError: impossible speaker numbers, or a sample rate that no recording has.
            CancelledError: `cancel` was set.
        """
        check_flag(embeddings, "embeddings")
        check_flag(activity, "activity")
        wanted = Wanted(SpeakerCount.of(num_speakers, min_speakers, max_speakers), embeddings, activity)
        notes, told = list[str](), Watch(on_progress, cancel=cancel)
        samples = samples_of(audio, sample_rate, notes.append)
        found = self._run(samples, wanted, Watch(_releasing(samples, told.progress)))
        notes += doubts(samples, [(turn.start, turn.end) for turn in found.exclusive])
        return replace(found, notes=(*notes, *found.notes))

    def remembering(self, recall: Recall) -> Diarizer:
        """The same diarizer, which asks `recall` for what its networks hear: kept from before, or heard now."""
        other = copy.copy(self)
        other._recall = recall  # noqa: SLF001 - a copy of itself
        return other

    def within(self, runtime: Runtime, change: Callable[[Network], Network]) -> Diarizer:
        """The same diarizer with another runtime of the same device, and its networks changed (`diarize.queue`)."""
        other = copy.copy(self)
        other.runtime = runtime
        other._segmentation = change(self._segmentation)  # noqa: SLF001 - a copy of itself
        other._batch = min(self._batch, _SHARED_BATCH)  # noqa: SLF001 - the same
        if isinstance(self._embedder, TrunkEmbedder) and self._embedder.handling is None:
            other._embedder = replace(self._embedder, trunk=change(self._embedder.trunk))  # noqa: SLF001 - the same
        return other

    def _run(self, samples: Samples, wanted: Wanted, watch: Watch) -> Diarization:
        return self.decide(self._recall(partial(self.listen, samples, watch)), wanted, watch)

    def listen(self, samples: Samples, watch: Watch, known: Known = nothing_known) -> Heard:
        """Run the networks: all that costs time.

        Args:
            samples: float32 (num_samples,), 16 kHz.
            watch: hears of both stages.
            known: windows that have been heard before.
        """
        windows, method = self._windows(samples), self._method
        with watch.stage("segmentation") as advance:
            segmentations = segment(samples, windows, self._segmentation, self.runtime, self._batch, advance, known)
            method.trim(segmentations, windows)
        with watch.stage("embedding") as advance:
            voices = method.embed(self._embedder, samples, windows, segmentations, self.runtime, advance)
        return Heard(windows, segmentations, voices)

    def hear(self, window: Samples) -> Bits:
        """Who speaks when in one window, float32 (160000,): uint8 (frames, local speakers), as `listen` has it."""
        alone = replace(self.runtime, workers=1)
        heard: Bits = segment(window, Windows(window.size), self._segmentation, alone, 1, _unwatched)[0]
        return heard

    def embed(self, window: Samples, segmentation: Bits) -> Float32:
        """Embed the local speakers of one window, heard by itself: (local speakers, dimension), NaN for the silent."""
        alone, windows = replace(self.runtime, workers=1), Windows(window.size)
        vectors: Float32 = self._embedder.stretches(window, windows, segmentation[None], (), alone, _unwatched)[0][0]
        return vectors

    def tell_apart(self, vectors: Float32, segmentations: Bits, step: Seconds, high: int | None) -> Told:
        """The speakers that windows `step` seconds apart show so far, at most `high` of them.

        Args:
            vectors: (windows, local speakers, dimension), each window embedded by itself (`embed`).
            segmentations: 0 or 1, (windows, frames, local speakers).
            step: seconds from one window to the next.
            high: None is any number.
        """
        bounds = SpeakerCount(0, high)
        setting = Setting(bounds, self.models.distances, self._plda, self.options, step)
        learn = partial(self._recipe.learn[self.execution.mode], setting=setting)
        pairs = training_pairs(segmentations, vectors)
        narrowness = self.bands.narrowness(vectors[pairs]) if self.bands else 0.0
        level = partial(self._levelled, narrowness=narrowness)
        clusters, _ = cluster(level(vectors), segmentations, learn, bounds, constrained=self._recipe.constrained)
        heard_alone = np.unique(clusters.hard[pairs] if len(pairs[0]) else clusters.hard[finite(vectors)])
        return Told(clusters, level, heard_alone[heard_alone >= 0])

    def _levelled(self, vectors: Float32, narrowness: float) -> Float32:
        return self.bands.centred(vectors, narrowness) if self.bands else vectors

    def decide(self, heard: Heard, wanted: Wanted, watch: Watch) -> Diarization:
        """Say who spoke when from what the networks heard."""
        windows, segmentations = heard.windows, heard.segmentations
        with watch.stage("clustering"):
            voices, notes = self._method.level(heard.voices, segmentations, self.bands)
            setting = self._setting(windows, wanted.bounds, voices.heard_alone(segmentations, windows))
            learn = partial(self._learn, setting, voices, segmentations)
            clusters, pairs = cluster(
                voices.vectors, segmentations, learn, wanted.bounds, constrained=self._recipe.constrained
            )
        with watch.stage("reconstruction"):
            timeline = self._timeline(segmentations, windows, clusters, wanted)
        with watch.stage("resegmentation"):
            timeline, likeness = voices.second_look(timeline, pairs, clusters, windows, wanted.bounds.low)
        clusters = clusters if voices is heard.voices else clusters.of(heard.voices.vectors, pairs)
        found, labels = self._result(windows, clusters, timeline, wanted, notes, watch)
        if self.execution.mode == "exact":  # words follow the turns alone there, as they do after pyannote.audio
            return found
        return replace(found, likeness=likeness_of(likeness, voices.spans, windows, labels))

    def _learn(
        self, setting: Setting, voices: Embedded, segmentations: Bits, training: Float64, windows: Int64
    ) -> Float64 | None:
        """The recipe's centroids, of few stretches also those of strangers, and those of who is missing."""
        found = self._recipe.learn[self.execution.mode](training, windows, setting=setting)
        if setting.alone is None:
            found = voices.with_strangers(found, segmentations, setting.bounds.high)
        return voices.with_missing(found, segmentations, setting.bounds.low)

    def _windows(self, samples: Samples) -> Windows:
        duration = samples.size / SAMPLE_RATE
        return Windows(samples.size, self.options.step or self._recipe.step(self.execution.mode, duration))

    def _windows_a_call(self, *, integers: bool) -> int:
        """One for 8-bit recurrences, whose ranges are those of all windows of a call: neighbours would change bits."""
        if integers:
            return 1
        batch = self.execution.batch or (_CPU_BATCH if self.runtime.device == "cpu" else MOST)
        if self.runtime.device != "coreml":
            return batch
        from .models.programs import BATCH

        return min(batch, BATCH)

    def _setting(self, windows: Windows, bounds: SpeakerCount, alone: Float64 | None) -> Setting:
        return Setting(bounds, self.models.distances, self._plda, self.options, windows.step, alone)

    def _timeline(self, segmentations: Bits, windows: Windows, clusters: Clusters, wanted: Wanted) -> Timeline:
        return reconstruct(
            segmentations,
            clusters.hard,
            speaker_count(segmentations, windows),
            windows,
            max_speakers=wanted.bounds.high,
            min_speakers=wanted.bounds.low,
            scores=wanted.activity,
            keep=self._method.keep,
        )

    def _result(
        self,
        windows: Windows,
        clusters: Clusters,
        timeline: Timeline,
        wanted: Wanted,
        notes: tuple[str, ...],
        watch: Watch,
    ) -> tuple[Diarization, dict[int, str]]:
        """Who spoke when, and the label of each cluster."""
        options, bounds, duration = self.options, wanted.bounds, windows.num_samples / SAMPLE_RATE
        turns, exclusive, labels = build_turns(
            timeline,
            windows,
            label_order=options.label_order,
            min_duration_on=options.min_duration_on,
            min_duration_off=options.min_duration_off,
            end=self._method.end(duration),
        )
        found = Diarization(
            turns=turns,
            exclusive=exclusive,
            duration=duration,
            notes=(*notes, *bounds.note(len(labels)), *minor_speakers(turns, bounds.low), *self.models.notes),
            embeddings=clusters.named(labels) if wanted.embeddings else None,
            activity=activity(timeline, windows, labels) if wanted.activity else None,
            timings=dict(watch.timings),
        )
        return found, labels


def samples_of(audio: npt.ArrayLike | str | os.PathLike[str], sample_rate: float, on_note: Note) -> Samples:
    """Samples at 16 kHz, of a file or as they are given. See `Diarizer.diarize`."""
    if not isinstance(audio, (str, os.PathLike)):
        return check_samples(audio, sample_rate)
    if sample_rate != SAMPLE_RATE:
        raise OptionError(f"sample_rate={sample_rate!r} is for samples, and {audio} tells its own: leave it out.")
    return load_audio(audio, on_note=on_note)


def _unwatched(_done: int, _total: int) -> None:
    """One window is no progress to speak of."""


def _releasing(samples: Samples, on_progress: Progress) -> Progress:
    """Progress that now and then gives back the memory of samples that have been gone through."""

    def report(stage: str, done: int, total: int) -> None:
        if done % _RELEASE_EVERY == 0:
            release(samples)
        on_progress(stage, done, total)

    return report
