"""`transcribe review DOCUMENT`: the doubtful places, worst first; heard and decided where that can be."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..inputs.paths import InputPath
from ..output import show_json
from ..screen.terminal import note
from .edit import DOCUMENT
from .numbers import WholeRange
from .options import TERMINAL_OPTIONS
from .shape import command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...fusion.audio import AudioSource
    from ...fusion.document import Document, Recording
    from ...fusion.editing.review import Doubt
    from ..documents.listening import Listen

_AROUND = 1.0
"""Seconds that are played before and after a place."""
_KEYS = "s skip, u unsure, n nobody, r again, z undo, q quit"

REVIEW_OPTIONS = (
    click.option(
        "--limit",
        type=WholeRange(min=1),
        default=20,
        show_default=True,
        metavar="N",
        help="At most this many places.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Write them as JSON."),
    click.option(
        "--audio",
        type=InputPath(),
        metavar="FILE",
        help="The recording, to hear each place. [default: the file, or the mix of the files, that DOCUMENT names, "
        "beside it]",
    ),
)


@command((DOCUMENT,), REVIEW_OPTIONS, TERMINAL_OPTIONS, epilog="transcribe review meeting.json")
def review(document: Path, limit: int, audio: Path | None, *, as_json: bool) -> None:
    """Show where it is doubtful who speaks in DOCUMENT, worst first, with the runner-up.

    On a terminal, with the recording and a player (ffplay, mpv or sox's play)
    at hand, each place is played, and one key says who it was.
    """
    from ...fusion.document import read_document
    from ...fusion.editing.review import doubts

    found = read_document(document)
    if found.transcript.words and not any(word.attribution for word in found.transcript.words):
        note(f"Nobody has told the speakers of {document} apart yet: run transcribe redo --diarize.")
    worst = doubts(found.transcript)[:limit]
    if as_json:
        rows = [_row(found, doubt) for doubt in worst]
        show_json(rows, indent=1)
        return
    session = _session(document, found, audio)
    if session is not None and worst:
        session.run(worst)
        return
    for doubt in worst:
        click.echo(_line(found, doubt))
    if not worst:
        note("Nothing is doubtful.")


def _row(document: Document, doubt: Doubt) -> dict[str, Any]:
    from ...fusion.editing.review import context

    before, within, after = context(document.content, doubt)
    return {
        "start": round(doubt.start, 3),
        "end": round(doubt.end, 3),
        "words": [doubt.first + 1, doubt.last],
        "text": within,
        "before": before,
        "after": after,
        "speaker": doubt.speaker,
        "confidence": doubt.confidence,
        "reason": doubt.reason,
        "detail": doubt.detail,
        "others": [{"speaker": other.speaker, "share": round(other.share, 3)} for other in doubt.others],
    }


def _line(document: Document, doubt: Doubt) -> str:
    """``00:12:03.4 words 120-122 Ana 41 % (overlap; or Ben, 31 %): How [are you] doing?``."""
    from ...exporters.lines import label
    from ...fusion.editing.content import NOBODY
    from ...fusion.editing.review import context
    from ...fusion.editing.selecting import clock
    from ...fusion.errors import JOINERS

    before, within, after = context(document.content, doubt)
    others = [f"or {label(other.speaker)}, {other.share:.0%}" for other in doubt.others[:1]]
    why = "; ".join([doubt.reason, *filter(None, [doubt.detail]), *others])
    who = NOBODY if doubt.speaker is None else label(doubt.speaker)
    numbers = f"words {doubt.first + 1}-{doubt.last}"
    text = " ".join(filter(None, (before, f"[{within}]", after)))
    shown = "".join(c for c in text if c.isprintable() or c in JOINERS)
    return f"{clock(doubt.start)}-{clock(doubt.end)} {numbers} {who} {doubt.confidence:.0%} ({why}): {shown}"


def _session(path: Path, document: Document, audio: Path | None) -> _Session | None:
    """Hearing and deciding, on a terminal with a player and the recording; a sentence where one of the two is not."""
    from ..documents.listening import find_player, listener
    from ..documents.sound import recording_near

    if sys.stdin is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    player = find_player()
    source = None if player is None else audio or recording_near(path, document.recording)
    if player is None:
        why = "no player (ffplay, mpv or play) is installed"
    elif source is None or (audio is not None and not audio.is_file()):
        why = _missing(path, document.recording, audio)
    elif (other := _other(document.recording, source)) is not None:
        why = f"{other} is another recording than the one {path} was made of"
    else:
        return _Session(path, listener(player, source))
    note(f"The places are only listed, since {why}.")
    return None


def _missing(path: Path, recording: Recording | None, audio: Path | None) -> str:
    """Why nothing can be heard."""
    from ..documents.sound import beside

    if audio is None and (recording is None or not (recording.name or recording.files)):
        return f"{path} does not tell the recording's name (--audio)"
    if audio is not None or recording is None or not recording.files:
        return f"the recording {str(audio or (recording and recording.name))!r} is not there (--audio)"
    gone = [repr(one.name) for one in recording.files if beside(path, one.name) is None]
    why = f"{' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} not beside {path}"
    why = why if gone else "these cannot be put together (two are one file, or one begins a day late)"
    return f"the recording is {len(recording.files)} files, and {why} (--audio: one with the mix of all)"


def _other(recording: Recording | None, source: AudioSource) -> Path | None:
    """The first file whose bytes are others than those that the transcript was made of, as far as these are known."""
    from ...diarize.models.files import sha256_of
    from ...fusion.audio.separate import files_of

    files = files_of(source)
    if recording is None:
        return None
    known = [one.sha256 for one in recording.files] if len(files) > 1 else [recording.sha256]
    return next((file for file, sha256 in zip(files, known, strict=True) if sha256 and sha256_of(file) != sha256), None)


@dataclass(frozen=True)
class _Session:
    """A person who hears place after place; each answer is saved at once."""

    path: Path
    listen: Listen

    def run(self, worst: Sequence[Doubt]) -> None:
        """Until all are decided or the person leaves; what is skipped comes again at the end."""
        from ...exporters.lines import label
        from ...fusion.document import read_document

        waiting, given = deque(worst), 0
        while waiting:
            doubt = waiting.popleft()
            document = read_document(self.path)
            speakers = document.speakers[:9]
            click.echo(f"\n{_line(document, doubt)}")
            click.echo(", ".join([*(f"{i} {label(who)}" for i, who in enumerate(speakers, start=1)), _KEYS]))
            key = self._key(doubt, len(speakers))
            if key == "q":
                return
            if key == "z":
                waiting.appendleft(doubt)
                given -= self._undo() if given else 0
            elif key == "s":
                waiting.append(doubt)
            elif key == "n" or key.isdigit():
                self._give(document, doubt, None if key == "n" else speakers[int(key) - 1])
                given += 1
        click.echo("That was the last one.")

    def _key(self, doubt: Doubt, count: int) -> str:
        """Play, and wait for a key that means something."""
        known = {*"sunrzq", *map(str, range(1, count + 1))}
        key = "r"
        while key == "r":
            start = max(0.0, doubt.start - _AROUND)
            self.listen(start, doubt.end + _AROUND - start)
            key = click.getchar().lower()
            while key not in known:
                key = click.getchar().lower()
        return key

    def _give(self, seen: Document, doubt: Doubt, speaker: str | None) -> None:
        from ...fusion.errors import OptionError
        from ..documents.editing import edit

        numbers = range(doubt.first, doubt.last)

        def change(before: Document) -> Document:
            if before.transcript.words[doubt.first : doubt.last] != seen.transcript.words[doubt.first : doubt.last]:
                raise OptionError(f"{self.path} was edited meanwhile: run transcribe review again.")
            return before.reassign(numbers, speaker)

        edit(self.path, change)

    def _undo(self) -> int:
        """Take back the last answer; how many are fewer."""
        from ..documents.editing import edit

        edit(self.path, lambda before: before.undo())
        return 1
