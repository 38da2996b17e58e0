"""Who said what: join a transcript's words to a diarization's turns.

Each name is imported when it is first used, so that ``import fusion`` costs nothing.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .attaching import attach, attach_lazily, attach_same_shape
    from .cues import Cue, Layout, build_cues, split_segments
    from .formats.rttm import parse_rttm, read_rttm
    from .join.assign import Policy, assign_speakers, assign_transcript
    from .types import Attribution, Diarization, Segment, SpeakerShare, Transcript, Turn, Word

# ONNX Runtime (1.29 and later, not on Windows) writes an id of this device to the cache and reports sessions, with the
# names of models, to Microsoft, unless this is set before it is imported. Every file of ours that may import it
# has imported this package before. Who wants to report sets the variable to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOME = {
    "Attribution": "types",
    "Cue": "cues",
    "Diarization": "types",
    "Layout": "cues",
    "Policy": "join.assign",
    "Segment": "types",
    "SpeakerShare": "types",
    "Transcript": "types",
    "Turn": "types",
    "Word": "types",
    "assign_speakers": "join.assign",
    "assign_transcript": "join.assign",
    "attach": "attaching",
    "attach_lazily": "attaching",
    "attach_same_shape": "attaching",
    "build_cues": "cues",
    "parse_rttm": "formats.rttm",
    "read_rttm": "formats.rttm",
    "split_segments": "cues",
}

__all__ = [
    "Attribution",
    "Cue",
    "Diarization",
    "Layout",
    "Policy",
    "Segment",
    "SpeakerShare",
    "Transcript",
    "Turn",
    "Word",
    "assign_speakers",
    "assign_transcript",
    "attach",
    "attach_lazily",
    "attach_same_shape",
    "build_cues",
    "parse_rttm",
    "read_rttm",
    "split_segments",
]


def __getattr__(name: str) -> Any:
    """Import a public name from the file that holds it."""
    if name not in _HOME:
        raise AttributeError(f"module 'fusion' has no attribute {name!r}; it has {', '.join(__all__)}.")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
