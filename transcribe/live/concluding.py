"""The end of a live recording: what `transcribe --diarize`, or ``--channels hybrid``, says of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...fusion.audio import same_channels
from ..channels import tell_same, transcribe_channels
from ..job import finish

if TYPE_CHECKING:
    from ...fusion.types import Diarization, Samples, Transcript
    from ...fusion.watch import Watch
    from ..job import Job, Rename, Result
    from ..options import Wish


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that is over.

    name: the file's. channels: each float32 (num_samples,), all equally long; one where its sound was mixed.
    found: the turns of each. words: of each, or None for the recogniser to hear them once more.
    """

    name: str
    channels: Sequence[Samples]
    found: Sequence[Diarization]
    words: Sequence[Transcript] | None


def conclude(
    job: Job, recorded: Recorded, wish: Wish, watch: Watch, rename: Rename | None
) -> tuple[Result, Diarization]:
    """The offline answer; and its turns without names."""
    channels, words = recorded.channels, recorded.words
    first = words[0] if words else None
    if wish.channels is None:
        found = recorded.found[0]
    elif same_channels(channels):
        tell_same(len(channels), wish, watch)
        _, diarizer = job.both(wish, watch)
        with watch.timed("diarize"):
            found = diarizer.diarize(
                channels[0], **wish.speakers.given(), on_progress=watch.progress, cancel=watch.cancel
            )
    else:
        return _of_channels(job, recorded, wish, watch, rename)
    return job.conclude(recorded.name, channels[0], found, wish, watch, words=first, rename=rename), found


def _of_channels(
    job: Job, recorded: Recorded, wish: Wish, watch: Watch, rename: Rename | None
) -> tuple[Result, Diarization]:
    found, words = iter(recorded.found), iter(recorded.words or ())

    def find(samples: Samples, alone: Wish, part: Watch) -> tuple[Transcript, Diarization]:
        return next(words) if recorded.words else job.words(samples, alone, part), next(found)

    transcript, diarization = transcribe_channels(recorded.channels, wish, watch, find)
    turns = diarization
    if rename is not None:
        with watch.stage("identify"):
            transcript, diarization = rename(transcript, diarization, np.mean(recorded.channels, axis=0))
    return finish(recorded.name, transcript, diarization, watch), turns
