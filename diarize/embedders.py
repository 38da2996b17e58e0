"""What the pipeline asks of an embedding network, and the two kinds there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..fusion.types import Embedding, Samples
from ..fusion.watch import Advance
from .arrays import Bits, Float32
from .embedding import TrunkEmbedder
from .joined import JoinedEmbedder
from .models.packs import READY, ModelSet, Precision
from .runtime import Runtime
from .stretches import Stretch
from .windows import Windows


class Embedder(Protocol):
    """A loaded embedding network. Shapes: see `TrunkEmbedder`."""

    @property
    def stride(self) -> int:
        """Feature frames (10 ms) that spans begin at multiples of."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""
        ...

    def windows(
        self, samples: Samples, windows: Windows, segmentations: Bits, runtime: Runtime, advance: Advance
    ) -> Float32:
        """Embed every active local speaker of every window, the network hearing that window alone."""
        ...

    def stretches(
        self,
        samples: Samples,
        windows: Windows,
        segmentations: Bits,
        spans: Sequence[Stretch],
        runtime: Runtime,
        advance: Advance,
    ) -> tuple[Float32, Float32]:
        """Embed every active local speaker of every window, and spans, as fast as may be."""
        ...

    def whole(self, samples: Samples) -> Embedding:
        """Embed all of `samples`."""
        ...


def embedder_of(models: ModelSet, runtime: Runtime, precision: Precision = "float32") -> Embedder:
    """The pack's embedder, computing in `precision` where it can."""
    if models.pack.embedding.builder == READY:
        return JoinedEmbedder.of(models, runtime)
    return TrunkEmbedder.of(models, runtime, precision)
