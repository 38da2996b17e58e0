"""What several adapters share: late imports with a remedy, silence, blocks cut at quiet places."""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from ..fusion.audio import check_samples, doubts
from ..fusion.errors import DiarfuseError, LowMemoryError, MissingExtraError, OptionError
from ..fusion.given import first_line, ran_out, short
from ..fusion.types import SAMPLE_RATE, OnSegment, Progress, Samples, Seconds, Segment, Transcript

STAGE = "recognise"
LOADING = threading.Lock()
"""Of two threads that come first the second finds the model that the first one loads."""
_QUIET = int(0.3 * SAMPLE_RATE)  # a pause this long rarely lies inside a word
_HOP = int(0.05 * SAMPLE_RATE)
_NO_OPTION = re.compile(r"(?:unexpected keyword argument|has no attribute) '(\w+)'")
_REFUSALS = (TypeError, ValueError, AttributeError, RuntimeError)
"""What engines raise for an option that they do not know, or a value that they do not take."""
Heard = TypeVar("Heard")


def engine(module: str, feature: str, package: str, extra: str | None) -> Any:
    """Import `module`, or raise the error that holds the pip line of its extra (or of the package, for None)."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if ran_out(error):
            raise LowMemoryError(f"There is not enough memory to load {package}: free some.") from error
        raise MissingExtraError(feature, package, extra) from error


@contextmanager
def told_options(name: str, given: Mapping[str, object]) -> Iterator[None]:
    """Say in a sentence of ours that the engine of the recogniser `name` refuses options that it was `given`.

    Raises:
        OptionError: it does.
    """
    try:
        yield
    except _REFUSALS as error:
        if not given or isinstance(error, DiarfuseError) or ran_out(error):
            raise
        unknown = _NO_OPTION.search(first_line(error))
        if unknown and unknown[1] in given:
            raise no_option(name, unknown[1], given[unknown[1]]) from error
        values = ", ".join(f"{key}={short(value)}" for key, value in given.items())
        raise OptionError(
            f"The recogniser {name} refuses {values} ({first_line(error)[:200]}): correct it, or leave it out."
        ) from error


def no_option(name: str, key: str, value: object, known: Iterable[str] = ()) -> OptionError:
    """The error for an option that a recogniser does not have; `known` are those that it has, where that is known."""
    others = f", which takes {', '.join(known)}" if known else ""
    return OptionError(f"{key}={short(value)} is no option of the recogniser {name}{others}: leave it out.")


def taking(name: str, given: Mapping[str, object], found: Iterable[Heard]) -> Iterator[Heard]:
    """What an engine finds while it is walked through, which is when some look at their options; see `told_options`."""
    walk = iter(found)
    while True:
        with told_options(name, given):
            try:
                heard = next(walk)
            except StopIteration:
                return
        yield heard


def sound(samples: Samples, sample_rate: float) -> Samples:
    """What a caller of the library gives, checked and brought to 16 kHz; there may be none.

    Raises:
        AudioError: no samples of audio.
        OptionError: a sample rate that no recording has.
    """
    return samples if isinstance(samples, np.ndarray) and not samples.size else check_samples(samples, sample_rate)


def told(samples: Samples, segments: tuple[Segment, ...], language: str | None) -> Transcript:
    """The transcript of `samples`, with a note if their speech sounds as if they had another rate."""
    spans = [(segment.start, segment.end) for segment in segments]
    return Transcript(segments, language, seconds(samples), doubts(samples, spans))


def seconds(samples: Samples) -> Seconds:
    """Duration of `samples`."""
    return len(samples) / SAMPLE_RATE


def silent(samples: Samples) -> bool:
    """Whether there is nothing to recognise: no samples, or digital silence throughout.

    Recognisers invent words for such input; nobody wants them.
    """
    return not samples.any()


def empty(samples: Samples, language: str | None) -> Transcript:
    """The transcript of silence."""
    return Transcript((), language, seconds(samples))


def report(on_progress: Progress | None, done: Seconds, total: Seconds) -> None:
    """Tell the caller how many milliseconds of the recording are recognised."""
    if on_progress is not None:
        on_progress(STAGE, min(round(done * 1000), round(total * 1000)), round(total * 1000))


def keep(segments: list[Segment], found: Iterable[Segment], on_segment: OnSegment | None) -> None:
    """Add what was found to `segments`, and tell the caller of each."""
    for segment in found:
        segments.append(segment)
        if on_segment is not None:
            on_segment(segment)


def blocks(samples: Samples, longest: Seconds = 20.0, search: Seconds = 8.0) -> list[tuple[int, int]]:
    """Sample ranges that cover `samples`, none above `longest`, cut at the quietest place of the last `search` s."""
    ranges = []
    start = 0
    while len(samples) - start > longest * SAMPLE_RATE:
        last = start + int(longest * SAMPLE_RATE)
        first = last - int(search * SAMPLE_RATE)
        cut = first + quietest(samples[first:last])
        ranges.append((start, cut))
        start = cut
    return [*ranges, (start, len(samples))]


def quietest(samples: Samples) -> int:
    """Middle of the quietest 0.3 s; the earliest where several are equal, the middle of anything shorter."""
    if len(samples) <= _QUIET:
        return len(samples) // 2
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, len(samples) - _QUIET + 1, _HOP)
    return int(starts[np.argmin(energy[starts + _QUIET] - energy[starts])]) + _QUIET // 2
