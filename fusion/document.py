"""What a result is once the work is done: words, turns, where they come from, and what was edited since.

A document is what every exporter writes and what ``meeting.json`` holds. It is
frozen: an edit gives a new one, whose history has one entry more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .editing import selecting, words
from .editing.changes import undo_of, undone
from .editing.content import NOBODY, Content, Origin, check_name, worded
from .editing.history import CONTENT, CONTENT_MORE, Edit, read_content, read_edit, write_content, write_edit
from .editing.operations import Correct, Merge, Operation, Reassign, Redo, Rename, Replace, spans_of
from .errors import OptionError, TranscriptError
from .given import check_kind, read_bytes, short, why_no_json
from .records import FORMAT, DamagedError, Json, check_keys, check_version, item, rows, text, time
from .types import Diarization, Seconds, Transcript, Turn, check_transcript

_HEAD = frozenset(("format", "name", "audio", "history"))
_OLD_TURNS = frozenset(("duration", "speakers", "notes", "turns", "exclusive"))


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """One of a recording's separate files. name, sha256: see `Recording`; start: when it begins in the recording."""

    name: str
    sha256: str
    start: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class Recording:
    """The audio that a document is about. name: its file's, without folders; sha256: of the file, in hexadecimal.

    files: where each person has one; name and sha256 are then empty.
    """

    name: str
    sha256: str
    duration: Seconds
    files: tuple[RecordedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that can be written down about one recording.

    transcript: as the recogniser gave it, with speakers where a join has run; without segments where nothing was
        recognised. diarization: who spoke when; None where nobody asked. It never holds embeddings.
    name: the recording's, without folder and ending, for the formats that carry it.
    recording: the audio's file, if it is known. origin: what made the rest.
    notes: everything a user was told, what `transcript` and `diarization` say included; these keep none.
    history: what was edited, first edit first.
    """

    transcript: Transcript
    diarization: Diarization | None = None
    name: str = "audio"
    recording: Recording | None = None
    origin: Origin | None = None
    notes: tuple[str, ...] = ()
    history: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        check_transcript(self.transcript)
        check_kind(self.diarization, "diarization", Diarization, type(None))
        found = self.diarization
        told = (*self.transcript.notes, *(found.notes if found else ()), *self.notes)
        object.__setattr__(self, "notes", tuple(dict.fromkeys(told)))
        object.__setattr__(self, "transcript", replace(self.transcript, notes=()))
        if found is not None:
            plain = Diarization(found.turns, found.exclusive, self.transcript.duration)
            object.__setattr__(self, "diarization", plain)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Who spoke when, which may overlap; without a diarization it is told by the segments that have a speaker."""
        return self.content.turns

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everybody who has a word or a turn, sorted."""
        return self.content.speakers

    @property
    def content(self) -> Content:
        """What edits change."""
        return Content(self.transcript, self.diarization, self.origin, self.notes)

    def rename(self, names: Mapping[str, str]) -> Document:
        """Give speakers names, everywhere at once: what they are called -> what they are to be called.

        Raises:
            UnknownNameError: nobody is called so; the known ones are listed.
            OptionError: a name is in use (merge them), is given twice, or cannot be one.
        """
        if not isinstance(names, Mapping):
            raise OptionError(f"names={short(names)} must be a dict, such as {{'SPEAKER_00': 'Ana'}}.")
        return self.edited(Rename(names))

    def merge(self, keep: str, *others: str) -> Document:
        """Make one speaker of several, `keep`.

        Raises:
            UnknownNameError: nobody is called so.
        """
        each = dict.fromkeys(others) if all(isinstance(name, str) for name in others) else others
        return self.edited(Merge(keep, tuple(each)))

    def reassign(self, where: str | Iterable[int], speaker: str | None) -> Document:
        """Give words to `speaker`, who may be new; None or ``"nobody"`` takes their speaker away.

        Args:
            where: ``"00:12:03-00:12:09"``, ``"120-131"`` (words from 1), or numbers from 0 into ``transcript.words``.
            speaker: whose they are.

        Raises:
            OptionError: no word is there, or the name cannot be one.
        """
        content = worded(self.content)
        chosen = selecting.chosen(where, content.transcript)
        return self.edited(Reassign(spans_of(chosen), None if speaker == NOBODY else speaker))

    def text(self, when: str, new: str) -> Document:
        """Correct the sentence that is said at a time such as ``"00:12:03"``; words that stay keep their times.

        Raises:
            OptionError: nobody speaks then, or the text is what stands there.
        """
        content = worded(self.content)
        number = selecting.word_at(selecting.parse_moment(when), content.transcript)
        place = words.sentence_at(content, number)
        if words.text_of(content, place) == words.check_text(new):
            raise OptionError(f"The sentence at {when} says so already.")
        return self.edited(Correct((place.first + 1, place.last), new))

    def replace_text(self, find: str, new: str) -> Document:
        """Say `new` wherever `find` is said, as whole words.

        Raises:
            OptionError: nobody says it.
        """
        return self.edited(Replace(find, new))

    def edited(self, operation: Operation) -> Document:
        """Do an edit that a history holds, as `transcribe open` does.

        Raises:
            OptionError: it is none, not possible, or changes nothing.
        """
        before, names = self.content, None
        if not hasattr(operation, "apply"):
            raise OptionError(f"{short(operation)} is no edit: rename, merge, reassign, text and others make one.")
        if isinstance(operation, Redo):
            raise OptionError("Only models can hear a recording again.")
        if isinstance(operation, Rename):
            operation = Rename({old: check_name(new) for old, new in operation.names.items()})
            names = {new: old for old, new in operation.names.items()}
        after = operation.apply(before)
        if after == before:
            raise OptionError("That changes nothing.")
        return self._with(after, Edit(operation, undo_of(before, after, names)))

    def redone(self, content: Content, what: str) -> Document:
        """The same recording with words or turns found anew; `what` says by whom, for the history."""
        return self._with(content, Edit(Redo(what), undo_of(self.content, content)))

    def undo(self) -> Document:
        """What was there before the last edit.

        Raises:
            OptionError: nothing was edited.
        """
        if not self.history:
            raise OptionError("There is nothing to undo.")
        *earlier, last = self.history
        return self._with(undone(self.content, last.undo), history=tuple(earlier))

    def forget(self) -> Document:
        """The same without its history, and so without what was there before."""
        return replace(self, history=())

    def clean(self) -> Document:
        """The same for others to see: no history, no file's name, no notes and settings, which may hold such."""
        recording = None if self.recording is None else replace(self.recording, name="", sha256="", files=())
        origin = None if self.origin is None else replace(self.origin, settings={})
        return replace(self, name="audio", recording=recording, origin=origin, notes=(), history=())

    def to_json(self) -> Json:
        """Everything as plain values, keys in a fixed order; docs/formats.md describes each."""
        audio = self.recording
        row: Json = {"format": FORMAT, "name": self.name}
        if audio is not None:
            row["audio"] = _write_recording(audio)
        return row | write_content(self.content) | {"history": [write_edit(edit) for edit in self.history]}

    @classmethod
    def from_json(cls, row: Any) -> Document:
        """What `to_json` gave, or a version before 1 wrote.

        Raises:
            DamagedError: it is neither, or was changed into what cannot be; the place is named.
        """
        if not isinstance(row, dict) or not ("format" in row or row.keys() >= CONTENT or row.keys() >= _OLD_TURNS):
            raise DamagedError(
                "it is no transcript of this program: put speakers on other programs' words with `transcribe attach`"
            )
        if "format" not in row and "history" in row:  # which no older version wrote
            raise DamagedError("is missing", "format")
        if "format" not in row:
            return _from_old(row)
        check_version(row["format"])
        check_keys(row, CONTENT | {"format", "name"}, CONTENT_MORE | _HEAD)
        content = read_content(row)
        return cls(
            content.transcript,
            content.diarization,
            item(row, "name", text),
            item(row, "audio", _read_recording) if "audio" in row else None,
            content.origin,
            content.notes,
            rows(row, "history", read_edit) if "history" in row else (),
        )

    def _with(self, content: Content, edit: Edit | None = None, history: tuple[Edit, ...] | None = None) -> Document:
        history = self.history if history is None else history
        return replace(
            self,
            transcript=content.transcript,
            diarization=content.diarization,
            origin=content.origin,
            notes=content.notes,
            history=(*history, edit) if edit is not None else history,
        )


def parse_document(data: bytes | str, source: str, name: str = "audio") -> Document:
    """Read a saved document; `source` is named in errors, `name` is the recording's where old files hold none.

    Raises:
        TranscriptError: it is none, damaged, or of a newer version.
    """
    if not isinstance(data, bytes | str):
        raise TranscriptError(f"{source} is a {type(data).__name__}: give JSON as text, or a file to read_document.")
    try:
        row = json.loads(data)
        document = Document.from_json(row)
        return document if "format" in row else replace(document, name=name)
    except DamagedError as error:
        raise TranscriptError(f"{source}: {error}.") from None
    except (ValueError, RecursionError) as error:
        raise TranscriptError(
            f"{source} is no JSON ({why_no_json(error)}): give the .json that transcribe wrote, or make one of other "
            "programs' words with `transcribe attach`."
        ) from error


def read_document(path: str | Path) -> Document:
    """Read a saved document from its file.

    Raises:
        TranscriptError: there is none, it cannot be read, is damaged, or of a newer version.
    """
    return parse_document(read_bytes(path), str(path), Path(path).stem)


def _from_old(row: Json) -> Document:
    """A file of before there were versions: a transcript, or the turns of ``transcribe diarize``."""
    if row.keys() >= CONTENT:
        check_keys(row, CONTENT, frozenset(("turns", "exclusive")))
        content = read_content(row)
    else:
        check_keys(row, _OLD_TURNS)
        content = read_content({"language": None, "segments": [], **row})
    return Document(content.transcript, content.diarization, notes=content.notes)


def _write_recording(audio: Recording) -> Json:
    """A recording; `files` only where it has several."""
    row: Json = {"name": audio.name, "sha256": audio.sha256, "duration": float(audio.duration)}
    files = [{"name": one.name, "sha256": one.sha256, "start": float(one.start)} for one in audio.files]
    return row | ({"files": files} if files else {})


def _read_recording(row: Any) -> Recording:
    check_keys(row, frozenset(("name", "sha256", "duration")), frozenset(("files",)))
    files = rows(row, "files", _read_file) if "files" in row else ()
    if len(files) == 1:
        raise DamagedError("is one file, where separate ones are expected, two or more", "files")
    return Recording(item(row, "name", text), item(row, "sha256", text), item(row, "duration", time), files)


def _read_file(row: Any) -> RecordedFile:
    check_keys(row, frozenset(("name", "sha256", "start")))
    return RecordedFile(item(row, "name", text), item(row, "sha256", text), item(row, "start", time))
