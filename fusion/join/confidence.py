"""How sure the join is of each word's speaker, as a probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .batches import Candidates
from .boundaries import activity_in
from .explain import NONE, Decision
from .intervals import Evidence, Floats, Ints, Shares, run_starts, seconds_of

if TYPE_CHECKING:
    from .timing import Times

# Logistic regression on the simulations, with the campplus pack's turns and with true turns disturbed
# on purpose; `benchmarks.who_said_what` prints the reliability table.
WEIGHTS = np.array([1.2, 1.1, -1.7, 1.2, -0.2])
ACTIVE_WEIGHTS = np.array([0.0, 0.0, 0.0, 1.2, 0.0, 2.6])
"""One weight a column of `features`, without and with frame activity."""


def confidence_of(decision: Decision, times: Times, shares: Shares, evidence: Evidence) -> Floats:
    """Probability that each word's speaker is right, float64 (num_words,); 0 for words without one."""
    seen = features(decision, times, shares, evidence)
    weights = WEIGHTS if evidence.activity is None else ACTIVE_WEIGHTS
    sure = 1.0 / (1.0 + np.exp(-(seen @ weights)))
    return np.where(decision.reasons == NONE, 0.0, sure)


def features(decision: Decision, times: Times, shares: Shares, evidence: Evidence) -> Floats:
    """What confidence rests on, float64 (num_words, 5), or 6 with frame activity, each about 0 to 1.

    A constant; the part of the word that its speaker's turns cover; the part that
    the strongest other speaker's cover; how certain the choice among neighbours
    was; whether it was one; and the margin of the speaker's activity over the
    strongest other's.
    """
    count = len(times.starts)
    word = np.arange(count)
    lengths = np.maximum(times.lengths, 1e-6)
    own = np.minimum(1.0, seconds_of(shares, word, np.maximum(decision.speakers, 0)) / lengths)
    rival = np.minimum(1.0, strongest_other(shares, decision.speakers) / lengths)
    columns = [np.ones(count), own, rival, decision.confidence, decision.confidence < 1.0]
    if evidence.activity is not None:
        columns.append(activity_margin(decision.speakers, times, evidence))
    return np.stack(columns, axis=1).astype(np.float64)


def strongest_other(shares: Shares, speakers: Ints) -> Floats:
    """Seconds that the strongest speaker besides the word's own is heard, float64 (num_words,)."""
    out = np.zeros(len(speakers))
    rows = shares.speakers != speakers[shares.words]
    words, seconds = shares.words[rows], shares.seconds[rows]
    heads = run_starts(words)
    if len(heads):
        out[words[heads]] = np.maximum.reduceat(seconds, heads)
    return out


def activity_margin(speakers: Ints, times: Times, evidence: Evidence) -> Floats:
    """Mean activity of the word's speaker less that of the strongest other, in [-1, 1]."""
    labels = evidence.turns.labels
    count, kinds = len(speakers), len(labels)
    if evidence.activity is None or not kinds:
        return np.zeros(count)
    word, who = np.repeat(np.arange(count), kinds), np.tile(np.arange(kinds), count)
    rows = Candidates(word, who, np.zeros(len(word)), np.zeros(len(word), np.int64))
    active = activity_in(times, rows, evidence.activity, labels) / np.maximum(times.lengths[word], 1e-6)
    active = np.nan_to_num(active).reshape(count, kinds)
    own = who.reshape(count, kinds) == speakers[:, None]
    margin: Floats = np.where(own, active, 0.0).sum(axis=1) - np.where(own, 0.0, active).max(axis=1)
    return margin
