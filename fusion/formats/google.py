"""Google Speech-to-Text: ``{"results": [{"alternatives": [{"transcript", "words": [...]}]}]}``.

Times are ``"1.400s"`` (or ``{"seconds", "nanos"}``) under ``startTime`` and
``endTime`` (v1) or ``startOffset`` and ``endOffset`` (v2); a zero is left out.
Speakers go under ``speakerLabel``, or ``speaker_label`` beside names with
underscores. An operation has all this under ``response``, a batch of v2 under the
address of its one recording. What a stream says again later is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import TranscriptError
from .fields import check_one_recording
from .reading import Line, Reading, Slot, channel_of, first, get, items, language_code, make_line, make_slot, number

if TYPE_CHECKING:
    from ..types import Seconds

_STARTS = ("startTime", "startOffset", "start_time", "start_offset")
_ENDS = ("endTime", "endOffset", "end_time", "end_offset")


def matches(data: Any) -> bool:
    """An object whose results are a list with alternatives, or a batch of such."""
    if len(_files(data)) > 1:
        return True
    found = _inner(data)
    results = found.get("results") if isinstance(found, Mapping) else None
    if not isinstance(results, list):
        return False
    return not results or any(get(result, "alternatives") is not None for result in results)


def _inner(data: Any) -> Any:
    """What has the results: `data` itself, or what an operation or a batch of one recording wraps."""
    found = get(data, "response") or data if isinstance(data, Mapping) else data
    return next(iter(_files(data).values()), found)


def _files(data: Any) -> dict[str, Any]:
    """The transcript of each recording of a batch, by its address."""
    found = get(data, "response") or data if isinstance(data, Mapping) else data
    files = get(found, "results") if isinstance(found, Mapping) else None
    if not isinstance(files, Mapping):
        return {}
    told = {name: get(get(file, "inlineResult", "inline_result") or file, "transcript") for name, file in files.items()}
    return {str(name): transcript for name, transcript in told.items() if transcript is not None}


def read(data: Any) -> Reading:
    """Read every result's best alternative.

    With its own diarization on, v1 repeats all words in a last result without
    transcript; those words get the speakers too.
    """
    check_one_recording(_files(data), "The batch")
    lines: list[Line] = []
    ends: dict[str, Seconds] = {}
    language = None
    for r, result in enumerate(items(_inner(data)["results"], "results")):
        if _is_interim(result):
            continue
        where = f"results[{r}].alternatives[0]"
        best = first(get(result, "alternatives"), where)
        words = items(get(best, "words"), f"{where}.words")
        language = language or language_code(get(result, "languageCode", "language_code"))
        slots = [_slot(node, f"{where}.words[{i}]") for i, node in enumerate(words)]
        if slots:
            lines.append(make_line(result, where, get(best, "transcript"), slots, key=slots[0].key))
        elif get(best, "transcript"):
            before = ends.get(channel_of(result), 0.0)
            lines.append(_wordless(result, f"results[{r}]", best["transcript"], before))
        if lines:
            ends[lines[-1].channel] = lines[-1].end
    return Reading("Google", tuple(_without_repeat(lines)), language)


def together(answers: Iterable[Any]) -> dict[str, Any]:
    """What came one after the other as one answer: a line without words begins where the one before it ends."""
    return {"results": [result for answer in answers for result in _inner(answer)["results"]]}


def _is_interim(result: Any) -> bool:
    """Whether what is said there is said again by a later result, which only streams have."""
    final = get(result, "isFinal", "is_final")
    return final is False or (final is None and bool(get(result, "stability")))


def _wordless(result: Any, where: str, text: str, before: Seconds) -> Line:
    """A line whose words have no times: it follows the line before it."""
    names = ("resultEndTime", "resultEndOffset", "result_end_time", "result_end_offset")
    end = _time(get(result, *names), f"{where}.resultEndTime")
    if end is None:
        raise TranscriptError(
            f"{where} has text, but neither words nor a resultEndTime: ask for enableWordTimeOffsets."
        )
    key = "speakerLabel" if get(result, *names[:2]) is not None else "speaker_label"
    return make_line(result, where, text, [], (before, end), key=key)


def _without_repeat(lines: list[Line]) -> list[Line]:
    """Without a last line that only repeats the words of all the others; it gets their speakers."""
    before = [(slot.text, slot.start) for line in lines[:-1] for slot in line.slots]
    if not before or [(slot.text, slot.start) for slot in lines[-1].slots] != before:
        return lines
    twins = iter(lines[-1].slots)
    return [
        replace(line, slots=tuple(replace(slot, homes=slot.homes + next(twins).homes) for slot in line.slots))
        for line in lines[:-1]
    ]


def _slot(node: Any, where: str) -> Slot:
    start, end = _time(get(node, *_STARTS), f"{where}.startTime"), _time(get(node, *_ENDS), f"{where}.endTime")
    start = 0.0 if start is None and end is not None else start
    text, score = get(node, "word"), get(node, "confidence")
    snake = get(node, "start_time", "start_offset", "end_time", "end_offset") is not None
    key = "speaker_label" if snake else "speakerLabel"
    return make_slot(node, where, text, start, end, probability=score, key=key)


def _time(value: Any, where: str) -> Seconds | None:
    if isinstance(value, Mapping):
        whole, part = number(value.get("seconds", 0), where), number(value.get("nanos", 0), where, 1_000_000_000)
        return (whole or 0.0) + (part or 0.0)
    return number(value, where)
