"""Text as a reader sees it: how wide it is, where it may be cut, and which words lie where.

Nothing here changes a character: text is only ever cut at offsets, so that the
pieces put together are the text again, in any script.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_FLAGS = range(0x1F1E6, 0x1F200)
_JAMO_TAILS = range(0x1160, 0x1200)
_REACH = 32
"""How many characters of the text may lie unclaimed before a word, e.g. ``[laughter] ``."""

_FAR_REACH = 2_000
"""And how many more after words that were not found: without an end, other words' text would take hours."""

# The marks of other scripts are meant, however much they look like ASCII ones.
SENTENCE_ENDS = frozenset(".!?…。！？．｡؟۔।॥")  # noqa: RUF001 - see above
CLAUSE_ENDS = frozenset(",;:，；：、､،؛—–")  # noqa: RUF001 - see above
_CLOSERS = frozenset("\"'”’»›)]}」』）】》〉")  # noqa: RUF001 - see above


def is_extender(char: str) -> bool:
    """Whether `char` belongs to the character before it: accents, joiners, skin tones, Hangul tails."""
    code = ord(char)
    return (
        unicodedata.category(char).startswith("M")
        or char == _JOINER
        or code in _SKIN_TONES
        or code in _TAGS
        or code in _JAMO_TAILS
    )


def may_cut(text: str, offset: int) -> bool:
    """Whether cutting before ``text[offset]`` leaves every visible character whole."""
    if not 0 < offset < len(text):
        return True
    if is_extender(text[offset]) or text[offset - 1] == _JOINER:
        return False
    if ord(text[offset]) in _FLAGS:
        before = 0
        while before < offset and ord(text[offset - 1 - before]) in _FLAGS:
            before += 1
        return before % 2 == 0
    return True


def next_cut(text: str, offset: int) -> int:
    """The first place at or after `offset` where `text` may be cut."""
    while not may_cut(text, offset):
        offset += 1
    return offset


def graphemes(text: str) -> list[str]:
    """The visible characters of `text`; joined together they are `text`.

    Example:
        >>> graphemes("e\u0301a")
        ['é', 'a']
    """
    cuts = [0, *(i for i in range(1, len(text)) if may_cut(text, i)), len(text)]
    return [text[a:b] for a, b in pairwise(cuts) if b > a]


def display_width(text: str) -> int:
    """Columns of a fixed-width screen: 2 for East Asian wide characters and emoji, 0 for marks.

    Right-to-left letters count as any other; invisible direction marks count 0.

    Example:
        >>> display_width("日本"), display_width("cafe\u0301"), display_width("שלום")
        (4, 4, 4)
    """
    return len(text) if text.isascii() else sum(_cluster_width(cluster) for cluster in graphemes(text))


def _cluster_width(cluster: str) -> int:
    """One visible character; an emoji made of several, or a flag, is one emoji wide."""
    if len(cluster) > 1 and ("\ufe0f" in cluster or ord(cluster[0]) in _FLAGS):
        return 2
    return max(_char_width(char) for char in cluster)


