"""What a job loads, apart from what is asked of one recording; and both in one for whoever has one of each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..diarize.options import Execution, Options
from ..fusion.audio import Track, check_track
from ..fusion.errors import OptionError
from ..fusion.given import check_choice, check_flag, check_kind
from ..fusion.text import languages
from ..fusion.types import SpeakerCount

if TYPE_CHECKING:
    from pathlib import Path

    from ..fusion.join.assign import Join

Channels: TypeAlias = Literal["speakers", "hybrid"]


@dataclass(frozen=True, kw_only=True)  # no slots: `JobOptions` has two parents, which may then have none
class Setup:
    """What is loaded, once for any number of recordings.

    asr: a recogniser's name or ``auto``. model, compute_type: the recogniser's; None is its own default.
    asr_options: further options of that recogniser, by name.
    diarizer: a pack's name or ``auto``. options: what changes the diarizer's answer. execution: what only changes
        the wait. labels_from: a network that says who speaks where that diarizer hears speech.
    models_dir, offline: of the model store; None is the environment's choice.

    Raises:
        OptionError: a value of another kind.
    """

    asr: str = "auto"
    model: str | None = None
    compute_type: str | None = None
    asr_options: Mapping[str, object] = field(default_factory=dict, hash=False)
    diarizer: str = "auto"
    labels_from: str | None = None
    options: Options = field(default_factory=Options)
    execution: Execution = field(default_factory=Execution)
    models_dir: Path | None = None
    offline: bool | None = None

    def __post_init__(self) -> None:
        for name in ("asr", "diarizer"):
            check_kind(getattr(self, name), name, str)
        check_kind(self.model, "model", str, os.PathLike, type(None))
        for name in ("compute_type", "labels_from"):
            check_kind(getattr(self, name), name, str, type(None))
        check_kind(self.asr_options, "asr_options", Mapping)
        check_kind(self.options, "options", Options)
        check_kind(self.execution, "execution", Execution)
        check_kind(self.models_dir, "models_dir", str, os.PathLike, type(None))
        check_kind(self.offline, "offline", bool, type(None))


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked of one recording.

    diarize: put a speaker on every word. speakers: how many there are, a contract; see the README.
    channels: ``speakers``: each channel is a speaker; ``hybrid``: a channel may hold several voices, which the
        diarizer finds. Where all channels are the same, the job goes on as if this were None.
    language: by its ISO 639 code or its English name; None lets the recogniser find out, or is its only one.
    words: every segment has words, aligned where the recogniser gives none; a diarized job always does so.
    audio_track: of a file with several: a number from 1, or ``all``, each as a channel; None is the default one.
    join: ``resolved`` or ``plain``, see `fusion.join.assign.Policy`.
    details: also say through `on_note` what was used and how much of the recording is speech.

    Raises:
        OptionError: no such kind of channels or join, no such track, or a value of another kind.
    """

    diarize: bool = False
    speakers: SpeakerCount = field(default_factory=SpeakerCount)
    channels: Channels | None = None
    language: str | None = None
    words: bool = False
    audio_track: Track = None
    join: Join = "resolved"
    details: bool = False

    def __post_init__(self) -> None:
        if self.channels not in (None, "speakers", "hybrid"):
            raise OptionError(f"channels={self.channels!r} must be 'speakers', 'hybrid' or None.")
        for name in ("diarize", "words", "details"):
            check_flag(getattr(self, name), name)
        check_choice(self.join, "join", ("resolved", "plain"))
        check_kind(self.speakers, "speakers", SpeakerCount)
        check_kind(self.language, "language", str, type(None))
        object.__setattr__(self, "language", languages.wanted(self.language))
        check_track(self.audio_track)


@dataclass(frozen=True, kw_only=True)
class JobOptions(Setup, Wish):
    """A `Setup` and a `Wish` in one; the command line's options have the same names.

    num_speakers, min_speakers, max_speakers: become `speakers`.

    >>> JobOptions(diarize=True, num_speakers=2).speakers
    SpeakerCount(low=2, high=2)

    Raises:
        OptionError: see `Wish` and `SpeakerCount.of`.
    """

    num_speakers: InitVar[int | None] = None
    min_speakers: InitVar[int | None] = None
    max_speakers: InitVar[int | None] = None

    def __post_init__(self, num_speakers: int | None, min_speakers: int | None, max_speakers: int | None) -> None:
        Setup.__post_init__(self)
        Wish.__post_init__(self)
        if speakers := SpeakerCount.of(num_speakers, min_speakers, max_speakers):
            object.__setattr__(self, "speakers", speakers)
