"""Words with speakers -> segments of one speaker each -> cues that can be read."""

from ..layout import DASH, DEFAULT, LABELS, NOBODY, Labels, Layout
from .building import Cue, Voice, build_cues
from .passages import Passage, SpokenWord, passages_of
from .splitting import speaker_runs, split_segments

__all__ = [
    "DASH",
    "DEFAULT",
    "LABELS",
    "NOBODY",
    "Cue",
    "Labels",
    "Layout",
    "Passage",
    "SpokenWord",
    "Voice",
    "build_cues",
    "passages_of",
    "speaker_runs",
    "split_segments",
]
