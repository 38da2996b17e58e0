"""What an editor would mind in our subtitles, and in WhisperX's of the same words.

    python -m benchmarks.subtitles meeting.json talk.json...

takes transcripts that `transcribe --diarize` saved, writes each as SRT in
several ways, and counts with `transcribe check`. WhisperX's writer is made
again from its documented behaviour, on the words and speakers of the same file:
it shows one cue a sentence, with the sentence's times and its main speaker in
front, on one line; with `--max_line_width 42 --max_line_count 2` it fills lines
greedily instead, across sentences, until two are full or 3 s are silent.
"""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from diarfuse.exporters import srt
from diarfuse.exporters.lines import milliseconds
from diarfuse.exporters.style import Style
from diarfuse.fusion.cues.quality import Quality, quality_of
from diarfuse.fusion.document import Document, read_document
from diarfuse.fusion.formats.subtitles import read_cues
from diarfuse.fusion.join.assign import main_speaker
from diarfuse.fusion.layout import LABELS, Layout
from diarfuse.fusion.text import sentence_ends
from diarfuse.fusion.types import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from diarfuse.fusion.types import Seconds

WIDTH, LINES, SILENCE = 42, 2, 3.0


def main() -> None:
    """Print a table over all files, one row a way of writing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", nargs="+", type=Path)
    documents = [read_document(path) for path in parser.parse_args().documents]
    names = [field.name for field in fields(Quality)]
    print(f"| subtitles | {' | '.join(name.replace('_', ' ') for name in names)} | faults |")
    print("|---" * (len(names) + 2) + "|")
    for way, write in ways().items():
        found = [quality_of(read_cues(write(document), document.name), language="en") for document in documents]
        counts = [sum(getattr(quality, name) for quality in found) for name in names]
        print(f"| {way} | {' | '.join(map(str, counts))} | {sum(quality.faults for quality in found)} |")


def ways() -> dict[str, Callable[[Document], str]]:
    """Name -> writer."""
    ours = {f"ours, --labels {policy}": _ours(Layout(labels=policy)) for policy in LABELS}
    return {
        **ours,
        "ours, --cues segments": lambda document: srt.dumps(document, Style(cues="segments")),
        "WhisperX's": lambda document: _numbered(_sentences(document)),
        f"WhisperX's, {WIDTH} columns, {LINES} lines": lambda document: _numbered(_filled(document)),
    }


def _ours(layout: Layout) -> Callable[[Document], str]:
    return lambda document: srt.dumps(document, Style(layout=layout))


def _numbered(cues: Iterator[tuple[Seconds, Seconds, str]]) -> str:
    return "".join(
        f"{number}\n{_stamp(start)} --> {_stamp(end)}\n{text}\n\n"
        for number, (start, end, text) in enumerate(cues, start=1)
    )


def _stamp(seconds: Seconds) -> str:
    minutes, rest = divmod(milliseconds(seconds), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"


def _sentences(document: Document) -> Iterator[tuple[Seconds, Seconds, str]]:
    for words in _sentence_words(document):
        text = "".join(word.text for word in words).strip()
        yield _start(words), _end(words), _labelled(words, text)


def _filled(document: Document) -> Iterator[tuple[Seconds, Seconds, str]]:
    """Lines filled word by word; the cue's times and speaker are those of the sentence that it begins in."""
    lines: list[str] = []
    home: Sequence[Word] = ()
    last: Seconds | None = None
    for words in _sentence_words(document):
        for word in words:
            silent = last is not None and word.start is not None and word.start - last > SILENCE
            last = word.start if word.start is not None else last
            if lines and not silent and len(lines[-1]) + len(word.text) <= WIDTH:
                lines[-1] += word.text
                continue
            if lines and (silent or len(lines) >= LINES):
                yield _start(home), _end(home), _labelled(home, "\n".join(lines))
                lines = []
            home = home if lines else words
            lines.append(word.text.strip())
    if lines:
        yield _start(home), _end(home), _labelled(home, "\n".join(lines))


def _sentence_words(document: Document) -> Iterator[list[Word]]:
    """The words of each sentence of each of the recogniser's segments, with a space in front as Whisper has it."""
    for segment in document.transcript.segments:
        words = [replace(word, text=f" {word.text.strip()}") for word in segment.words if word.text.strip()]
        ends = sentence_ends([word.text for word in words], document.transcript.language)
        for number in range(sum(ends[:-1]) + 1 if words else 0):
            before = list(accumulate(ends, initial=0))
            yield [word for word, sentence in zip(words, before, strict=False) if sentence == number]


def _start(words: Sequence[Word]) -> Seconds:
    return min((word.start for word in words if word.start is not None), default=0.0)


def _end(words: Sequence[Word]) -> Seconds:
    return max((word.end for word in words if word.end is not None), default=0.0)


def _labelled(words: Sequence[Word], text: str) -> str:
    speaker = main_speaker(words)
    return text if speaker is None else f"[{speaker}]: {text}"


if __name__ == "__main__":
    main()
