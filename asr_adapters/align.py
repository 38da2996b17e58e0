"""Word times for recognisers that give only lines: forced alignment, and an honest estimate where that fails.

English lines are aligned with pocketsphinx (extra ``offline``), whose wheel
carries the acoustic model: no download. Against hand-made and forced-aligned
truth its word edges are off by 10 to 30 ms in the median.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..fusion.audio import at_16_khz
from ..fusion.estimating import Span, Times, words_at
from ..fusion.text import split_text
from ..fusion.text.languages import code_of
from ..fusion.types import SAMPLE_RATE, Progress, Samples, Seconds, Segment, Transcript
from ..fusion.watch import begun
from .pronounce import phones, spoken

LONGEST: Seconds = 600.0
"""Lines above this are estimated: the aligner's search holds every frame of a line."""

_FRAMES_PER_SECOND = 100
_TAIL: Seconds = 0.3  # the aligner needs a little quiet after the last word to close it


def align(
    transcript: Transcript,
    samples: Samples,
    *,
    sample_rate: float = SAMPLE_RATE,
    language: str | None = None,
    on_progress: Progress | None = None,
    ahead: Ahead | None = None,
) -> Transcript:
    """Give words with times to every segment of `transcript` that has none.

    Words are the segment's text cut at its spaces (`split_text`): their texts
    concatenate to it. Times lie within the segment and never fall.
    ``Word.timing`` is ``aligned``, or ``estimated`` where the language is not
    English, pocketsphinx is missing, or the words do not fit the sound;
    notes say so in one sentence.

    Args:
        transcript: segments that already have words are left as they are.
        samples: the audio that was recognised, mono.
        sample_rate: of `samples`.
        language: overrides ``transcript.language``.
        on_progress: called as ``("align", segments done, segments)``.
        ahead: what has been aligned of `samples` already; where it heard anything else than these segments, all are
            aligned anew.
    """
    wordless = [index for index, segment in enumerate(transcript.segments) if _is_wordless(segment)]
    if not wordless:
        return transcript
    language = language or transcript.language
    segments, lines = list(transcript.segments), [transcript.segments[index] for index in wordless]
    aligned, note = ahead.of(lines, language) if ahead else None, tuple[str, ...]()
    with ExitStack() as lent:
        if aligned is None:
            samples = at_16_khz(samples, sample_rate)
            aligner, note = _aligner(language, lent)
            aligned = (_with_words(line, samples, aligner) for line in lines)
        for done, index in enumerate(wordless):
            if on_progress is not None:
                on_progress("align", done, len(wordless))
            segments[index] = next(aligned)
    if on_progress is not None:
        on_progress("align", len(wordless), len(wordless))
    return replace(transcript, segments=tuple(segments), notes=(*transcript.notes, *note))


class Ahead:
    """Lines aligned in a thread of their own, in their order, while a recogniser hears the next ones.

    The aligner holds Python's lock, which recognisers hardly need, and one core.

    Args:
        samples: 16 kHz, of the recording that is recognised.
        language: of the lines, as far as is known before they are heard.
    """

    def __init__(self, samples: Samples, language: str | None) -> None:
        self._samples, self._language = samples, language
        self._lines: list[tuple[Segment, Future[Segment]]] = []
        self._thread = ThreadPoolExecutor(1, "align")
        self._lent = ExitStack()

    def __enter__(self) -> Self:
        """Nothing starts before the first line is heard."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Give up what is not aligned yet."""
        self._thread.shutdown(cancel_futures=True)
        self._lent.close()

    def hear(self, segment: Segment) -> None:
        """Align a segment that has no words, soon; nothing where `align` would only estimate."""
        if _is_wordless(segment) and _can_align(self._language):
            self._lines.append((segment, begun(self._thread, self._align, segment)))

    def of(self, lines: Sequence[Segment], language: str | None) -> Iterator[Segment] | None:
        """The `lines` with words, as they are done; None unless they are just those that were heard, and can be."""
        if language != self._language or [line for line, _ in self._lines] != list(lines):
            return None
        if isinstance(self._lines[0][1].exception(), ImportError):  # a package that is there and cannot be loaded
            return None
        return (aligned.result() for _, aligned in self._lines)

    def _align(self, segment: Segment) -> Segment:
        return _with_words(segment, self._samples, self._aligner)

    @cached_property
    def _aligner(self) -> Aligner:
        return self._lent.enter_context(_lent_aligner())


def _is_wordless(segment: Segment) -> bool:
    return not segment.words and bool(segment.text.strip())


def _can_align(language: str | None) -> bool:
    return language is not None and code_of(language) == "en" and find_spec("pocketsphinx") is not None


