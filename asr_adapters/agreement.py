"""Which words of a recording that still goes on are sure: those that two looks in a row agree on (LocalAgreement-2).

Macháček, Dabre and Bojar, "Turning Whisper into Real-Time Transcription System" (2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from ..fusion.types import Seconds, Word


@dataclass(slots=True)
class Agreement:
    """The words of one piece of audio, heard again and again as it grows.

    told: sure words; they stay as they were told, whatever is heard later. open: those behind them in the last look.
    """

    told: list[Word] = field(default_factory=list)
    open: list[Word] = field(default_factory=list)

    def take(self, heard: Sequence[Word], *, complete: bool = False) -> list[Word]:
        """Take all words of the next look; those that are sure now and were not before.

        complete: the piece grows no more, so that all of them are.
        """
        fresh = list(heard[place_after(self.told, heard) :])
        agreed = takewhile(lambda pair: spelt(pair[0]) == spelt(pair[1]), zip(self.open, fresh, strict=False))
        count = len(fresh) if complete else sum(1 for _ in agreed)
        sure = [self._later(word) for word in fresh[:count]]
        self.told += sure
        self.open = fresh[count:]
        return sure

    def _later(self, word: Word) -> Word:
        """The word, not before what was told: times move a little from look to look."""
        edge: Seconds = max((end.end for end in self.told[-1:] if end.end is not None), default=0.0)
        if word.start is None or word.end is None or word.start >= edge:
            return word
        return replace(word, start=edge, end=max(word.end, edge))


def place_after(told: Sequence[Word], heard: Sequence[Word]) -> int:
    """How many of the words `heard` are those `told`, though a few may be heard otherwise now.

    The number whose words have the least edit distance to `told`; of several the one nearest to as many.
    """
    row = list(range(len(heard) + 1))
    spellings = [spelt(word) for word in heard]
    for number, word in enumerate(map(spelt, told), 1):
        before, row = row, [number]
        for place, other in enumerate(spellings):
            row.append(min(before[place] + (word != other), before[place + 1] + 1, row[place] + 1))
    return min(range(len(row)), key=lambda place: (row[place], abs(place - len(told))))


def spelt(word: Word) -> str:
    """The word without capitals and marks, which come and go at the end of what is heard.

    >>> spelt(Word(0.0, 1.0, " Don't."))
    'dont'
    """
    return "".join(filter(str.isalnum, word.text.casefold())) or word.text.strip()
