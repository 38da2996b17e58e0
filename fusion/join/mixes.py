"""Which channel is the mix of the others, as services deliver it beside a file for each person."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..types import Seconds, Transcript

Said: TypeAlias = "list[tuple[Seconds, int]]"
"""When, and on which channel, a word is said, in the order of time."""

_NEAR: Seconds = 0.5
"""By which a recogniser places one word apart in a recording and in the mix of it with others."""
_ENOUGH = 20
"""Words: of fewer, chance has as many in common."""
_SHARE = 0.75
"""Of a mix's words that others say: in it a recogniser hears some of them otherwise."""
_CLEAN = 0.1
"""Of their words at most, what people have in common with each other who have microphones in different rooms."""
_PART = 5
"""Words: who has fewer in common with the mix, and with nobody else, may have them by chance."""


def mix_of(transcripts: Sequence[Transcript]) -> dict[int, tuple[int, ...]]:
    """The channels that hold what at least two others say -> which these are.

    The others have nothing in common but with the mix. So nobody is taken for one whom a mix repeats, nor are people at
    one table, who are heard in each other's microphones: what leaks there is left out anyway (`crosstalk`).
    """
    words = [list(_words(transcript)) for transcript in transcripts]
    places: dict[str, set[tuple[Seconds, int]]] = defaultdict(set)
    for channel, own in enumerate(words):
        for text, when in own:
            places[text].add((when, channel))
    said: dict[str, Said] = {text: sorted(there) for text, there in places.items()}
    sharing = [[_sharing(said[text], when, own) for text, when in spoken] for own, spoken in enumerate(words)]
    found = {}
    for mix, others in enumerate(sharing):
        alone = Counter(next(iter(one)) for one in others if len(one) == 1)
        parts = tuple(sorted(part for part, count in alone.items() if count >= _PART))
        common = sum(map(bool, others)) >= _SHARE * len(others) and len(others) >= _ENOUGH
        if common and len(parts) > 1 and all(_is_clean(sharing[part], mix) for part in parts):
            found[mix] = parts
    return found


def _is_clean(sharing: Sequence[set[int]], mix: int) -> bool:
    """Whether a channel's words are said on no other one but the mix, given where else each of them is said."""
    return sum(bool(others - {mix}) for others in sharing) <= _CLEAN * len(sharing)


def _words(transcript: Transcript) -> Iterator[tuple[str, Seconds]]:
    """What is said, without marks and capitals, and when."""
    for word in transcript.words:
        text = "".join(filter(str.isalnum, word.text.casefold()))
        if text and word.start is not None and word.end is not None:
            yield text, (word.start + word.end) / 2


def _sharing(said: Said, when: Seconds, channel: int) -> set[int]:
    """The other channels on which a word is said at that time."""
    near = said[bisect_left(said, (when - _NEAR, -1)) : bisect_left(said, (when + _NEAR, -1))]
    return {other for _, other in near} - {channel}
