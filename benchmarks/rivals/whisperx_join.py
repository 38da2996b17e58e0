"""WhisperX's own `assign_word_speakers`, run inside an environment that holds its package.

Reads ``[{"words": [[start, end], ...], "turns": [[start, end, speaker], ...]}, ...]`` on
stdin and writes ``[{"speakers": [...], "seconds": ..., "version": ...}, ...]``. Only
its join is wanted, so torch and pyannote.audio, which its module imports for
other work, are stood in for.

    uv venv .envs/whisperx && uv pip install --python .envs/whisperx/bin/python --no-deps whisperx
    uv pip install --python .envs/whisperx/bin/python numpy pandas
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from types import ModuleType
from typing import Any


def main() -> None:
    """Join the words of each of stdin's recordings to its turns."""
    given = json.load(sys.stdin)
    _hold_a_recording()
    assign, frame = load()
    json.dump([_join(one, assign, frame) for one in given], sys.stdout)


def _join(given: dict[str, Any], assign: Any, frame: Any) -> dict[str, Any]:
    turns = frame(given["turns"], columns=["start", "end", "speaker"])
    words: list[dict[str, Any]] = [{"word": "w", "start": start, "end": end} for start, end in given["words"]]
    last = max((word["end"] for word in words), default=0.0)
    result = {"segments": [{"start": 0.0, "end": last, "text": "", "words": words}]}
    started = time.perf_counter()
    assign(turns, result)
    seconds = time.perf_counter() - started
    speakers = [word.get("speaker") for word in words]
    return {"speakers": speakers, "seconds": seconds, "version": version("whisperx")}


def _hold_a_recording() -> None:
    """As `benchmarks.join.hold_a_recording`, so that both sides start alike."""
    import numpy as np

    np.ones(8 * 60 * 16_000, np.float32)


def load() -> tuple[Any, Any]:
    """Their function, and pandas' data frame."""
    for name, members in (
        ("torch", {"device": object}),
        ("pyannote", {}),
        ("pyannote.audio", {"Pipeline": object}),
        ("whisperx.audio", {"load_audio": None, "SAMPLE_RATE": 16_000}),
    ):
        sys.modules[name] = stand_in = ModuleType(name)
        vars(stand_in).update(members)
    from pandas import DataFrame  # type: ignore[import-untyped, unused-ignore]
    from whisperx.diarize import assign_word_speakers

    return assign_word_speakers, DataFrame


if __name__ == "__main__":
    main()
