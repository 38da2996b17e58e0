"""Which words lie where in a text, and cutting it between them.

Nothing here changes a character: text is only ever cut at offsets, so that the
pieces put together are the text again, in any script.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

from .graphemes import boundaries, next_cut

if TYPE_CHECKING:
    from collections.abc import Sequence

_REACH = 32
"""How many characters of the text may lie unclaimed before a word, e.g. ``[laughter] ``."""

_FAR_REACH = 2_000
"""And how many more after words that were not found: without an end, other words' text would take hours."""


def locate(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Find where each word lies in `text`.

    Args:
        text: the recogniser's own text.
        words: its words, in the same order, with or without their spaces.

    Returns:
        A half-open span of offsets for each word, in order and disjoint. Words
        that the text does not hold (a recogniser may normalise one and not the
        other) divide the unclaimed text around them by their lengths.

    Example:
        >>> locate("Well, yes.", [" Well", " yes."])
        [(0, 4), (6, 10)]
    """
    folded = text.lower() if len(text.lower()) == len(text) else text
    found: list[tuple[int, int] | None] = []
    cursor = unclaimed = 0
    for word in words:
        span = _find(text, folded, word.strip(), cursor, unclaimed)
        found.append(span)
        unclaimed = 0 if span else unclaimed + len(word)
        cursor = span[1] if span else cursor
    return _fill(text, words, found)


def share_found(text: str, words: Sequence[str]) -> float:
    """The part of the words that stands in `text` in their order, as written or in another case; 1.0 of none.

    Example:
        >>> share_found("actual transcript text", ["unrelated", "text"])
        0.5
    """
    bare = [word.strip().lower() for word in words]
    spans = locate(text, words)
    found = sum(text[a:b].lower() == word for (a, b), word in zip(spans, bare, strict=True))
    return found / len(bare) if bare else 1.0


def _find(text: str, folded: str, word: str, cursor: int, unclaimed: int) -> tuple[int, int] | None:
    """The first place within reach where `word` stands, as written or in another case."""
    room = _REACH + min(2 * unclaimed, _FAR_REACH)
    start, stop = cursor + max(0, unclaimed - room), cursor + unclaimed + room + len(word)
    at = _first(text, word, start, stop, whole=unclaimed > 0)
    if at < 0:
        at = _first(folded, word.lower(), start, stop, whole=unclaimed > 0)
    return None if at < 0 else (at, at + len(word))


def _first(text: str, word: str, start: int, stop: int, *, whole: bool) -> int:
    """Where `word` stands first in the range, -1 if nowhere; with `whole` rather by itself than inside another word."""
    first = at = text.find(word, start, stop)
    while whole and word and at >= 0:
        if not (_inside_word(text, at) or _inside_word(text, at + len(word))):
            return at
        at = text.find(word, at + 1, stop)
    return first


def _inside_word(text: str, offset: int) -> bool:
    return 0 < offset < len(text) and text[offset - 1].isalnum() and text[offset].isalnum()


def _fill(text: str, words: Sequence[str], found: Sequence[tuple[int, int] | None]) -> list[tuple[int, int]]:
    """Give each run of words that were not found a part of the text between its neighbours."""
    spans: list[tuple[int, int]] = []
    places = boundaries(text)
    index = 0
    while index < len(found):
        span = found[index]
        if span is not None:
            spans.append(span)
            index += 1
            continue
        stop = next((i for i in range(index, len(found)) if found[i] is not None), len(found))
        following = found[stop] if stop < len(found) else None
        low = spans[-1][1] if spans else 0
        high = following[0] if following else len(text)
        spans += _divide(text, places, low, high, [len(word.strip()) + 1 for word in words[index:stop]])
        index = stop
    return spans


def _divide(text: str, places: Sequence[int], low: int, high: int, weights: Sequence[int]) -> list[tuple[int, int]]:
    """Cut ``text[low:high]`` into parts of about these weights, at a space where one is near."""
    spaces = [i for i in range(low, high) if text[i].isspace()]
    cuts, reached, total = [low], 0, sum(weights)
    for weight in weights[:-1]:
        reached += weight
        ideal = low + (high - low) * reached / total
        after = bisect_left(spaces, ideal)
        near = min(spaces[max(0, after - 1) : after + 1], key=lambda i: abs(i - ideal), default=round(ideal))
        cuts.append(min(high, next_cut(places, max(cuts[-1], near))))
    cuts.append(high)
    return list(pairwise(cuts))


def carve(text: str, words: Sequence[str], firsts: Sequence[int]) -> list[str]:
    """Cut `text` before the words numbered `firsts`; the pieces put together are `text`.

    Spaces go with the word that follows them, closing punctuation with the word
    before it. Visible characters stay whole even where a word begins inside one.

    Args:
        text: the recogniser's own text.
        words: its words in order.
        firsts: rising indices into `words`, each at least 1.

    Returns:
        ``len(firsts) + 1`` pieces.

    Example:
        >>> carve("Are you? (Yes) I am.", ["Are", "you", "Yes", "I", "am"], [2])
        ['Are you?', ' (Yes) I am.']
    """
    spans = locate(text, words)
    places = boundaries(text)
    cuts = [0]
    for first in firsts:
        cut = _between(text, spans[first - 1][1], spans[first][0])
        cuts.append(next_cut(places, max(cuts[-1], cut)))
    cuts.append(len(text))
    return [text[a:b] for a, b in pairwise(cuts)]


def _between(text: str, low: int, high: int) -> int:
    """Where to cut between a word's end and the next word's start: before the first space, if any."""
    return next((i for i in range(low, high) if text[i].isspace()), high)
