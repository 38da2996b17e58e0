"""``transcribe voice``: compare voices, search recordings by voice, and keep the voices of people who agreed."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...diarize.models.packs import VOICE_PACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...diarize.voiceprint import VoiceEmbedder
    from ...fusion.naming.match import Voice
    from ..voices.calibration import Calibration
    from ..voices.enrol import Comparison, Heard
    from ..voices.store import VoiceStore

CONSENT = (
    "A voiceprint identifies a person. Does {name} agree that one is kept on this machine, "
    "to put the name on recordings processed here?"
)
CERTAIN = 0.999
"""No probability above this is shown as a number: 52 people cannot tell how sure that is."""
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose and find the embedding network."""
    for option in (
        click.option("--offline", is_flag=True, default=None, help="Never touch the network ($DIARFUSE_OFFLINE)."),
        click.option("--models-dir", type=click.Path(path_type=Path), help="Where models are ($DIARFUSE_MODELS_DIR)."),
        click.option(
            "--voice-model", "model", default=VOICE_PACK, show_default=True, help="The pack that makes voiceprints."
        ),
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def voice() -> None:
    """Compare voices, and enrol people so that --identify can name them.

    Everything stays on this machine; no audio is kept.
    """


@voice.command()
@click.argument("file", type=FILE)
@JSON
@_model_options
def embed(file: Path, as_json: bool, **where: Any) -> None:
    """Turn the speech in FILE into numbers: a unit-length embedding and the space it lives in."""
    from ..voices.enrol import listen

    heard = listen(file, _embedder(where))
    if as_json:
        facts = {"file": str(file), "space": heard.print.space, **_facts(heard)}
        click.echo(json.dumps({**facts, "embedding": [round(float(x), 7) for x in heard.print.embedding]}))
        return
    click.echo(f"{heard.print.embedding.size} dimensions in the space {heard.print.space}, from {_summary(heard)}")
    click.echo(" ".join(f"{float(x):.7f}" for x in heard.print.embedding))


@voice.command()
@click.argument("one", type=FILE)
@click.argument("other", type=FILE)
@JSON
@_model_options
def verify(one: Path, other: Path, as_json: bool, **where: Any) -> int:
    """Tell whether two recordings are of one person; exit code 0 same, 1 different or too little speech."""
    from ..voices.enrol import compare, listen

    embedder = _embedder(where)
    calibration = _calibration(embedder)
    first, second = listen(one, embedder, calibration), listen(other, embedder, calibration)
    found = compare(first.print, second.print, calibration)
    if as_json:
        recordings = [{"file": str(p), **_facts(h)} for p, h in ((one, first), (other, second))]
        click.echo(json.dumps({**_comparison(found), "space": embedder.space, "recordings": recordings}))
    else:
        _say_comparison(found)
        for path, heard in ((one, first), (other, second)):
            click.echo(f"{path}: {_summary(heard)}")
    return 0 if found.decision == "same" else 1


@voice.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("query")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show at most so many recordings."
)
@JSON
@_model_options
def search(folder: Path, query: str, limit: int, as_json: bool, **where: Any) -> None:
    """Rank the recordings in FOLDER by how likely the voice of QUERY (a file, or an enrolled name) speaks in them.

    The first search listens to the folder; later ones only to what changed.
    """
    from ..voices.index import VoiceIndex
    from ..voices.store import default_root

    embedder = _embedder(where)
    threshold = _calibration(embedder).threshold
    wanted = _query(query, embedder)
    index = VoiceIndex(folder, default_root(), embedder.space)
    for problem in index.update(embedder, lambda path, done, total: click.echo(f"{done + 1}/{total} {path}", err=True)):
        click.echo(problem, err=True)
    found = [one for one in index.search(wanted, threshold) if one.stretches][:limit]
    if as_json:
        rows = [{"file": str(one.path), "score": round(one.score, 4), "stretches": one.stretches} for one in found]
        click.echo(json.dumps(rows))
        return
    for one in found:
        spans = ", ".join(f"{start:.1f}-{end:.1f} s" for start, end, _ in one.stretches)
        click.echo(f"{one.score:.2f}  {one.path}  {spans}")
    if not found:
        click.echo("The voice was found in no recording.")


