"""One voice as one embedding: for comparing, enrolling and naming, on whatever audio there is of it.

The speech of one person is laid end to end, cut into blocks of at most 10 s
(what the networks were trained for), and each block goes through the trunk and
is pooled whole; the voice is the mean of the blocks, weighted by their length.
Clusters of a meeting and enrolled recordings take this same way, so that their
scores mean the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..fusion.audio import at_16_khz
from ..fusion.errors import VoiceError
from ..fusion.given import OfThisProcess
from ..fusion.types import SAMPLE_RATE, Embedding, Samples, Seconds, Turn
from .arrays import Span
from .counting import speaker_count
from .embedders import embedder_of
from .models.packs import ModelSet
from .options import WINDOW, Execution
from .runtime import Runtime
from .segmentation import segment
from .windows import Windows

BLOCK = 10.0
"""Longest stretch of speech, in seconds, that the network sees at once."""
ENOUGH = 60.0
"""Seconds of speech after which more changes little (two voices: cosine of 45 s to 60 s 0.996 and more)."""
SHORTEST_SPAN = 0.25
"""Seconds below which a stretch of speech is more edge than voice."""


@dataclass(frozen=True, slots=True)
class Voiceprint:
    """One voice.

    embedding: unit length, float32 (dimension,).
    space: two voiceprints compare only if theirs are equal.
    speech: seconds of speech it rests on.
    """

    embedding: Embedding
    space: str
    speech: Seconds


class VoiceEmbedder(OfThisProcess):
    """A loaded embedding network, ready to make voiceprints."""

    def __init__(self, models: ModelSet, execution: Execution | None = None) -> None:
        models.pack.permit("voices")
        runtime = Runtime.of(execution or Execution())
        self._embedder = embedder_of(models, runtime)
        self._runtime = runtime
        self._segmentation = models.graph("segmentation")
        self.space = models.space
        self.pack = models.name

    def embed(self, samples: Samples, spans: Iterable[Span], *, sample_rate: float = SAMPLE_RATE) -> Voiceprint:
        """The voice that speaks in `spans` of `samples` (seconds, half open).

        Of more than `ENOUGH` seconds the longest spans are used. Spans beyond
        the recording are cut to it.

        Raises:
            VoiceError: the spans hold less than 0.25 s of audio.
        """
        speech = gather(at_16_khz(samples, sample_rate), spans)
        if len(speech) < SHORTEST_SPAN * SAMPLE_RATE:
            raise VoiceError("There is no speech to take a voice from: give a recording in which the person speaks.")
        blocks = np.array_split(speech, -int(-len(speech) // (BLOCK * SAMPLE_RATE)))
        vectors = np.stack([self._embedder.whole(block) for block in blocks]).astype(np.float64)
        mean = np.average(vectors, axis=0, weights=[len(block) for block in blocks])
        length = float(np.linalg.norm(mean))
        if not 0 < length < float("inf"):
            raise VoiceError("The network finds no voice in this recording: give one with clear speech.")
        return Voiceprint((mean / length).astype(np.float32), self.space, len(speech) / SAMPLE_RATE)

    def embed_pieces(
        self, samples: Samples, spans: Iterable[Span], seconds: Seconds, *, sample_rate: float = SAMPLE_RATE
    ) -> list[Embedding]:
        """One unit-length embedding for each `seconds` of speech, to see whether it is one voice throughout."""
        speech = gather(at_16_khz(samples, sample_rate), spans)
        count = len(speech) // int(seconds * SAMPLE_RATE)
        pieces = np.array_split(speech, count) if count else []
        vectors = self._runtime.map(self._embedder.whole, pieces)
        return [vector / np.linalg.norm(vector) for vector in vectors]

    def overlapped(self, samples: Samples, *, sample_rate: float = SAMPLE_RATE) -> float:
        """Share of the speech in which several people talk at once, in [0, 1]; 0 where nobody talks.

        The pack's segmentation network says so, which is loaded for it: only enrolling asks.
        """
        samples = at_16_khz(samples, sample_rate)
        windows = Windows(len(samples), step=WINDOW / 2)
        network = self._runtime.network(self._segmentation)
        active = segment(samples, windows, network, self._runtime, 1, lambda _done, _total: None)
        count = speaker_count(active, windows)
        return float((count > 1).sum() / max((count > 0).sum(), 1))


def gather(samples: Samples, spans: Iterable[Span]) -> Samples:
    """The audio of the longest spans up to `ENOUGH` seconds, in order of time, laid end to end."""
    limit = len(samples) / SAMPLE_RATE
    inside = [(max(start, 0.0), min(end, limit)) for start, end in spans]
    fit = [(start, end) for start, end in inside if end - start >= SHORTEST_SPAN]
    chosen: list[Span] = []
    left = ENOUGH
    for start, end in sorted(fit, key=lambda span: (span[0] - span[1], span[0])):
        if left <= 0:
            break
        chosen.append((start, min(end, start + left)))
        left -= end - start
    parts = [samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] for start, end in sorted(chosen)]
    return np.concatenate(parts) if parts else samples[:0]


def solo_spans(turns: Sequence[Turn]) -> Mapping[str, list[Span]]:
    """For each speaker the spans in which nobody else speaks, in order of time.

    Example:
        >>> solo_spans([Turn(0, 4, "A"), Turn(3, 5, "B")])
        {'A': [(0, 3)], 'B': [(4, 5)]}
    """
    edges = sorted({edge for turn in turns for edge in (turn.start, turn.end)})
    starts = sorted(turns, key=lambda turn: turn.start)
    spans: dict[str, list[Span]] = {speaker: [] for speaker in sorted({turn.speaker for turn in turns})}
    active: list[Turn] = []
    upcoming = 0
    for begin, end in pairwise(edges):
        while upcoming < len(starts) and starts[upcoming].start <= begin:
            active.append(starts[upcoming])
            upcoming += 1
        active = [turn for turn in active if turn.end > begin]
        speakers = {turn.speaker for turn in active}
        if len(speakers) == 1:
            _extend(spans[speakers.pop()], begin, end)
    return spans


def _extend(spans: list[Span], begin: Seconds, end: Seconds) -> None:
    if spans and spans[-1][1] == begin:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((begin, end))


def overlaps(turns: Sequence[Turn]) -> Mapping[str, Mapping[str, Seconds]]:
    """Seconds for which each two speakers speak at once: ``{one: {other: seconds}}``, both ways."""
    seconds: dict[str, dict[str, Seconds]] = {turn.speaker: {} for turn in turns}
    active: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)):
        active = [other for other in active if other.end > turn.start]
        for other in active:
            if other.speaker != turn.speaker:
                shared = min(other.end, turn.end) - turn.start
                for one, two in ((turn.speaker, other.speaker), (other.speaker, turn.speaker)):
                    seconds[one][two] = seconds[one].get(two, 0.0) + shared
        active.append(turn)
    return seconds
