"""Segments with several speakers -> segments of one speaker each."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from ..join.assign import main_speaker
from ..text import carve, share_found
from ..types import check_transcript

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..types import Seconds, Segment, Transcript, Word

_SAME_WORDS = 0.5
"""A line is cut between its words only where its text holds at least this part of them."""


def split_segments(transcript: Transcript) -> Transcript:
    """Split every segment whose words have several speakers, exactly between the words.

    The text is carved by offsets from the recogniser's own: put together, the
    pieces are the segment's text. The first piece keeps the segment's start and
    the last its end. A word without a speaker stays with the words before it
    (after it, at the start of a segment), unless a person said that it is nobody's.
    Pieces never overlap. A segment without words, or none of whose words says anything
    of speakers, is left alone; one whose words are not those of its text stays whole,
    with its main speaker and a note.
    """
    check_transcript(transcript)
    pieces: list[Segment] = []
    notes: list[str] = []
    for segment in transcript.segments:
        if not any(word.speaker is not None or word.attribution is not None for word in segment.words):
            pieces.append(segment)
            continue
        firsts, speakers = speaker_runs([_owner(word) for word in segment.words])
        if len(firsts) > 1 and share_found(segment.text, [word.text for word in segment.words]) < _SAME_WORDS:
            pieces.append(replace(segment, speaker=main_speaker(segment.words)))
            notes.append(f"The line at {segment.start:.2f} s stays whole: its words are not those of its text.")
        else:
            pieces += _split(segment, firsts, speakers)
    return replace(transcript, segments=tuple(pieces), notes=(*transcript.notes, *notes))


def _split(segment: Segment, firsts: Sequence[int], speakers: Sequence[str | None]) -> list[Segment]:
    """The pieces of one segment, which begin at the words numbered `firsts`."""
    bounds = [*firsts, len(segment.words)]
    groups = [segment.words[a:b] for a, b in pairwise(bounds)]
    texts = carve(segment.text, [word.text for word in segment.words], firsts[1:])
    spans = _piece_times(segment, groups)
    return [
        replace(segment, start=start, end=end, text=text, words=words, speaker=speaker or None)
        for (start, end), text, words, speaker in zip(spans, texts, groups, speakers, strict=True)
    ]


def _owner(word: Word) -> str | None:
    """Whose the word is; what a person gave to nobody is a run of its own, empty."""
    nobodys = word.speaker is None and word.attribution is not None and word.attribution.reason == "edited"
    return "" if nobodys else word.speaker


def speaker_runs(speakers: Sequence[str | None]) -> tuple[list[int], list[str | None]]:
    """Where each speaker's run of words begins, and whose it is; None never begins a run but the first.

    Example:
        >>> speaker_runs([None, "A", None, "B"])
        ([0, 3], ['A', 'B'])
    """
    firsts, runs = [0], [speakers[0]]
    for index, speaker in enumerate(speakers):
        if speaker is None or speaker == runs[-1]:
            continue
        if runs[-1] is None:
            runs[-1] = speaker
        else:
            firsts.append(index)
            runs.append(speaker)
    return firsts, runs


def _piece_times(segment: Segment, groups: Sequence[Sequence[Word]]) -> list[tuple[Seconds, Seconds]]:
    """Each piece runs from its first word to its last, the outer edges from the segment."""
    starts, ends = [segment.start], []
    firsts = [next((w.start for w in group if w.start is not None), None) for group in groups]
    coming: list[Seconds | None] = []
    for own in reversed(firsts):
        coming.append(coming[-1] if own is None and coming else own)
    for before, start, following in zip(groups, firsts[1:], coming[-2::-1], strict=False):
        end = next((w.end for w in reversed(before) if w.end is not None), starts[-1] if start is None else start)
        if start is None:  # beside the words before it, but the words after it keep their times
            start = end if following is None else min(end, following)  # noqa: PLW2901
        # A word that runs into the next piece, or out of the line, is cut off there.
        start = min(max(starts[-1], start), max(segment.end, starts[-1]))  # noqa: PLW2901
        ends.append(min(max(end, starts[-1]), start))
        starts.append(start)
    ends.append(max(segment.end, starts[-1]))
    return list(zip(starts, ends, strict=True))
