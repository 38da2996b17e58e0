"""A job that a server does, in the shape of `transcribe.job.Job`, so that commands need not know the difference."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING

from ...diarize.models.store import Store
from ...fusion.errors import OptionError
from ...fusion.watch import Watch
from ..documents.origin import origin_of
from ..job import Result, finish
from ..options import Setup, Wish
from .client import THIS_MACHINE, RemoteOptions, check_url, transcribe_remote

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from _typeshed import DataclassInstance

    from ...fusion.audio import AudioSource
    from ...fusion.editing.content import Origin
    from ...fusion.types import Note, OnFound, OnSegment, Progress
    from ..job import Rename

TOKEN_VARIABLE = "DIARFUSE_REMOTE_TOKEN"  # noqa: S105  (the variable's name)
USED = frozenset({"model", "models_dir", "offline", "diarize", "speakers", "language", "audio_track", "details"})
"""What a server hears of, and what concerns the names that are given here; it chooses everything else itself."""


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A setup and the server that has one of its own; the token comes from $DIARFUSE_REMOTE_TOKEN."""

    setup: Setup
    url: str

    def check(self, wish: Wish) -> None:
        """Refuse what cannot be done, before any work.

        Raises:
            OptionError: no such address, an option that only a local job has, or no network wanted.
        """
        self._remote(wish)
        for option in (*_changed(self.setup, Setup()), *_changed(wish, Wish())):
            raise OptionError(f"{option} does nothing with --remote, the server chooses: leave it out.")
        if check_url(self.url).hostname not in THIS_MACHINE and Store(offline=self.setup.offline).offline:
            raise OptionError("--remote would send the recording although --offline is on: leave one of them out.")

    def transcribe(
        self,
        path: AudioSource,
        wish: Wish,
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        cancel: threading.Event | None = None,
        rename: Rename | None = None,
        on_heard: OnSegment | None = None,
        on_found: OnFound | None = None,
        on_part: OnSegment | None = None,
    ) -> Result:
        """Send one recording, and receive its words and anonymous turns; `rename` works here, on the answer.

        `on_heard` and `on_part` hear nothing: the server answers once, at the end.

        Raises:
            NetworkError: the server cannot be used.
        """
        from ...fusion.audio import load_audio

        del on_heard, on_part
        watch = Watch(on_progress, on_note, cancel, on_found=on_found)
        samples = load_audio(path, on_note=watch.keep, track=wish.audio_track)
        with watch.stage("remote"):
            transcript, diarization = transcribe_remote(samples, self._remote(wish), watch)
        watch.found(transcript, diarization)
        if rename is not None and diarization is not None:
            transcript, diarization = rename(transcript, diarization, samples)
        return finish(path, transcript, diarization, watch)

    def origin(self, wish: Wish) -> Origin:
        """What makes its results: the server's models are not known."""
        return origin_of(self.setup, wish, None, None)

    def _remote(self, wish: Wish) -> RemoteOptions:
        return RemoteOptions(
            url=self.url,
            token=os.environ.get(TOKEN_VARIABLE),
            model=self.setup.model,
            language=wish.language,
            diarize=wish.diarize,
            speakers=wish.speakers,
        )


def _changed(given: DataclassInstance, default: DataclassInstance) -> Iterator[str]:
    """The command line's names of those fields that a server hears nothing of, and that are not as by default."""
    for field in fields(default):
        value, usual = getattr(given, field.name), getattr(default, field.name)
        if field.name in USED or value == usual:
            continue
        if is_dataclass(usual) and not isinstance(usual, type):
            yield from _changed(value, usual)
        else:
            yield "--asr-option" if field.name == "asr_options" else f"--{field.name.replace('_', '-')}"
