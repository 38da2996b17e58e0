"""How much is made up: the same in every run, and in the default run three fifths of what .ci/run makes up."""

from __future__ import annotations

import os

ALL = 25
EXAMPLES = int(os.environ.get("DIARFUSE_EXAMPLES", "15"))
"""Of a property that names no number of its own."""


def examples(number: int) -> int:
    """Of one that needs `number`, or for fuzzing: as many, where the others have 25."""
    return max(1, number * EXAMPLES // ALL)
