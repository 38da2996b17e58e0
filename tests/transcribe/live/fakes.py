"""What the tests of `transcribe live` share: a recogniser whose words are the loudness of what it hears."""

from __future__ import annotations

import numpy as np

from diarfuse.asr_adapters.streaming import Windows
from diarfuse.fusion.types import SAMPLE_RATE, Segment, Transcript, Word


class Counting:
    """A word a second."""

    tells_segments = True

    def transcribe(self, samples, *, language=None, on_segment=None, **_):
        count = max(len(samples) // SAMPLE_RATE, 1)
        words = tuple(
            Word(n + 0.1, n + 0.9, f" w{int(np.abs(samples[n * 16_000 :][:16_000]).sum())}") for n in range(count)
        )
        text = "".join(word.text for word in words)
        segments = (Segment(0.1, count - 0.1, text, words),)
        for segment in segments:
            if on_segment is not None:
                on_segment(segment)
        return Transcript(segments, language, len(samples) / SAMPLE_RATE)


class Growing(Counting):
    """The same, heard as it comes by itself: cut at other places and thus in other words."""

    def stream(self, *, language=None):
        return Windows(lambda piece, _: self.transcribe(piece, language=language).segments)
