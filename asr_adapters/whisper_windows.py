"""Whisper's way through a recording, window by window: what it has to be told to go on with the next one.

It hears 30 s at a time, looks back at what was said, and goes on behind the last word. faster-whisper tells for each
segment where its window began and of which tokens it is made, and takes both back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from .resuming import OtherwiseError

_PROMPT = 224
"""Tokens that the engine looks back at, at most."""
_FRAMES_PER_SECOND = 100
_RESET = 0.5
"""The engine forgets what was said in a window that it could hear only at a higher temperature, and before."""


@dataclass(slots=True)
class Window:
    """The window that is being heard.

    conditioned, reset: the engine's options. seek: where the window begins, in frames of 10 ms; -1 before the first.
    before: tokens that it looks back at. said: its own. end: of its last segment. forgets: whether the next one looks
    back at nothing.
    """

    conditioned: bool = True
    reset: float = _RESET
    seek: int = -1
    before: list[int] = field(default_factory=list)
    said: list[int] = field(default_factory=list)
    end: float = 0.0
    forgets: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Window:
        """Before the first one."""
        reset = options.get("prompt_reset_on_temperature", _RESET)
        return cls(bool(options.get("condition_on_previous_text", True)), reset)

    def ends_before(self, heard: Any) -> bool:
        """Whether the segment `heard` is of a later window, so that this one is told wholly."""
        return bool(self.seek not in (-1, heard.seek))

    def take(self, heard: Any) -> None:
        """Take the next of the engine's segments."""
        if heard.seek != self.seek:
            self.before = [] if self.forgets else [*self.before, *self.said][-_PROMPT:]
            self.seek, self.said = heard.seek, []
        self.said += heard.tokens
        self.end = float(heard.end)
        self.forgets = not self.conditioned or heard.temperature > self.reset

    @property
    def state(self) -> dict[str, Any]:
        """What `asked` and `follow` need."""
        return {"seek": self.seek, "before": self.before, "said": self.said, "end": self.end}

    def follow(self, heard: Iterable[Any], state: Mapping[str, Any]) -> Iterator[Any]:
        """What comes after the window of `state`, which is the first that is heard now.

        Raises:
            OtherwiseError: it says something else now, or ends elsewhere.
        """
        walk, self.before = iter(heard), list(state["before"])
        following = next(walk, None)
        while following is not None and following.seek == state["seek"]:
            self.take(following)
            following = next(walk, None)
        if (self.seek, self.said, self.end) != (state["seek"], state["said"], state["end"]):
            raise OtherwiseError
        return walk if following is None else chain([following], walk)


def asked(state: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's options with which it begins with the window of `state`, as it did then."""
    return {"clip_timestamps": [state["seek"] / _FRAMES_PER_SECOND], "initial_prompt": list(state["before"])}