def _aligner(language: str | None, lent: ExitStack) -> tuple[Aligner | None, tuple[str, ...]]:
    if language is None or code_of(language) != "en":
        why = "the language is not told (--language en)" if language is None else f"the language is {language!r}"
        return None, (f"Word times are estimated: only English can be aligned, and {why}.",)
    try:
        return lent.enter_context(_lent_aligner()), ()
    except ImportError:
        return None, ("Word times are estimated: alignment needs pip install 'diarfuse[offline]'.",)


def _with_words(segment: Segment, samples: Samples, aligner: Aligner | None) -> Segment:
    pieces = split_text(segment.text)
    times: Times = [None] * len(pieces)
    if aligner is not None and segment.end - segment.start <= LONGEST:
        first, last = (round(time * SAMPLE_RATE) for time in (segment.start, segment.end))
        times = aligner.times(samples[max(0, first) : last], pieces)
    return replace(segment, words=words_at(pieces, times, segment.start, segment.end))


_IDLE: queue.SimpleQueue[Aligner] = queue.SimpleQueue()
"""Loading one takes a tenth of a second, so a recording lends it to the next; never more than were in use at once."""


@contextmanager
def _lent_aligner() -> Iterator[Aligner]:
    """An aligner that nobody else has meanwhile, and that gives what a new one would."""
    try:
        aligner = _IDLE.get_nowait()
    except queue.Empty:
        aligner = Aligner()
    try:
        yield aligner
    finally:
        aligner.forget()
        _IDLE.put(aligner)


class Aligner:
    """A loaded pocketsphinx decoder; ImportError without the package.

    What it aligns depends a little on what it aligned before: on the end and the mean of that sound, and on new words.
    """

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        # bestpath re-searches the word lattice without the rule that the last word must be the
        # text's last, and so loses the ends of lines; the wide beams keep unclear words alive.
        self._decoder: Any = Decoder(
            lm=None, bestpath=False, beam=1e-80, pbeam=1e-80, wbeam=1e-60, samprate=float(SAMPLE_RATE), loglevel="FATAL"
        )
        self._taught, self._new = set[str](), set[str]()  # words that the dictionary lacked: ever, and since `forget`

    def forget(self) -> None:
        """Be as new."""
        self._decoder.reinit_feat()
        self._new.clear()

    def times(self, samples: Samples, pieces: Sequence[str]) -> list[Span | None]:
        """Start and end of each piece in seconds from the first sample; None where it cannot be aligned.

        A piece that is not spoken (a dash) gets None, and so do all pieces if
        the words do not fit the sound.
        """
        said = [[self._in_dictionary(word) for word in spoken(piece, self._is_known)] for piece in pieces]
        words = [word for group in said for word in group if word]
        found = self._align(samples, words) if words else []
        if len(found) != len(words):
            return [None] * len(pieces)
        edges = iter(found)
        groups = [[next(edges) for word in group if word] for group in said]
        return [(group[0][0], group[-1][1]) if group else None for group in groups]

    def _is_known(self, word: str) -> bool:
        return word in self._new or (word not in self._taught and self._decoder.lookup_word(word) is not None)

    def _in_dictionary(self, word: str) -> str:
        if not self._is_known(word):
            sounds = phones(word)
            if not sounds:
                return ""
            if word not in self._taught:  # a second time would be an error
                self._decoder.add_word(word, sounds, False)
            self._taught.add(word)
            self._new.add(word)
        return word

    def _align(self, samples: Samples, words: Sequence[str]) -> list[Span]:
        decoder = self._decoder
        decoder.set_align_text(" ".join(words))
        decoder.start_utt()
        try:
            decoder.process_raw(_pcm(samples), full_utt=True)
        finally:  # else it would refuse to start the next line
            decoder.end_utt()
        found = [part for part in decoder.seg() or () if part.word[0] not in "<["]  # without silences and noises
        limit = len(samples) / SAMPLE_RATE
        return [
            (min(part.start_frame / _FRAMES_PER_SECOND, limit), min((part.end_frame + 1) / _FRAMES_PER_SECOND, limit))
            for part in found
        ]


def _pcm(samples: Samples) -> bytes:
    """16-bit sound with a quiet, reproducible tail: digital silence has no logarithm."""
    tail = np.random.default_rng(0).normal(0, 3e-4, int(_TAIL * SAMPLE_RATE)).astype(np.float32)
    pcm: npt.NDArray[np.int16] = (np.clip(np.concatenate([samples, tail]), -1, 1) * 32767).astype("<i2")
    return pcm.tobytes()
