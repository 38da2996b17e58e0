"""Marks within the text, as interviews are transcribed: pauses, ``(..)``, and what is said at once, ``//so much//``.

They are those of noScribe and, of what is said at once, of Dresing and Pehl, who set it into slashes in both turns.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate, groupby
from math import floor
from typing import TYPE_CHECKING, Any, TypeAlias

from ..fusion.types import Turn
from .lines import label, passages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..fusion.cues import Passage, SpokenWord
    from ..fusion.document import Document
    from ..fusion.types import Seconds
    from .style import Style

    Span: TypeAlias = tuple[Seconds, Seconds]

IN_WORDS = 10
"""Seconds from which a pause is told in words; a shorter one has a dot for each."""
_MINUTE = 60
_SAID_AT_ONCE = "//"
_COVERED = 0.5
"""Of a word: what another person talks through, so that it counts as said at once."""
_LEAST: Seconds = 0.3
"""What is said at once for less is how exactly times are known, and no mark."""
_PAUSES = {
    "de": ("({} Sekunden Pause)", "({} Minute Pause)", "({} Minuten Pause)"),
    "en": ("({} seconds pause)", "({} minute pause)", "({} minutes pause)"),
    "es": ("({} segundos de pausa)", "({} minuto de pausa)", "({} minutos de pausa)"),
    "fr": ("({} secondes de pause)", "({} minute de pause)", "({} minutes de pause)"),
    "it": ("({} secondi di pausa)", "({} minuto di pausa)", "({} minuti di pausa)"),
    "nl": ("({} seconden pauze)", "({} minuut pauze)", "({} minuten pauze)"),
    "pt": ("({} segundos de pausa)", "({} minuto de pausa)", "({} minutos de pausa)"),
}
"""By language: seconds, one minute, minutes; of other languages those of English."""


def marked(document: Document, style: Style) -> tuple[Passage, ...]:
    """Turns of words whose texts have the marks that `style` asks for; without any they are `passages`."""
    rows = passages(document)
    if style.overlaps:
        rows = _with_overlaps(rows, _turns(document) or _as_turns(rows))
    if style.pauses is not None:
        rows = _with_pauses(rows, document, style.pauses)
    return rows


def _turns(document: Document) -> tuple[Turn, ...]:
    """Who spoke when, under the names that are shown; nobody where nobody asked: lines are padded with silence."""
    found = document.diarization
    return () if found is None else tuple(replace(turn, speaker=label(turn.speaker)) for turn in found.turns)


def _as_turns(rows: Iterable[Passage]) -> tuple[Turn, ...]:
    """The words as turns."""
    return tuple(Turn(word.start, word.end, row.speaker or "") for row in rows for word in row.words)


def pause(seconds: Seconds, language: str | None) -> str:
    """The mark of a pause, rounded to seconds.

    >>> pause(2.3, "en"), pause(12.4, "de"), pause(60, None), pause(150, "fr")
    ('(..)', '(12 Sekunden Pause)', '(1 minute pause)', '(3 minutes de pause)')
    """
    whole = max(1, floor(seconds + 0.5))
    if whole < IN_WORDS:
        return f"({'.' * whole})"
    told, one, many = _phrases(language)
    minutes = floor(whole / _MINUTE + 0.5)
    return told.format(whole) if whole < _MINUTE else (one if minutes == 1 else many).format(minutes)


def marks_told(language: str | None, style: Style) -> dict[str, Any]:
    """What a page is told, which sets the marks itself, also after edits."""
    return {"pauses": style.pauses, "overlaps": style.overlaps, "words": _phrases(language)}


def _phrases(language: str | None) -> tuple[str, str, str]:
    return _PAUSES.get(language or "", _PAUSES["en"])


def _with_pauses(rows: tuple[Passage, ...], document: Document, least: Seconds) -> tuple[Passage, ...]:
    """The rows with a mark where nobody speaks for `least` seconds; between two, at the end of the first.

    Nobody speaks where nobody has a word or a turn: what was not recognised is no pause.
    """
    marks = dict(_silences(rows, _Spoken(_spans(_turns(document))), least))
    language = document.transcript.language
    done: list[Passage] = []
    for number, row in enumerate(rows):
        words = list(row.words)
        for at in range(len(words)):
            if (silence := marks.get((number, at))) is None:
                continue
            mark = pause(silence, language)
            if at:
                words[at - 1] = _followed(words[at - 1], mark, gap=" " if words[at].text[:1].isspace() else "")
            elif done:
                done[-1] = _ended(done[-1], mark)
            else:
                words[0] = replace(words[0], text=f"{mark} {words[0].text.lstrip()}")
        done.append(replace(row, words=tuple(words)))
    return tuple(done)


def _silences(rows: Sequence[Passage], spoken: _Spoken, least: Seconds) -> Iterator[tuple[tuple[int, int], Seconds]]:
    """Row and word -> for how long nobody speaks before it."""
    places = ((word, (number, at)) for number, row in enumerate(rows) for at, word in enumerate(row.words))
    heard = 0.0
    for word, place in sorted(places, key=lambda one: (one[0].start, one[1])):
        silence = _told(word.start - heard - spoken.within(heard, word.start))
        if silence >= least:
            yield place, silence
        heard = max(heard, word.end)


def _with_overlaps(rows: tuple[Passage, ...], turns: Sequence[Turn]) -> tuple[Passage, ...]:
    """The rows with slashes around words where their speaker and others talk; of nobody's words it is not known."""
    spoken = {
        who: _spans(turn for turn in turns if turn.speaker == who) for who in {row.speaker for row in rows} - {None}
    }
    others = {who: _spans(turn for turn in turns if turn.speaker not in (who, "")) for who in spoken}
    at_once = {who: _Spoken(_common(spans, others[who])) for who, spans in spoken.items()}
    return tuple(row if row.speaker is None else _with_slashes(row, at_once[row.speaker]) for row in rows)


