"""Which words a person means: a span of time, or numbers; times are typed as they are shown."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import OptionError
from ..given import short, whole_number
from ..types import Seconds, Transcript, Word

_TIME = re.compile(r"(?:(?:(\d{1,9}):)?(\d{1,9}):)?(\d{1,9})(?:[.,](\d{1,6}))?(s?)", re.ASCII)
_NEAR: Seconds = 3.0
"""Further from a word than this, a time is a mistake."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as it was typed: what it names is from `start` to before `end`, the next one of as many digits."""

    start: Seconds
    end: Seconds


def parse_moment(text: str) -> Moment:
    """``00:12:03``, ``12:03.4`` or ``723.4s``.

    Raises:
        OptionError: it is no time.
    """
    found = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None or not (":" in text or found[5]):
        raise OptionError(f"{short(text)} is no time: write 00:12:03, 12:03.4 or 723.4s.")
    hours, minutes, seconds, fraction = (found[i] or "" for i in range(1, 5))
    start = 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds) + float(f"0.{fraction or 0}")
    return Moment(start, start + 10.0 ** -len(fraction))


def parse_where(text: str, transcript: Transcript) -> tuple[int, ...]:
    """The numbers, from 0, of the words in ``00:12:03-00:12:09``, or numbered ``120-131`` or ``120`` from 1.

    A word is within a time if its middle is.

    Raises:
        OptionError: it is neither, or no word is there.
    """
    first, dash, last = text.strip().partition("-")
    low, high = whole_number(first.strip()), whole_number((last if dash else first).strip())
    if low is not None and high is not None:
        return _numbered(low, high, len(transcript.words))
    if not dash:
        raise OptionError(f"{short(text)} is no stretch of time: write 00:12:03-00:12:09, or words by number, 120-131.")
    start, end = parse_moment(first).start, parse_moment(last).start
    if not start < end:
        why = "lasts no time: give a later end" if start == end else "ends before it begins: swap the two times"
        raise OptionError(f"{text!r} {why}.")
    chosen = tuple(i for i, middle in enumerate(middles(transcript)) if start <= middle < end)
    if not chosen:
        raise OptionError(f"No word is spoken in {text}: {_nearest(transcript, (start + end) / 2)}.")
    return chosen


def chosen(where: str | Iterable[int], transcript: Transcript) -> tuple[int, ...]:
    """The numbers, from 0 and rising, of words: see `parse_where`, or already numbers from 0.

    Raises:
        OptionError: it is neither, or no word is there.
    """
    if isinstance(where, str):
        return parse_where(where, transcript)
    count = len(transcript.words)
    try:
        numbers = {operator.index(number) for number in where}
    except TypeError:
        raise OptionError(f"{short(where)} names no words: give a time as text, or words' numbers.") from None
    for number in numbers:
        if not 0 <= number < count:
            raise OptionError(f"There is no word {short(number)}: they are numbered from 0 to {count - 1}.")
    return tuple(sorted(numbers))


def word_at(moment: Moment, transcript: Transcript) -> int:
    """The number, from 0, of the word that a moment names: one that begins in it, else one spoken in it, else near it.

    Raises:
        OptionError: nobody speaks near it.
    """
    times = times_of(transcript)
    begun = [i for i, (start, _) in enumerate(times) if moment.start <= start < moment.end]
    if begun:
        return begun[0]
    gaps = [(max(start - moment.start, moment.start - end, 0.0), i) for i, (start, end) in enumerate(times)]
    if not gaps or min(gaps)[0] > _NEAR:
        raise OptionError(f"Nobody speaks at {clock(moment.start)}: {_nearest(transcript, moment.start)}.")
    return min(gaps)[1]


def clock(seconds: Seconds) -> str:
    """``00:12:03.4``: what is shown, cut to a tenth, so that `parse_moment` finds it again."""
    tenths = int(max(seconds, 0.0) * 10 + 1e-6)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 10:02d}.{rest % 10}"


def middles(transcript: Transcript) -> list[Seconds]:
    """The middle of every word; one without times lies where its neighbours' times put it."""
    return [(start + end) / 2 for start, end in times_of(transcript)]


def times_of(transcript: Transcript) -> list[tuple[Seconds, Seconds]]:
    """Start and end of every word; where it has none, those of the word before and the word after it in its segment."""
    times: list[tuple[Seconds, Seconds]] = []
    for segment in transcript.segments:
        times += _filled(segment.words, segment.start, segment.end)
    return times


def _filled(words: Sequence[Word], start: Seconds, end: Seconds) -> list[tuple[Seconds, Seconds]]:
    ends, last = [], start
    for word in words:
        last = word.end if word.end is not None else word.start if word.start is not None else last
        ends.append(last)
    starts, first = [], end
    for word in reversed(words):
        first = word.start if word.start is not None else word.end if word.end is not None else first
        starts.append(first)
    before = [start, *ends]
    return [
        (
            word.start if word.start is not None else min(before[i], starts[-1 - i]),
            word.end if word.end is not None else max(ends[i], starts[-1 - i]),
        )
        for i, word in enumerate(words)
    ]


def _numbered(first: int, last: int, count: int) -> tuple[int, ...]:
    if first > last:
        raise OptionError(f"'{first}-{last}' ends before it begins: swap the two numbers.")
    if not 1 <= first <= last <= count:
        why = f"they are numbered from 1 to {count}" if count else "the transcript has none"
        raise OptionError(f"There are no words {first}-{last}: {why}.")
    return tuple(range(first - 1, last))


def _nearest(transcript: Transcript, time: Seconds) -> str:
    near = min(middles(transcript), key=lambda middle: abs(middle - time), default=None)
    return "there are no words" if near is None else f"the nearest word is at {clock(near)}"
