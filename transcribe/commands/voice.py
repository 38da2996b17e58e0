"""``transcribe voice``: compare voices, search recordings by voice, and keep the voices of people who agreed."""

from __future__ import annotations

import getpass
import os
import warnings
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...diarize.models.packs import VOICE_PACK
from ..inputs.paths import InputPath
from ..output import show_json, write_stdout
from ..screen.interrupt import take_for_ctrl_c
from ..screen.terminal import note, outcome
from .numbers import WholeRange
from .options import STORE_OPTIONS, TERMINAL_OPTIONS, TRACK_OPTION
from .shape import Group, with_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...diarize.voiceprint import VoiceEmbedder
    from ...fusion.audio import Track
    from ..voices.calibration import Calibration
    from ..voices.store import VoiceStore

CONSENT = (
    "A voiceprint identifies a person. Does {name} agree that one is kept on this machine, "
    "to put the name on recordings processed here?"
)
CLEAR = "An export holds voiceprints that are not encrypted: whoever reads it can recognise these people. Write {out}?"
FILE = InputPath()
RECORDING = InputPath("either")
ANOTHER_VOICE = click.option(
    "--another-voice",
    is_flag=True,
    help="Accept a voice unlike the one enrolled under this name: it is the same person.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


_terminal_options = with_options(TERMINAL_OPTIONS)
_model_options = with_options(
    (
        click.option(
            "--voice-model", "model", default=VOICE_PACK, show_default=True, help="The pack that makes voiceprints."
        ),
        *STORE_OPTIONS,
        *TERMINAL_OPTIONS,
    )
)


@click.group(cls=Group, epilog="transcribe voice enroll Ana ana.wav")
def voice() -> None:
    """Compare voices, and enrol people so that --identify can name them.

    Everything stays on this machine; no audio is kept.
    """
    from ..voices.files import tidy
    from ..voices.root import default_root

    take_for_ctrl_c()  # a search keeps what it has listened to
    for sentence in tidy(default_root()):
        note(sentence)


@voice.command(epilog="transcribe voice embed ana.wav")
@click.argument("file", type=FILE)
@JSON
@TRACK_OPTION
@_model_options
def embed(file: Path, as_json: bool, audio_track: Track, **where: Any) -> None:
    """Turn the speech in FILE into numbers: a unit-length embedding and the space it lives in."""
    from ..voices.enrol import listen
    from ..voices.shapes import embedding_json, utterance_line

    heard = listen(file, _embedder(where), on_note=note, track=audio_track)
    if as_json:
        show_json({"file": str(file), **embedding_json(heard)})
        return
    click.echo(
        f"{heard.print.embedding.size} dimensions in the space {heard.print.space}, from {utterance_line(heard)}"
    )
    click.echo(" ".join(f"{float(x):.7f}" for x in heard.print.embedding))


@voice.command(epilog="transcribe voice verify ana.wav call.wav")
@click.argument("one", type=FILE)
@click.argument("other", type=FILE)
@JSON
@TRACK_OPTION
@_model_options
def verify(one: Path, other: Path, as_json: bool, audio_track: Track, **where: Any) -> int:
    """Tell whether two recordings are of one person; exit code 0 same, 1 different or too little speech."""
    from ..voices.enrol import compare, listen
    from ..voices.shapes import comparison_json, comparison_lines, utterance_json, utterance_line

    embedder = _embedder(where)
    calibration = _calibration(embedder)
    hear = partial(listen, embedder=embedder, calibration=calibration, on_note=note, track=audio_track)
    heard = [(path, hear(path)) for path in (one, other)]
    found = compare(heard[0][1].print, heard[1][1].print, calibration)
    if as_json:
        recordings = [{"file": str(path), **utterance_json(h)} for path, h in heard]
        show_json({**comparison_json(found), "space": embedder.space, "recordings": recordings})
    else:
        for line in (*comparison_lines(found), *(f"{path}: {utterance_line(h)}" for path, h in heard)):
            click.echo(line)
    return 0 if found.decision == "same" else 1


@voice.command(epilog="transcribe voice search recordings/ Ana")
@click.argument("folder", type=InputPath("folder"))
@click.argument("query")
@click.option(
    "--limit", type=WholeRange(min=1), default=20, show_default=True, help="Show at most this many recordings."
)
@JSON
@TRACK_OPTION
@_model_options
def search(folder: Path, query: str, limit: int, as_json: bool, audio_track: Track, **where: Any) -> None:
    """Rank the recordings in FOLDER by how likely the voice of QUERY (a file, or an enrolled name) speaks in them.

    The first search listens to the folder; later ones only to what changed.
    --audio-track is QUERY's; of the folder's files the default track is heard.
    """
    from ..voices.index import VoiceIndex
    from ..voices.root import default_root
    from ..voices.shapes import found_json, found_line

    embedder = _embedder(where)
    threshold = _calibration(embedder).threshold
    wanted = _query(query, embedder, audio_track)
    index = VoiceIndex(folder, default_root(), embedder.space)
    for problem in index.update(embedder, lambda path, done, total: note(f"{done + 1}/{total} {path}"), note):
        note(problem)
    found = [one for one in index.search(wanted, threshold) if one.stretches][:limit]
    if as_json:
        show_json(list(map(found_json, found)))
    else:
        _echo(map(found_line, found), "The voice was found in no recording.")


@voice.command(epilog="transcribe voice enroll Ana ana.wav")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=RECORDING)
@click.option("--consent", is_flag=True, help="State that the person agreed, instead of being asked.")
@click.option("--encrypt", is_flag=True, help="Encrypt all enrolled voices with a passphrase from now on.")
@ANOTHER_VOICE
@TRACK_OPTION
@_model_options
def enroll(
    name: str,
    files: tuple[Path, ...],
    consent: bool,
    encrypt: bool,
    another_voice: bool,
    audio_track: Track,
    **where: Any,
) -> None:
    """Keep the voice of NAME from at least 10 s of speech, so that --identify can name it.

    FILES are recordings or folders of them; in a folder, clips too short are
    passed over. NAME must have agreed; that is asked for and recorded.
    Enrolling again adds a recording: several rooms and microphones make naming
    surer. A voice unlike the one enrolled under NAME is refused.
    """
    from ..voices.enrol import take_prototypes, utc_now
    from ..voices.likeness import check_same_voice, sounds_like
    from ..voices.records import check_name

    name = check_name(name)
    store = _store()
    embedder = _embedder(where)
    prototypes = take_prototypes(files, embedder, _calibration(embedder), note, track=audio_track)
    if not another_voice and (known := store.find(name)):
        check_same_voice(known, prototypes)  # before anything is asked, and again when it is written
    if not consent:
        _agree(CONSENT.format(name=name), f"--consent, if {name} agreed")
    for sentence in sounds_like(name, prototypes, store.voices(embedder.space)):
        note(sentence)
    if encrypt:
        store.encrypt("" if store.locked(store.root) else _new_passphrase())
    person = store.add(name, prototypes, utc_now(), None if another_voice else check_same_voice)
    seconds = sum(prototype.speech for prototype in prototypes)
    outcome(
        f"{person.name} is enrolled from {seconds:.1f} s of speech. "
        "Try: transcribe --diarize --identify AUDIO -o OUT.srt"
    )


