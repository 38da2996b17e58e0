"""Who spoke when, said by one network: `SortformerDiarizer.hear` is the whole of it."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...fusion.audio import doubts
from ...fusion.errors import CorruptModelError, ModelError, OptionError
from ...fusion.types import SAMPLE_RATE, Diarization, Note, Progress, Samples, Seconds, SpeakerCount
from ...fusion.watch import Watch
from ..arrays import Float32
from ..models.files import sha256_of
from ..models.graphs import ensure_graphs
from ..models.store import Store
from ..options import Execution, Options, Preset, given_options
from ..pipeline import samples_of
from ..runtime import Network, Runtime, settled
from .asked import held_to, refuse_clustering
from .exports import Export, networks_of
from .listening import Listener, Networks, two_graphs
from .mel import Mel
from .memory import FRAME, Pace
from .presets import PACES
from .said import turns_of
from .sources import Source, find

_BLOCK = 10 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Model:
    """What was loaded.

    source: its files. hashes: the sha256 of its weights, by their file's name.
    notes: what a reader of a result must know of where it comes from.
    """

    source: Source | Export
    hashes: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its kind."""
        return self.source.kind


class SortformerDiarizer:
    """A loaded network of the streaming Sortformer family; it is used as `Diarizer` is.

    Args:
        networks: the loaded graphs.
        model: what they were made of.
        options: what changes the answer; the preset is ``offline`` unless another is named.
        execution: what changes the wait; such a network has one mode.

    Raises:
        OptionError: an option that is for packs which cluster voices.
    """

    def __init__(
        self, networks: Networks, model: Model, runtime: Runtime, options: Options, execution: Execution
    ) -> None:
        refuse_clustering(model.name, options)
        self.networks, self.models, self.runtime = networks, model, runtime
        self.options, self.execution = options, execution

    @classmethod
    def from_path(
        cls,
        path: str | os.PathLike[str],
        *,
        options: Options | None = None,
        execution: Execution | None = None,
        store: Store | None = None,
        on_note: Note | None = None,
    ) -> SortformerDiarizer:
        """Load a network from a folder, a ``.nemo`` or an ``.onnx`` (`sources.find`).

        Args:
            path: where its official files lie, or graphs that others exported.
            options: what changes the answer.
            execution: what changes the wait.
            store: where its graphs are kept; default the user's cache.
            on_note: hears sentences a user should see.

        Raises:
            ModelError: there is no such network, or its files are damaged or another's.
            DeviceError: the device asked for is not usable.
        """
        execution = settled(given_options(options, execution)[1], on_note)
        source = find(Path(path))
        note = f"The network {source.kind} is yours: its files are those you gave, and nobody else vouches for them."
        if isinstance(source, Export):
            hashes = {file.name: _hash(file) for file in source.files}
            return cls._loaded(Model(source, hashes, (note,)), {}, options, execution)
        sha256 = _hash(source.weights)
        folders = (store or Store()).graph_folders()
        graphs = ensure_graphs(source.builder, source.weights, sha256, folders, on_note)
        return cls._loaded(Model(source, {source.weights.name: sha256}, (note,)), graphs, options, execution)

    @classmethod
    def from_pretrained(
        cls,
        name: str,
        *,
        options: Options | None = None,
        execution: Execution | None = None,
        store: Store | None = None,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
    ) -> SortformerDiarizer:
        """Load a pack of one network from the model store, fetching it first if it is not there.

        Args:
            name: ``nemotron``, ``sortformer-v2.1`` or ``audar-v1``.
            options: what changes the answer.
            execution: what changes the wait.
            store: where models are kept; default the user's cache.
            on_progress: hears about downloads.
            on_note: hears sentences a user should see.

        Raises:
            ModelError, NetworkError: the pack cannot be had (see `Store.load`).
            DeviceError: the device asked for is not usable.
        """
        execution = settled(given_options(options, execution)[1], on_note)
        store = store or Store()
        found = store.network(name, on_progress=on_progress, on_note=on_note)
        hashes = {file.path: file.sha256 for file in store.pack(name).files}
        return cls._loaded(Model(find(found.folder), hashes, found.notes), found.graphs, options, execution)

    @classmethod
    def _loaded(
        cls, model: Model, graphs: Mapping[str, Path], options: Options | None, execution: Execution
    ) -> SortformerDiarizer:
        runtime = Runtime.of(execution)
        load = partial(runtime.session, threads=runtime.workers)
        if isinstance(model.source, Export):
            networks = networks_of(model.source, load)
        else:
            networks = _networks(model.source, {name: load(graph) for name, graph in graphs.items()})
        return cls(networks, model, runtime, options or Options(), execution)

    @property
    def step(self) -> Seconds:
        """Between two rows of what is said."""
        return FRAME / self.networks.rows

    def pace(self, usual: Preset = "offline") -> Pace:
        """Of the preset that was asked for, or else the `usual` one."""
        return PACES[self.models.source.kind][self.options.preset or usual]

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
        """Find who spoke when; see `Diarizer.diarize`.

        Raises:
            AudioError: the file or array is not usable audio.
            OptionError: a number of speakers that the network cannot be held to, or embeddings, which it has not.
            CancelledError: `cancel` was set.
        """
        bounds = self.wanted(num_speakers, min_speakers, max_speakers, embeddings=embeddings)
        notes: list[str] = []
        samples = samples_of(audio, sample_rate, notes.append)
        watch = Watch(on_progress, cancel=cancel)
        found = self.decide(self.hear(samples, watch), samples.size / SAMPLE_RATE, bounds, activity=activity)
        notes += doubts(samples, [(turn.start, turn.end) for turn in found.exclusive])
        return replace(found, notes=(*notes, *found.notes), timings=dict(watch.timings))

    def hear(self, samples: Samples, watch: Watch) -> Float32:
        """How surely each speaks in every row of the recording, float32 (rows, speakers)."""
        listener = Listener(self.networks, self.pace())
        said = [self.nothing]
        with watch.stage("segmentation") as advance:
            for start in range(0, samples.size, _BLOCK):
                advance(start, samples.size)
                said += _reporting(
                    listener.feed(samples[start : start + _BLOCK]), partial(advance, start, samples.size)
                )
            said += _reporting(listener.close(), partial(advance, samples.size, samples.size))
        return np.concatenate(said)

    @property
    def nothing(self) -> Float32:
        """No rows."""
        return np.zeros((0, self.networks.room.speakers), np.float32)

    def decide(self, said: Float32, duration: Seconds, bounds: SpeakerCount, *, activity: bool = False) -> Diarization:
        """Turns of what the network said of the whole recording."""
        found = turns_of(said, self.step, duration, self.options, activity=activity)
        asked = bounds.note(len(found.speakers))
        mode = self.execution.mode
        only = () if mode == "default" else (f"mode={mode!r} changes nothing: {self.models.name} has one mode.",)
        return replace(found, notes=(*asked, *found.notes, *only, *self.models.notes))

    def wanted(
        self, num_speakers: int | None, min_speakers: int | None, max_speakers: int | None, *, embeddings: bool
    ) -> SpeakerCount:
        """What was asked of the number of speakers, which the network finds by itself.

        Raises:
            OptionError: it has not so many, or would have to be told how many there are, or has to give embeddings.
        """
        if embeddings:
            raise OptionError(f"{self.models.name} has no embeddings of voices: take them with VoiceEmbedder.")
        bounds = SpeakerCount.of(num_speakers, min_speakers, max_speakers)
        held_to(self.models.name, self.networks.room.speakers, bounds)
        return bounds

    def within(self, runtime: Runtime, _change: Callable[[Network], Network]) -> SortformerDiarizer:
        """The same diarizer for several threads at once: its network computes on all cores for whoever comes."""
        other = copy.copy(self)
        other.runtime = runtime
        return other


