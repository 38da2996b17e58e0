"""What stands for plain values, and for what a network hears, where something is looked up by it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...fusion.types import Samples


def hashed(value: Any) -> str:
    """A hash of plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def hash_of_samples(samples: Samples) -> str:
    """Of what a network hears; a long recording's samples are gone through in pieces."""
    digest = hashlib.sha256()
    for start in range(0, len(samples), 1 << 20):
        digest.update(samples[start : start + (1 << 20)].tobytes())
    return digest.hexdigest()
