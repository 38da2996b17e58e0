"""Words given to whom their stretch of speech sounds like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .boundaries import contested_words
from .explain import CONTEXT, Decision
from .intervals import Bools, Evidence, Floats, Ints, Shares, VoiceTable, seconds_of

if TYPE_CHECKING:
    from ..types import Seconds
    from .timing import Times

_PLAINLY = 0.2
"""So much more a stretch must be like another speaker than like the word's."""
_EVEN = 0.5
"""How certain the choice is where turns and voices disagree."""
_CLEAN: Seconds = 0.6
"""A voice is not told from a shorter stretch."""


@dataclass(frozen=True, slots=True)
class Voices:
    """What is said of the stretch that each word's middle lies in.

    own, other: float64 (num_words,), its likeness to the word's speaker, and to the most alike
    of the others, NaN where unknown. who: int64 (num_words,), that other one.
    lengths: float64 (num_words,), seconds of the stretch, 0 where there is none.
    """

    own: Floats
    other: Floats
    who: Ints
    lengths: Floats


def voices_of(times: Times, speakers: Ints, voices: VoiceTable) -> Voices:
    """Look every word up among the stretches; `speakers` are those of the words, -1 for none."""
    words = np.arange(len(speakers))
    middle = (times.starts + times.ends) / 2
    stretch = np.searchsorted(voices.starts, middle, side="right") - 1
    ends = np.append(voices.ends, -np.inf)  # the last row is that of words before the first stretch
    inside = (stretch >= 0) & (middle <= ends[stretch]) & (speakers >= 0)
    scores = np.vstack((voices.scores, np.full(voices.scores.shape[1], np.nan)))[np.where(inside, stretch, -1)]
    scores = np.column_stack((scores, np.full(len(words), np.nan)))  # the last column is that of nobody
    own = scores[words, speakers]
    scores[words, speakers] = np.nan
    scores = np.where(np.isnan(scores), -np.inf, scores)
    who = scores.argmax(axis=1)
    other = scores[words, who]
    lengths = np.where(inside, (ends - np.append(voices.starts, 0.0))[stretch], 0.0)
    return Voices(own, np.where(np.isfinite(other), other, np.nan), who, lengths)


def follow_voices(times: Times, shares: Shares, evidence: Evidence, decision: Decision) -> Decision:
    """Give a word that two speakers' turns touch to the one whom its stretch is plainly more like.

    A recogniser writes the clearest voice, and so does what the voices of a stretch are compared by. Words that sound
    at once with another have been told together and stay.

    Args:
        times: of the words, by rising start.
        shares: who is heard in each.
        evidence: who spoke when, and what the voices say.
        decision: by the turns.
    """
    if evidence.voices is None:
        return decision
    found = voices_of(times, decision.speakers, evidence.voices)
    heard = seconds_of(shares, np.arange(len(found.who)), found.who)
    moved: Bools = (found.other - found.own >= _PLAINLY) & (found.lengths >= _CLEAN) & (heard > 0)
    moved &= ~contested_words(times)
    return replace(
        decision,
        speakers=np.where(moved, found.who, decision.speakers),
        reasons=np.where(moved, CONTEXT, decision.reasons),
        confidence=np.where(moved, _EVEN, decision.confidence),
    )
