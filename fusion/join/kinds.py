"""Read times from, and put speakers on, whatever kind of word a caller has.

Our `Word`, dicts, dataclasses, namedtuples and plain objects all come back as
the kind they were, copied: the caller's own are never touched.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import lru_cache
from operator import attrgetter, itemgetter
from types import MemberDescriptorType
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np

from ..errors import TranscriptError
from ..given import BothDiarizations, list_of_turns, short
from ..relabel import alike
from ..times import BOUNDS, LONGEST, SLIGHTLY_EARLY, is_time, seconds
from ..types import Attribution, Diarization, Likeness, Turn, Word
from .intervals import Bools, Evidence, Floats, TurnTable, VoiceTable

W = TypeVar("W")
Turns: TypeAlias = Diarization | BothDiarizations | Iterable[Any] | TurnTable | Evidence
"""Whatever tells who spoke when; see `read_turns`."""
_PLAIN = {float, int, np.float64, np.float32, type(None)}
"""Kinds of time that numpy converts as they are meant."""
_NANOSECOND = 9
"""Digits of a turn's times that count: what lies below is noise of floats, and must not say which turn is earlier."""
_SHORT = 2**15
"""So many labels have numbers of 16 bits, which numpy sorts in one pass."""


def read_times(words: Sequence[Any]) -> tuple[Floats, Floats]:
    """Starts and ends, float64 (num_words,), NaN where a word has none.

    Raises:
        TranscriptError: a time that is no finite number, or no time at all in
            an object that is not a dict, named by its index.
    """
    return _read_numbers(words, "start"), _read_numbers(words, "end")


def _read_numbers(words: Sequence[Any], key: str) -> Floats:
    """One time of every word: all at once where they are plain numbers, else one by one."""
    get = itemgetter(key) if words and isinstance(words[0], Mapping) else attrgetter(key)
    try:
        values = list(map(get, words))
    except (AttributeError, KeyError, TypeError):
        values = [_get(word, key, index) for index, word in enumerate(words)]
    return _to_array(values, key)


def _possible(times: Floats) -> Bools:
    """Which lie in [0, one year], or just before; bool (num_times,)."""
    return (times >= SLIGHTLY_EARLY) & (times <= LONGEST)


def read_texts(words: Sequence[Any]) -> list[str]:
    """The words' texts, or an empty list where any of them has none (`text`, or `word` elsewhere)."""
    kinds = set(map(type, words))
    key = "word" if kinds == {dict} and "word" in words[0] else "text"
    if kinds <= {Word}:
        texts = [word.text for word in words]
    else:
        texts = [word.get(key) for word in words] if kinds == {dict} else [_text(word) for word in words]
    return texts if set(map(type, texts)) <= {str} else []


def _text(word: Any) -> Any:
    if isinstance(word, Mapping):
        return word.get("text", word.get("word"))
    return getattr(word, "text", getattr(word, "word", None))


def _get(word: Any, key: str, index: int) -> Any:
    if isinstance(word, Mapping):
        return word.get(key)
    try:
        return getattr(word, key)
    except AttributeError:
        kind = type(word).__name__
        raise TranscriptError(
            f"words[{index}] is a {kind} without {key!r}: give dicts or objects that have start and end in seconds."
        ) from None


def _to_array(values: list[Any], key: str) -> Floats:
    """None becomes NaN; anything else must be a finite number, or text that is one."""
    try:
        known = set(map(type, values)) <= _PLAIN
        plain = values if known else [None if value is None else seconds(value) for value in values]
        numbers = np.fromiter(plain, np.float64, len(plain))
        wrong = int((~_possible(numbers)).sum())
    except (TypeError, ValueError, OverflowError):
        wrong = len(values) + 1
    if wrong and wrong != sum(value is None for value in values):
        index = next(i for i, value in enumerate(values) if value is not None and not _is_time(value))
        raise TranscriptError(
            f"words[{index}] has {key}={short(values[index])}: give seconds as a finite number, or None if "
            f"unknown; {BOUNDS}."
        )
    return numbers


def _is_time(value: Any) -> bool:
    try:
        return is_time(seconds(value))
    except (TypeError, ValueError, OverflowError):
        return False


