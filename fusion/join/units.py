"""Words and turns in different units: times of one recording that lie hundreds of times as far tell it.

Words may be an excerpt of a few seconds, and their turns those of hours; so more is asked for than that. Milliseconds
and samples are counted in whole numbers, but the seconds of turns that last for minutes only where a person wrote them
down. What a multiplication left is told by its lengths: nobody's turns, and no words, all last for half a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import TranscriptError
from ..text import weight
from ..types import Word
from .intervals import RESOLUTION
from .kinds import read_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..types import Seconds
    from .intervals import Floats, TurnTable

_FARTHER = {"milliseconds": (400.0, 1600.0), "samples": (3200.0, 77_000.0)}
"""How many times as far lies what is counted in them, where either side may end before the recording does."""
_A_SECOND = {"milliseconds": 1000.0, "samples": 8000.0}
"""Of samples the fewest."""
_WORD, _TURN = 0.1, 1.0
"""Half of all words, or turns, last so many seconds or longer. A thousand of them are a quarter of an hour."""
_FEW, _MANY = 2, 10
_OTHER_NAMES = frozenset({
    "start_time", "startTime", "start_ms", "startMs", "start_offset", "startOffset", "begin", "begin_time", "from",
    "t0", "ts", "stime", "time", "timestamp", "timestamps", "offset", "offsets", "offset_seconds", "offsetMilliseconds",
})  # fmt: skip
"""What others call a time."""
_NO_SCHEDULE = 30
"""A person may write down fewer turns of minutes, in whole seconds, or more that follow one another without a pause.

An excerpt's words are within the first of those, if only with their end.
"""
_FEW_WORDS, _MANY_WORDS = 3, 20
_TOO_LONG, _TOO_SLOW = 20.0, 0.04
"""No word lasts so many seconds, and nobody says so few letters in one; ``[music]`` for half a minute is more."""
_LASTS = 30.0
"""No tenth word or turn alone lasts so many seconds: nine in ten that do are no seconds."""


def check_named(given: Sequence[Any], words: tuple[Floats, Floats]) -> None:
    """Refuse words that all have their times under other names than start and end: they would be taken to have none.

    Raises:
        TranscriptError: they do, by the first.
    """
    if not given or not (np.isnan(words[0]).all() and np.isnan(words[1]).all()):
        return
    keys: set[Any] = set().union(*(word.keys() for word in given if isinstance(word, Mapping)))
    if (other := next(iter(sorted(keys & _OTHER_NAMES)), None)) is not None and not keys & {"start", "end"}:
        raise TranscriptError(
            f"The words have a time under {other!r}: give start and end in seconds, or the whole transcript to attach."
        )


def check_units(words: tuple[Floats, Floats], turns: TurnTable) -> None:
    """Refuse words and turns of which one side can only be in milliseconds or samples.

    Args:
        words: starts and ends, float64 (num_words,), NaN where unknown.
        turns: of the same recording.

    Raises:
        TranscriptError: one side is.
    """
    starts, ends = words
    if len(ends) < _FEW_WORDS or not len(turns.ends):
        return
    last, last_turn = float(np.fmax.reduce(ends)), float(turns.ends.max())
    if last < last_turn:
        _check("The turns", turns.starts, turns.ends, last, "the last word", _TURN)
    elif last > last_turn:
        known = ~np.isnan(ends - starts)
        _check("The words", starts[known], ends[known], last_turn, "the last turn", _WORD)


def check_lengths(given: Sequence[Any], words: tuple[Floats, Floats]) -> None:
    """Refuse words that last far longer than it takes to say them, whatever the turns are counted in.

    Args:
        given: the words; chapters with a word for a title may be meant where these are no `Word`, and have no ``word``.
        words: their starts and ends, float64 (num_words,), NaN where unknown.

    Raises:
        TranscriptError: they can only be in milliseconds, or something smaller.
    """
    starts, ends = words
    known = np.flatnonzero(~np.isnan(ends - starts))
    lengths = (ends - starts)[known]
    if len(known) < _FEW_WORDS or not float(np.median(lengths)) > _TOO_LONG or not (texts := read_texts(given)):
        return
    if len(known) < _MANY_WORDS and not _is_called_word(given[0]):
        return
    if not _are_counted(starts[known], ends[known], _WORD * _A_SECOND["milliseconds"]):
        return  # a mark, or the end of a word, may last until the next one
    letters = sum(weight(texts[i]) for i in known)
    if letters < _TOO_SLOW * float(lengths.sum()) and all(len(text.split()) <= 1 for text in texts):
        raise TranscriptError(
            f"The words look like milliseconds (half of them last {np.median(lengths):.10g} or longer): "
            "give them in seconds."
        )


def _is_called_word(word: Any) -> bool:
    name = word.get("word") if isinstance(word, Mapping) else getattr(word, "word", None)
    return isinstance(word, Word) or name is not None


def check_spans(spans: Iterable[tuple[Seconds, Seconds]], last: Seconds, beside: str, name: str) -> None:
    """Refuse the turns or segments of a file that can only be in milliseconds or samples.

    Args:
        spans: their starts and ends.
        last: when something else of the same recording ends; 0 where that is not known.
        beside: what that is, for the message.
        name: what holds the spans, for the message.

    Raises:
        TranscriptError: they can.
    """
    times = np.array(list(spans), np.float64).reshape(-1, 2)
    _check(f"The times of {name}", times[:, 0], times[:, 1], last, beside, _TURN)


def _check(name: str, starts: Floats, ends: Floats, last: Seconds, beside: str, typical: Seconds) -> None:
    farthest = float(ends.max(initial=0.0))
    unit = next((unit for unit, (low, high) in _FARTHER.items() if low * last <= farthest <= high * last), None)
    if last <= 0 or unit is None or not _are_counted(starts, ends, typical * _A_SECOND[unit]):
        return
    if _may_be_written(starts, ends) and not float(starts.min()) > last:
        return
    why = f"the last ends at {farthest:.10g}, {beside} at {last:.10g}"
    raise TranscriptError(f"{name} look like {unit} ({why}): give them in seconds.")


def _may_be_written(starts: Floats, ends: Floats) -> bool:
    """Whether a person may have written down these times."""
    return len(starts) < _NO_SCHEDULE or bool((np.sort(starts)[1:] == np.sort(ends)[:-1]).all())


def _are_counted(starts: Floats, ends: Floats, typical: float) -> bool:
    """Whether times are those of some unit that is counted, and half of them as long as `typical`: not of seconds."""
    lengths = ends - starts
    if len(lengths) < _FEW or float(np.median(lengths)) < typical:
        return False
    times = np.concatenate((starts, ends))
    if bool((np.abs(times - times.round()) < RESOLUTION).all()):
        return True
    return len(lengths) >= _MANY and float(np.quantile(lengths, 0.1)) >= _LASTS
