"""How good a result is against the truth: word errors, speakers of words, errors in the time of turns."""

from __future__ import annotations

import unicodedata
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from ...fusion.errors import MissingExtraError, OptionError, TranscriptError
from ...fusion.formats.reading import get, holds
from ...fusion.formats.stm import read_stm
from ...fusion.formats.turns import has_turns, read_turns_file, time_of
from ...fusion.join.units import check_spans
from ...fusion.relabel import alike
from ...fusion.types import Seconds, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Spoken: TypeAlias = tuple[Seconds, Seconds, str, str]
"""start, end, speaker, text"""

Row: TypeAlias = dict[str, Any]
"""A row of SegLST."""

_COLLAR: Seconds = 5.0
_MOST_OF_MEETEVAL = 20
"""People whom it compares; more are a mistake to it."""


def read_truth(path: Path) -> tuple[list[Spoken], list[tuple[Seconds, Seconds]]]:
    """True words from STM, without what is not to be scored; and when that is.

    Raises:
        TranscriptError: see `read_stm`; no words.
    """
    utterances = read_stm(path)  # once: it may be a pipe
    found = [(u.start, u.end, u.speaker, u.text) for u in utterances if u.is_scored]
    if not any(normalised(text) for *_, text in found):
        raise TranscriptError(f"{path} holds no words: there is nothing to compare with.")
    return found, [(u.start, u.end) for u in utterances if not u.is_scored]


def scored_part(given: Sequence[Spoken], spans: Sequence[tuple[Seconds, Seconds]]) -> list[Spoken]:
    """What is given without the words in `spans`, which are not to be scored."""
    if not spans:
        return list(given)
    kept = (
        [word for word in _words([row]) if not any(a <= (word.start + word.end) / 2 < b for a, b in spans)]
        for row in given
    )
    return [
        (words[0].start, words[-1].end, row[2], " ".join(word.text for word in words))
        for row, words in zip(given, kept, strict=True)
        if words
    ]


def read_true_turns(path: Path) -> tuple[Turn, ...]:
    """True turns from RTTM or JSON.

    Raises:
        TranscriptError: see `read_turns_file`; nobody speaks.
    """
    found = read_turns_file(path)
    if not any(turn.end > turn.start for turn in found):
        raise TranscriptError(f"{path} holds no turns: there is nothing to compare with.")
    return found


def read_segments(path: Path) -> list[Spoken]:
    """The segments of a transcript that `transcribe -o OUT.json` wrote.

    Raises:
        TranscriptError: no such file, no JSON, or none of segments with speakers.
    """
    from ...fusion.formats.files import load_json

    data = load_json(path)
    if not holds(data, "segments"):
        raise TranscriptError(f"{path} has no segments with start, end and text: give a .json of ours.")
    rows = [_segment(node, f"{path}: segments[{index}]") for index, node in enumerate(data["segments"])]
    names = alike(speaker for _, _, speaker, _ in rows)
    return [(start, end, names.get(speaker, speaker), text) for start, end, speaker, text in rows]


def _segment(node: Any, where: str) -> Spoken:
    start, end = time_of(node, "start", where), time_of(node, "end", where)
    speaker, text = get(node, "speaker") or "", get(node, "text")
    if not (start <= end and isinstance(text, str) and isinstance(speaker, str)):
        raise TranscriptError(f"{where} needs seconds, a text and a speaker: give a .json of ours.")
    return start, end, speaker, text


def read_turns_of(path: Path) -> tuple[Turn, ...]:
    """Turns from RTTM or JSON; of a transcript without turns (see `has_turns`), its segments as turns."""
    if has_turns(path):
        return read_turns_file(path)
    return tuple(Turn(start, end, speaker) for start, end, speaker, _ in read_segments(path) if speaker)


def check_one_unit(files: Mapping[Path, Sequence[tuple[Seconds, Seconds]]]) -> None:
    """Refuse a file whose spans can only be in milliseconds or samples, beside those of another.

    Raises:
        TranscriptError: one is.
    """
    for path, spans in files.items():
        for other in files.keys() - {path}:
            check_spans(spans, max((end for _, end in files[other]), default=0.0), f"that of {other}", str(path))


def normalised(text: str) -> str:
    """Words without case and punctuation, which are no recognition errors; apostrophes inside words stay."""
    letters = (c if unicodedata.category(c)[0] in "LNM" or c == "'" else " " for c in text.casefold())
    return " ".join(word.strip("'") for word in "".join(letters).split() if word.strip("'"))


