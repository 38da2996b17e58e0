"""What a result depends on, as one key: the recording's bytes, what is asked, the models, and the program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...diarize.models.files import sha256_of
from ...fusion.audio.checking import existing
from ..documents.hashes import hashed
from ..documents.origin import settings_of
from .caches import Cache, looks
from .items import Asked, Item, file_name, is_address
from .places import Bucket

if TYPE_CHECKING:
    from ...exporters.style import Style
    from ...fusion.editing.content import Origin
    from ..options import Setup


@dataclass(frozen=True, slots=True)
class Basis:
    """What all results of a run have in common.

    program, models, used: which program, which models by their hashes, and which recogniser and pack these are.
    setup: what is loaded. words: whether words are recognised, or only turns found.
    """

    program: str
    models: Mapping[str, str]
    used: Mapping[str, str]
    setup: Setup
    words: bool

    @classmethod
    def of(cls, origin: Origin, setup: Setup, *, words: bool) -> Basis:
        """From the origin of a job that has loaded its models."""
        used = {name: origin.settings[name] for name in ("recogniser", "diarizer") if name in origin.settings}
        return cls(origin.program, dict(origin.models), used, setup, words)

    def about(self, asked: Asked) -> dict[str, Any]:
        """What the result of a recording is made with, but for the recording; texts that may be secret as a hash."""
        options = json.dumps(self.setup.asr_options, sort_keys=True, default=str)
        return {
            "program": self.program,
            "models": dict(self.models),
            "settings": {**settings_of(self.setup, asked.wish), **self.used},
            "asr_options": hashed(options),
            "given": _given_model(self.setup.model),
            "channel_names": list(asked.channel_names),
            "words": self.words,
        }

    def key(self, asked: Asked, content: str) -> str:
        """Of one recording; `content` stands for its bytes."""
        return hashed({"content": content, **self.about(asked)})


def style_key(style: Style) -> str:
    """Of how a format looks."""
    return hashed(repr(style))


def content_of(item: Item, cache: Cache) -> str:
    """What stands for the bytes of a recording: their sha256, or the store's word for them; "" where it has none.

    Args:
        item: the recording.
        cache: has the hashes of files that have not changed since.

    Raises:
        AudioError: there is none, or it may not be read.
        NetworkError: the store cannot be reached.
    """
    if item.remote:
        return of_parts(item, [_content_of(part) for part in item.parts])
    paths, seen = [existing(part) for part in item.parts], looks(item)
    return cache.known(item) or cache.learn(item, of_parts(item, [sha256_of(path) for path in paths]), seen)


def _content_of(part: str) -> str:
    return Bucket(part).etag() or "" if is_address(part) else sha256_of(existing(part))


def of_parts(item: Item, contents: Sequence[str]) -> str:
    """What stands for a recording, of what does for each of its files, whose names matter; "" where one has none."""
    if not item.files:
        return contents[0]
    if not all(contents):
        return ""
    starts = item.starts or [0.0] * len(contents)
    return hashed([list(row) for row in zip(map(file_name, item.parts), starts, contents, strict=True)])


def _given_model(model: str | None) -> str:
    """The hash of a model that is one file, whatever it is called."""
    return sha256_of(Path(model)) if model and Path(model).is_file() else ""


def differing(before: object, after: object) -> Iterator[str]:
    """Names of what differs; models in one word, since nobody asked for their files."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                inner = [] if name == "models" else list(differing(before.get(name), after.get(name)))
                yield from inner or [{"given": "model"}.get(str(name), str(name))]
