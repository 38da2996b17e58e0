"""Turn the join's arrays into one `Attribution` a word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..types import Attribution, Reason, Seconds, SpeakerShare
from .intervals import Floats, Ints, Shares, TurnTable, run_starts
from .timing import REPAIRS

REASONS: tuple[Reason, ...] = ("none", "overlap", "nearest", "context")
NONE, OVERLAP, NEAREST, CONTEXT = range(4)
_STEPS = 1000
"""Confidences and shares are told to the thousandth; equal explanations are one object."""

_FAR: Seconds = 1e6


@dataclass(frozen=True, slots=True)
class Decision:
    """What the join decided, one entry a word.

    speakers: int64, an index into the turn labels, -1 for none.
    reasons: int64, an index into `REASONS`. confidence: float64 in [0, 1].
    gaps: float64, seconds to the nearest turn where that decided: negative when
        the turn lies before the word.
    repaired: int64, what the join made of the word's times, see `timing.REPAIRS`.
    """

    speakers: Ints
    reasons: Ints
    confidence: Floats
    gaps: Floats
    repaired: Ints

    def take(self, order: Ints) -> Decision:
        """The same for the words numbered by `order`."""
        return Decision(
            self.speakers[order], self.reasons[order], self.confidence[order], self.gaps[order], self.repaired[order]
        )


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
    detailed = np.flatnonzero(special)
    hundredths = np.rint(np.clip(decision.gaps[detailed], -_FAR, _FAR) * 100).astype(np.int64)
    known: dict[tuple[int, int, int, tuple[SpeakerShare, ...]], Attribution] = {}
    details = zip(detailed.tolist(), decision.repaired[detailed].tolist(), hundredths.tolist(), strict=True)
    for index, repaired, gap in details:
        key = (int(codes[index]), repaired, gap, others.pop(index, ()))
        if key not in known:
            told = out[index]
            known[key] = Attribution(told.reason, told.confidence, key[3], _detail(told.reason, repaired, gap / 100))
        out[index] = known[key]
    for index, heard in others.items():
        out[index] = Attribution(out[index].reason, out[index].confidence, heard)
    return out


@cache
def _plain_explanations() -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Every explanation that has neither others nor detail, shared by all words it fits."""
    rows = [Attribution(reason, step / _STEPS) for reason in REASONS for step in range(_STEPS + 1)]
    table = np.empty(len(rows), dtype=object)
    table[:] = rows
    table.flags.writeable = False
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


def _detail(reason: Reason, repaired: int, gap: Seconds) -> str:
    """What a reader should know beyond the reason."""
    notes = [REPAIRS[repaired]]
    if reason == "nearest":
        notes.append(f"{abs(gap):.2f} s {'after' if gap <= 0 else 'before'} the nearest turn")
    elif reason == "none":
        notes.append(f"the nearest turn is {abs(gap):.2f} s away" if abs(gap) < _FAR else "there are no turns")
    return "; ".join(filter(None, notes))