def word_errors(truth: Sequence[Spoken], given: Sequence[Spoken]) -> dict[str, float]:
    """Compute cpWER and tcpWER (collar 5 s) through meeteval, of text without case and punctuation.

    Raises:
        MissingExtraError: meeteval is not installed.
    """
    _require("meeteval", "Word error rates")
    import meeteval

    # A side without a word is still a side: meeteval takes a missing one for a lost file.
    sides = [[_seglst(r) for r in rows if normalised(r[3])] or [_seglst((0, 0, "", ""))] for rows in (truth, given)]
    if max(len({row["speaker"] for row in side}) for side in sides) > _MOST_OF_MEETEVAL:
        return _errors_of_many(*sides)
    reference, hypothesis = map(meeteval.io.SegLST, sides)
    with _quiet():
        plain = meeteval.wer.cpwer(reference, hypothesis)["recording"]
        timed = meeteval.wer.tcpwer(reference, hypothesis, collar=_COLLAR)["recording"]
    return {"cpWER": float(plain.error_rate), "tcpWER": float(timed.error_rate)}


def _errors_of_many(truth: Sequence[Row], given: Sequence[Row]) -> dict[str, float]:
    """The same for more people than meeteval compares: those pairs of one of each side that have the fewest errors."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    true, found = map(_by_speaker, (truth, given))
    people = max(len(true), len(found))
    true, found = ([*side, *[[]] * (people - len(side))] for side in (true, found))  # nobody is a partner too
    rates = {}
    for name, errors_of in (("cpWER", _errors), ("tcpWER", _errors_in_time)):
        errors = np.array([[errors_of(one, two) for two in found] for one in true])
        rates[name] = float(errors[linear_sum_assignment(errors)].sum() / sum(map(_count, true)))
    return rates


def _by_speaker(rows: Sequence[Row]) -> list[list[Row]]:
    """What each says, in the order of time."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["start_time"]):
        found.setdefault(row["speaker"], []).append(row)
    return list(found.values())


def _count(rows: Sequence[Row]) -> int:
    return sum(len(row["words"].split()) for row in rows)


def _errors(one: Sequence[Row], two: Sequence[Row]) -> int:
    """How many words differ in what two say."""
    from meeteval.wer import siso_word_error_rate

    return int(siso_word_error_rate(*(" ".join(row["words"] for row in side) for side in (one, two))).errors)


def _errors_in_time(one: Sequence[Row], two: Sequence[Row]) -> int:
    """The same, of words that are near each other in time."""
    if not _near(one, two):
        return _count(one) + _count(two)
    from meeteval.io import SegLST
    from meeteval.wer import time_constrained_siso_word_error_rate

    with _quiet():
        return int(time_constrained_siso_word_error_rate(SegLST(one), SegLST(two), collar=_COLLAR).errors)


def _near(one: Sequence[Row], two: Sequence[Row]) -> bool:
    """Whether any word of one can be any of the other's: most pairs of many people never meet."""
    starts, ends = ([[row[f"{edge}_time"] for row in side] for side in (one, two)] for edge in ("start", "end"))
    return all(ends) and max(map(min, starts)) <= min(map(max, ends)) + _COLLAR


def _seglst(row: Spoken) -> Row:
    start, end, speaker, text = row
    words = normalised(text)
    return {"session_id": "recording", "speaker": speaker, "start_time": start, "end_time": end, "words": words}


