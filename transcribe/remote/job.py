"""A job that a server does, in the shape of `transcribe.job.Job`, so that commands need not know the difference."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...diarize.models.store import Store
from ...fusion.errors import OptionError
from ..job import JobOptions, Result
from .client import THIS_MACHINE, RemoteOptions, check_url, transcribe_remote

if TYPE_CHECKING:
    import threading

    from ...fusion.types import Note, Progress
    from ..job import Rename

TOKEN_VARIABLE = "DIARFUSE_REMOTE_TOKEN"  # noqa: S105  (the variable's name)


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """Options and the server that carries them out; the token comes from $DIARFUSE_REMOTE_TOKEN."""

    options: JobOptions
    url: str

    def check(self) -> None:
        """Refuse what cannot be done, before any work.

        Raises:
            OptionError: no such address, an option that only a local job has, or no network wanted.
        """
        self._remote()
        for option, given in self._local().items():
            if given:
                raise OptionError(f"{option} does nothing with --remote, the server chooses: leave it out.")
        if check_url(self.url).hostname not in THIS_MACHINE and Store(offline=self.options.offline).offline:
            raise OptionError("--remote would send the recording although --offline is on: leave one of them out.")

    def transcribe(
        self,
        path: str | os.PathLike[str],
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        cancel: threading.Event | None = None,
        rename: Rename | None = None,
    ) -> Result:
        """Send one recording, and receive its words and anonymous turns; `rename` works here, on the answer.

        Raises:
            NetworkError: the server cannot be used.
        """
        from ...fusion.audio import load_audio

        samples = load_audio(path, on_note=on_note)
        started = time.perf_counter()
        transcript, diarization = transcribe_remote(samples, self._remote(), on_progress=on_progress, cancel=cancel)
        timings = {"remote": time.perf_counter() - started}
        if rename is not None and diarization is not None:
            transcript, diarization = rename(transcript, diarization, samples)
        return Result(transcript, diarization, timings, transcript.notes)

    def _local(self) -> dict[str, bool]:
        """Options of which a server hears nothing, and whether they were given."""
        given, default = self.options, JobOptions()
        return {
            "--asr": given.asr != default.asr,
            "--asr-option": bool(given.asr_options),
            "--compute-type": given.compute_type is not None,
            "--channels": given.channels is not None,
            "--diarizer": given.diarizer != default.diarizer,
            "--step": given.options.step is not None,
            "--threshold": given.options.threshold is not None,
            "--join": given.join != default.join,
            "--mode": given.execution.mode != default.execution.mode,
            "--device": given.execution.device != default.execution.device,
            "--threads": given.execution.threads != default.execution.threads,
        }

    def _remote(self) -> RemoteOptions:
        wish = self.options
        return RemoteOptions(
            url=self.url,
            token=os.environ.get(TOKEN_VARIABLE),
            model=wish.model,
            language=wish.language,
            diarize=wish.diarize,
            speakers=wish.speakers,
        )