def read_turns(turns: Turns) -> TurnTable:
    """Turns as a table; those without a length are left out, those of one speaker that overlap are one.

    Args:
        turns: `Turn`s, dicts or objects with start, end and speaker, tuples of
            those three, a `Diarization`, or what pyannote and WhisperX have
            instead (`list_of_turns`, `BothDiarizations`).

    Raises:
        TranscriptError: a turn that lacks one of the three, or whose times are
            not finite or reversed, named by its index.
    """
    if isinstance(turns, TurnTable):
        return turns
    if isinstance(turns, Evidence):
        return turns.turns
    if isinstance(turns, BothDiarizations):
        return read_turns(turns.speaker_diarization)
    given = turns.turns if isinstance(turns, Diarization) else list_of_turns(turns)
    if set(map(type, given)) == {Turn}:
        with suppress(TypeError, ValueError, OverflowError):  # what is wrong is found, and named, one by one
            starts, ends, names = (list(map(attrgetter(key), given)) for key in ("start", "end", "speaker"))
            if set(map(type, starts + ends)) <= _PLAIN:
                return _table(starts, ends, names)
    rows = [_turn(turn, index) for index, turn in enumerate(given)]
    return _table(*([row[column] for row in rows] for column in range(3)))


def _table(given_starts: list[Any], given_ends: list[Any], names: list[Any]) -> TurnTable:
    """The turns sorted and merged, if all are what they should be."""
    known = dict.fromkeys(names).keys()
    if set(map(type, known)) - {str} or not all(map(str.strip, known)):
        raise TypeError(known)
    spelled = alike(known)
    labels = sorted(known - spelled.keys())
    index_of = {label: i for i, label in enumerate(labels)}
    index_of |= {label: index_of[first] for label, first in spelled.items()}
    starts, ends = (np.array(column, np.float64) for column in (given_starts, given_ends))
    speakers = np.fromiter(map(index_of.__getitem__, names), np.int64, len(names))
    bad = np.flatnonzero(~(_possible(starts) & _possible(ends) & (ends >= starts)))
    if len(bad):
        start, end = given_starts[bad[0]], given_ends[bad[0]]
        raise TranscriptError(
            f"turns[{bad[0]}] runs from {start} to {end}: a turn needs finite seconds with start <= end; {BOUNDS}."
        )
    starts, ends = starts.round(_NANOSECOND), ends.round(_NANOSECOND)
    order = np.lexsort((speakers, ends, starts))
    order = order[ends[order] > starts[order]]
    return _without_overlap(TurnTable(starts[order], ends[order], speakers[order], tuple(labels)))


def _without_overlap(turns: TurnTable) -> TurnTable:
    """Each speaker's overlapping turns as one, so that nobody is heard twice at once; those that only touch stay."""
    short = turns.speakers.astype(np.int16) if len(turns.labels) < _SHORT else turns.speakers
    order = np.argsort(short, kind="stable")
    starts, ends, speakers = turns.starts[order], turns.ends[order], turns.speakers[order]
    same = speakers[1:] == speakers[:-1]
    if not (same & (starts[1:] < ends[:-1])).any():
        return turns
    rising = np.lexsort((ends, speakers))
    rank = np.empty(len(ends), np.int64)
    rank[rising] = np.arange(len(ends))
    # Ranks rise from one speaker to the next, so the furthest end so far begins anew with each of them.
    furthest = ends[rising[np.maximum.accumulate(rank)]]
    opens = np.concatenate(([True], ~same | (starts[1:] >= furthest[:-1])))
    closes = np.append(opens[1:], True)
    starts, ends, speakers = starts[opens], furthest[closes], speakers[opens]
    order = np.lexsort((speakers, ends, starts))
    return TurnTable(starts[order], ends[order], speakers[order], turns.labels)


def read_evidence(turns: Turns) -> Evidence:
    """Turns, and what else a `Diarization`, or an answer of pyannote.audio, knows; see `read_turns`."""
    if isinstance(turns, Evidence):
        return turns
    table = read_turns(turns)
    if isinstance(turns, BothDiarizations):
        return Evidence(table, relabelled(read_turns(turns.exclusive_speaker_diarization), table.labels))
    if not isinstance(turns, Diarization):
        return Evidence(table)
    exclusive = relabelled(read_turns(turns.exclusive), table.labels) if turns.exclusive else None
    return Evidence(table, exclusive, None if turns.likeness is None else _voices(turns.likeness, table.labels))


