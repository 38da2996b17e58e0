"""Words of recordings that are not done: a recogniser goes on behind them, and people read them where it never ends.

::

    CACHE/parts/   words of a recogniser that is at work, or was stopped (`documents.unfinished`)
    CACHE/heard/   <id>.json: the words of a recording that failed, as far as they were heard

Both go with the cache, and those of a recording once it is done. They are not told by what is published.
"""

from __future__ import annotations

import contextlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...asr_adapters.common import STAGE
from ...asr_adapters.resuming import Mark
from ...exporters import registry
from ...fusion.landing import write_whole
from ...fusion.types import SegmentRecognizer
from ..documents.rescue import undone
from ..documents.unfinished import Journal, can_go_on, heard, key_of

if TYPE_CHECKING:
    from ...fusion.types import Note, Progress, Recognizer, Samples, Segment, Transcript
    from ..options import Setup, Wish
    from .caches import Cache
    from .items import Item

_BEFORE = ("begin", "fetch", "load audio")
"""Stages of which nothing is heard: what lies there is of an earlier try, perhaps of another recording."""
_ONCE = "once"
"""In the place of a key, of a recogniser that cannot go on: nobody asks for it, but what it told can be read."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Those of one recording, of which one channel at most is heard at a time: the words of others are in the cache."""

    cache: Cache
    item: Item

    def hear(
        self,
        recogniser: Recognizer,
        setup: Setup,
        samples: Samples,
        language: str | None,
        on_progress: Progress | None,
        on_note: Note,
    ) -> Transcript:
        """What a recogniser hears, from where an earlier run of the same has left it."""
        if can_go_on(recogniser, samples):
            key = key_of(setup, recogniser, samples, language)
            _begin(on_progress)
            with closing(self._journal(key)) as journal:
                return heard(
                    recogniser,
                    samples,
                    journal,
                    self.item.id,
                    on_note,
                    language=language,
                    on_progress=on_progress,
                )
        _begin(on_progress)
        if not isinstance(recogniser, SegmentRecognizer):
            return recogniser.transcribe(samples, language=language, on_progress=on_progress)
        with closing(self._journal(_ONCE)) as journal:
            journal.begin_anew()

            def hear(segment: Segment) -> None:
                journal.hear(segment)
                journal.mark(Mark(segment.end, language))

            return recogniser.transcribe(samples, language=language, on_progress=on_progress, on_segment=hear)

    def forget(self) -> None:
        """Delete them."""
        for file in (*self._files, self._readable):
            with contextlib.suppress(OSError):
                file.unlink()

    def keep(self, wish: Wish, stage: str) -> str:
        """Have the words of a recording that failed lie where they can be read, and say so; "" where there is nothing.

        Those of one channel would be half a conversation. stage: in which it failed.
        """
        for file in self._files if wish.channels is None and stage not in _BEFORE else ():
            journal = Journal.at(file)
            if journal.begun is None:
                continue
            text = registry.dumps(undone(Path(self.item.file_name), journal.begun.segments, journal.language), "json")
            with contextlib.suppress(OSError):
                self._readable.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_whole(self._readable, text if isinstance(text, bytes) else text.encode(), mode=0o600)
                goes_on = "" if file.name.endswith(_ONCE) else ", and the next try (--redo failed) goes on from there"
                return f" Its words up to {journal.told} are kept in {self._readable}{goes_on}."
        return ""

    @property
    def _readable(self) -> Path:
        return self.cache.root / "heard" / f"{self.item.id}.json"

    @property
    def _files(self) -> list[Path]:
        return sorted((self.cache.root / "parts").glob(f"{self.cache.name(self.item)}-*"))

    def _journal(self, key: str) -> Journal:
        path = self.cache.root / "parts" / f"{self.cache.name(self.item)}-{key}"
        for other in self._files:  # of other options, which nobody asks for now
            if other != path:
                Journal(other).forget()
        return Journal.at(path)


def _begin(on_progress: Progress | None) -> None:
    """From here on words are lost, also of a recogniser that says nothing itself."""
    if on_progress is not None:
        on_progress(STAGE, 0, 1)