def _char_width(char: str) -> int:
    if is_extender(char) or unicodedata.category(char) in ("Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def ends_sentence(text: str) -> bool:
    """Whether `text` ends a sentence, closing quotes and brackets aside."""
    return bool(text) and _last_mark(text) in SENTENCE_ENDS


def ends_clause(text: str) -> bool:
    """Whether `text` ends a clause or a sentence."""
    return bool(text) and _last_mark(text) in SENTENCE_ENDS | CLAUSE_ENDS


def _last_mark(text: str) -> str:
    end = text.rstrip()
    while len(end) > 1 and end[-1] in _CLOSERS:
        end = end[:-1]
    return end[-1:]


def visible(text: str) -> int:
    """How many characters of `text` are no spaces."""
    return sum(not char.isspace() for char in text)


def is_punctuation(text: str) -> bool:
    """Whether `text` holds marks only: neither letter, digit nor symbol. Blank text does not."""
    return bool(text.strip()) and not any(unicodedata.category(char)[0] in "LNSM" for char in text)


def opens(text: str) -> bool:
    """Whether `text` is only an opening bracket or quote, which belongs to what follows."""
    mark = text.strip()
    return len(mark) == 1 and (unicodedata.category(mark) in ("Ps", "Pi") or mark in "¿¡")


def is_unspaced(char: str) -> bool:
    """Whether the script of this letter writes words without spaces."""
    name = unicodedata.name(char, "")
    return name.startswith(("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR"))


def unspaced(left: str, right: str) -> bool:
    """Whether no space belongs between these letters, if words meet there."""
    return is_unspaced(left) or is_unspaced(right)


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
        spans += _divide(text, low, high, [len(word.strip()) + 1 for word in words[index:stop]])
        index = stop
    return spans


def _divide(text: str, low: int, high: int, weights: Sequence[int]) -> list[tuple[int, int]]:
    """Cut ``text[low:high]`` into parts of about these weights, at a space where one is near."""
    spaces = [i for i in range(low, high) if text[i].isspace()]
    cuts, reached, total = [low], 0, sum(weights)
    for weight in weights[:-1]:
        reached += weight
        ideal = low + (high - low) * reached / total
        after = bisect_left(spaces, ideal)
        near = min(spaces[max(0, after - 1) : after + 1], key=lambda i: abs(i - ideal), default=round(ideal))
        cuts.append(min(high, next_cut(text, max(cuts[-1], near))))
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
    cuts = [0]
    for first in firsts:
        cut = _between(text, spans[first - 1][1], spans[first][0])
        cuts.append(min(len(text), next_cut(text, max(cuts[-1], cut))))
    cuts.append(len(text))
    return [text[a:b] for a, b in pairwise(cuts)]


def _between(text: str, low: int, high: int) -> int:
    """Where to cut between a word's end and the next word's start: before the first space, if any."""
    return next((i for i in range(low, high) if text[i].isspace()), high)


def wrap(text: str, width: int, seams: Container[int] = ()) -> tuple[str, ...]:
    """`text` in lines of at most `width` columns, each as full as can be.

    Lines break at spaces, which are dropped there, between East Asian wide
    characters, and at `seams` in scripts that write no spaces, but not before
    closing marks. What is wider than a line is broken between visible characters.

    Args:
        text: to break.
        width: in columns.
        seams: where words begin, each as the number of characters before it that
            are no spaces.

    Example:
        >>> wrap("one two three", 8)
        ('one two', 'three')
    """
    lines = [""]
    for atom in _atoms(text, width, seams):
        if lines[-1] and display_width((lines[-1] + atom).rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += atom if lines[-1] else atom.lstrip()
    lines[-1] = lines[-1].rstrip()
    return tuple(line for line in lines if line) or ("",)


def _atoms(text: str, width: int, seams: Container[int]) -> list[str]:
    """`text` in the parts that a line break does not divide; spaces lead the part after them."""
    atoms: list[str] = []
    seen = 0
    for cluster in graphemes(text):
        wide = unicodedata.east_asian_width(cluster[0]) in "WF"
        closing = is_punctuation(cluster) and not opens(cluster)
        before = atoms[-1] if atoms else ""
        seam = bool(before) and seen in seams and unspaced(before[-1], cluster[0])
        breaks = not before or cluster.isspace() or (not closing and (wide or seam or _ends_wide(before)))
        seen += visible(cluster)
        if before.isspace() or not breaks:
            atoms[-1] += cluster
        else:
            atoms.append(cluster)
    return [part for atom in atoms for part in (graphemes(atom) if display_width(atom.strip()) > width else [atom])]


def _ends_wide(text: str) -> bool:
    """Whether a line may break after `text` because its script needs no space there."""
    last = graphemes(text)[-1][0] if text else ""
    return bool(last) and unicodedata.east_asian_width(last) in "WF" and not opens(last)
