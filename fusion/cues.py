"""Words with speakers -> segments of one speaker each -> cues that can be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from fusion.text import carve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fusion.types import Seconds, Segment, Transcript, Word


def split_segments(transcript: Transcript) -> Transcript:
    """Split every segment whose words have several speakers, exactly between the words.

    The text is carved by offsets from the recogniser's own: put together, the
    pieces are the segment's text. The first piece keeps the segment's start and
    the last its end. A word without a speaker stays with the words before it
    (after it, at the start of a segment). A segment without words is left alone.
    """
    return replace(transcript, segments=tuple(piece for s in transcript.segments for piece in _split(s)))


def _split(segment: Segment) -> list[Segment]:
    """The pieces of one segment."""
    if not segment.words:
        return [segment]
    firsts, speakers = speaker_runs([word.speaker for word in segment.words])
    bounds = [*firsts, len(segment.words)]
    groups = [segment.words[a:b] for a, b in pairwise(bounds)]
    texts = carve(segment.text, [word.text for word in segment.words], firsts[1:])
    spans = _piece_times(segment, groups)
    return [
        replace(segment, start=start, end=end, text=text, words=words, speaker=speaker)
        for (start, end), text, words, speaker in zip(spans, texts, groups, speakers, strict=True)
    ]


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
    for before, after in pairwise(groups):
        end = next((w.end for w in reversed(before) if w.end is not None), None)
        start = next((w.start for w in after if w.start is not None), None)
        end = start if end is None else end
        end = starts[-1] if end is None else end
        ends.append(min(max(end, starts[-1]), max(segment.end, starts[-1])))
        starts.append(max(segment.start, ends[-1] if start is None else start))
    ends.append(max(segment.end, starts[-1]))
    return list(zip(starts, ends, strict=True))
