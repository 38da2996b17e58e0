"""A recording that was heard again: names and what was edited by hand are kept, or it is said what could not be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby

from ..attaching import join_whole
from ..join.assign import DEFAULT, Policy
from ..relabel import is_name, rename_diarization
from ..text import ends_sentence
from ..types import Diarization, Seconds, Segment, Transcript, Turn, Word
from .content import Content, worded
from .history import Edit
from .operations import Correct, Replace
from .selecting import clock, middles, times_of
from .speakers import reassign
from .words import texts_of

_GAP: Seconds = 1.0
"""A sentence that goes on after so short a pause was one line before its speakers were told apart."""


def rediarized(content: Content, found: Diarization, policy: Policy = DEFAULT) -> tuple[Content, tuple[str, ...]]:
    """The same words with new turns; speakers keep the names of those whom they overlap most.

    Args:
        content: what was there.
        found: who spoke when, anew.
        policy: how words and turns are joined.

    Returns:
        The new content, and a sentence for each name and edit that could not be kept.
    """
    content = worded(content)
    names = names_by_overlap(content, found.turns)
    named = rename_diarization(found, names)
    lines = tuple(_unsplit(content.transcript))
    joined = join_whole(replace(content.transcript, segments=lines), named, policy)
    after = replace(content, transcript=replace(joined, notes=()), diarization=replace(named, notes=()))
    by_hand = [number for number, word in enumerate(content.transcript.words) if _is_by_hand(word)]
    words = content.transcript.words
    for speaker in dict.fromkeys(words[number].speaker for number in by_hand):
        after = reassign(after, {number for number in by_hand if words[number].speaker == speaker}, speaker)
    lost = sorted(name for name in set(content.speakers) - set(after.speakers) if is_name(name))
    return after, tuple(f"{name} is not found any more: those words are another speaker's now." for name in lost)


def rerecognised(content: Content, heard: Transcript, policy: Policy = DEFAULT) -> tuple[Content, tuple[str, ...]]:
    """New words for the same turns; what was corrected by hand stands where it stood.

    Args:
        content: what was there.
        heard: the words, anew; every line has some.
        policy: how words and turns are joined.

    Returns:
        The new content, and a sentence for each edit that could not be kept.
    """
    turns = content.diarization
    joined = heard if turns is None else join_whole(heard, turns, policy)
    kept = [passage for passage in _passages(content) if passage.edited]
    transcript = replace(joined, notes=())
    for passage in kept:
        transcript = _put_back(transcript, passage)
    after, lost = replace(content, transcript=transcript), []
    for passage in _passages(content):
        if passage.edited or not passage.by_hand:
            continue
        within = _within(after.transcript, passage)
        after = reassign(after, within, passage.speaker) if within else after
        if not within:
            lost.append(f"Nothing is heard any more at {clock(passage.start)}, which was given to somebody by hand.")
    return after, tuple(lost)


def deleted_and_back(edits: Sequence[Edit], before: Transcript, after: Transcript) -> tuple[str, ...]:
    """A sentence if words that were deleted by hand are heard again; none where they are not.

    Args:
        edits: the history, from which it is known which words there were.
        before: what stood there, without the words that were deleted.
        after: what is heard now.
    """
    removed = [edit.undo for edit in edits if isinstance(edit.operation, Correct | Replace)]
    was = (segment for undo in removed for part in undo.segments for segment in part.was)
    places = {middle for segment in was for middle in middles(replace(before, segments=(segment,)))}
    gone = [place for place in sorted(places) if not _spoken(before, place) and _spoken(after, place)]
    if not gone:
        return ()
    return (f"What was deleted by hand at {clock(gone[0])} is heard again ({len(gone)} words in all): delete it anew.",)


def _spoken(transcript: Transcript, place: Seconds) -> bool:
    """Whether a word lies around a moment."""
    return any(w.start is not None and w.end is not None and w.start <= place <= w.end for w in transcript.words)


def names_by_overlap(content: Content, turns: Sequence[Turn]) -> dict[str, str]:
    """What each speaker of new turns is called: as the one of before with whom it shares most time, or anew.

    One name goes to one speaker; pairs that share most time come first.
    """
    shared = _shared(turns, content.turns)
    names: dict[str, str] = {}
    for (label, name), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if label not in names and name not in names.values():
            names[label] = name
    taken = {*names.values(), *content.speakers}
    fresh = filter(lambda name: name not in taken, map("SPEAKER_{:02d}".format, count()))
    return names | dict(zip(sorted({turn.speaker for turn in turns} - names.keys()), fresh, strict=False))


def _shared(one: Iterable[Turn], other: Iterable[Turn]) -> dict[tuple[str, str], Seconds]:
    """Seconds that each pair of speakers shares, in time that grows with the turns and not with their square."""
    waiting = sorted(other, key=lambda turn: turn.start)
    index, active = 0, list[Turn]()
    shared: dict[tuple[str, str], Seconds] = {}
    for turn in sorted(one, key=lambda turn: turn.start):
        while index < len(waiting) and waiting[index].start < turn.end:
            active.append(waiting[index])
            index += 1
        active = [rival for rival in active if rival.end > turn.start]
        for rival in active:
            seconds = min(turn.end, rival.end) - max(turn.start, rival.start)
            if seconds > 0:
                pair = turn.speaker, rival.speaker
                shared[pair] = shared.get(pair, 0.0) + seconds
    return shared


def _unsplit(transcript: Transcript) -> Iterator[Segment]:
    """Lines as they were before their speakers were told apart, as far as can be seen; no word has a speaker."""
    whole: Segment | None = None
    before: Segment | None = None
    for segment in transcript.segments:
        words = tuple(replace(word, speaker=None, attribution=None) for word in segment.words)
        if whole is not None and before is not None and _goes_on(before, segment, transcript.language):
            text, end = _glued(whole.text, segment.text), max(whole.end, segment.end)
            whole = replace(whole, end=end, text=text, words=whole.words + words)
        else:
            yield from () if whole is None else (whole,)
            whole = replace(segment, words=words, speaker=None)
        before = segment
    yield from () if whole is None else (whole,)


def _goes_on(before: Segment, after: Segment, language: str | None) -> bool:
    """Whether a line was cut between these two, since the speaker changed there."""
    cut = before.speaker != after.speaker and before.start <= after.start <= before.end + _GAP
    return cut and not ends_sentence(before.text, after.text, language)


def _glued(before: str, after: str) -> str:
    return before + after if after[:1].isspace() or before[-1:].isspace() else f"{before} {after}"


def _is_by_hand(word: Word) -> bool:
    return word.attribution is not None and word.attribution.reason == "edited"


@dataclass(frozen=True, slots=True)
class _Passage:
    """Words that follow each other and were edited alike. lines: they, with their parts of their segments."""

    speaker: str | None
    edited: bool
    by_hand: bool
    start: Seconds
    end: Seconds
    lines: tuple[Segment, ...]


def _passages(content: Content) -> Iterator[_Passage]:
    """Every run of words that a person wrote, or gave to somebody."""
    times = iter(times_of(content.transcript))
    rows = [
        (word, text, number, next(times))
        for number, segment in enumerate(content.transcript.segments)
        for word, text in zip(segment.words, texts_of(segment), strict=True)
    ]
    for kind, run in groupby(rows, lambda row: (row[0].edited, _is_by_hand(row[0]), row[0].speaker)):
        edited, by_hand, speaker = kind
        if not (edited or by_hand):
            continue
        said = list(run)
        lines = []
        for _, part in groupby(said, lambda row: row[2]):
            words, texts, _, spans = zip(*part, strict=True)
            start, end = min(a for a, _ in spans), max(b for _, b in spans)
            lines.append(Segment(start, end, "".join(texts), words, speaker))
        yield _Passage(speaker, edited, by_hand, lines[0].start, max(line.end for line in lines), tuple(lines))


def _within(transcript: Transcript, passage: _Passage) -> set[int]:
    """The words whose middle is in the time of a passage."""
    return {number for number, middle in enumerate(middles(transcript)) if passage.start <= middle <= passage.end}


def _put_back(transcript: Transcript, passage: _Passage) -> Transcript:
    """The lines of a passage in place of what is said in its time."""
    gone, number = _within(transcript, passage), 0
    lines: list[Segment] = []
    for segment in transcript.segments:
        here = [index for index in range(len(segment.words)) if number + index in gone]
        number += len(segment.words)
        lines += [segment] if not here else _around(segment, here[0], here[-1] + 1)
    at = next((index for index, line in enumerate(lines) if line.start > passage.start), len(lines))
    return replace(transcript, segments=(*lines[:at], *passage.lines, *lines[at:]))


def _around(segment: Segment, first: int, last: int) -> list[Segment]:
    """What is left of a line before the word numbered `first`, and from `last` on."""
    texts = texts_of(segment)
    parts = []
    for a, b in ((0, first), (last, len(texts))):
        if a < b:
            words = segment.words[a:b]
            start = segment.start if a == 0 else words[0].start
            end = segment.end if b == len(texts) else words[-1].end
            times = segment.start if start is None else start, segment.end if end is None else end
            parts.append(replace(segment, start=times[0], end=times[1], text="".join(texts[a:b]), words=words))
    return parts