def _voices(likeness: Likeness, labels: tuple[str, ...]) -> VoiceTable:
    """The likeness with a column for each of `labels`, in their order."""
    scores = np.full((len(likeness.starts), len(labels)), np.nan)
    for column, label in enumerate(labels):
        if label in likeness.speakers:
            scores[:, column] = likeness.scores[:, likeness.speakers.index(label)]
    return VoiceTable(likeness.starts, likeness.ends, scores)


def relabelled(turns: TurnTable, labels: tuple[str, ...]) -> TurnTable:
    """The same turns numbered by other labels; those of speakers who are not among them are left out."""
    index_of = {label: i for i, label in enumerate(labels)}
    index_of |= {label: index_of[first] for label, first in alike((*labels, *turns.labels)).items()}
    number = np.array([index_of.get(label, -1) for label in turns.labels], np.int64)
    speakers = number[turns.speakers] if len(turns.speakers) else turns.speakers
    kept = speakers >= 0
    return TurnTable(turns.starts[kept], turns.ends[kept], speakers[kept], labels)


_row = attrgetter("start", "end", "speaker")


def _turn(turn: Any, index: int) -> tuple[float, float, str]:
    try:
        if isinstance(turn, str | bytes | AbstractSet):  # of three characters, or in no order
            raise TypeError(turn)  # noqa: TRY301 - one message for all that is no turn
        if isinstance(turn, Mapping):
            start, end, speaker = turn["start"], turn["end"], turn["speaker"]
        else:
            start, end, speaker = _row(turn) if hasattr(turn, "speaker") else turn
        return seconds(start), seconds(end), _label_of(speaker)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        pass
    raise TranscriptError(
        f"turns[{index}]={short(turn, 100)} is no turn: give start and end in seconds, and a speaker."
    )


def _label_of(speaker: Any) -> str:
    """The label as text; ValueError or TypeError for what is none: nobody (None, or a table's NaN), blank, a list."""
    is_nobody = speaker is None or speaker != speaker  # noqa: PLR0124 - so is NaN of any library
    if is_nobody or isinstance(speaker, bytes) or (isinstance(speaker, Iterable) and not isinstance(speaker, str)):
        raise TypeError(speaker)
    if not str(speaker).strip():
        raise ValueError(speaker)
    return str(speaker)


def with_speakers(
    words: Sequence[W],
    speakers: Sequence[str | None],
    attributions: Sequence[Attribution] | None = None,
    kinds: AbstractSet[type] | None = None,
) -> list[W]:
    """Copies of the words that carry their speaker, and the attribution where the kind has room for it.

    `kinds` are the words' types, for a caller that has looked through them already.
    """
    kinds = set(map(type, words)) if kinds is None else kinds
    if kinds == {dict}:
        return cast("list[W]", _label_dicts(cast("Sequence[dict[str, Any]]", words), speakers))
    reasons = [None] * len(words) if attributions is None else attributions
    if kinds <= {Word}:
        return cast("list[W]", list(map(_label_word, cast("Sequence[Word]", words), speakers, reasons)))
    return [_label(w, s, a) for w, s, a in zip(words, speakers, reasons, strict=True)]


def _label_dicts(words: Sequence[dict[str, Any]], speakers: Sequence[str | None]) -> list[dict[str, Any]]:
    """Copy first, write then: faster than ``{**word, "speaker": ...}``, and there may be a million words."""
    copies = list(map(dict.copy, words))
    for copied, speaker in zip(copies, speakers, strict=True):
        copied["speaker"] = speaker
    return copies


_new = object.__new__
_put_start, _put_end, _put_text, _put_probability, _put_timing, _put_speaker, _put_attribution, _put_edited = (
    getattr(Word, name).__set__ for name in Word.__slots__
)


def _label_word(word: Word, speaker: str | None, attribution: Attribution | None) -> Word:
    """``dataclasses.replace``, at a fifth of its cost: there may be a million words."""
    new = _new(Word)
    _put_start(new, word.start)
    _put_end(new, word.end)
    _put_text(new, word.text)
    _put_probability(new, word.probability)
    _put_timing(new, word.timing)
    _put_speaker(new, speaker)
    _put_attribution(new, attribution)
    _put_edited(new, word.edited)
    return new


