"""How sure the join is of each word's speaker, as a probability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .explain import NONE, Decision
from .intervals import Evidence, Floats, Ints, Shares, TurnTable, VoiceTable, rows_of, run_starts, seconds_of

if TYPE_CHECKING:
    from ..types import Seconds
    from .timing import Times

# Logistic regression on words of made-up conversations with our turns, made by `benchmarks.reliability`, which also
# tells what it is worth on words of speakers and recordings that it was not fitted on.
WEIGHTS = np.array([0.86, 0.38, -2.91, 4.03, 1.66, -1.14, 1.01, -2.09, -2.38])
"""One weight a column of `features` where voices were not compared."""
WITH_VOICES = np.array([3.27, -0.63, -1.58, 4.65, 2.01, -1.26, 0.91, -0.43, -1.9, -3.69, 4.15, -2.62, -1.31, -4.37])
"""The same where they were."""
_NEAR: Seconds = 1.0
_LONG: Seconds = 3.0
_LITTLE: Seconds = 10.0
_WHOLE: Seconds = 2.0
"""Stretches whose voices are compared are no longer."""
_ENOUGH: Seconds = 30.0
"""Few say more in the conversations that the weights rest on, so no more is known."""


def confidence_of(decision: Decision, times: Times, shares: Shares, evidence: Evidence) -> Floats:
    """Probability that each word's speaker is right, float64 (num_words,); 0 for words without one."""
    weights = WEIGHTS if evidence.voices is None else WITH_VOICES
    sure = 1.0 / (1.0 + np.exp(-(features(decision, times, shares, evidence) @ weights)))
    return np.where(decision.reasons == NONE, 0.0, sure)


def features(decision: Decision, times: Times, shares: Shares, evidence: Evidence) -> Floats:
    """What confidence rests on, float64 (num_words, 9), each 0 to 1; 14 columns where voices were compared.

    A constant; the part of the word that its speaker's turns cover; the part that the strongest
    other speaker's cover; how certain the choice among neighbours was; whether it was one;
    how near the next edge of a turn is, 1 at the edge and 0 from a second on; how long the turn is,
    1 from three seconds on; how little its speaker says in all, a half at ten seconds
    and a quarter from thirty on; and the share of all speech that is not its speaker's. Then what `_voice` tells.
    """
    count, turns = len(times.starts), evidence.turns
    word, speakers = np.arange(count), np.maximum(decision.speakers, 0)
    lengths = np.maximum(times.lengths, 1e-6)
    own = np.minimum(1.0, seconds_of(shares, word, speakers) / lengths)
    rival = np.minimum(1.0, strongest_other(shares, decision.speakers) / lengths)
    spoken = np.bincount(turns.speakers, turns.ends - turns.starts, minlength=max(len(turns.labels), 1))
    columns: tuple[npt.NDArray[Any], ...] = (
        np.ones(count),
        own,
        rival,
        decision.confidence,
        decision.confidence < 1.0,
        _edge(times, turns),
        _turn(shares, word, speakers, turns),
        _LITTLE / (_LITTLE + np.minimum(spoken[speakers], _ENOUGH)),
        1.0 - spoken[speakers] / max(spoken.sum(), 1e-6),
    )
    if evidence.voices is not None:
        columns += _voice(times, decision.speakers, evidence.voices)
    return np.stack(columns, axis=1).astype(np.float64)


def _voice(times: Times, speakers: Ints, voices: VoiceTable) -> tuple[npt.NDArray[Any], ...]:
    """What the voice says of the stretch that each word's middle lies in: five columns, 0 where there is none.

    Whether it was compared with the word's speaker and with another; its likeness to the speaker; to the
    most alike of the others; how long the stretch is, 1 at two seconds; and whether others are known well
    enough to compare it with, but not the speaker.
    """
    words = np.arange(len(speakers))
    middle = (times.starts + times.ends) / 2
    stretch = np.searchsorted(voices.starts, middle, side="right") - 1
    ends = np.append(voices.ends, -np.inf)  # the last row is that of words before the first stretch
    inside = (stretch >= 0) & (middle <= ends[stretch]) & (speakers >= 0)
    scores = np.vstack((voices.scores, np.full(voices.scores.shape[1], np.nan)))[np.where(inside, stretch, -1)]
    scores = np.column_stack((np.where(np.isnan(scores), -np.inf, scores), np.full(len(words), -np.inf)))
    own = scores[words, speakers]
    scores[words, speakers] = -np.inf
    other = scores.max(axis=1)
    mine, theirs = own > -np.inf, other > -np.inf
    both = mine & theirs
    own, other = np.where(both, own, 0.0), np.where(both, other, 0.0)
    length = np.where(both, np.minimum(1.0, (ends - np.append(voices.starts, 0.0))[stretch] / _WHOLE), 0.0)
    return both, own, other, length, theirs & ~mine


def _turn(shares: Shares, words: Ints, speakers: Ints, turns: TurnTable) -> Floats:
    """How long the turn is in which the speaker says the word."""
    rows = rows_of(shares, words, speakers)
    if not len(shares.words):
        return np.zeros(len(words))
    turn = shares.first[rows]
    return np.where(rows >= 0, np.minimum(1.0, (turns.ends - turns.starts)[turn] / _LONG), 0.0)


def _edge(times: Times, turns: TurnTable) -> Floats:
    """How near each word's middle is to where any turn begins or ends."""
    edges = np.sort(np.concatenate((turns.starts, turns.ends)), kind="stable")
    if not len(edges):
        return np.ones(len(times.starts))
    middle = (times.starts + times.ends) / 2
    after = np.searchsorted(edges, middle)
    far = np.minimum(
        np.abs(edges[np.minimum(after, len(edges) - 1)] - middle), np.abs(middle - edges[np.maximum(after - 1, 0)])
    )
    return np.clip(1.0 - far / _NEAR, 0.0, 1.0)


def strongest_other(shares: Shares, speakers: Ints) -> Floats:
    """Seconds that the strongest speaker besides the word's own is heard, float64 (num_words,)."""
    out = np.zeros(len(speakers))
    rows = shares.speakers != speakers[shares.words]
    words, seconds = shares.words[rows], shares.seconds[rows]
    heads = run_starts(words)
    if len(heads):
        out[words[heads]] = np.maximum.reduceat(seconds, heads)
    return out
