"""A transcript that already exists: the recogniser for work that another program did."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ..fusion.errors import OptionError
from ..fusion.formats.files import Unit, check_unit, read_any, transcript_of
from ..fusion.types import SAMPLE_RATE, Progress, Samples, Transcript
from .common import report, seconds, sound


class WordsJson:
    """Reads what `transcribe attach` reads, in the same way; the audio is not listened to.

    Args:
        model: the file: JSON of any known shape, or CTM.
        unit: of its times, where the format does not settle it: ``s``, ``ms``, or
            ``auto``, which takes seconds and refuses what cannot be.
    """

    listens = False

    def __init__(self, model: str | os.PathLike[str] | None = None, *, unit: Unit = "auto") -> None:
        if model is None:
            raise OptionError("The recogniser words-json needs the file with the words: --model WORDS.json.")
        self._path = Path(model)
        self._unit = unit

    def transcribe(
        self,
        samples: Samples,
        *,
        sample_rate: float = SAMPLE_RATE,
        language: str | None = None,
        on_progress: Progress | None = None,
    ) -> Transcript:
        """Return the file's transcript; `samples` give only the duration.

        Raises:
            TranscriptError: no such file, not a known shape, or a word that cannot be, by its place.
        """
        length = seconds(sound(samples, sample_rate))
        reading = read_any(self._path, self._unit, language)
        check_unit(reading, self._unit, length)
        found = transcript_of(reading, length)
        report(on_progress, length, length)
        return replace(found, duration=length)