def _label(word: Any, speaker: str | None, attribution: Attribution | None) -> Any:
    """One word of any kind."""
    new = {"speaker": speaker}
    if isinstance(word, Mapping):
        copied = _own_copy(word) if hasattr(word, "__setitem__") else dict(word)
        copied["speaker"] = speaker  # not `update`, which a Counter adds with
        return copied
    if dataclasses.is_dataclass(word) and not isinstance(word, type):
        names = {f.name for f in dataclasses.fields(word) if f.init}
        if "speaker" in names:
            given = new | ({"attribution": attribution} if "attribution" in names else {})
            with suppress(TypeError, ValueError):  # what it is made from may not be what it holds
                return dataclasses.replace(word, **given)
    if isinstance(word, tuple):
        return _label_tuple(word, speaker, attribution)
    room = new | ({"attribution": attribution} if hasattr(word, "attribution") else {})
    return _label_row(word, room) if hasattr(word, "__setitem__") else _label_object(word, room)


def _own_copy(word: Any) -> Any:
    """A copy that shares no items: only a dict, and a class that says how, is copied so by ``copy.copy``."""
    return copy.copy(word) if isinstance(word, dict) or hasattr(word, "__copy__") else copy.deepcopy(word)


def _label_tuple(word: tuple[Any, ...], speaker: str | None, attribution: Attribution | None) -> tuple[Any, ...]:
    """A namedtuple's own fields are replaced; one without a speaker becomes a subclass that has the attribute."""
    fields = getattr(word, "_fields", ())
    values = {"speaker": speaker, "attribution": attribution}
    known = {name: value for name, value in values.items() if name in fields}
    new = cast("tuple[Any, ...]", cast("Any", word)._replace(**known)) if known else word
    if "speaker" in known:
        return new
    new = tuple.__new__(_roomy(cast("Any", type(word))), new)
    vars(new)["speaker"] = speaker
    return new


def _label_row(word: Any, values: Mapping[str, Any]) -> Any:
    """A copy with the items set, as a table's rows take them; where items are something else, the attributes."""
    new = _own_copy(word)
    try:
        for name, value in values.items():
            new[name] = value
    except (AttributeError, LookupError, TypeError, ValueError):
        return _label_object(word, values)
    return new


def _label_object(word: Any, values: Mapping[str, Any]) -> Any:
    """A shallow copy with the attributes set, also where the class is frozen or has slots."""
    new = copy.copy(word) if hasattr(word, "__dict__") or hasattr(type(word), "speaker") else _roomy_copy(word)
    try:
        object.__setattr__(new, "speaker", values["speaker"])
    except AttributeError:
        kind = type(word).__name__
        raise TranscriptError(f"A {kind} has a speaker that cannot be set: give dicts or other objects.") from None
    if "attribution" in values:
        with suppress(AttributeError):  # it may be a property that only reads
            object.__setattr__(new, "attribution", values["attribution"])
    return new


def _roomy_copy(word: Any) -> Any:
    """A copy of an object that has slots alone, with room for more; slots that are not set stay so."""
    return _slots_copied(word, object.__new__(_roomy(cast("Any", type(word)))))


def _slots_copied(word: Any, new: Any) -> Any:
    """`new`, with what the slots of `word` hold."""
    for kind in type(word).__mro__:
        for slot in vars(kind).values():
            if isinstance(slot, MemberDescriptorType):  # neither __weakref__ nor __dict__ is one
                with suppress(AttributeError):
                    slot.__set__(new, slot.__get__(word))
    return new


@lru_cache(maxsize=64)
def _roomy(kind: Any) -> Any:
    """A subclass of the same name whose instances take attributes that `kind` has no slot for."""
    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "__reduce_ex__": _reduced})


def _reduced(word: Any, _: int) -> tuple[Any, ...]:
    """For pickle, which finds classes by name and so never this one: the word without its room, and what is in that."""
    kind = cast("Any", type(word)).__base__
    plain = tuple.__new__(kind, word) if isinstance(word, tuple) else _slots_copied(word, object.__new__(kind))
    return _with_room, (plain, vars(word))


def _with_room(plain: Any, values: dict[str, Any]) -> Any:
    """What `_reduced` took apart."""
    new = tuple.__new__(_roomy(type(plain)), plain) if isinstance(plain, tuple) else _roomy_copy(plain)
    vars(new).update(values)
    return new
