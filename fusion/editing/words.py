"""What was said, as a person heard it: correct a sentence, or replace a phrase everywhere."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import groupby

from ..errors import OptionError
from ..estimating import words_at
from ..given import short
from ..text import carve, is_unspaced, sentence_ends, split_text, unspaced
from ..types import Seconds, Segment, Word
from .content import Content, words_before

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""C0, C1, and surrogates: what a shell's bytes become that are no UTF-8."""


@dataclass(frozen=True, slots=True)
class Place:
    """Words that stand together, numbered from 0: `first` to before `last`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Item:
    """A word with its part of the segment's text. home: the segment's number."""

    text: str
    word: Word
    home: int


def sentence_at(content: Content, number: int) -> Place:
    """The sentence that a word is in: as far as its speaker goes on and no sentence ends."""
    run = next(run for run in _runs(content) if run.first <= number < run.last)
    said = [word.text for word in content.transcript.words[run.first : run.last]]
    ends = sentence_ends(said, content.transcript.language)
    first = max((index + 1 for index in range(number - run.first) if ends[index]), default=0)
    last = next((index + 1 for index in range(number - run.first, len(said)) if ends[index]), len(said))
    return Place(run.first + first, run.first + last)


def text_of(content: Content, place: Place) -> str:
    """What the words of a place say, in one line."""
    return " ".join(_glued(_Lines.of(content).items(place))[0].split())


def correct(content: Content, place: Place, text: str) -> Content:
    """Put another text in a place; no text removes its words.

    Words that stay keep their times, whatever marks or capitals they get; new
    ones share the time of those that they replace, and are marked as estimated.
    Every word of the new text is marked as a person's.

    Raises:
        OptionError: the text has characters that cannot be seen.
    """
    lines = _Lines.of(content)
    lines.put(place, _reworded(lines.items(place), check_text(text)))
    return lines.into(content)


def replaced(content: Content, find: str, new: str) -> tuple[Content, int]:
    """Put `new` wherever somebody says `find`, as whole words; and how often that was.

    Raises:
        OptionError: nobody says it, or a text has characters that cannot be seen.
    """
    find, new = check_text(find), check_text(new)
    if not find:
        raise OptionError("There is nothing to replace: give the text to look for.")
    pattern = re.compile(r"\s+".join(map(re.escape, find.split())))
    lines, count = _Lines.of(content), 0
    for run in reversed(list(_runs(content))):
        if not pattern.search(lines.rough(run)):
            continue
        items = lines.items(run)
        found = list(_found(items, pattern, new))
        for place, text, times in reversed(found):
            count += times
            items[place.first : place.last] = _reworded(items[place.first : place.last], " ".join(text.split()))
        if found:
            lines.put(run, items)
    if not count:
        raise OptionError(f"Nobody says {find!r}: give the words as they stand in the transcript.")
    return lines.into(content), count


def check_text(text: str) -> str:
    """`text` in one line with single spaces.

    Raises:
        OptionError: it has control characters, or halves of characters, which no file can hold.
    """
    if not isinstance(text, str):
        raise OptionError(f"The text {short(text)} must be text.")
    line = " ".join(text.split())
    if _UNSEEN.search(line):
        raise OptionError(f"The text {line[:40]!r} holds control characters: leave them out.")
    return line


def _runs(content: Content) -> Iterator[Place]:
    """From change of speaker to change of speaker."""
    first = 0
    for _, run in groupby(content.transcript.words, lambda word: word.speaker):
        count = sum(1 for _ in run)
        yield Place(first, first + count)
        first += count


@dataclass(frozen=True, slots=True)
class _Lines:
    """Segments that are edited from the end on, so that the numbers of the words before stay true.

    segments: None where no word is left. counts: words before each, and all, as they were at first.
    """

    segments: list[Segment | None]
    counts: list[int]

    @classmethod
    def of(cls, content: Content) -> _Lines:
        return cls(list(content.transcript.segments), words_before(content.transcript.segments))

    def into(self, content: Content) -> Content:
        """The content with them."""
        return content.with_segments(tuple(segment for segment in self.segments if segment is not None))

    def rough(self, place: Place) -> str:
        """At least what the words of a place say, quickly."""
        return " ".join(segment.text for segment, *_ in self._touched(place))

    def items(self, place: Place) -> list[_Item]:
        """The words of a place."""
        return [
            item
            for segment, number, first, last in self._touched(place)
            for item in _pieces(segment, number)[first:last]
        ]

    def put(self, place: Place, new: Sequence[_Item]) -> None:
        """The items in place of the words that stand there; a segment that has no word left is gone."""
        homes: dict[int, list[_Item]] = {}
        for item in new:
            homes.setdefault(item.home, []).append(item)
        for segment, number, first, last in list(self._touched(place)):
            whole = _pieces(segment, number)
            items = [*whole[:first], *homes.get(number, ()), *whole[last:]]
            text, words = "".join(item.text for item in items), tuple(item.word for item in items)
            self.segments[number] = replace(segment, text=text, words=words) if words else None

    def _touched(self, place: Place) -> Iterator[tuple[Segment, int, int, int]]:
        """The segments that a place touches, their numbers, and which of their words, from and to before."""
        for number in range(bisect_right(self.counts, place.first) - 1, len(self.counts) - 1):
            first, last = max(place.first, self.counts[number]), min(place.last, self.counts[number + 1])
            if first >= place.last:
                return
            segment = self.segments[number]
            if first < last and segment is not None:
                yield segment, number, first - self.counts[number], last - self.counts[number]


def texts_of(segment: Segment) -> list[str]:
    """The part of the segment's text that belongs to each of its words; together they are the text."""
    if not segment.words:
        return []
    return carve(segment.text, [word.text for word in segment.words], list(range(1, len(segment.words))))