@voice.command()
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--consent", is_flag=True, help="State that the person agreed, instead of being asked.")
@click.option("--encrypt", is_flag=True, help="Encrypt all enrolled voices with a passphrase from now on.")
@_model_options
def enroll(name: str, files: tuple[Path, ...], consent: bool, encrypt: bool, **where: Any) -> None:
    """Keep the voice of NAME from at least 10 s of speech, so that --identify can name it.

    NAME must have agreed; that is asked for and recorded. Enrolling again adds
    a recording: several rooms and microphones make naming surer.
    """
    from ..voices.enrol import take_prototypes, utc_now
    from ..voices.records import check_name

    name = check_name(name)
    store = _store()
    embedder = _embedder(where)
    prototypes = take_prototypes(files, embedder, _calibration(embedder))
    if not consent:
        _agree(CONSENT.format(name=name), f"--consent, if {name} agreed")
    _warn_of_twins(name, prototypes[0].embedding, store.voices(embedder.space), _calibration(embedder))
    if encrypt:
        store.encrypt("" if store.locked(store.root) else _new_passphrase())
    for prototype in prototypes:
        store.add(name, prototype, utc_now())
    seconds = sum(prototype.speech for prototype in prototypes)
    click.echo(
        f"{name} is enrolled from {seconds:.1f} s of speech. Try: transcribe --diarize --identify AUDIO -o OUT.srt"
    )


@voice.command("list")
@JSON
def list_(as_json: bool) -> None:
    """List who is enrolled."""
    people = _store().people()
    if as_json:
        click.echo(json.dumps([_person(person) for person in people], ensure_ascii=False))
        return
    for person in people:
        speech = sum(p.speech for p in person.prototypes)
        click.echo(f"{person.name}  {len(person.prototypes)} recordings, {speech:.0f} s, agreed {person.consent}")
    if not people:
        click.echo("Nobody is enrolled: run `transcribe voice enroll NAME FILE`.")


@voice.command()
@click.argument("name")
def show(name: str) -> None:
    """Show what is kept of NAME, without the numbers of the voice."""
    click.echo(json.dumps(_person(_store().get(name)), ensure_ascii=False, indent=1))


@voice.command()
@click.argument("name")
def delete(name: str) -> None:
    """Delete the voice of NAME for good."""
    _store().delete(name)
    click.echo(f"The voice of {name} is deleted.")


@voice.command("forget-all")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget_all_(yes: bool) -> None:
    """Delete every enrolled voice and every search index; works without the passphrase."""
    from ..voices.store import forget_all

    if not yes:
        _agree("Delete all enrolled voices and search indexes?", "--yes")
    click.echo(f"{forget_all()} enrolled voices are deleted, and all search indexes.")


@voice.command("export")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("names", nargs=-1)
def export_(out: Path, names: tuple[str, ...]) -> None:
    """Write the voices of NAMES (everybody, if left out) to OUT: a private file, not encrypted."""
    from ..voices.store import write_private

    write_private(out, _store().export(names))
    click.echo(f"{out} holds voiceprints in the clear: keep it as you would a key, and delete it after use.")


@voice.command("import")
@click.argument("file", type=FILE)
def import_(file: Path) -> None:
    """Take in the voices that `voice export` wrote; people of the same name are replaced."""
    from ..voices.store import read_bounded

    names = _store().import_(read_bounded(file), str(file))
    click.echo(f"Imported: {', '.join(names) or 'nobody'}.")


def _embedder(where: dict[str, Any]) -> VoiceEmbedder:
    from ..voices.namer import load_embedder

    return load_embedder(on_note=lambda note: click.echo(note, err=True), **where)


