"""What --verbose adds: what was found, and how long each stage took."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...fusion.types import Diarization, Samples, Seconds, Transcript
    from ...fusion.watch import Watch


def of_result(transcript: Transcript, found: Diarization | None, timings: Mapping[str, Seconds]) -> list[str]:
    """Lines about a whole job."""
    speakers = [] if found is None else _speakers(found)
    return [*_words(transcript), *speakers, _times(timings, transcript.duration)]


def of_diarization(found: Diarization) -> list[str]:
    """Lines about the diarizer alone."""
    return [*_speakers(found), _times(found.timings, found.duration)]


def of_speech(samples: Samples, watch: Watch) -> str:
    """The line about speech and silence; where nothing here can tell them apart, why, which ends no work."""
    from ...diarize.vad import detect_speech
    from ...fusion.errors import MissingExtraError
    from ...fusion.types import SAMPLE_RATE

    try:
        spoken = sum(end - start for start, end in detect_speech(samples, on_progress=watch.progress))
    except MissingExtraError as error:
        return f"speech: not looked for. {error}"
    duration = len(samples) / SAMPLE_RATE
    return f"speech: {spoken:.1f} s of {duration:.1f} s ({spoken / max(duration, 0.001):.0%})"


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
