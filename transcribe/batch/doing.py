"""Do one recording and publish its result: what every worker does, whoever deals out the work.

The same bytes come out whichever worker does it and however often it was begun
before, so that work may be given out twice, and counts once.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias

from ...diarize.models.files import sha256_of
from ...exporters import registry
from ...fusion.audio.separate import files_of, name_of
from ...fusion.document import Document, Recording, parse_document
from ...fusion.editing.statistics import statistics_of
from ...fusion.errors import (
    AudioError,
    DeviceError,
    LowMemoryError,
    MissingExtraError,
    ModelError,
    NetworkError,
    OptionError,
    OutputError,
    TranscriptError,
)
from ...fusion.given import ran_out
from ...fusion.naming.labels import name_labels
from ...fusion.relabel import is_name
from ...fusion.types import Transcript
from ...fusion.watch import Watch, unheard
from .. import output
from ..channels import labels_of
from ..documents.origin import Told, recording_of, without_folders
from ..documents.sound import sounded
from ..inputs.claims import claimed
from .caches import Cache, looks
from .items import Asked, Item, file_name, is_address, shown
from .job import CachingJob
from .keys import Basis, content_of, of_parts
from .parts import Parts
from .places import Bucket, Folder, FullDiskError, place_of
from .settling import Outcome, Plan, damaged, edited, formats_of, put_failure, settle
from .tree import Failure, Record, Tree, is_ours

if TYPE_CHECKING:
    from ...fusion.audio import SeparateFiles
    from ...fusion.types import Diarization, Note

OnStage: TypeAlias = Callable[[str], None]
_OF_ALL = (FullDiskError, ModelError, DeviceError, MissingExtraError)
"""Errors that every other recording would meet as well: they end the run."""
_TRIES = 3


class _ChangedError(AudioError):
    """A recording is another one than when it was begun."""


@dataclass(slots=True)
class Hands:
    """Does recordings one after another, with models that are loaded once."""

    plan: Plan
    basis: Basis
    job: CachingJob
    on_stage: OnStage
    _stage: str = "fetch"
    _copies: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, *, turns: bool, on_stage: OnStage | None = None, on_note: Note | None = None) -> Hands:
        """With models that are loaded now.

        Args:
            plan: what is asked.
            turns: whether the diarizer is needed.
            on_stage: hears where a recording is.
            on_note: hears what loading tells.

        Raises:
            DiarfuseError: a model cannot be had.
        """
        job = CachingJob(plan.setup, Cache.of(place_of(plan.out)), voices=plan.keep_voices, on_note=on_note)
        origin = job.load(plan.asked.wish, words=plan.words, turns=turns, watch=Watch(on_note=on_note))
        return cls(plan, Basis.of(origin, plan.setup, words=plan.words), job, on_stage or (lambda _: None))

    @property
    def tree(self) -> Tree:
        """The results."""
        return Tree(place_of(self.plan.out))

    @property
    def cache(self) -> Cache:
        """What was heard before."""
        return Cache.of(place_of(self.plan.out))

    def do(self, item: Item) -> Outcome:
        """One recording, whatever comes of it: only errors that all others would meet are raised.

        Raises:
            FullDiskError: nothing more can be written.
            ModelError, DeviceError, MissingExtraError: nothing can be heard.
        """
        for again in range(_TRIES):
            try:
                return self._tried(item)
            except _OF_ALL:
                raise
            except NetworkError as error:
                if again == _TRIES - 1:
                    return self._failed(item, str(error), tries=_TRIES, transient=True)
            except _ChangedError as error:
                return self._failed(item, str(error), transient=True)
            except (OutputError, LowMemoryError) as error:  # what was in the way may be gone next time
                return self._failed(item, str(error), transient=True)
            except (AudioError, TranscriptError, OptionError) as error:
                return self._failed(item, str(error))
            except Exception as error:  # noqa: BLE001 - whatever one recording does, the others are still done
                return self._unforeseen(item, error)
        raise AssertionError  # the last try returns

    def _unforeseen(self, item: Item, error: Exception) -> Outcome:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise FullDiskError(
                f"A disk is full ({error.filename or error.strerror}): free some space and give the same command "
                "again; what is done stays done."
            ) from error
        what = "not enough memory" if ran_out(error) else f"{type(error).__name__}: {shown(str(error))}"
        return self._failed(item, f"{shown(item.audio)} could not be done ({what}).", transient=ran_out(error))

    def _failed(self, item: Item, reason: str, *, tries: int = 1, transient: bool = False) -> Outcome:
        for copy, told in self._copies.items():
            reason = reason.replace(copy, told)
        failure, before = Failure(self._key(item), self._stage, reason, tries, transient), self.tree.failure(item.id)
        known = before is not None and (before.key, before.reason) == (failure.key, reason)
        if transient or self.plan.redo or not known:  # what is as it was before was not really tried
            put_failure(self.tree, item, failure)
        kept = Parts(self.cache, item).keep(self.plan.asked.of(item).wish, self._stage)
        return Outcome(item.id, "failed", item.duration or 0.0, self._stage, f"{reason}{kept}")

    def _key(self, item: Item) -> str:
        """The key of a recording, or of what can be told of one that cannot be read."""
        try:
            content = content_of(item, self.cache)
        except (OSError, AudioError, NetworkError):
            content = ""
        return self.basis.key(self.plan.asked.of(item), content)

    def _tried(self, item: Item) -> Outcome:
        self._at("fetch")
        self._copies = {}
        asked, content = self.plan.asked.of(item), content_of(item, self.cache)
        seen = None if item.remote else looks(item)
        if content and (settled := self._settled(item, self.basis.key(asked, content))):
            return settled
        with fetched(item) as source, _claimed(source) as elsewhere:  # whose results are its own: both are wanted
            self._copies = _told_as(item, source)
            held = of_parts(item, [sha256_of(path) for path in files_of(source)]) if item.remote else content
            key = self.basis.key(asked, content or held)
            if not content and (settled := self._settled(item, key)):
                return settled
            document, stay = self._kept(item, key), self._stay(item, key)
            self._check_others(item, stay)
            if document is None:
                self._check_replaced(item, {*asked.channel_names, *labels_of(source)})
                document = self._document(source, item, asked, held)
            if seen is not None and seen != looks(item):
                raise _ChangedError(
                    f"{shown(item.audio)} changed while it was heard: give the command again once it is whole."
                )
            spoilt = self._publish(item, key, asked, document, source, stay)
            Parts(self.cache, item).forget()
        return Outcome(item.id, "done", document.transcript.duration, spoilt=spoilt, elsewhere=elsewhere)

    def _settled(self, item: Item, key: str) -> Outcome | None:
        settled = settle(item, key, self.plan, self.tree)
        if settled is not None and settled.state == "same":
            self.tree.forgive(item.id)
        return settled

    def _is_of(self, item: Item, key: str) -> bool:
        """Whether what is there is of this very work, and none of it is to be made anew."""
        record = self.tree.record(item.id)
        return self.plan.redo != "all" and record is not None and record.state == "done" and record.key == key

    def _stay(self, item: Item, key: str) -> dict[str, int]:
        """The edited results that stay as they are while others are made anew, as of `edited`."""
        return {} if self.plan.replace or not self._is_of(item, key) else edited(item, self.tree)

    def _kept(self, item: Item, key: str) -> Document | None:
        """The result itself, where only other formats of it are wanted; edits are in it."""
        if not self._is_of(item, key):
            return None
        content, source = self.tree.place.read(f"{item.id}.json"), f"{item.id}.json"
        return None if content is None or not is_ours(content, source) else parse_document(content, source)

    def _check_others(self, item: Item, stay: Mapping[str, int]) -> None:
        """Refuse to write over files beside the document that are no results, or that a person edited.

        stay: those that are not written.
        """
        tree, out = self.tree, self.plan.out.rstrip("/")
        record = tree.record(item.id)
        known, changed = () if record is None else record.sizes, edited(item, tree)
        for file in (f"{item.id}{registry.ending(name)}" for name in formats_of(self.plan) if name != "json"):
            if self.plan.replace or file in stay:
                continue
            if file not in known and tree.place.has(file):
                raise OutputError(f"{out}/{file} is there already: move it away, or give --replace.")
            if file in changed:
                raise OutputError(f"{out}/{file} was edited and would be made anew: move it away, or give --replace.")

    def _check_replaced(self, item: Item, ours: set[str]) -> None:
        """Refuse to write over what is no transcript, or what a person named or edited; `ours` names no person."""
        tree, out = self.tree, self.plan.out.rstrip("/")
        if self.plan.replace:
            return
        content, source = tree.place.read(f"{item.id}.json"), f"{out}/{item.id}.json"
        if content is None:
            return
        if not is_ours(content, source):
            if f"{item.id}.json" in damaged(item, tree):  # compared with what is made, see `_check_cut`
                return
            raise _no_transcript(source)
        document = parse_document(content, source)
        if document.recording is not None:
            ours |= {PurePosixPath(one.name).stem for one in document.recording.files}
        names = {name for name in document.speakers if is_name(name)} - ours
        if document.history or names:
            what = f"names speakers ({', '.join(sorted(names))})" if names else "was edited"
            raise OutputError(f"{source} {what} and would be made anew: move it away, or give --replace.")

    def _document(self, path: Path | SeparateFiles, item: Item, asked: Asked, sha256: str) -> Document:
        job, told = self.job, Told(unheard, path)
        if not self.plan.words:
            found = job.diarize(path, asked.wish, on_progress=self._progress, on_note=told)
            words, notes = Transcript((), None, found.duration), found.notes
            turns: Diarization | None = found
        else:
            job.expect(asked.wish, Parts(self.cache, item))
            result = job.transcribe(path, asked.wish, on_progress=self._progress, on_note=told)
            words, turns, notes = result.transcript, result.diarization, result.notes
            if asked.channel_names and turns is not None and job.channels > 1:
                words, turns = name_labels(words, turns, _labels(asked, job.channels, path, turns.speakers))
        said = (*told.sentences, *(without_folders(note, *files_of(path)) for note in notes))
        words = replace(words, notes=())
        turns = None if turns is None else replace(turns, notes=())
        whole = Recording(item.file_name, sha256, words.duration)
        heard = recording_of(path, words.duration) if item.files else whole
        return Document(words, turns, PurePosixPath(item.id).name, heard, job.origin(asked.wish), said)

    def _check_cut(self, file: str, made: bytes) -> None:
        """Refuse to write over the rest of a damaged result that somebody may have edited."""
        left = self.tree.place.read(file) or b""
        if not (self.plan.replace or b"\0" in left or made.startswith(left)):
            raise _no_transcript(f"{self.plan.out.rstrip('/')}/{file}")

    def _publish(
        self,
        item: Item,
        key: str,
        asked: Asked,
        document: Document,
        path: Path | SeparateFiles,
        stay: Mapping[str, int],
    ) -> tuple[str, ...]:
        """The files, then the record that says that they are there: a kill in between costs only time.

        stay: files that are left as they are -> the size that they were written with. What comes back are those that
        were there before and were damaged.
        """
        self._at("write")
        tree, contents = self.tree, self._contents(item, document, path)
        spoilt, main = damaged(item, tree), f"{item.id}.json"
        if main in spoilt:
            self._check_cut(main, contents[main])
        sizes = _others(item, tree) | {name: stay.get(name, len(content)) for name, content in contents.items()}
        record = Record(key, "writing", formats_of(self.plan), self.basis.about(asked), row_of(document), sizes)
        tree.put(item.id, record)
        for name, content in contents.items():
            if name not in stay:
                tree.place.write(name, content)
        tree.put(item.id, replace(record, state="done"))
        return spoilt

    def _contents(self, item: Item, document: Document, path: Path | SeparateFiles) -> dict[str, bytes]:
        """File name -> content, in every format that is wanted."""
        from ..screen.showing import render

        place = self.tree.place
        contents = {}
        for name in formats_of(self.plan):
            file = f"{item.id}{registry.ending(name)}"
            target = output.Target(place.path / file if isinstance(place, Folder) else None, name)
            audio = None if item.remote else path
            style = sounded(self.plan.style, target, audio, embed=False, on_note=unheard)
            text = render(document, name, style)
            contents[file] = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        return contents

    def _at(self, stage: str) -> None:
        self._stage = stage
        self.on_stage(stage)

    def _progress(self, stage: str, done: int, total: int) -> None:
        del done, total
        if stage != self._stage:
            self._at(stage)


def _others(item: Item, tree: Tree) -> dict[str, int]:
    """What was written before and is there, with its size: of other formats, which may be wanted again."""
    record = tree.record(item.id)
    return {} if record is None else {file: size for file, size in record.sizes.items() if tree.place.has(file)}


def _no_transcript(source: str) -> OutputError:
    return OutputError(f"{source} is no transcript of this program: move it away, or choose another -o.")


def row_of(document: Document) -> dict[str, Any]:
    """Numbers about a result, for the table; seconds, and shares from 0 to 1. Of talk only where somebody asked."""
    found = statistics_of(document.content)
    row: dict[str, Any] = {"duration": round(found.duration, 3), "words": found.words}
    if document.diarization is None:
        return row
    return row | {
        "speakers": len(found.speakers),
        "talk": round(found.talk, 3),
        "silence": round(found.silence, 4),
        "overlap": round(found.overlap, 3),
        "talks": {talk.speaker: round(talk.talk, 3) for talk in found.speakers},
    }


@contextmanager
def fetched(item: Item) -> Iterator[Path | SeparateFiles]:
    """The recording as a file, or one for each person; what had to be fetched is deleted afterwards.

    Raises:
        NetworkError: it cannot be had.
        AudioError: there is none.
        OptionError: the files cannot be one conversation.
    """
    if not item.remote:
        yield item.at([Path(part) for part in item.parts])
        return
    folder = Path(tempfile.mkdtemp(prefix="diarfuse-"))
    try:
        yield item.at([_fetched(part, folder / str(number)) for number, part in enumerate(item.parts)])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetched(part: str, folder: Path) -> Path:
    """One file, in a folder of its own, as others may have its name."""
    if not is_address(part):
        return Path(part)
    folder.mkdir()
    Bucket(part).fetch(folder / file_name(part))
    return folder / file_name(part)


def _told_as(item: Item, source: Path | SeparateFiles) -> dict[str, str]:
    """What was fetched -> where it comes from, for sentences."""
    pairs = zip(files_of(source), item.parts, strict=True)
    return {str(path): shown(part) for path, part in pairs if is_address(part)}


@contextmanager
def _claimed(source: Path | SeparateFiles) -> Iterator[bool]:
    """Claim all files of a recording; yields whether one is in work elsewhere too."""
    with ExitStack() as claims:
        elsewhere = [claims.enter_context(claimed(path)) for path in files_of(source)]
        yield any(elsewhere)


def _labels(asked: Asked, channels: int, path: Path | SeparateFiles, there: tuple[str, ...]) -> Mapping[str, str]:
    """Label -> name of those who speak.

    Raises:
        AudioError: there are not as many names as channels.
    """
    names = asked.channel_names
    if len(names) != channels:
        has = f"has {channels} channels" if isinstance(path, Path) else f"are {channels} files"
        raise AudioError(f"{name_of(path)} {has}, and --channel-names gives {len(names)} names.")
    labels = dict(zip(labels_of(path, channels), names, strict=True))
    return {label: name for label, name in labels.items() if label in there}
