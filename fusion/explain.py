"""Turn the join's arrays into one `Attribution` a word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.intervals import Bools, Floats, Ints, Shares, TurnTable, run_starts
from fusion.types import Attribution, Reason, SpeakerShare

REASONS: tuple[Reason, ...] = ("none", "overlap", "nearest", "context")
NONE, OVERLAP, NEAREST, CONTEXT = range(4)
_STEPS = 1000
"""Confidences and shares are told to the thousandth; equal explanations are one object."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the join decided, one entry a word.

    speakers: int64, an index into the turn labels, -1 for none.
    reasons: int64, an index into `REASONS`. confidence: float64 in [0, 1].
    gaps: float64, seconds to the nearest turn where that decided: negative when
        the turn lies before the word.
    repaired: what was done to the word's times for the join: an index into `REPAIRS`.
    """

    speakers: Ints
    reasons: Ints
    confidence: Floats
    gaps: Floats
    repaired: Ints


REPAIRS = ("", "no times of its own: placed between its neighbours", "stretched or impossible end capped for the join")


def labels_of(decision: Decision, turns: TurnTable) -> list[str | None]:
    """The speaker of each word by name."""
    names = np.array([*turns.labels, None], dtype=object)
    return names[decision.speakers].tolist()  # type: ignore[no-any-return]


def attributions_of(decision: Decision, lengths: Floats, shares: Shares, turns: TurnTable) -> list[Attribution]:
    """Explain every word.

    Args:
        decision: what was decided.
        lengths: float64 (num_words,), the words' lengths as the join saw them.
        shares: who is heard in each word.
        turns: the turns.
    """
    steps = np.rint(decision.confidence * _STEPS).astype(np.int64)
    plain = _plain_explanations()
    codes = decision.reasons * (_STEPS + 1) + steps
    out: list[Attribution] = plain[codes].tolist()
    others = _others(decision.speakers, lengths, shares, turns)
    special = (decision.reasons == NEAREST) | (decision.reasons == NONE) | (decision.repaired > 0)
    for index in sorted(others.keys() | set(np.flatnonzero(special).tolist())):
        out[index] = Attribution(
            out[index].reason, out[index].confidence, others.get(index, ()), _detail(decision, index)
        )
    return out


def _plain_explanations() -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Every explanation that has neither others nor detail, shared by all words it fits."""
    rows = [Attribution(reason, step / _STEPS) for reason in REASONS for step in range(_STEPS + 1)]
    table = np.empty(len(rows), dtype=object)
    table[:] = rows
    return table


def _others(speakers: Ints, lengths: Floats, shares: Shares, turns: TurnTable) -> dict[int, tuple[SpeakerShare, ...]]:
    """Word index -> the speakers heard in it besides its own, most heard first."""
    rows = np.flatnonzero(shares.speakers != speakers[shares.words])
    seconds = shares.seconds[rows]
    share = np.minimum(1.0, seconds / np.maximum(lengths[shares.words[rows]], 1e-6))
    share = np.rint(share * _STEPS).astype(np.int64)
    order = np.lexsort((shares.first[rows], -share, shares.words[rows]))
    rows, share = rows[order], share[order]
    words, who = shares.words[rows], shares.speakers[rows]
    heads = run_starts(words)
    known: dict[tuple[tuple[int, int], ...], tuple[SpeakerShare, ...]] = {}
    found: dict[int, tuple[SpeakerShare, ...]] = {}
    pairs = list(zip(who.tolist(), share.tolist(), strict=True))
    bounds = [*heads.tolist(), len(pairs)]
    for head, tail, word in zip(bounds, bounds[1:], words[heads].tolist(), strict=False):
        key = tuple(pairs[head:tail])
        if key not in known:
            known[key] = tuple(SpeakerShare(turns.labels[s], part / _STEPS) for s, part in key if part)
        if known[key]:
            found[word] = known[key]
    return found


def _detail(decision: Decision, index: int) -> str:
    """What a reader should know beyond the reason."""
    notes = [REPAIRS[decision.repaired[index]]]
    gap = float(decision.gaps[index])
    if decision.reasons[index] == NEAREST:
        notes.append(f"{abs(gap):.2f} s {'after' if gap <= 0 else 'before'} the nearest turn")
    elif decision.reasons[index] == NONE:
        notes.append(f"the nearest turn is {abs(gap):.2f} s away" if np.isfinite(gap) else "no turns")
    return "; ".join(filter(None, notes))


def is_unassigned(decision: Decision) -> Bools:
    """Words nobody could be given to."""
    return decision.speakers < 0
