"""What --verbose adds: what was found, and how long each stage took."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...fusion.types import Diarization, Seconds, Transcript
    from ..job import Result


def of_result(result: Result) -> list[str]:
    """Lines about a whole job."""
    lines = _words(result.transcript)
    if result.diarization is not None:
        lines += _speakers(result.diarization)
    return [*lines, _times(result.timings, result.transcript.duration)]


def of_diarization(found: Diarization) -> list[str]:
    """Lines about the diarizer alone."""
    return [*_speakers(found), _times(found.timings, found.duration)]


def _words(transcript: Transcript) -> list[str]:
    words = transcript.words
    line = f"words: {len(words)} in {len(transcript.segments)} segments, language {transcript.language or 'unknown'}"
    unsure = sum(word.speaker is None for word in words)
    joined = any(word.attribution is not None for word in words)
    return [f"{line}, {unsure} without a speaker" if joined else line]


def _speakers(found: Diarization) -> list[str]:
    """Every speaker with seconds and share, so that a minor one shows."""
    seconds = dict.fromkeys(found.speakers, 0.0)
    for turn in found.turns:
        seconds[turn.speaker] += turn.end - turn.start
    total = sum(seconds.values()) or 1.0
    each = [f"{speaker} {spoken:.1f} s ({spoken / total:.0%})" for speaker, spoken in seconds.items()]
    return [f"speakers: {len(each)}" + (f": {', '.join(each)}" if each else "")]


def _times(timings: Mapping[str, Seconds], duration: Seconds) -> str:
    parts = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in timings.items())
    return f"time: {parts}; the recording lasts {duration:.1f} s"
