"""What flows between the stages: frozen data, and the protocol that makes words.

Times are seconds from the start of the recording, intervals are half open
(``start <= t < end``). A `Turn` is diarization, a `Segment` is text; the two
words are never mixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeAlias, TypedDict, runtime_checkable

from .errors import OptionError, TranscriptError
from .given import check_list, is_number, short

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

SAMPLE_RATE = 16_000
MOST_SPEAKERS = 999
"""The largest number of speakers that anybody can ask for."""

Seconds: TypeAlias = float
Samples: TypeAlias = "npt.NDArray[np.float32]"
"""Audio, float32 (num_samples,), mono, 16 kHz, nominally within [-1, 1]."""
Embedding: TypeAlias = "npt.NDArray[np.float32]"
"""One voice, float32 (dimension,): 256 for community-1, 192 for campplus."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""``on_progress(stage, done, total)``: called in order, `done` never falls within a stage.

Whatever it raises stops the work and reaches the caller.
"""

Note: TypeAlias = Callable[[str], None]
"""``on_note(sentence)``: something that a person should read."""

OnSegment: TypeAlias = "Callable[[Segment], None]"
"""``on_segment(segment)``: called in order, as soon as the recogniser is sure of a segment.

Whatever it raises stops the work and reaches the caller.
"""

OnFound: TypeAlias = "Callable[[Transcript | None, Diarization | None], None]"
"""``on_found(transcript, diarization)``: called whenever a job has more: words, turns, at last words with speakers.

