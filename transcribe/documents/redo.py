"""`transcribe redo`: the recording of a saved transcript is heard again, and what was edited stays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...diarize.models.files import sha256_of
from ...fusion.audio.separate import files_of
from ...fusion.document import Document, RecordedFile, Recording, read_document
from ...fusion.editing.again import deleted_and_back, names_by_overlap, rediarized, rerecognised
from ...fusion.editing.content import Content, Origin
from ...fusion.errors import AudioError, DiarfuseError, OutputError
from ...fusion.join.assign import Policy
from ...fusion.relabel import rename_diarization, rename_in
from ...fusion.watch import log_note, unheard
from .. import output
from ..inputs.claims import making
from .editing import check, edit
from .origin import Told
from .rescue import rescuing
from .sound import beside, recording_near

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable
    from pathlib import Path

    from ...fusion.audio import AudioSource
    from ...fusion.types import Diarization, Note, Progress, Transcript
    from ..job import Job
    from ..options import JobOptions
    from .rescue import Rescued

_OF_WORDS = frozenset(("asr", "model", "compute_type", "asr_options", "recogniser", "language"))
"""Settings that recognising words has a say in; all others concern the turns."""
_TURNS_ALONE = "The new words follow the saved turns alone: transcripts keep nothing of voices (--diarize hears both)."
_ROUNDING = 1.0
"""Seconds by which a line may begin after the end: recognisers round."""


@dataclass(frozen=True, slots=True)
class Again:
    """What is heard anew: words where `words`, turns where `turns`; with the options of a job."""

    options: JobOptions
    words: bool
    turns: bool

    def told(self) -> str:
        """It in words, for the history."""
        parts = [f"asr {self.options.asr}"] * self.words + ["diarize"] * self.turns
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was heard, and what was said on the way."""

    words: Transcript | None
    turns: Diarization | None
    origin: Origin
    notes: tuple[str, ...]


def redo(
    path: Path,
    audio: Path | None,
    again: Again,
    on_progress: Progress | None = None,
    on_note: Note | None = None,
    cancel: threading.Event | None = None,
    on_problem: Note | None = None,
) -> Document:
    """Hear the recording of a document again, and put what is found into its file.

    The file is held only at the end: edits made meanwhile are kept as those before.

    Args:
        path: the document's file.
        audio: the recording; None is the file that the document names, beside it.
        again: what is heard.
        on_progress: see `transcribe.job`.
        on_note: hears what a person should know, also what could not be kept.
        cancel: ends the work.
        on_problem: hears where words are kept if the turns cannot be found after them.

    Raises:
        OutputError: the document cannot be written, and what it would hold is kept elsewhere; or it is being made anew
            already, by another command.
        AudioError: it is not the recording that the document is about.
        DiarfuseError: see `transcribe.job` and `edit`.
    """
    document = read_document(path)
    source = recording_beside(path, document, audio)
    check(path)
    told = Told(on_note or log_note, source)
    with making(files_of(source), [output.Target(path, "json")], told.on_note, otherwise=""):
        return _redone(path, document, source, again, told, on_progress, cancel, on_problem)


def _redone(
    path: Path,
    document: Document,
    source: AudioSource,
    again: Again,
    told: Told,
    on_progress: Progress | None,
    cancel: threading.Event | None,
    on_problem: Note | None,
) -> Document:
    """Hear `source`, and put what is found in the place of what `document` has of it; see `redo`."""
    with rescuing(source, on_problem or told, cancel, setup=again.options, on_note=told.on_note) as kept:
        found = _heard(source, document, again, on_progress, told, cancel, kept)
    if told.changed:
        raise AudioError(f"{source} changed while it was heard: the document stays as it was; do it again.")
    _check_heard(found, document, source)

    def change(before: Document) -> Document:
        if before.recording != document.recording:  # else what was heard is its own, though it may be gone by now
            recording_beside(path, before, source)
        content, lost = _renewed(before.content, found, Policy(join=again.options.join))
        if again.words:
            lost = (*lost, *deleted_and_back(before.history, before.transcript, content.transcript))
        if not again.turns and again.options.join == "resolved" and _followed_voices(before):
            lost = (*lost, _TURNS_ALONE)
        for sentence in lost:
            told(sentence)
        content = replace(content, notes=tuple(dict.fromkeys((*content.notes, *found.notes, *lost))))
        return before.redone(content, again.told())

    try:
        return edit(path, change)
    except (DiarfuseError, OSError, MemoryError) as error:  # whatever was heard is not heard again for this
        where = output.keep(change(document), "The new result is kept")
        raise OutputError(f"{error} {where}".rstrip()) from error


def _followed_voices(document: Document) -> bool:
    """Whether its words may have gone to whom they sounded like (`Diarization.likeness`)."""
    settings = document.origin.settings if document.origin else {}
    return "diarizer" in settings and settings.get("mode") != "exact"


