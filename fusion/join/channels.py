"""One speaker a channel: recordings of calls, and of meetings with a microphone for each.

Every channel is recognised by itself; here the transcripts become one, in the
order of time, each word with the speaker of its channel. A channel that holds
several voices is joined to its own diarization instead (hybrid).
`fusion.audio.same_channels` tells whether the channels differ at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..relabel import rename_transcript, rename_turns
from ..types import (
    Attribution,
    Diarization,
    Seconds,
    Segment,
    SpeakerShare,
    Transcript,
    Turn,
    Word,
)
from .assign import DEFAULT, Policy
from .guessed import assign_with_lines

PAUSE: Seconds = 0.5
"""Words of a channel that are no farther apart belong to one turn."""
LEAST_VOICE: Seconds = 2.0
"""A voice that speaks less, or under a twentieth of its channel's speech, does not make the channel a shared one."""

_LEAST_SHARE = 0.05

Clock: TypeAlias = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Instants, and how long somebody has spoken until each."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What was said on one channel; `diarization` where it may hold several voices (hybrid)."""

    transcript: Transcript
    diarization: Diarization | None = None


def merge_channels(channels: Sequence[Channel], policy: Policy = DEFAULT) -> tuple[Transcript, tuple[Turn, ...]]:
    """One transcript of all channels with speakers on every word, and the turns that follow from it.

    The first channel's speaker is SPEAKER_00, the next one's SPEAKER_01 and
    so on, also where a channel is silent; a shared channel takes one label a
    voice. Texts and times leave as they came; segments are sorted by their
    start, at a tie by channel. Whoever speaks on another channel meanwhile is
    listed in ``Word.attribution.others``.
    """
    transcripts: list[Transcript] = []
    turns: list[tuple[Turn, ...]] = []
    first = 0
    for number, channel in enumerate(channels):
        found, spoken, used = _labelled(channel, number, first, policy)
        transcripts.append(found)
        turns.append(spoken)
        first += used
    transcripts = [_with_others(found, own, turns) for own, found in enumerate(transcripts)]
    segments = [segment for transcript in transcripts for segment in transcript.segments]
    merged = Transcript(
        segments=tuple(sorted(segments, key=lambda segment: segment.start)),
        language=_language(transcripts),
        duration=max((transcript.duration for transcript in transcripts), default=0.0),
        notes=tuple(dict.fromkeys(note for transcript in transcripts for note in transcript.notes)),
    )
    every = (turn for spoken in turns for turn in spoken)
    return merged, tuple(sorted(every, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def voices(diarization: Diarization) -> tuple[str, ...]:
    """The labels that speak at least 2 s and a twentieth of all speech; the rest are coughs and echoes."""
    time = dict.fromkeys(diarization.speakers, 0.0)
    for turn in diarization.turns:
        time[turn.speaker] += turn.end - turn.start
    least = max(LEAST_VOICE, _LEAST_SHARE * sum(time.values()))
    return tuple(sorted(speaker for speaker, seconds in time.items() if seconds >= least))


def _labelled(channel: Channel, number: int, first: int, policy: Policy) -> tuple[Transcript, tuple[Turn, ...], int]:
    """A channel's transcript and turns under labels from `first` on, and how many labels it took."""
    diarization = channel.diarization
    if diarization is not None and len(voices(diarization)) > 1:
        names = {old: _label(first + offset) for offset, old in enumerate(diarization.speakers)}
        joined = assign_with_lines(channel.transcript, diarization, policy)
        return rename_transcript(joined, names), rename_turns(diarization.turns, names), len(names)
    speaker = _label(first)
    found = _given_to(channel.transcript, speaker, f"spoken on channel {number + 1}")
    return found, turns_of(found, speaker), 1


def _label(number: int) -> str:
    return f"SPEAKER_{number:02d}"


def _given_to(transcript: Transcript, speaker: str, detail: str) -> Transcript:
    attribution = Attribution("channel", 1.0, detail=detail)
    segments = tuple(
        replace(
            segment,
            speaker=speaker,
            words=tuple(replace(word, speaker=speaker, attribution=attribution) for word in segment.words),
        )
        for segment in transcript.segments
    )
    return replace(transcript, segments=segments)


def turns_of(transcript: Transcript, speaker: str) -> tuple[Turn, ...]:
    """When somebody speaks by what was recognised: timed words with pauses up to 0.5 s between them."""
    turns: list[Turn] = []
    for start, end in sorted(_spans(transcript)):
        if turns and start - turns[-1].end <= PAUSE:
            turns[-1] = replace(turns[-1], end=max(turns[-1].end, end))
        else:
            turns.append(Turn(start, end, speaker))
    return tuple(turns)


def _spans(transcript: Transcript) -> Iterator[tuple[Seconds, Seconds]]:
    for segment in transcript.segments:
        times = [(word.start, word.end) for word in segment.words]
        known = [(start, end) for start, end in times if start is not None and end is not None and end > start]
        if known:
            yield from known
        elif segment.end > segment.start:
            yield segment.start, segment.end


def _with_others(transcript: Transcript, own: int, turns: Sequence[tuple[Turn, ...]]) -> Transcript:
    """List the speakers of the other channels who are active during each word."""
    speakers: dict[str, list[Turn]] = {}
    for number, spoken in enumerate(turns):
        for turn in spoken if number != own else ():
            speakers.setdefault(turn.speaker, []).append(turn)
    clocks = {speaker: _clock(spoken) for speaker, spoken in speakers.items()}
    segments = tuple(_segment_with_others(segment, clocks) for segment in transcript.segments)
    return replace(transcript, segments=segments)


def _segment_with_others(segment: Segment, clocks: dict[str, Clock]) -> Segment:
    return replace(segment, words=tuple(_word_with_others(word, clocks) for word in segment.words))


def _word_with_others(word: Word, clocks: dict[str, Clock]) -> Word:
    if word.attribution is None or word.start is None or word.end is None or word.end <= word.start:
        return word
    length = word.end - word.start
    shares = [SpeakerShare(speaker, _spoken(clock, word.start, word.end) / length) for speaker, clock in clocks.items()]
    others = sorted((*word.attribution.others, *(s for s in shares if s.share > 0)), key=lambda s: -s.share)
    return replace(word, attribution=replace(word.attribution, others=tuple(others)))


def _clock(turns: Sequence[Turn]) -> Clock:
    """The turns of one speaker as a rising line: linear within a turn, level between two.

    Where turns of one speaker touch or overlap, they count once.
    """
    instants: list[float] = []
    for turn in sorted(turns, key=lambda turn: turn.start):
        if instants and turn.start <= instants[-1]:
            instants[-1] = max(instants[-1], turn.end)
        else:
            instants += [turn.start, turn.end]
    edges = np.array(instants)
    lengths = np.diff(edges, prepend=edges[:1])
    lengths[::2] = 0  # the way from one turn to the next
    return edges, np.cumsum(lengths)


def _spoken(clock: Clock, start: Seconds, end: Seconds) -> Seconds:
    before, after = np.interp([start, end], *clock)
    return float(after - before)


def _language(transcripts: Sequence[Transcript]) -> str | None:
    """That of the channel with the most text; of the first one at a tie."""
    known = [transcript for transcript in transcripts if transcript.language is not None]
    longest = max(known, key=lambda t: sum(len(segment.text) for segment in t.segments), default=None)
    return longest.language if longest else None
