"""Put names where labels were: in words, segments and turns, and nowhere else.

Texts and times are not touched. Labels without a name stay. Two labels with
one name become one speaker: their turns are merged where they touch.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from .types import (
    Activity,
    Attribution,
    Diarization,
    Embedding,
    Likeness,
    Seconds,
    Segment,
    SpeakerShare,
    Transcript,
    Turn,
    Word,
)

Scored = TypeVar("Scored", Activity, Likeness)
_NUMBERED = re.compile(
    r"(?:[a-z]+[\s_.#:-]*)?\d{1,9}|[a-z]|(?:speaker|spk|guest|channel|person)[\s_.#:-]*[a-z]"
    r"|uu|unknown(?:[\s_-]?speaker)?|unk|nobody|none|null|<na>|",
    re.IGNORECASE | re.ASCII,
)
"""How diarizers and vendors call people whose names they do not know: SPEAKER_00, spk_1, Guest-2, S1, UU, A, 3."""


def is_name(speaker: str) -> bool:
    """Whether a speaker is called by a name that somebody gave, not by a number or a letter.

    Example:
        >>> [is_name(speaker) for speaker in ("Ana", "SPEAKER_00", "spk_1", "A")]
        [True, False, False, False]
    """
    return _NUMBERED.fullmatch(speaker.strip()) is None


def alike(names: Iterable[str]) -> dict[str, str]:
    r"""Names that differ only in how their accents are composed (NFC, NFD) -> the first of them, which they are.

    >>> alike(["Zo\xe9", "Ana", "Zoe\u0301"]) == {"Zoe\u0301": "Zo\xe9"}
    True
    """
    first: dict[str, str] = {}
    found = {name: first.setdefault(unicodedata.normalize("NFC", name), name) for name in names}
    return {name: known for name, known in found.items() if name != known}


def one_spelling(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns by (start, end, speaker), each speaker under one spelling."""
    given = tuple(turns)
    names = alike(turn.speaker for turn in given)
    spelled = (replace(turn, speaker=names[turn.speaker]) if turn.speaker in names else turn for turn in given)
    return tuple(sorted(spelled, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def rename_transcript(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """`transcript` with every speaker label that is a key of `names` replaced by its value."""
    segments = tuple(_segment(segment, names) for segment in transcript.segments)
    return replace(transcript, segments=segments)


def rename_diarization(diarization: Diarization, names: Mapping[str, str]) -> Diarization:
    """`diarization` under new names, with its embeddings, activity and likeness if it has them.

    Where two labels take one name, the embedding is the mean weighted by the
    time they speak, and the activity and the likeness the larger of the two.
    """
    return replace(
        diarization,
        turns=rename_turns(diarization.turns, names),
        exclusive=rename_turns(diarization.exclusive, names),
        embeddings=_embeddings(diarization, names),
        activity=None if diarization.activity is None else _scored(diarization.activity, names),
        likeness=None if diarization.likeness is None else _scored(diarization.likeness, names),
    )


def rename_turns(turns: Iterable[Turn], names: Mapping[str, str]) -> tuple[Turn, ...]:
    """Turns under new names, sorted; those of one person that touch or overlap become one.

    Only labels that a shared name brought together are merged: the turns of
    one label stay as the diarizer gave them.
    """
    by_name: dict[str, list[Turn]] = {}
    for turn in turns:
        by_name.setdefault(names.get(turn.speaker, turn.speaker), []).append(turn)
    renamed = [Turn(start, end, name) for name, own in by_name.items() for start, end in _merged(own)]
    return tuple(sorted(renamed, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def rename_in(sentence: str, names: Mapping[str, str]) -> str:
    """A sentence, in which speakers are called by their names.

    >>> rename_in("SPEAKER_01 speaks for only 0.3 s, SPEAKER_010 for 2.", {"SPEAKER_01": "Ana"})
    'Ana speaks for only 0.3 s, SPEAKER_010 for 2.'
    """
    if not names:
        return sentence
    labels = "|".join(re.escape(label) for label in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{labels})(?!\w)", lambda found: names[found[0]], sentence)


def _merged(turns: list[Turn]) -> list[tuple[Seconds, Seconds]]:
    """Where one person speaks, whose turns had one label or several."""
    if len({turn.speaker for turn in turns}) == 1:
        return [(turn.start, turn.end) for turn in turns]
    done: list[_Union] = []
    still: list[_Union] = []
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
        done += [union for union in still if union.end < turn.start]
        still = [union for union in still if union.end >= turn.start]
        met = [union for union in still if union.meets(turn)]
        still = [union for union in still if not union.meets(turn)]
        still.append(_Union.of(turn, met))
    return [(union.start, union.end) for union in done + still]


@dataclass(frozen=True, slots=True)
class _Union:
    """Turns that became one. ends: how far each of their labels reaches that can still meet another turn."""

    start: Seconds
    ends: Mapping[str, Seconds]

    @classmethod
    def of(cls, turn: Turn, others: Iterable[_Union]) -> _Union:
        """`turn`, and what it brings together."""
        start, ends = turn.start, {turn.speaker: turn.end}
        for other in others:
            start = min(start, other.start)
            for label, end in other.ends.items():
                if end >= turn.start:  # later turns begin no earlier, and a label that has ended meets none
                    ends[label] = max(end, ends.get(label, end))
        return cls(start, ends)

    @property
    def end(self) -> Seconds:
        return max(self.ends.values())

    def meets(self, turn: Turn) -> bool:
        """Whether `turn`, which starts no earlier, touches one of another label."""
        return any(label != turn.speaker and end >= turn.start for label, end in self.ends.items())


def _segment(segment: Segment, names: Mapping[str, str]) -> Segment:
    words = tuple(_word(word, names) for word in segment.words)
    same = segment.speaker not in names and all(new is old for new, old in zip(words, segment.words, strict=True))
    return segment if same else replace(segment, words=words, speaker=_name(segment.speaker, names))


def _word(word: Word, names: Mapping[str, str]) -> Word:
    """The word under its new name; itself where no name in it changes."""
    why = word.attribution
    if word.speaker not in names and (why is None or all(other.speaker not in names for other in why.others)):
        return word
    speaker = _name(word.speaker, names)
    return replace(word, speaker=speaker, attribution=None if why is None else _attribution(why, speaker, names))


def _name(speaker: str | None, names: Mapping[str, str]) -> str | None:
    return None if speaker is None else names.get(speaker, speaker)


def _attribution(attribution: Attribution, speaker: str | None, names: Mapping[str, str]) -> Attribution:
    shares: dict[str, float] = {}
    for other in attribution.others:
        name = names.get(other.speaker, other.speaker)
        if name != speaker:
            shares[name] = min(1.0, shares.get(name, 0.0) + other.share)
    told = list(shares.items())
    if len(told) < len(attribution.others):  # some became one: the order may be another
        told.sort(key=lambda item: (-item[1], item[0]))
    return replace(attribution, others=tuple(SpeakerShare(name, share) for name, share in told))


def _spoken(turns: Iterable[Turn]) -> dict[str, Seconds]:
    seconds: dict[str, Seconds] = {}
    for turn in turns:
        seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + turn.end - turn.start
    return seconds


def _embeddings(diarization: Diarization, names: Mapping[str, str]) -> Mapping[str, Embedding] | None:
    if diarization.embeddings is None:
        return None
    spoken = _spoken(diarization.turns)
    groups: dict[str, list[tuple[Embedding, float]]] = {}
    for label, embedding in diarization.embeddings.items():
        groups.setdefault(names.get(label, label), []).append((embedding, max(spoken.get(label, 0.0), 1e-3)))
    return {name: _mean(members) for name, members in groups.items()}


def _mean(members: list[tuple[Embedding, float]]) -> Embedding:
    if len(members) == 1:
        return members[0][0]
    import numpy as np

    vectors, weights = zip(*members, strict=True)
    return np.average(np.stack(vectors), axis=0, weights=np.array(weights)).astype(np.float32)


def _scored(told: Scored, names: Mapping[str, str]) -> Scored:
    """Columns of scores under new names; those that take one name become one, the larger score of each row."""
    renamed = [names.get(speaker, speaker) for speaker in told.speakers]
    speakers = tuple(dict.fromkeys(renamed))
    columns = [[i for i, name in enumerate(renamed) if name == speaker] for speaker in speakers]
    if all(len(column) == 1 for column in columns):
        return replace(told, speakers=speakers)
    import numpy as np

    scores = np.stack([np.fmax.reduce(told.scores[:, column], axis=1) for column in columns], axis=1)
    return replace(told, scores=scores, speakers=speakers)
