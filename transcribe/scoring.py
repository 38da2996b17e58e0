"""How good a result is against the truth: word errors, speakers of words, errors in the time of turns."""

from __future__ import annotations

import difflib
import unicodedata
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias

from ..fusion.errors import MissingExtraError, TranscriptError
from ..fusion.formats.rttm import read_rttm
from ..fusion.formats.stm import read_stm
from ..fusion.types import Seconds, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Spoken: TypeAlias = tuple[Seconds, Seconds, str, str]
"""start, end, speaker, text"""

_COLLAR: Seconds = 5.0


def read_truth(path: Path) -> list[Spoken]:
    """True words from STM.

    Raises:
        TranscriptError: see `read_stm`; no words.
    """
    found = [(u.start, u.end, u.speaker, u.text) for u in read_stm(path)]
    if not any(normalised(text) for *_, text in found):
        raise TranscriptError(f"{path} holds no words: there is nothing to compare with.")
    return found


def read_segments(path: Path) -> list[Spoken]:
    """The segments of a transcript that `transcribe -o OUT.json` wrote.

    Raises:
        TranscriptError: no such file, no JSON, or none of segments with speakers.
    """
    from ..fusion.formats.files import load_json

    data = load_json(path)
    try:
        rows = [(float(s["start"]), float(s["end"]), s.get("speaker") or "", s["text"]) for s in data["segments"]]
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise TranscriptError(f"{path} has no segments with start, end and text: give a .json of ours.") from error
    for index, (start, end, speaker, text) in enumerate(rows):
        if not (0 <= start <= end < float("inf") and isinstance(text, str) and isinstance(speaker, str)):
            raise TranscriptError(
                f"{path}: segments[{index}] needs seconds, a text and a speaker: give a .json of ours."
            )
    return rows


def read_turns_of(path: Path) -> tuple[Turn, ...]:
    """Turns from RTTM, or the segments of a transcript as turns."""
    if path.suffix.lower() == ".rttm":
        return read_rttm(path)
    return tuple(Turn(start, end, speaker) for start, end, speaker, _ in read_segments(path) if speaker)


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

    reference, hypothesis = (
        # A side without a word is still a side: meeteval takes a missing one for a lost file.
        meeteval.io.SegLST([_seglst(row) for row in rows if normalised(row[3])] or [_seglst((0.0, 0.0, "", ""))])
        for rows in (truth, given)
    )
    plain = meeteval.wer.cpwer(reference, hypothesis)["recording"]
    timed = meeteval.wer.tcpwer(reference, hypothesis, collar=_COLLAR)["recording"]
    return {"cpWER": float(plain.error_rate), "tcpWER": float(timed.error_rate)}


def _seglst(row: Spoken) -> dict[str, Any]:
    start, end, speaker, text = row
    words = normalised(text)
    return {"session_id": "recording", "speaker": speaker, "start_time": start, "end_time": end, "words": words}


def speaker_accuracy(truth: Sequence[Spoken], given: Sequence[Spoken]) -> tuple[int, int]:
    """How many of the words that were recognised have the right speaker (1 - WDER of matched words).

    For rows that hold a word each, and so have an order: they are matched in the
    order of time. Labels are mapped one to one such that most agree.

    Returns:
        the right ones, and all that were matched.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    rows = [[(w, row[2]) for row in sorted(side) for w in normalised(row[3]).split()] for side in (truth, given)]
    found = _matches(*([word for word, _ in side] for side in rows))
    pairs = [(rows[0][a][1], rows[1][b][1]) for a, b in found]
    names, labels = (sorted({pair[i] for pair in pairs}) for i in (0, 1))
    agree = np.zeros((len(names), len(labels)))
    for name, label in pairs:
        agree[names.index(name), labels.index(label)] += 1
    chosen = linear_sum_assignment(-agree)
    return int(agree[chosen].sum()), len(pairs)


def speakers_of_segments(truth: Sequence[Spoken], given: Sequence[Spoken]) -> tuple[int, int]:
    """As `speaker_accuracy`, for rows of several words.

    Labels are mapped one to one such that most words agree. What each speaker
    said is compared as a whole, since words that sound at once have no order;
    what is left over is compared in the order of time, and counts as wrong.

    Returns:
        the right ones, and all that were recognised.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    sides = [[(w, row[2]) for row in sorted(side) for w in normalised(row[3]).split()] for side in (truth, given)]
    names, labels = (sorted({speaker for _, speaker in side}) for side in sides)
    pairs = [[_matched(sides[0], sides[1], name, label) for label in labels] for name in names]
    agree = np.array([[len(found) for found in row] for row in pairs]).reshape(len(names), len(labels))
    right = [pair for row, column in zip(*linear_sum_assignment(-agree), strict=True) for pair in pairs[row][column]]
    left = [
        [word for i, (word, _) in enumerate(side) if i not in used]
        for side, used in zip(sides, ({pair[k] for pair in right} for k in (0, 1)), strict=True)
    ]
    wrong = _matches(left[0], left[1])
    return len(right), len(right) + len(wrong)


def _matched(
    truth: Sequence[tuple[str, str]], given: Sequence[tuple[str, str]], name: str, label: str
) -> list[tuple[int, int]]:
    """The words that `name` said and `label` is given, by their numbers on both sides."""
    mine, theirs = (
        [i for i, (_, speaker) in enumerate(side) if speaker == who] for side, who in ((truth, name), (given, label))
    )
    found = _matches([truth[i][0] for i in mine], [given[i][0] for i in theirs])
    return [(mine[a], theirs[b]) for a, b in found]


def _matches(one: Sequence[str], two: Sequence[str]) -> list[tuple[int, int]]:
    """Equal words in the same order in both, by their numbers."""
    blocks = difflib.SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks()
    return [(block.a + i, block.b + i) for block in blocks for i in range(block.size)]


def turn_errors(truth: Sequence[Turn], given: Sequence[Turn], collar: Seconds) -> dict[str, float]:
    """DER and JER through pyannote.metrics; overlapped speech counts.

    Raises:
        MissingExtraError: pyannote.metrics is not installed.
    """
    _require("pyannote.metrics", "DER and JER")
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

    reference, hypothesis = Annotation(uri="recording"), Annotation(uri="recording")
    for side, turns in ((reference, truth), (hypothesis, given)):
        for index, turn in enumerate(turns):
            side[Segment(turn.start, turn.end), index] = turn.speaker
    whole = Timeline([Segment(0.0, max((turn.end for turn in (*truth, *given)), default=0.0))])
    width = 2 * collar  # pyannote.metrics means both sides together
    return {
        "DER": float(DiarizationErrorRate(collar=width)(reference, hypothesis, uem=whole)),
        "JER": float(JaccardErrorRate(collar=width)(reference, hypothesis, uem=whole)),
    }


def _require(package: str, feature: str) -> None:
    """Refuse, with the pip line, where an optional package is not there."""
    try:
        there = find_spec(package) is not None
    except ModuleNotFoundError:  # its parent package is not there either
        there = False
    if not there:
        raise MissingExtraError(feature, package, "eval")
