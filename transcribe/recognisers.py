"""Which recogniser a job gets, with which options, and what it hears."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ..asr_adapters import registry
from ..fusion.errors import ModelError, NetworkError, UnknownNameError
from ..fusion.text.languages import code_of
from ..fusion.times import repair_transcript
from ..fusion.types import SegmentRecognizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..fusion.types import Note, OnSegment, Progress, Recognizer, Samples, Segment, Transcript
    from ..fusion.watch import Watch
    from .options import Setup, Wish

AUTO = "auto"


@runtime_checkable
class Keeping(Protocol):
    """Hears each part of the words, and has a recogniser go on where an earlier run of the same was stopped."""

    def __call__(self, segment: Segment) -> None:
        """The next part."""
        ...

    def recognise(
        self,
        recogniser: SegmentRecognizer,
        samples: Samples,
        *,
        language: str | None,
        on_progress: Progress,
        on_segment: OnSegment,
    ) -> Transcript:
        """What the recogniser hears."""
        ...


def check(setup: Setup) -> None:
    """Refuse a name that no recogniser has, and options that the one of that name does not have.

    Raises:
        UnknownNameError: with the known names and the nearest.
        OptionError: it has no such option.
    """
    known = (*registry.names(), AUTO)
    if setup.asr not in known:
        raise UnknownNameError("recogniser", setup.asr, known)
    given = setup.model is not None or setup.compute_type is not None or bool(setup.asr_options)
    if given and setup.asr != AUTO:  # else another package's adapter need not be imported for this
        registry.check_options(setup.asr, _options(setup.asr, setup))


def listens(name: str) -> bool:
    """Whether the recogniser `name` listens to the recording, as all do that do not say ``listens = False``."""
    return name == AUTO or registry.listens(name)


def reaches(name: str, option: str) -> bool:
    """Whether ``device`` or ``threads`` comes to the recogniser `name`: that of ``auto`` may, and none is unknown."""
    if name in registry.BUILTIN:
        return option in registry.parameters(name)
    return name not in registry.names()  # what another package means by these words is not known


def make(setup: Setup, wish: Wish, on_note: Note) -> Recognizer:
    """The recogniser of a setup; ``auto`` says in one sentence if it is not the first choice.

    Raises:
        OptionError: the recogniser does not have an option that was given.
    """
    if setup.asr == AUTO:
        return _auto(setup, wish, on_note)
    return _named(setup.asr, setup, wish, on_note)


def _named(name: str, setup: Setup, wish: Wish, on_note: Note) -> Recognizer:
    if wish.details:
        on_note(f"recogniser: {name}, model {setup.model or 'its default'}")
    return registry.create(name, **_options(name, setup))


def _auto(setup: Setup, wish: Wish, on_note: Note) -> Recognizer:
    """Whisper; where its model cannot be had or loaded and moonshine would do, that, and a sentence why."""
    from ..asr_adapters import faster_whisper, moonshine

    model, first = setup.model or faster_whisper.DEFAULT_MODEL, "faster-whisper"
    of_whisper = setup.model is not None or setup.compute_type is not None
    if of_whisper or code_of(wish.language or "en") != "en" or not moonshine.installed():
        return _named(first, setup, wish, on_note)
    smaller = "English, smaller" + (", on the processor" if setup.execution.device == "cuda" else "")
    found = faster_whisper.on_disk(model) is not None if _offline(setup) else faster_whisper.available(model)
    if not found:
        why = "may not be fetched in offline mode" if _offline(setup) else "cannot be reached"
        on_note(f"The Whisper model {model!r} is not on disk and {why}, so moonshine ({smaller}) is used.")
        return _named("moonshine", setup, wish, on_note)
    whisper = faster_whisper.FasterWhisper(**_options(first, setup))
    try:
        whisper.load()
    except (NetworkError, ModelError) as error:
        on_note(f"The Whisper model {model!r} cannot be used, so moonshine ({smaller}) is: {error}")
        return _named("moonshine", setup, wish, on_note)
    if wish.details:
        on_note(f"recogniser: {first}, model its default")
    return whisper


def _options(name: str, setup: Setup) -> dict[str, Any]:
    """The options that were given, under the names that the recogniser uses for them."""
    taken = registry.parameters(name)
    given = _sorted(setup.asr_options, taken)
    if setup.model is not None:
        given["model"] = setup.model
    if setup.compute_type is not None:
        given["compute_type"] = setup.compute_type
    return _machine(name, setup, taken) | given


def _sorted(options: Mapping[str, object], taken: Sequence[str]) -> dict[str, Any]:
    """Options that the adapter does not have itself go on to its engine, in the mapping that it has for them."""
    if "options" not in taken:
        return dict(options)
    own = {key: value for key, value in options.items() if key in taken}
    further = {key: value for key, value in options.items() if key not in taken}
    return own | ({"options": further} if further else {})


def _machine(name: str, setup: Setup, taken: Sequence[str]) -> dict[str, Any]:
    """Where and how our own adapters compute; what a foreign one means by these names is not known."""
    if name not in registry.BUILTIN:
        return {}
    device = setup.execution.device
    known = {
        # CoreML is the diarizer's; a recogniser takes what suits it best there.
        "device": "auto" if device == "coreml" else device,
        "threads": setup.execution.threads,
        "offline": _offline(setup),
    }
    return {key: value for key, value in known.items() if key in taken}


def _offline(setup: Setup) -> bool:
    from ..diarize.models.store import Store

    return Store(setup.models_dir, offline=setup.offline).offline


def recognise(
    samples: Samples, recogniser: Recognizer, wish: Wish, watch: Watch, on_segment: OnSegment | None = None
) -> Transcript:
    """What `recogniser` hears; of one that tells its lines, they are aligned meanwhile where words are wanted."""
    on_segment, name = on_segment or watch.on_heard, type(recogniser).__name__
    if not isinstance(recogniser, SegmentRecognizer):
        if watch.on_heard is not None:
            watch.note(f"The recogniser {name} tells its text at the end, and shows none before.")
        with watch.timed("recognise"):
            found = recogniser.transcribe(samples, language=wish.language, on_progress=watch.progress)
        return _whole(found, name, watch)
    from ..asr_adapters.align import Ahead
    from .joining import align_lines

    with Ahead(samples, wish.language or getattr(recogniser, "only_language", None)) as ahead:
        hears = tuple(filter(None, (watch.on_part, ahead.hear if _wants_words(wish) else None, on_segment)))
        with watch.timed("recognise"):
            found = _heard(recogniser, samples, wish, watch, partial(_tell, hears))
        found = _whole(found, name, watch)
        return align_lines(found, samples, watch, ahead) if _wants_words(wish) else found


def _heard(
    recogniser: SegmentRecognizer, samples: Samples, wish: Wish, watch: Watch, on_segment: OnSegment
) -> Transcript:
    keeper = watch.on_part
    hear = partial(keeper.recognise, recogniser) if isinstance(keeper, Keeping) else recogniser.transcribe
    return hear(samples, language=wish.language, on_progress=watch.progress, on_segment=on_segment)


def _whole(transcript: Transcript, name: str, watch: Watch) -> Transcript:
    """All words of a recogniser, in order; from here on they are not lost by what fails."""
    found = repair_transcript(transcript, f"The recogniser {name}")
    watch.found(found, None)
    return found


def _wants_words(wish: Wish) -> bool:
    return wish.words or wish.diarize


def _tell(hears: Sequence[OnSegment], segment: Segment) -> None:
    for hear in hears:
        hear(segment)
