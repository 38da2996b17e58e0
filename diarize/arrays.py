"""Names for the arrays that the stages hand each other; their shapes stand where they are used.

Networks speak float32; clustering, PLDA and VBx compute in float64.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..fusion.types import Seconds

Float32: TypeAlias = npt.NDArray[np.float32]
Float64: TypeAlias = npt.NDArray[np.float64]
AnyFloat: TypeAlias = npt.NDArray[np.floating]
Int32: TypeAlias = npt.NDArray[np.int32]
Int64: TypeAlias = npt.NDArray[np.int64]
AnyInt: TypeAlias = npt.NDArray[np.integer]
Bits: TypeAlias = npt.NDArray[np.uint8]
"""0 or 1."""
Flags: TypeAlias = npt.NDArray[np.bool_]
AnyArray: TypeAlias = npt.NDArray[Any]

Labels: TypeAlias = Int64
"""Cluster numbers, 0..K-1, one an item."""
Pairs: TypeAlias = tuple[Int64, Int64]
"""Window and local speaker of each of some embeddings."""
Runs: TypeAlias = Int64
"""Frame index pairs (n, 2), [first, end), rising and apart."""
Spans: TypeAlias = Float64
"""Pairs of seconds (n, 2), [start, end), rising and apart."""
Span: TypeAlias = tuple[Seconds, Seconds]
"""Seconds from start to end, half open."""