def recording_beside(path: Path, document: Document, audio: AudioSource | None) -> AudioSource:
    """The recording of a document; of separate files all of them, unless one that is given holds their mix.

    Raises:
        AudioError: it is not there, or another one is.
    """
    recording = document.recording
    if audio is None and (recording is None or not (recording.name or recording.files)):
        raise AudioError(f"{path} does not tell the recording's name: give its file.")
    audio = audio or recording_near(path.resolve(), recording)
    if audio is None or not all(file.is_file() for file in files_of(audio)):
        raise AudioError(_missing(path, recording, audio))
    if recording is not None:
        _check_same(path, recording, audio)
    return audio


def _missing(path: Path, recording: Recording | None, audio: AudioSource | None) -> str:
    if audio is not None or recording is None or not recording.files:
        return f"The recording {str(audio or (recording and recording.name))!r} is not there: give its file."
    gone = [repr(one.name) for one in recording.files if beside(path.resolve(), one.name) is None]
    if not gone:
        called = ", ".join(repr(one.name) for one in recording.files)
        return (
            f"The recording is {len(recording.files)} files, {called}, and what lies beside {path} under these names "
            "cannot be put together (two are one file, or one begins a day late): give one file with the mix of all."
        )
    return (
        f"The recording is {len(recording.files)} files, and beside {path} {' and '.join(gone)} "
        f"{'is' if len(gone) == 1 else 'are'} not: put all of them there, or give one file with the mix of all."
    )


def _check_same(path: Path, recording: Recording, audio: AudioSource) -> None:
    files = files_of(audio)
    known = recording.files if len(files) > 1 else (RecordedFile(recording.name, recording.sha256),)
    for file, one in zip(files, known, strict=True):
        if one.sha256 and sha256_of(file) != one.sha256:
            raise AudioError(
                f"{file} is not the recording that {path} is about (its bytes differ): give {one.name!r} as it was."
            )


def _heard(
    audio: AudioSource,
    document: Document,
    again: Again,
    on_progress: Progress | None,
    told: Told,
    cancel: threading.Event | None,
    kept: Rescued,
) -> _Found:
    from ..job import Job

    job, words, turns = Job(again.options), None, None
    if again.words:
        words = _words(audio, job, again.options, on_progress, told, cancel, kept)
    if again.turns:
        turns = job.diarize(audio, again.options, on_progress=on_progress, on_note=told, cancel=cancel)
        names = names_by_overlap(document.content, turns.turns)  # what is told of a speaker is told of the document's
        turns = rename_diarization(turns, names)
        told.each(rename_in(note, names) for note in turns.notes)
    return _Found(words, turns, job.origin(again.options), tuple(told.sentences))


def _check_heard(found: _Found, document: Document, audio: AudioSource) -> None:
    """Refuse to put nothing in the place of something, and what was heard of a recording that is too short.

    Raises:
        AudioError: no words, or no speech, were found and the document has some, or it goes on after the recording.
    """
    for new, old, things in (
        (found.words and found.words.segments, document.transcript.segments, "words"),
        (found.turns and found.turns.turns, document.turns, "speech"),
    ):
        if new is not None and old and not new:
            raise AudioError(f"No {things} could be found in {audio}: the document stays as it was; check the audio.")
    lasts = max(heard.duration for heard in (found.words, found.turns) if heard is not None)
    last = max((segment.start for segment in document.transcript.segments), default=0.0)
    if last > lasts + _ROUNDING:
        raise AudioError(f"{audio} lasts {lasts:.1f} s, and words begin at {last:.1f} s: give their own recording.")


def _words(
    audio: AudioSource,
    job: Job,
    options: JobOptions,
    on_progress: Progress | None,
    told: Told,
    cancel: threading.Event | None,
    kept: Rescued,
) -> Transcript:
    """Words with times, aligned where the recogniser gives lines."""
    from ...asr_adapters.align import align
    from ...fusion.audio import load_audio

    plain = replace(options, diarize=False)
    heard = job.transcribe(
        audio,
        plain,
        on_progress=on_progress,
        on_note=told,
        cancel=cancel,
        on_found=kept.hear,
        on_part=kept,
    ).transcript
    if not all(segment.words for segment in heard.segments):
        samples = load_audio(audio, on_note=unheard, track=options.audio_track)  # told by the job
        heard = align(heard, samples, language=heard.language, on_progress=on_progress)
    told.each(heard.notes)
    return heard


def _renewed(content: Content, found: _Found, policy: Policy) -> tuple[Content, tuple[str, ...]]:
    lost: Iterable[str] = ()
    if found.words is not None:
        content, lost = rerecognised(content, found.words, policy)
    if found.turns is not None:
        content, more = rediarized(content, found.turns, policy)
        lost = (*lost, *more)
    return replace(content, origin=_origin(content.origin, found)), tuple(lost)


def _origin(before: Origin | None, found: _Found) -> Origin:
    """What made the result now: for the part that stays, what made it then."""
    new = found.origin
    if before is None:
        return new
    renewed = (_OF_WORDS if found.words is not None else frozenset()) | (
        new.settings.keys() - _OF_WORDS if found.turns is not None else frozenset()
    )
    kept = {key: value for key, value in before.settings.items() if key not in renewed}
    settings = kept | {key: value for key, value in new.settings.items() if key in renewed}
    return Origin(new.program, settings, {**before.models, **new.models})