def _with_slashes(row: Passage, at_once: _Spoken) -> Passage:
    words: list[SpokenWord] = []
    for is_covered, run in groupby(row.words, key=lambda word: _is_covered(word, at_once)):
        said = list(run)
        if is_covered and _told(sum(at_once.within(word.start, word.end) for word in said)) >= _LEAST:
            lead = len(said[0].text) - len(said[0].text.lstrip())
            text = said[0].text
            said[0] = replace(said[0], text=f"{text[:lead]}{_SAID_AT_ONCE}{text[lead:]}")
            said[-1] = _followed(said[-1], _SAID_AT_ONCE, gap="")
        words += said
    return replace(row, words=tuple(words))


def _is_covered(word: SpokenWord, at_once: _Spoken) -> bool:
    return _told(at_once.within(word.start, word.end)) >= _COVERED * _told(word.end - word.start) > 0


def _told(seconds: Seconds) -> Seconds:
    """As times are told, in milliseconds: what is added up is else a hair off."""
    return round(seconds, 3)


def _followed(word: SpokenWord, mark: str, gap: str = " ") -> SpokenWord:
    """The word with a mark after it, before the spaces that it may end with."""
    text = word.text.rstrip()
    return replace(word, text=f"{text}{gap}{mark}{word.text[len(text) :]}")


def _ended(row: Passage, mark: str) -> Passage:
    return replace(row, words=(*row.words[:-1], _followed(row.words[-1], mark)))


def _spans(turns: Iterable[Turn]) -> list[Span]:
    """When anybody of some speaks, in order; where several do, it is one span."""
    spans: list[Span] = []
    for turn in sorted(turns, key=lambda turn: turn.start):
        if spans and turn.start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(spans[-1][1], turn.end)
        else:
            spans.append((turn.start, turn.end))
    return spans


def _common(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Where spans of both are."""
    found: list[Span] = []
    one = other = 0
    while one < len(some) and other < len(others):
        start, end = max(some[one][0], others[other][0]), min(some[one][1], others[other][1])
        if start < end:
            found.append((start, end))
        if some[one][1] < others[other][1]:
            one += 1
        else:
            other += 1
    return found


class _Spoken:
    """Spans in order that do not meet, and how much of them lies within any two moments."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]
        self._until = [0.0, *accumulate(end - start for start, end in spans)]

    def within(self, start: Seconds, end: Seconds) -> Seconds:
        """Seconds of them from `start` to `end`; 0 where that is no time."""
        return max(0.0, self._before(end) - self._before(start))

    def _before(self, moment: Seconds) -> Seconds:
        number = bisect_right(self._starts, moment)
        return self._until[number] - max(0.0, self._ends[number - 1] - moment) if number else 0.0