Each is None as long as it is not there. Who keeps them loses nothing by what fails afterwards.
"""

Reason: TypeAlias = Literal["overlap", "nearest", "context", "channel", "edited", "none"]
Timing: TypeAlias = Literal["recognised", "aligned", "estimated"]


@dataclass(frozen=True, slots=True)
class SpeakerShare:
    """A speaker who was active during a word, with the share of the word in [0, 1]."""

    speaker: str
    share: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """Why a word carries its speaker.

    reason: ``overlap`` (a turn covers it), ``nearest`` (snapped to a turn close
        by), ``context`` (its neighbours, its voice or its sentence decided), ``channel`` (it was spoken on
        that speaker's channel), ``edited`` (a person said so, or said that it is
        nobody's) or ``none`` (no speaker could be given).
    confidence: probability in [0, 1] that the speaker is right.
    others: who else was active during the word, most active first.
    detail: a few words for a reader, e.g. ``"0.31 s after the nearest turn"``.
    """

    reason: Reason
    confidence: float
    others: tuple[SpeakerShare, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as the recogniser gave it; `text` keeps the recogniser's own spaces.

    start, end: None where the recogniser gave no time.
    timing: where the times come from; ``estimated`` ones are a proportional guess.
    speaker, attribution: None until a join has run; `speaker` stays None where
        `attribution.reason` is ``none``.
    edited: a person wrote the word, or left it so when correcting its sentence.
    """

    start: Seconds | None
    end: Seconds | None
    text: str
    probability: float | None = None
    timing: Timing = "recognised"
    speaker: str | None = None
    attribution: Attribution | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """The recogniser's own cue, kept untouched. `words` is empty if it gives none."""

    start: Seconds
    end: Seconds
    text: str
    words: tuple[Word, ...] = ()
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said. `language` is an ISO 639-1 code or None if unknown."""

    segments: tuple[Segment, ...]
    language: str | None
    duration: Seconds
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _as_tuples(self, "segments")

    @property
    def words(self) -> tuple[Word, ...]:
        """All words of all segments in order."""
        return tuple(word for segment in self.segments for word in segment.words)


def check_transcript(transcript: Transcript) -> None:
    """Refuse what is no `Transcript` of `Segment`s with `Word`s.

    Raises:
        TranscriptError: it is none.
    """
    if not isinstance(transcript, Transcript):
        raise TranscriptError(f"The transcript is a {type(transcript).__name__}: use assign_speakers or attach for it.")
    for index, segment in enumerate(transcript.segments):
        if not isinstance(segment, Segment):
            raise TranscriptError(f"segments[{index}] is a {type(segment).__name__}: give Segments, or use attach.")
        words = segment.words
        if not isinstance(words, tuple | list) or not all(isinstance(word, Word) for word in words):
            raise TranscriptError(f"segments[{index}].words is {short(words)}: give a tuple of Words, or use attach.")


def _as_tuples(holder: object, *names: str) -> None:
    """Keep what a caller gave as a list, or as what can be walked through once, as the tuple that the field is."""
    for name in names:
        given = getattr(holder, name)
        if type(given) is not tuple:
            check_list(given, name)
            object.__setattr__(holder, name, tuple(given))


def _check_turns(turns: tuple[object, ...], name: str) -> None:
    """Refuse what has no speaker as a `Turn` has: a dict, or a tuple."""
    if set(map(type, turns)) <= {Turn}:
        return
    for index, turn in enumerate(turns):
        if not hasattr(turn, "speaker"):
            kind = type(turn).__name__
            raise TranscriptError(f"{name}[{index}] is a {kind}: give Turns, such as Turn(0.0, 1.5, 'Ana').")


@dataclass(frozen=True, slots=True)
class Turn:
    """Someone speaks from `start` to `end`; `speaker` is ``SPEAKER_00`` and so on."""

    start: Seconds
    end: Seconds
    speaker: str


class _SpeakerNumbers(TypedDict, total=False):
    """The numbers in which people say how many speakers there are; see `SpeakerCount.of`."""

    num_speakers: int
    min_speakers: int
    max_speakers: int


@dataclass(frozen=True, slots=True)
class SpeakerCount:
    """How many speakers a recording may have: from `low` (0: nothing asked) to `high`, None meaning any number.

    >>> SpeakerCount.of(min_speakers=2)
    SpeakerCount(low=2, high=None)
    """

    low: int = 0
    high: int | None = None

    def __post_init__(self) -> None:
        low, high = _speakers("low", self.low or None), _speakers("high", self.high)
        if low is not None and high is not None and low > high:
            raise OptionError(f"low={low} is above high={high}: swap them.")

    @classmethod
    def of(
        cls, num_speakers: int | None = None, min_speakers: int | None = None, max_speakers: int | None = None
    ) -> SpeakerCount:
        """The count from the three numbers in which people say it; `num_speakers` stands for both ends.

        Raises:
            OptionError: one is no whole number from 1 to 999, or they contradict each other.
        """
        exact = _speakers("num_speakers", num_speakers)
        low, high = _speakers("min_speakers", min_speakers), _speakers("max_speakers", max_speakers)
        if low is not None and high is not None and low > high:
            raise OptionError(f"min_speakers={low} is above max_speakers={high}: swap them, or leave one out.")
        if exact is not None and not (low or 1) <= exact <= (high or exact):
            raise OptionError(f"num_speakers={exact} lies outside min_speakers and max_speakers: leave those out.")
        return cls(exact or low or 0, exact or high)

    def __bool__(self) -> bool:
        """Whether anything was asked."""
        return self.low > 0 or self.high is not None

    def given(self) -> _SpeakerNumbers:
        """The fewest numbers that say the same, by the names that `of` has for them.

        >>> SpeakerCount(3, 3).given(), SpeakerCount(2, 4).given()
        ({'num_speakers': 3}, {'min_speakers': 2, 'max_speakers': 4})
        """
        if self.low == self.high:
            return {"num_speakers": self.low}
        low: _SpeakerNumbers = {"min_speakers": self.low} if self.low else {}
        high: _SpeakerNumbers = {"max_speakers": self.high} if self.high else {}
        return {**low, **high}

    def nearest(self, count: int) -> int:
        """The allowed number that is nearest to `count`."""
        count = max(count, self.low)
        return count if self.high is None else min(count, self.high)

    def note(self, found: int) -> tuple[str, ...]:
        """A sentence for the user where `found` speakers are not as many as asked for; else nothing."""
        wanted = self.nearest(found)
        if wanted == found:
            return ()
        side = "" if self.low == self.high else "At least " if found < wanted else "At most "
        return (f"{side}{wanted} speakers were asked for, but {found} could be told apart.",)


def _speakers(name: str, value: int | None) -> int | None:
    """`value` as an int; whole numbers of other kinds, such as numpy's, are taken too."""
    if value is None:
        return None
    if not is_number(value, whole=True) or not 1 <= value <= MOST_SPEAKERS:
        raise OptionError(f"{name}={short(value)} must be a whole number, 1 or more, at most {MOST_SPEAKERS}.")
    return int(value)


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Frame-wise speaker activity: who is how active when.

    scores: float32 (num_frames, num_speakers), the summed votes of all windows
        over the number of windows that see the frame, in [0, 1].
    speakers: the column labels. start, step: time of the first frame's middle
        and the distance between two frames, in seconds.
    """

    scores: npt.NDArray[np.float32]
    speakers: tuple[str, ...]
    start: Seconds
    step: Seconds


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """How much short stretches of speech sound like each speaker.

    starts, ends: float64 (num_stretches,), seconds, rising and apart.
    scores: float32 (num_stretches, num_speakers), the cosine of the stretch's voice with
        what the speaker says elsewhere; NaN where too little is known of either.
    speakers: the column labels.
    """

    starts: npt.NDArray[np.float64]
    ends: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float32]
    speakers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who spoke when.

    turns: sorted by (start, end, speaker); different speakers' turns may overlap.
    exclusive: the same speech with at most one speaker at a time.
    duration: of the recording, in seconds. notes: sentences a user should see (e.g. a
    speaker count that could not be met). embeddings (by label) and activity are None
    unless asked for. timings: seconds of work by stage. likeness: which voice short
    stretches sound like, None in ``exact`` and where voices were not compared; words that
    two turns touch follow it, and the confidence of words rests on it.

    Two are equal that say the same of who spoke when: embeddings, activity, timings and likeness do not count.
    """

    turns: tuple[Turn, ...]
    exclusive: tuple[Turn, ...]
    duration: Seconds
    notes: tuple[str, ...] = ()
    embeddings: Mapping[str, Embedding] | None = field(default=None, compare=False)
    activity: Activity | None = field(default=None, compare=False)
    timings: Mapping[str, Seconds] = field(default_factory=dict, compare=False)
    likeness: Likeness | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        _as_tuples(self, "turns", "exclusive")
        for name in ("turns", "exclusive"):
            _check_turns(getattr(self, name), name)

    @property
    def speakers(self) -> tuple[str, ...]:
        """The labels that occur in `turns`, sorted."""
        return tuple(sorted({turn.speaker for turn in self.turns}))

    def to_rttm(self, name: str = "audio") -> str:
        """RTTM text, one ``SPEAKER`` line a turn, times to the millisecond.

        Spaces in `name` and in speakers' names become underscores: RTTM fields hold none.
        """
        if not isinstance(name, str):
            raise OptionError(f"name={short(name)} must be text: the recording's name, without folder and ending.")
        file = "_".join(name.split()) or "audio"
        names = {turn.speaker: "_".join(turn.speaker.split()) for turn in self.turns}
        return "".join(
            f"SPEAKER {file} 1 {turn.start:.3f} {turn.end - turn.start:.3f} <NA> <NA> {names[turn.speaker]} <NA> <NA>\n"
            for turn in self.turns
        )


class Recognizer(Protocol):
    """Anything that turns samples into words. It never learns that diarization exists."""

    def transcribe(
        self, samples: Samples, *, language: str | None = None, on_progress: Progress | None = None
    ) -> Transcript:
        """Recognise `samples`; `language` None means detect it or use the model's own."""
        ...


@runtime_checkable
class SegmentRecognizer(Recognizer, Protocol):
    """A recogniser that can also tell each segment as soon as it is sure of it, and declares so."""

    tells_segments: ClassVar[Literal[True]]

    def transcribe(
        self,
        samples: Samples,
        *,
        language: str | None = None,
        on_progress: Progress | None = None,
        on_segment: OnSegment | None = None,
    ) -> Transcript:
        """As `Recognizer.transcribe`; `on_segment` hears every segment of the result, in order."""
        ...


@runtime_checkable
class ModelRecognizer(Recognizer, Protocol):
    """A recogniser that tells which files its model is made of, once it is loaded, so that a result can name them."""

    @property
    def model_files(self) -> tuple[Path, ...]:
        """The files; none before the model is loaded."""
        ...
