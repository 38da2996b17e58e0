"""sherpa-onnx and onnx-asr: ``{"text", "tokens": [...], "timestamps": [...]}``, when each token begins, in seconds.

Tokens are parts of words, a space (or U+2581) at the front of the first, or ``@@`` after those
that go on; sherpa-onnx also tells ``durations`` where its model does. There is no place for a speaker in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import TranscriptError
from .reading import Reading, flat_lines, get, holds, items, language_code, make_slot, merged, number

if TYPE_CHECKING:
    from ..types import Seconds

_SPACE = "\u2581"
_GOES_ON, _WENT_ON = "@@", "##"
"""What some models write after a token that the next one goes on, or before one that goes on the last."""
_SPACES = re.compile(r"\s*")
_LAST: Seconds = 0.24
"""A token lasts no longer than this where nothing tells."""


def matches(data: Any) -> bool:
    """An object with tokens, which are texts, and a list of times beside them."""
    tokens = data.get("tokens") if isinstance(data, Mapping) else None
    is_list = isinstance(tokens, list) and bool(tokens) and holds(data, "timestamps")
    return is_list and all(isinstance(token, str) for token in data["tokens"])


def read(data: Any) -> Reading:
    """Put the tokens together to words."""
    tokens, times = data["tokens"], data["timestamps"]
    if len(tokens) != len(times):
        raise TranscriptError(f"tokens are {len(tokens)}, timestamps {len(times)}: each token needs one.")
    starts = [number(time, f"timestamps[{i}]") for i, time in enumerate(times)]
    lengths = [number(length, f"durations[{i}]") for i, length in enumerate(items(get(data, "durations"), "durations"))]
    slots = [
        make_slot(None, f"tokens[{i}]", token, start, _end(i, starts, lengths))
        for i, (token, start) in enumerate(zip(_spaced(tokens, get(data, "text")), starts, strict=True))
    ]
    language = language_code(get(data, "lang", "language"))
    return Reading("sherpa-onnx", flat_lines(merged(slots), "tokens", get(data, "text"), language), language)


def _spaced(tokens: Sequence[str], text: Any) -> list[str]:
    """The tokens with a space before each word; where no token has one, those that the whole text has."""
    bare = [_bare(token) for token in tokens]
    if not isinstance(text, str) or any(token[:1].isspace() for token in bare):
        return bare
    found, at = [], 0
    for token in bare:
        begin = _SPACES.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if not text.startswith(token, begin):
            return bare
        found.append(f" {token}" if begin > at else token)
        at = begin + len(token)
    return found


def _bare(token: str) -> str:
    """A token without the signs that it is a part of a word, if it is more than those."""
    spaced = token.replace(_SPACE, " ")
    return spaced.removesuffix(_GOES_ON).removeprefix(_WENT_ON) or spaced


def _end(index: int, starts: Sequence[Seconds | None], lengths: Sequence[Seconds | None]) -> Seconds | None:
    """When a token ends: after its length, else where the next begins, and soon."""
    start = starts[index]
    if start is None:
        return None
    if index < len(lengths) and (length := lengths[index]) is not None:
        return start + length
    following = starts[index + 1] if index + 1 < len(starts) else None
    return start + _LAST if following is None else max(start, min(following, start + _LAST))