@voice.command("list", epilog="transcribe voice list")
@JSON
@_terminal_options
def list_(as_json: bool) -> None:
    """List who is enrolled."""
    from ..voices.shapes import person_json, person_line

    people = _store().people()
    if as_json:
        show_json(list(map(person_json, people)))
    else:
        _echo(map(person_line, people), "Nobody is enrolled: run `transcribe voice enroll NAME FILE`.")


def _echo(lines: Iterable[str], none: str) -> None:
    """A row a line, or `none` where there are none."""
    click.echo("\n".join(lines) or none)


@voice.command(epilog="transcribe voice show Ana")
@click.argument("name")
@_terminal_options
def show(name: str) -> None:
    """Show what is stored of NAME, without the voiceprint itself."""
    from ..voices.shapes import person_json

    show_json(person_json(_store().get(name)), indent=1)


@voice.command(epilog="transcribe voice rename Ana Anna")
@click.argument("name")
@click.argument("new")
@_terminal_options
def rename(name: str, new: str) -> None:
    """Give the enrolled NAME the name NEW; the voice stays as it is."""
    outcome(f"{name} is now called {_store().rename(name, new)}.")


@voice.command(epilog="transcribe voice delete Ana")
@click.argument("name")
@_terminal_options
def delete(name: str) -> None:
    """Delete the voice of NAME for good."""
    _store().delete(name)
    outcome(f"The voice of {name} is deleted.")


