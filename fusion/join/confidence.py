"""How sure the join is of each word's speaker, as a probability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .boundaries import TOUCH, contested_in_text
from .explain import NONE, Decision
from .intervals import Evidence, Floats, Ints, Shares, TurnTable, VoiceTable, rows_of, run_starts, seconds_of
from .likeness import voices_of
from .timing import BEGINS

if TYPE_CHECKING:
    from ..types import Seconds
    from .timing import Times

# Logistic regression on words of made-up conversations and of real ones with our turns, made by
# `benchmarks.reliability`, which also tells what it is worth on words of people whom it was not fitted on.
WEIGHTS = np.array(
    [
        [2.18, 1.04, -2.79, 2.18, 0.13, -1.11, 0.11, 1.59, -3.34, 0.13, -0.01],
        [-0.71, 0.86, -2.07, 3.2, 2.2, -0.8, 1.58, -1.5, -0.65, -1.67, -1.59],
    ]
)
"""One weight a column of `features` where voices were not compared; the second row where words `sound_at_once`."""
WITH_VOICES = np.array(
    [
        [1.94, 0.07, -1.83, 1.94, 0.14, -0.96, -0.01, 1.42, -2.93, 0.14, 0.04, 4.4, -1.85, -1.09, -0.3],
        [-1.08, 0.14, -1.38, 3.08, 2.21, -0.92, 1.43, -0.7, -0.39, -1.44, -1.79, 2.97, -1.23, -0.64, -0.89],
    ]
)
"""The same where they were."""
_BEGINS = 0.8
"""So often a word is right that begins a sentence: its times were not followed, so they tell nothing."""
_AT_ONCE = 0.02
"""A recogniser writes one voice at a time, so fewer of its words sound at once with another."""
_OWN, _OTHER = 0.5, 0.25
"""A voice's usual likeness to itself and to the most alike of the others, where it was not compared."""
_NEAR: Seconds = 1.0
_LONG: Seconds = 3.0
_LITTLE: Seconds = 10.0
_WHOLE: Seconds = 2.0
"""Stretches whose voices are compared are no longer."""
_ENOUGH: Seconds = 30.0
"""Few say more in the conversations that the weights rest on, so no more is known."""


def confidence_of(decision: Decision, times: Times, shares: Shares, evidence: Evidence) -> Floats:
    """Probability that each word's speaker is right, float64 (num_words,); 0 for words without one."""
    weights = (WEIGHTS if evidence.voices is None else WITH_VOICES)[int(sound_at_once(times))]
    sure = 1.0 / (1.0 + np.exp(-(features(decision, times, shares, evidence) @ weights)))
    sure[decision.repaired == BEGINS] = _BEGINS
    return np.where(decision.reasons == NONE, 0.0, sure)


def sound_at_once(times: Times) -> bool:
    """Whether these are words of several voices at a time, as people and channels give, and no recogniser."""
    return len(times.starts) > 0 and bool(contested_in_text(times).mean() >= _AT_ONCE)


def features(decision: Decision, times: Times, shares: Shares, evidence: Evidence) -> Floats:
    """What confidence rests on, float64 (num_words, 11), each 0 to 1; 15 columns where voices were compared.

    A constant; the part of the word that its speaker's turns cover; the part that the strongest
    other speaker's cover; how certain the choice among neighbours was; whether it was one;
    how near the next edge of a turn is, 1 at the edge and 0 from a second on; how long the turn is,
    1 from three seconds on; how little its speaker says in all, a half at ten seconds
    and a quarter from thirty on; the share of all speech that is not its speaker's; whether it sounds at once with
    another word; and the part of it with which other words of its speaker sound. Then what `_voice` tells.
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
        contested_in_text(times),
        _with_oneself(times, decision.speakers),
    )
    if evidence.voices is not None:
        columns += _voice(times, decision.speakers, evidence.voices)
    return np.stack(columns, axis=1).astype(np.float64)


def _voice(times: Times, speakers: Ints, voices: VoiceTable) -> tuple[npt.NDArray[Any], ...]:
    """What the voice says of the stretch that each word's middle lies in: four columns.

    Its likeness to the word's speaker; to the most alike of the others; how long the stretch is, 1 at two seconds;
    and whether it was not compared with the speaker. Likeness that is not known is taken to be as usual.
    """
    found = voices_of(times, speakers, voices)
    known, others = ~np.isnan(found.own), ~np.isnan(found.other)
    own, other = np.where(known, found.own, _OWN), np.where(others, found.other, _OTHER)
    return own, other, np.minimum(1.0, found.lengths / _WHOLE), ~known


def _with_oneself(times: Times, speakers: Ints) -> Floats:
    """The part of each word with which another word of its speaker sounds: one of them is somebody else's."""
    order = np.lexsort((times.starts, speakers))
    starts, ends, who = times.starts[order], times.ends[order], speakers[order]
    shared = np.zeros(len(order))
    if len(order):
        apart = (who - who[0]) * (ends.max() - starts.min() + 1.0)  # so that no speaker's words reach the next one's
        latest = np.maximum.accumulate(ends + apart)
        shared[1:] = np.minimum(latest[:-1], (ends + apart)[1:]) - (starts + apart)[1:]
        shared[:-1] = np.maximum(shared[:-1], (ends + apart)[:-1] - (starts + apart)[1:])
    out = np.zeros(len(order))
    out[order] = np.where(shared > TOUCH, np.minimum(1.0, shared / np.maximum(ends - starts, 1e-6)), 0.0)
    return out


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
