"""Word times for recognisers that give only lines: forced alignment, and an honest estimate where that fails.

English lines are aligned with pocketsphinx (extra ``offline``), whose wheel
carries the acoustic model: no download. Against hand-made and forced-aligned
truth its word edges are off by 10 to 30 ms in the median.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..fusion.audio import at_16_khz
from ..fusion.estimating import Span, Times, words_at
from ..fusion.text import split_text
from ..fusion.text.languages import code_of
from ..fusion.types import SAMPLE_RATE, Progress, Samples, Seconds, Segment, Transcript
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
    """
    wordless = [
        index for index, segment in enumerate(transcript.segments) if not segment.words and segment.text.strip()
    ]
    if not wordless:
        return transcript
    samples = at_16_khz(samples, sample_rate)
    aligner, note = _aligner(language or transcript.language)
    segments = list(transcript.segments)
    for done, index in enumerate(wordless):
        if on_progress is not None:
            on_progress("align", done, len(wordless))
        segments[index] = _with_words(segments[index], samples, aligner)
    if on_progress is not None:
        on_progress("align", len(wordless), len(wordless))
    return replace(transcript, segments=tuple(segments), notes=(*transcript.notes, *note))


def _aligner(language: str | None) -> tuple[Aligner | None, tuple[str, ...]]:
    if language is None or code_of(language) != "en":
        return None, (f"Word times are estimated: only English can be aligned, and the language is {language!r}.",)
    try:
        return Aligner(), ()
    except ImportError:
        return None, ("Word times are estimated: alignment needs pip install 'diarfuse[offline]'.",)


def _with_words(segment: Segment, samples: Samples, aligner: Aligner | None) -> Segment:
    pieces = split_text(segment.text)
    times: Times = [None] * len(pieces)
    if aligner is not None and segment.end - segment.start <= LONGEST:
        first, last = (round(time * SAMPLE_RATE) for time in (segment.start, segment.end))
        times = aligner.times(samples[max(0, first) : last], pieces)
    return replace(segment, words=words_at(pieces, times, segment.start, segment.end))


class Aligner:
    """A loaded pocketsphinx decoder; ImportError without the package."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        # bestpath re-searches the word lattice without the rule that the last word must be the
        # text's last, and so loses the ends of lines; the wide beams keep unclear words alive.
        self._decoder: Any = Decoder(
            lm=None, bestpath=False, beam=1e-80, pbeam=1e-80, wbeam=1e-60, samprate=float(SAMPLE_RATE), loglevel="FATAL"
        )

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
        return self._decoder.lookup_word(word) is not None

    def _in_dictionary(self, word: str) -> str:
        if not self._is_known(word):
            sounds = phones(word)
            if not sounds:
                return ""
            self._decoder.add_word(word, sounds, False)
        return word

    def _align(self, samples: Samples, words: Sequence[str]) -> list[Span]:
        decoder = self._decoder
        decoder.set_align_text(" ".join(words))
        decoder.start_utt()
        decoder.process_raw(_pcm(samples), full_utt=True)
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