def speakers_of_words(truth: Sequence[Spoken], given: Sequence[Spoken]) -> tuple[int, int]:
    """How many of the words that were recognised have the right speaker.

    Labels are mapped one to one such that most words agree. What each speaker
    said is compared as a whole, since words that sound at once have no order;
    what is left over is compared in the order of time, and counts as wrong. Only
    words within 5 s of each other are the same, as in tcpWER: a phrase that
    returns an hour later is another one.

    Returns:
        the right ones, and all that were recognised.

    Raises:
        MissingExtraError: meeteval is not installed.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    _require("meeteval", "Speakers of words")
    sides = [_words(side) for side in (truth, given)]
    names, labels = (sorted({word.speaker for word in side}) for side in sides)
    pairs = [[_matches(_of(sides[0], name), _of(sides[1], label)) for label in labels] for name in names]
    agree = np.array([[len(found) for found in row] for row in pairs]).reshape(len(names), len(labels))
    right = [pair for row, column in zip(*linear_sum_assignment(-agree), strict=True) for pair in pairs[row][column]]
    used = [{id(pair[k]) for pair in right} for k in (0, 1)]
    left = [[word for word in side if id(word) not in seen] for side, seen in zip(sides, used, strict=True)]
    return len(right), len(right) + len(_matches(left[0], left[1]))


@dataclass(frozen=True, slots=True)
class _TimedWord:
    """One word without case and marks, when and by whom."""

    start: Seconds
    end: Seconds
    speaker: str
    text: str


def _words(rows: Sequence[Spoken]) -> list[_TimedWord]:
    """The words of each row, which share its time by their letters, in the order of time."""
    found = []
    for start, end, speaker, text in rows:
        words = normalised(text).split()
        edges = [0, *accumulate(map(len, words))]
        pace = (end - start) / max(1, edges[-1])
        found += [
            _TimedWord(start + pace * a, start + pace * b, speaker, word)
            for word, (a, b) in zip(words, pairwise(edges), strict=True)
        ]
    return sorted(found, key=lambda word: word.start)


def _of(side: Sequence[_TimedWord], speaker: str) -> list[_TimedWord]:
    return [word for word in side if word.speaker == speaker]


def _matches(one: Sequence[_TimedWord], two: Sequence[_TimedWord]) -> list[tuple[_TimedWord, _TimedWord]]:
    """Equal words of both, in the same order and near each other in time: meeteval's time-constrained alignment."""
    if {word.text for word in one}.isdisjoint(word.text for word in two):
        return []
    from meeteval.wer.wer.time_constrained import align

    rows = ([{"words": w.text, "start_time": w.start, "end_time": w.end} for w in side] for side in (one, two))
    with _quiet():
        found = align(
            *rows,
            collar=_COLLAR,
            style="index",
            reference_pseudo_word_level_timing=None,
            hypothesis_pseudo_word_level_timing=None,
            reference_sort=False,
            hypothesis_sort=False,
        )
    pairs = ((one[a], two[b]) for a, b in found if a is not None and b is not None)
    return [(a, b) for a, b in pairs if a.text == b.text]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without meeteval's own remarks, which are about its settings and name nothing that a user could change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def turn_errors(
    truth: Sequence[Turn], given: Sequence[Turn], collar: Seconds, parts: Sequence[tuple[Seconds, Seconds]] = ()
) -> dict[str, float]:
    """DER and JER through pyannote.metrics; overlapped speech counts, of one person with herself once.

    Args:
        truth: true turns.
        given: turns of the result.
        collar: seconds on each side of a true turn's edge that are left out.
        parts: what is scored, from start to end each; all of it where none is named.

    Raises:
        OptionError: the collar and the parts leave nothing to score.
        MissingExtraError: pyannote.metrics is not installed.
    """
    _require("pyannote.metrics", "DER and JER")
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

    reference, hypothesis = Annotation(uri="recording"), Annotation(uri="recording")
    for side, turns in ((reference, truth), (hypothesis, given)):
        for index, turn in enumerate(_united(turns)):
            side[Segment(turn.start, turn.end), index] = turn.speaker
    parts = parts or [(0.0, max((turn.end for turn in (*truth, *given)), default=0.0))]
    whole = Timeline([Segment(*part) for part in parts]).support()
    width = 2 * collar  # pyannote.metrics means both sides together
    errors = DiarizationErrorRate(collar=width).compute_components(reference, hypothesis, uem=whole)
    if not errors["total"]:  # which pyannote.metrics calls right, or all wrong
        raise OptionError(
            f"A collar of {collar:g} s leaves nothing of the true turns to score: give a smaller one, or other parts."
        )
    return {
        "DER": float(DiarizationErrorRate(collar=width).compute_metric(errors)),
        "JER": float(JaccardErrorRate(collar=width)(reference, hypothesis, uem=whole)),
    }


def _united(turns: Sequence[Turn]) -> list[Turn]:
    """Turns of which no two of one speaker overlap: files list a turn twice, and pyannote counts it as two people's."""
    found: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: (turn.speaker, turn.start)):
        last = found[-1] if found else None
        if last is not None and last.speaker == turn.speaker and turn.start < last.end:
            found[-1] = Turn(last.start, max(last.end, turn.end), last.speaker)
        else:
            found.append(turn)
    return found


def _require(package: str, feature: str) -> None:
    """Refuse, with the pip line, where an optional package is not there."""
    try:
        there = find_spec(package) is not None
    except ModuleNotFoundError:  # its parent package is not there either
        there = False
    if not there:
        raise MissingExtraError(feature, package, "eval")
