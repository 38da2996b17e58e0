"""Lines whose words have guessed times: each sentence is joined as a whole.

A guess is off by about a word, so that a change of speaker would land in the
middle of a sentence; where a sentence ends is known. A line without marks is
joined word by word, like any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..text import sentence_ends
from ..types import Transcript, Word
from .assign import DEFAULT, Policy, assign_speakers, assign_transcript, check_policy, main_speaker
from .kinds import Turns, read_evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..types import Segment

_DETAIL = "joined with its sentence, since its times are estimated"


def assign_with_lines(transcript: Transcript, turns: Turns, policy: Policy = DEFAULT) -> Transcript:
    """`assign_transcript`, but words of a segment that has only guessed times, and marks, get their sentence's speaker.

    Such a sentence goes to whoever is heard longest in it, whatever `policy.join` is.
    """
    check_policy(policy)
    evidence = read_evidence(turns)
    guessed = [_is_guessed(segment, transcript.language) for segment in transcript.segments]
    bare = [replace(s, words=()) if g else s for s, g in zip(transcript.segments, guessed, strict=True)]
    joined = assign_transcript(replace(transcript, segments=tuple(bare)), evidence, policy)
    groups = [
        _sentences(s.words, transcript.language) if g else [] for s, g in zip(transcript.segments, guessed, strict=True)
    ]
    wholes = [Word(group[0].start, group[-1].end, "") for line in groups for group in line]
    told = iter(assign_speakers(wholes, evidence, replace(policy, join="plain")))
    segments = []
    for segment, line in zip(joined.segments, groups, strict=True):
        words = tuple(word for group in line for word in _labelled(group, next(told)))
        segments.append(replace(segment, words=words, speaker=main_speaker(words)) if words else segment)
    return replace(joined, segments=tuple(segments))


def _is_guessed(segment: Segment, language: str | None) -> bool:
    guessed = bool(segment.words) and all(w.timing == "estimated" and w.start is not None for w in segment.words)
    return guessed and any(sentence_ends([word.text for word in segment.words], language))


def _sentences(words: Sequence[Word], language: str | None) -> list[list[Word]]:
    groups: list[list[Word]] = [[]]
    for word, ended in zip(words, sentence_ends([word.text for word in words], language), strict=True):
        groups[-1].append(word)
        if ended:
            groups.append([])
    return [group for group in groups if group]


def _labelled(group: Sequence[Word], whole: Word) -> list[Word]:
    why = whole.attribution
    if why is not None:
        why = replace(why, detail="; ".join(filter(None, (why.detail, _DETAIL))))
    return [replace(word, speaker=whole.speaker, attribution=why) for word in group]