def _calibration(embedder: VoiceEmbedder) -> Calibration:
    from ..voices.calibration import calibration_of

    return calibration_of(embedder.space, embedder.pack)


def _store() -> VoiceStore:
    from ..voices.store import VoiceStore

    passphrase = os.environ.get("DIARFUSE_VOICES_PASSPHRASE")
    if passphrase is None and VoiceStore.locked():
        passphrase = _ask_passphrase("Passphrase of the enrolled voices")
    return VoiceStore(passphrase=passphrase)


def _new_passphrase() -> str:
    return os.environ.get("DIARFUSE_VOICES_PASSPHRASE") or _ask_passphrase("New passphrase", twice=True)


def _agree(question: str, otherwise: str) -> None:
    with _answered_by(otherwise):
        click.confirm(question, abort=True)


def _ask_passphrase(question: str, *, twice: bool = False) -> str:
    with _answered_by("the passphrase in $DIARFUSE_VOICES_PASSPHRASE"):
        asked: str = click.prompt(question, hide_input=True, confirmation_prompt=twice, err=True)
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


def _query(query: str, embedder: VoiceEmbedder) -> Any:
    """The embedding of a file, or the mean of an enrolled person's prototypes."""
    from ...fusion.errors import VoiceError
    from ...fusion.naming.match import unit
    from ..voices.enrol import listen

    if Path(query).is_file():
        return listen(Path(query), embedder).print.embedding
    found = _store().get(query).voice(embedder.space)
    if found is None:
        raise VoiceError(f"{query} is not enrolled with the model {embedder.pack!r}: enrol with it, or give a file.")
    return unit(sum(found.prototypes[1:], start=found.prototypes[0]))


def _warn_of_twins(name: str, embedding: Any, voices: list[Voice], calibration: Calibration) -> None:
    from ...fusion.naming.match import score

    for known in voices:
        value = score(embedding, known)
        if known.name.casefold() != name.casefold() and value >= calibration.threshold:
            click.echo(f"This voice sounds like {known.name} ({value:.2f}): neither may be named for sure.", err=True)


def _facts(heard: Heard) -> dict[str, Any]:
    quality = heard.quality
    return {
        "speech": round(quality.speech, 2),
        "level_db": round(quality.level, 1),
        "above_noise_db": round(quality.noise, 1),
        "flags": list(heard.flags),
    }


def _summary(heard: Heard) -> str:
    flags = f" ({'; '.join(heard.flags)})" if heard.flags else ""
    return f"{heard.quality.speech:.1f} s of speech{flags}"


def _comparison(found: Comparison) -> dict[str, Any]:
    return {
        "decision": found.decision,
        "score": round(found.score, 4),
        "probability": None if found.probability is None else round(found.probability, 4),
        "threshold": found.threshold,
        "speech": round(found.speech, 2),
        "false_accept": found.false_accept,
        "false_reject": found.false_reject,
    }


def _say_comparison(found: Comparison) -> None:
    if found.probability is None or found.false_accept is None or found.false_reject is None:
        click.echo(f"{found.decision}: {found.speech:.1f} s, {found.needed:g} s are needed (score {found.score:.2f})")
        return
    shown = "above 0.999" if found.probability > CERTAIN else f"{found.probability:.3f}"
    click.echo(f"{found.decision}: score {found.score:.2f}, probability {shown}")
    click.echo(
        f"threshold {found.threshold:.2f}; measured there: {100 * found.false_accept:.2f} % of strangers accepted, "
        f"{100 * found.false_reject:.1f} % of the same person rejected"
    )


def _person(person: Any) -> dict[str, Any]:
    from ..voices.records import to_json

    facts = to_json(person)
    prototypes = [{k: v for k, v in p.items() if k != "embedding"} for p in facts["prototypes"]]
    return {"name": facts["name"], "consent": facts["consent"], "prototypes": prototypes}