def _pieces(segment: Segment, number: int) -> list[_Item]:
    """The words of a segment with their parts of its text."""
    return [_Item(text, word, number) for text, word in zip(texts_of(segment), segment.words, strict=True)]


def _glued(items: Sequence[_Item]) -> tuple[str, list[int]]:
    """What the items say, with a space between segments that bring none; and where each begins."""
    text = ""
    begins: list[int] = []
    for item in items:
        if (
            text
            and item.text
            and not (text[-1].isspace() or item.text[0].isspace() or unspaced(text[-1], item.text[0]))
        ):
            text += " " * (items[len(begins) - 1].home != item.home)
        begins.append(len(text))
        text += item.text
    return text, begins


def _found(items: Sequence[_Item], pattern: re.Pattern[str], new: str) -> Iterator[tuple[Place, str, int]]:
    """Where it stands: the words that it touches, what they are to say, and how often it stands in them."""
    text, begins = _glued(items)
    ends = [*begins[1:], len(text)]
    spans = [found.span() for found in pattern.finditer(text) if _is_whole(text, *found.span())]
    touched = [(bisect_right(begins, start) - 1, bisect_right(begins, end - 1)) for start, end in spans]
    index = 0
    while index < len(spans):
        first, last = touched[index]
        said, position, times = "", begins[first], 0
        while index < len(spans) and touched[index][0] < last:
            said += text[position : spans[index][0]] + new
            position, last, times, index = spans[index][1], max(last, touched[index][1]), times + 1, index + 1
        yield Place(first, last), said + text[position : ends[last - 1]], times


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit goes on at either end, in scripts that put spaces between words."""
    edges = ((text[start - 1 : start], text[start]), (text[end - 1], text[end : end + 1]))
    return not any(all(c and c.isalnum() and not is_unspaced(c) for c in edge) for edge in edges)


def _reworded(old: Sequence[_Item], text: str) -> list[_Item]:
    """Words for `text`, each as much as can be the old one that says the same."""
    before = [_key(item.text) for item in old]
    tokens = _regrouped(split_text(text), set(before))
    new: list[_Item] = []
    matcher = SequenceMatcher(None, before, [_key(token) for token in tokens], autojunk=False)
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            kept = zip(old[first:last], tokens[begin:end], strict=True)
            new += [replace(item, text=token, word=replace(item.word, edited=True)) for item, token in kept]
        else:
            new += _fresh(old, first, last, tokens[begin:end])
    return _spaced(old, new)


def _key(text: str) -> str:
    """What makes two words the same: letters and digits, or the marks where there are none."""
    return "".join(character for character in text.casefold() if character.isalnum()) or text.strip()


def _regrouped(tokens: Sequence[str], known: set[str]) -> list[str]:
    """The tokens, put together where together they are a known word, as in scripts without spaces."""
    longest = max(map(len, (*known, "-")))  # one token at least, where the words are empty
    out: list[str] = []
    index = 0
    while index < len(tokens):
        ends = range(min(len(tokens), index + longest), index, -1)
        words = ((end, "".join(tokens[index:end])) for end in ends)
        end, word = next((e, w) for e, w in words if e == index + 1 or (_key(w) in known and len(w.split()) == 1))
        out.append(word)
        index = end
    return out


def _fresh(old: Sequence[_Item], first: int, last: int, tokens: Sequence[str]) -> list[_Item]:
    """Words that stand where the old ones from `first` to before `last` stood, if any did, in their time."""
    like = old[first if first < last else max(first - 1, 0)]
    start, end = _room(old, first, last)
    words = words_at(tokens, [None] * len(tokens), start, end)
    told = replace(like.word, edited=True, probability=None, timing="estimated")
    return [_Item(word.text, replace(told, start=word.start, end=word.end), like.home) for word in words]


def _room(old: Sequence[_Item], first: int, last: int) -> tuple[Seconds, Seconds]:
    """From when to when those words were said; of none, between the one before and the one after."""
    starts = [item.word.start for item in old[first:last]] + [item.word.start for item in old[last:]]
    ends = [item.word.end for item in old[:first]] + [item.word.end for item in old[first:last]]
    known = [time for item in old for time in (item.word.start, item.word.end) if time is not None] or [0.0]
    if first < last:
        start = next((time for time in starts if time is not None), known[-1])
        end = next((time for time in reversed(ends) if time is not None), start)
    else:
        start = next((time for time in reversed(ends) if time is not None), known[0])
        end = next((time for time in starts if time is not None), start)
    return start, max(start, end)


def _spaced(old: Sequence[_Item], new: Sequence[_Item]) -> list[_Item]:
    """The new items with the spaces that their segments had around the old ones, and as their words bring them."""
    brings = any(item.word.text[:1].isspace() for item in old)
    out: list[_Item] = []
    for home, group in groupby(new, lambda item: item.home):
        was = "".join(item.text for item in old if item.home == home)
        items = list(group)
        lead, trail = was[: len(was) - len(was.lstrip())], was[len(was.rstrip()) :]
        texts = [item.text for item in items]
        texts[0] = lead + texts[0].lstrip()
        texts[-1] = texts[-1].rstrip() + trail
        for item, text in zip(items, texts, strict=True):
            said = text.rstrip() if brings else text.strip()
            out.append(replace(item, text=text, word=replace(item.word, text=said)))
    return out