@voice.command("forget-all", epilog="transcribe voice forget-all")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_terminal_options
def forget_all_(yes: bool) -> None:
    """Delete every enrolled voice and every search index; works without the passphrase."""
    from ..voices.store import forget_all

    if not yes:
        _agree("Delete all enrolled voices and search indexes?", "--yes")
    outcome(f"{forget_all()} enrolled voices are deleted, and all search indexes.")


@voice.command("export", epilog="transcribe voice export Ana -o ana.voice")
@click.argument("names", nargs=-1)
@click.option("-o", "--output", "out", required=True, metavar="FILE", help="A new file, or - for stdout.")
@click.option("--yes", is_flag=True, help="Do not ask before voices are written unencrypted.")
@_terminal_options
def export_(names: tuple[str, ...], out: str, yes: bool) -> None:
    """Write the voices of NAMES (everybody, if left out) to a new private FILE, not encrypted.

    Nothing that exists is written over, and no link is followed.
    """
    from ...fusion.errors import VoiceError
    from ..voices.exports import save_export

    store = _store()
    if not names and not store.people():
        raise VoiceError("Nobody is enrolled: there is nothing to export.")
    data = store.export(names)
    if not yes:
        _agree(CLEAR.format(out=out), "--yes")
    if out == "-":
        write_stdout(data)
        return
    save_export(Path(out), data, store.root)
    outcome(f"{out} holds voiceprints in the clear: keep it as you would a key, and delete it after use.")


@voice.command("import", epilog="transcribe voice import ana.voice")
@click.argument("file", type=FILE)
@ANOTHER_VOICE
@_terminal_options
def import_(file: Path, another_voice: bool) -> None:
    """Take in the voices that `voice export` wrote; people of the same name are replaced.

    Another voice under a name that is enrolled here is refused.
    """
    from ..voices.exports import read_import
    from ..voices.likeness import check_same_voice

    names = _store().import_(read_import(file), str(file), None if another_voice else check_same_voice)
    outcome(f"Imported: {', '.join(names) or 'nobody'}.")


def _embedder(where: dict[str, Any]) -> VoiceEmbedder:
    from ..voices.namer import load_embedder

    return load_embedder(on_note=note, **where)


def _calibration(embedder: VoiceEmbedder) -> Calibration:
    from ..voices.calibration import calibration_of

    return calibration_of(embedder.space, embedder.pack)


def _store() -> VoiceStore:
    from ..voices.store import VoiceStore

    passphrase = os.environ.get("DIARFUSE_VOICES_PASSPHRASE")
    if passphrase is None and VoiceStore.locked():
        passphrase = _ask_passphrase("Passphrase of the enrolled voices")
    return VoiceStore(passphrase=passphrase, on_note=note)


def _new_passphrase() -> str:
    return os.environ.get("DIARFUSE_VOICES_PASSPHRASE") or _ask_passphrase("New passphrase", twice=True)


def _agree(question: str, otherwise: str) -> None:
    with _answered_by(otherwise):
        click.confirm(question, abort=True)


def _ask_passphrase(question: str, *, twice: bool = False) -> str:
    from ...fusion.errors import OptionError

    with _answered_by("the passphrase in $DIARFUSE_VOICES_PASSPHRASE"), warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            asked: str = click.prompt(question, hide_input=True, confirmation_prompt=twice, err=True)
        except getpass.GetPassWarning:
            raise OptionError(
                "There is no terminal at which the passphrase could be asked for unseen: give it in "
                "$DIARFUSE_VOICES_PASSPHRASE."
            ) from None
        return asked


@contextmanager
def _answered_by(otherwise: str) -> Iterator[None]:
    """Tell how else to answer where nobody is there to; Ctrl-C and "no" stay what they are.

    Raises:
        OptionError: the input ended before an answer.
    """
    from ...fusion.errors import OptionError

    try:
        yield
    except click.Abort as error:
        if not isinstance(error.__context__, EOFError):
            raise
        raise OptionError(f"The input ended before the question was answered: give {otherwise}.") from None


def _query(query: str, embedder: VoiceEmbedder, track: Track) -> Any:
    """The embedding of a file, or the mean of an enrolled person's prototypes."""
    from ..voices.enrol import listen

    if Path(query).is_file():
        return listen(Path(query), embedder, on_note=note, track=track).print.embedding
    return _store().get(query).mean(embedder.space)
