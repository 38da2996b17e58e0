"""What a server answered: read into words and anonymous turns, and believed in nothing."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from ...fusion.errors import TranscriptError
from ...fusion.text import without_steering
from ...fusion.times import check_time, repair_transcript
from ...fusion.types import Diarization, Seconds, Segment, Transcript, Turn, Word

_OURS = re.compile(r"SPEAKER_[0-9]{2,4}")
_NOBODY = (None, "UNKNOWN")
_LANGUAGE = re.compile(r"[\w .-]{0,40}")
_BREAK = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]")
_HALF = re.compile("[\ud800-\udfff]")


def read_answer(answer: Any, duration: Seconds, *, diarized: bool) -> tuple[Transcript, Diarization | None]:
    """Words and turns from ``verbose_json``; nothing in it is taken on trust.

    Raises:
        TranscriptError: a field is missing, no number, or out of range.
    """
    try:
        labels = _Labels.of(answer)
        words = deque(_word(item, labels) for item in answer.get("words", []))
        segments = tuple(_segment(item, words, labels) for item in answer["segments"])
        said = Transcript(segments, _language(answer.get("language")), duration, labels.notes)
        transcript = repair_transcript(said, "The server's answer")
        if not diarized:
            return transcript, None
        turns, exclusive = (tuple(_turn(t, labels) for t in answer[key]) for key in ("turns", "exclusive_turns"))
    except TranscriptError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise TranscriptError(
            "The server's answer has not the shape of verbose_json with turns: update the server."
        ) from None
    return transcript, Diarization(turns, exclusive, duration)


def _segment(item: Any, words: deque[Word], labels: _Labels) -> Segment:
    """A segment with the words whose middle lies before its end; the server sends both lists in order."""
    start, end, speaker = _number(item["start"]), _number(item["end"]), labels.shown(item.get("speaker"))
    own = []
    while words and _middle(words[0]) < end:
        own.append(words.popleft())
    text = _text(item["text"])
    return Segment(start, end, text, tuple(_spaced(own, text)), speaker)


def _spaced(words: Iterable[Word], text: str) -> Iterator[Word]:
    """Words with the spaces that the segment's text has before them: the server's word list has none."""
    done = 0
    for word in words:
        found = text.find(word.text, done)
        if found < 0 or text[done:found].strip():
            yield replace(word, text=f" {word.text}")
        else:
            yield replace(word, text=text[done : found + len(word.text)])
            done = found + len(word.text)


def _middle(word: Word) -> Seconds:
    return ((word.start or 0.0) + (word.end or 0.0)) / 2


def _word(item: Any, labels: _Labels) -> Word:
    speaker = labels.shown(item.get("speaker"))
    return Word(_number(item["start"]), _number(item["end"]), _text(item["word"]), speaker=speaker)


def _turn(item: Any, labels: _Labels) -> Turn:
    start, end, speaker = _number(item["start"]), _number(item["end"]), labels.shown(item["speaker"])
    if speaker is None or end < start:
        raise ValueError
    return Turn(
        check_time(start, "A turn of the server's answer"), check_time(end, "A turn of the server's answer"), speaker
    )


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError
    return float(value)


def _text(value: Any) -> str:
    """Text of one line that steers no terminal and turns no line round."""
    if not isinstance(value, str):
        raise TypeError
    return without_steering(_HALF.sub("\ufffd", _BREAK.sub(" ", value)))


def _language(value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and _LANGUAGE.fullmatch(value)):
        raise ValueError
    return value or None


@dataclass(frozen=True, slots=True)
class _Labels:
    """What the server calls the speakers -> what they are called here.

    Only labels that say nothing stay as they are. Any other could be somebody's
    name, which a server must not be able to put on a recording, or nothing that
    can be seen, and becomes one of ours, in the order in which they come.
    """

    names: Mapping[str, str]

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> _Labels:
        """For all labels of an answer."""
        items = [item for key in ("turns", "exclusive_turns", "segments", "words") for item in answer.get(key) or ()]
        given = dict.fromkeys(str(item.get("speaker")) for item in items if item.get("speaker") not in _NOBODY)
        free = (name for name in map("SPEAKER_{:02d}".format, count()) if name not in given)
        return cls({label: label if _OURS.fullmatch(label) else next(free) for label in given})

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence where some were replaced; it does not repeat them."""
        replaced = sum(label != name for label, name in self.names.items())
        if not replaced:
            return ()
        what = "label that is" if replaced == 1 else "labels that are"
        return (f"The server sent {replaced} {what} not of the form SPEAKER_00; replaced, since it could be a name.",)

    def shown(self, label: Any) -> str | None:
        """What a speaker is called here; None for nobody."""
        if label in _NOBODY:
            return None
        if not isinstance(label, str):
            raise TypeError
        return self.names[label]