def _hash(weights: Path) -> str:
    try:
        return sha256_of(weights)
    except OSError as error:
        raise ModelError(f"{weights} cannot be read ({error.strerror}): change its permissions.") from error


def _networks(source: Source, graphs: Mapping[str, Network]) -> Networks:
    """The loaded graphs.

    Raises:
        CorruptModelError: they tell another number of speakers apart than the files say.
    """
    embed, step = graphs["embed"], graphs["step"]
    dimension = embed(np.zeros((1, 8, 128), np.float32)).shape[-1]
    said = step(np.zeros((1, 1, dimension), np.float32))
    speakers = said.shape[-1]
    if not np.isfinite(said).all():
        raise CorruptModelError(f"{source.weights} says NaN of silence: its weights are damaged, fetch it again.")
    if speakers != source.room.speakers:
        raise CorruptModelError(
            f"{source.weights} tells {speakers} speakers apart, and what lies beside it says {source.room.speakers}: "
            "they do not belong together."
        )
    silence = graphs["silence"]() if "silence" in graphs else None
    return Networks(Mel(source.rounded), two_graphs(embed, step), source.room, source.rows, dimension, silence)


def _reporting(said: Iterator[Float32], advance: Callable[[], None]) -> Iterator[Float32]:
    """Each chunk, with a look whether to go on before it."""
    advance()
    for chunk in said:
        yield chunk
        advance()
