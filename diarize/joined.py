"""Speaker embeddings of a network that knows no masks: a graph of others, features in, one vector out.

Each local speaker's own frames are laid end to end, and the network hears
them alone. It needs half a second: what is shorter is repeated up to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..fusion.errors import CorruptModelError
from ..fusion.types import SAMPLE_RATE, Embedding, Samples, Seconds
from ..fusion.watch import Advance
from .arrays import AnyArray, Bits, Float32
from .binarize import runs
from .embedding import LocalEmbeddings
from .front_ends import FRONT_ENDS, FrontEnd
from .front_ends.kaldi import FRAME, HOP
from .masks import embedding_masks
from .models.packs import ModelSet
from .runtime import Runtime, Session
from .stretches import Stretch
from .windows import Windows

SHORTEST: Seconds = 0.5


@dataclass(frozen=True, slots=True)
class JoinedEmbedder:
    """An embedding network in one graph.

    front_end: what becomes of samples first.
    network: features [1, frames, 80], or [1, 80, frames] where `bands_first`, and perhaps their number -> a vector.
    output: the name of the vector.
    """

    front_end: FrontEnd
    network: Session
    output: str
    bands_first: bool
    dimension: int

    @classmethod
    def of(cls, models: ModelSet, runtime: Runtime) -> JoinedEmbedder:
        """The pack's embedder."""
        network = models.pack.embedding
        session = runtime.session(models.graph("embedding"))
        return cls(
            FRONT_ENDS[network.front_end], session, network.output, network.bands_first, dimension=network.dimension
        )

    @property
    def stride(self) -> int:
        """Feature frames that stretches begin at multiples of."""
        return 1

    def windows(
        self, samples: Samples, windows: Windows, segmentations: Bits, runtime: Runtime, advance: Advance
    ) -> Float32:
        """Embed every active local speaker of every window, as `TrunkEmbedder.windows` does."""

        def one(window: int) -> Float32:
            piece, masks = windows.window(samples, window), embedding_masks(segmentations[window : window + 1])[0]
            vectors = np.full((len(masks), self.dimension), np.nan, np.float32)
            for speaker in np.flatnonzero(masks.any(axis=1)):
                vectors[speaker] = self.whole(joined(piece, masks[speaker], windows))
            return vectors

        result = LocalEmbeddings.empty(segmentations, self.dimension)
        for window, vectors in zip(result.busy, runtime.map(one, result.busy), strict=True):
            advance(result.put(window, vectors), len(result.busy))
        return result.embeddings

    def stretches(
        self,
        samples: Samples,
        windows: Windows,
        segmentations: Bits,
        spans: Sequence[Stretch],
        runtime: Runtime,
        advance: Advance,
    ) -> tuple[Float32, Float32]:
        """Embed every active local speaker of every window, and spans; those below half a second are NaN."""

        def one(span: Stretch) -> Float32:
            piece = samples[span.first * HOP : (span.last - 1) * HOP + FRAME]
            if piece.size < SHORTEST * SAMPLE_RATE:
                return np.full(self.dimension, np.nan, np.float32)
            return self.whole(piece)

        vectors = self.windows(samples, windows, segmentations, runtime, advance)
        looks = np.array(list(runtime.map(one, spans)), np.float32).reshape(len(spans), self.dimension)
        return vectors, looks

    def whole(self, samples: Samples) -> Embedding:
        """The embedding of all of `samples`, float32 (dimension,), not normalised.

        Raises:
            CorruptModelError: the network gives something else, or nothing.
        """
        samples = np.resize(samples, max(samples.size, round(SHORTEST * SAMPLE_RATE)))
        features, count = self.front_end.features(samples), self.front_end.num_frames(samples.size)
        inputs = self._inputs(features, count)
        vector: Embedding = self.network.output(self.output, *inputs).reshape(-1).astype(np.float32)
        if vector.size != self.dimension:
            raise CorruptModelError(
                f"The network gives {vector.size} numbers for {samples.size / SAMPLE_RATE:.1f} s of speech, "
                f"not {self.dimension}: it is no embedding of a whole recording."
            )
        return vector

    def measured_dimension(self) -> int:
        """Numbers that the network gives for a second of sound, whatever `dimension` says.

        Raises:
            CorruptModelError: it gives others for two seconds: not one vector a recording, but one a frame.
        """
        sizes = []
        for seconds in (1, 2):
            sound = np.random.default_rng(0).normal(0, 0.01, seconds * SAMPLE_RATE).astype(np.float32)
            inputs = self._inputs(self.front_end.features(sound), self.front_end.num_frames(sound.size))
            sizes.append(self.network.output(self.output, *inputs).size)
        if sizes[0] != sizes[1] or sizes[0] < 2:  # noqa: PLR2004 - one number says nothing about a voice
            raise CorruptModelError(
                f"The network gives {sizes[0]} numbers for one second and {sizes[1]} for two: "
                "it is no embedding, which is one vector for a whole recording."
            )
        return sizes[0]

    def _inputs(self, features: Float32, count: int) -> list[AnyArray]:
        """Features as the graph wants them; the number of frames too, or their share (all), where it asks."""
        kinds = self.network.input_types
        if len(kinds) == 1:
            features = features[:count]
        inputs: list[AnyArray] = [(features.T if self.bands_first else features)[None]]
        if len(kinds) > 1:
            whole_numbers = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}.get(kinds[1])
            inputs.append(np.array([count], whole_numbers) if whole_numbers else np.ones(1, np.float32))
        return inputs


def joined(samples: Samples, mask: Float32, windows: Windows) -> Samples:
    """The samples under a mask (frames,) of one window, laid end to end; at least one frame must be in it.

    A frame stands for the step around its middle, the first and the last also for what lies beyond them.
    """
    step, edge = windows.frame_step, 0.5 * (windows.frame_duration - windows.frame_step)
    edges = np.rint((np.arange(len(mask) + 1) * step + edge) * SAMPLE_RATE).astype(np.int64)
    edges[0], edges[-1] = 0, samples.size
    return np.concatenate([samples[edges[first] : edges[last]] for first, last in runs(mask > 0)])
