"""A transcript that already exists, read from JSON: the recogniser for work that another program did."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..fusion.errors import TranscriptError
from ..fusion.types import Progress, Samples, Seconds, Segment, Transcript, Word
from .common import report, seconds
from .grouping import extent, grouped, joined


class WordsJson:
    """Reads a list of words, or ``{"segments": [{"words": [...]}]}``; the audio is not listened to.

    Args:
        path: the JSON file. A word has ``word`` or ``text``, and ``start`` and
            ``end`` in seconds (both missing where the time is unknown), and may
            have ``probability`` (or ``score``, ``confidence``).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def transcribe(
        self, samples: Samples, *, language: str | None = None, on_progress: Progress | None = None
    ) -> Transcript:
        """Return the file's transcript; `samples` give only the duration."""
        transcript = self._parse(self._read(), seconds(samples), language)
        report(on_progress, transcript.duration, transcript.duration)
        return transcript

    def _read(self) -> Any:
        try:
            return json.loads(self._path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise TranscriptError(f"{self._path} cannot be read: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:  # bad JSON, not UTF-8, or nested to hurt
            raise TranscriptError(f"{self._path} is no JSON text: {error}") from error

    def _parse(self, data: Any, duration: Seconds, language: str | None) -> Transcript:
        if isinstance(data, list):
            segments = tuple(grouped([self._word(item, f"word {i}") for i, item in enumerate(data)]))
            return Transcript(segments, language, duration)
        items = data.get("segments") if isinstance(data, dict) else None
        if not isinstance(items, list):
            message = f'{self._path}: expected a list of words or an object with "segments"; see `transcribe attach`.'
            raise TranscriptError(message)
        found = tuple(self._segment(item, f"segment {i}") for i, item in enumerate(items))
        named = data.get("language")
        return Transcript(found, language or (named if isinstance(named, str) else None), duration)

    def _segment(self, item: Any, where: str) -> Segment:
        if not isinstance(item, Mapping):
            raise TranscriptError(f"{self._path}: {where} must be an object, not {type(item).__name__}.")
        given = item.get("words") or ()
        if not isinstance(given, Sequence) or isinstance(given, str):
            raise TranscriptError(f'{self._path}: {where}: "words" must be a list.')
        words = [self._word(word, f"{where}, word {i}") for i, word in enumerate(given)]
        span = self._span(item, where) or extent(words)
        if span is None:
            raise TranscriptError(f"{self._path}: {where} has no start and end, and no word with a time.")
        text = item.get("text")
        return Segment(*span, text if isinstance(text, str) else joined(words), tuple(words))

    def _word(self, item: Any, where: str) -> Word:
        if not isinstance(item, Mapping):
            raise TranscriptError(f"{self._path}: {where} must be an object, not {type(item).__name__}.")
        text = item.get("word", item.get("text"))
        if not isinstance(text, str):
            raise TranscriptError(f'{self._path}: {where} has no "word" or "text".')
        start, end = self._span(item, f"{where} ({text.strip()!r})") or (None, None)
        scores = (item[key] for key in ("probability", "score", "confidence") if _is_number(item.get(key)))
        return Word(start, end, text, next(map(float, scores), None))

    def _span(self, item: Mapping[str, Any], where: str) -> tuple[Seconds, Seconds] | None:
        times: tuple[Any, Any] = item.get("start"), item.get("end")
        start, end = times
        if start is None and end is None:
            return None
        for name, value in (("start", start), ("end", end)):
            if not _is_number(value) or value < 0:
                raise TranscriptError(
                    f"{self._path}: {where}: {name}={value!r} must be a number of seconds, 0 or more."
                )
        if end < start:
            raise TranscriptError(f"{self._path}: {where}: end={end} lies before start={start}.")
        return float(start), float(end)


def _is_number(value: Any) -> bool:
    """Whether it is a finite number; JSON may hold integers beyond any float."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and abs(value) <= sys.float_info.max
