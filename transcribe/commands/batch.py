"""`transcribe batch INPUT... -o OUT/`: many recordings, on every core and on several machines, and on after a crash."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ...exporters import registry
from .numbers import NumberRange, WholeRange
from .options import (
    DIARIZER_OPTIONS,
    LAYOUT_OPTIONS,
    MACHINE_OPTIONS,
    REPLACE_OPTION,
    SPEAKER_OPTIONS,
    TERMINAL_OPTIONS,
    TRACK_OPTION,
    job_options,
    style_of,
    usual_formats,
)
from .run import CHANNELS, CHANNELS_OPTION, DIARIZE_OPTION, JOIN_OPTION, RECOGNISER_OPTIONS, RunCommand, pairs
from .shape import Group, Section, command, command_first, with_options

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..batch.settling import Plan
    from ..options import JobOptions, Setup, Wish

Part = TypeVar("Part", "Setup", "Wish")
LOCAL = "local"
"""A Ray of this machine alone."""

INPUTS = (
    click.argument("inputs", nargs=-1, required=True),
    click.option("-o", "--output", "out", required=True, metavar="OUT", help="The folder (or s3://...) of results."),
    click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="NAME",
        callback=usual_formats,
        help=f"Besides OUT/<id>.json: {', '.join(registry.BUILTIN)}. May be repeated.",
    ),
    click.option(
        "--pattern", metavar="GLOB", help="Which files in folders, as in *.opus. [default: all known endings]"
    ),
    click.option(
        "--folders",
        is_flag=True,
        help="The files of a folder are one conversation, a person each, who is called as the file is.",
    ),
)
WORK_OPTIONS = (
    click.option("--no-words", is_flag=True, help="Only find who spoke when; no recogniser is loaded."),
    click.option(
        "--channel-names", metavar="A,B", help="Each channel is a speaker, with these names, as in agent,customer."
    ),
)
BATCH_OPTIONS = (
    click.option(
        "--redo",
        type=click.Choice(["failed", "all"]),
        help="Do again what failed, or everything; else only what is new.",
    ),
    click.option("--dry-run", is_flag=True, help="Say how many files and hours there are to do, and do nothing."),
    click.option(
        "--keep-voices",
        is_flag=True,
        help="Keep what the networks heard of voices in OUT/.cache, so that another number of speakers costs seconds.",
    ),
    click.option(
        "--workers", type=WholeRange(min=0), default=0, metavar="N", help="Recordings at once; 0 is one a core."
    ),
    click.option(
        "--shard",
        metavar="I/N",
        help="Do only part I (from 0) of N. SLURM's job arrays need none; for Kubernetes' indexed jobs give only N.",
    ),
    click.option(
        "--ray",
        is_flag=False,
        flag_value=LOCAL,
        metavar="[ADDRESS]",
        help="Let a Ray cluster's actors work, as in --ray=auto; without a value, this machine's (extra `ray`).",
    ),
    click.option(
        "--time-limit",
        type=NumberRange(min=0, min_open=True),
        default=20.0,
        show_default=True,
        metavar="TIMES",
        help="A recording may take this many times its duration (and 10 minutes at least).",
    ),
)

EPILOG = """\b
Examples:
  transcribe batch calls/ --diarize -o results/
  transcribe batch calls/ --channel-names agent,customer -o results/ --format srt
  transcribe batch manifest.jsonl --diarize -o s3://bucket/results --shard 0/8
"""


_terminal_options = with_options(TERMINAL_OPTIONS)


class BatchCommand(RunCommand):
    """Reads ``--ray`` as click cannot: an input may follow it, which is no address."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write the default value out where none is given with a sign of equality."""
        return super().parse_args(ctx, [f"--ray={LOCAL}" if argument == "--ray" else argument for argument in args])


def _near(word: str, names: Collection[str]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(word.lower(), names, n=1)), "")


class BatchGroup(Group):
    """Whatever is no command's name is the first input of `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` in front where it was left out.

        Raises:
            UsageError: the first word is neither a command nor there, and is nearly a command.
        """
        args = command_first(args, self.commands, [self.commands["run"]])
        if args and args[0] not in (*self.commands, "-h", "--help"):
            if not ctx.resilient_parsing and not os.path.lexists(args[0]) and (near := _near(args[0], self.commands)):
                raise click.UsageError(
                    f"There is no command {args[0]!r}, and no such file: did you mean 'transcribe batch {near}'?", ctx
                )
            args = ["run", *args]
        return click.Group.parse_args(self, ctx, args)


@click.group(cls=BatchGroup, epilog=EPILOG)
def batch() -> None:
    """Transcribe many recordings: folders, patterns, manifests; run the same command again to continue.

    `transcribe batch run --help` lists the options; the word `run` can be left out.
    """


@command(
    INPUTS,
    Section("Speakers", DIARIZE_OPTION),
    Section("Speakers", *WORK_OPTIONS),
    Section("Batch", *BATCH_OPTIONS),
    Section("Speakers", CHANNELS_OPTION),
    Section("Recording", TRACK_OPTION),
    SPEAKER_OPTIONS,
    RECOGNISER_OPTIONS,
    DIARIZER_OPTIONS,
    Section("Speakers", JOIN_OPTION),
    Section("Output", REPLACE_OPTION),
    LAYOUT_OPTIONS,
    TERMINAL_OPTIONS,
    MACHINE_OPTIONS,
    cls=BatchCommand,
    epilog=EPILOG,
)
def run(inputs: tuple[str, ...], out: str, formats: tuple[str, ...], **values: Any) -> int:
    """Do what is missing or changed among INPUTS: folders, files, patterns, addresses and manifests.

    A manifest (.jsonl, .csv, .parquet) has a row a recording: id, audio, and
    its own options. Results are OUT/<id>.json; failures/<id>.json says why
    there is none. Exit code 1 if any recording failed.
    """
    from ..batch.finding import Search
    from ..batch.running import Crew, dry_run, run_batch
    from ..batch.sharding import shard_of
    from ..recognisers import listens
    from ..screen.terminal import reporter

    dry, shard = values.pop("dry_run"), values.pop("shard")
    search = Search(inputs, values.pop("pattern"), values.pop("folders"))
    values["channels"] = values["channels"] or (CHANNELS[0] if search.folders else None)
    crew = Crew(workers=values.pop("workers"), time_limit=values.pop("time_limit"), ray=values.pop("ray"))
    plan = _plan(out, formats, values)
    part = shard_of(shard, os.environ)
    with reporter(checked=False) as screen:
        if plan.words and not listens(plan.setup.asr):
            screen.note(f"The words of {plan.setup.model} are given to every recording.")
        if dry:
            return dry_run(search, plan, part, screen)
        return run_batch(search, plan, crew, part, screen)


batch.add_command(run)


@batch.command(epilog="transcribe batch status results/")
@click.argument("out")
@click.option("-v", "--verbose", is_flag=True, help="List every failure.")
@_terminal_options
def status(out: str, *, verbose: bool) -> None:
    """Show what is done, what failed and why, the speed, and how long the rest will take; renew OUT/batch.csv."""
    from ..batch.places import place_of
    from ..batch.report import status as lines
    from ..batch.report import write_table
    from ..batch.tree import Tree
    from ..screen.terminal import reporter

    screen, tree = reporter(bar=False), Tree(place_of(out))
    _check_there(tree.there, out)
    tree.check()
    for line in lines(tree, verbose=verbose):
        click.echo(line)
    try:
        write_table(tree)
    except OSError as error:  # who may only read the results is told all the same
        screen.note(f"batch.csv is not renewed: {error}")


@batch.command(epilog="transcribe batch clean results/")
@click.argument("out")
@_terminal_options
def clean(out: str) -> None:
    """Delete OUT/.cache: words, turns and voices that were kept; results stay as they are."""
    from ...fusion.errors import OptionError
    from ..batch.caches import Cache
    from ..batch.logbook import in_use
    from ..batch.places import place_of
    from ..batch.tree import Tree
    from ..screen.terminal import outcome

    place = place_of(out)
    cache = Cache.of(place)
    _check_there(cache.root.exists() or Tree(place).there, out)  # what is kept can be deleted without a network
    if in_use(cache):
        raise OptionError(f"A batch is at work on {out}: wait for it, or stop it.")
    outcome(f"{cache.root} is deleted." if cache.clean() else f"{cache.root} holds nothing.")


def _check_there(there: bool, out: str) -> None:
    from ...fusion.errors import OptionError

    if not there:
        raise OptionError(f"{out!r} holds no results of transcribe batch: give its -o.")


def _check_folder(out: str) -> None:
    """Refuse what is called as one of the results is: a folder of that name is not what was meant.

    Raises:
        OptionError: it is.
    """
    from ...fusion.errors import DiarfuseError, OptionError
    from ..batch.items import is_address
    from ..output import is_folder

    if is_address(out) or is_folder(out) or os.path.lexists(out):  # a file that is there is told as such
        return
    try:
        meant = registry.format_of(out)
    except DiarfuseError:
        return
    raise OptionError(
        f"-o {out!r} is called as one file is, and a batch writes a folder of them: give -o results/ --format {meant}."
    )


def _plan(out: str, formats: tuple[str, ...], values: dict[str, Any]) -> Plan:
    """Everything but who works."""
    from ...fusion.errors import OptionError
    from ..batch.items import Asked, channel_names
    from ..batch.settling import Plan
    from ..options import Setup, Wish
    from ..output import Usual

    _check_folder(out)
    given = values.pop("channel_names")
    names = channel_names(given) if given is not None else ()
    if names and values["channels"] is None:
        values["channels"] = "speakers"
    own = {name: values.pop(name) for name in ("no_words", "keep_voices", "redo", "replace")}
    if own["no_words"] and values["diarize"]:
        raise OptionError("--no-words finds turns only, and --diarize puts speakers on words: leave one of them out.")
    style = style_of(values, in_folder="json")
    values["asr_options"] = pairs(values["asr_options"])
    values["verbose"] = False  # results must not tell of the machine that made them
    options = job_options(values)
    known = registry.of_turns() if own["no_words"] else registry.names()
    wanted = tuple(name for name in formats if name in known) if isinstance(formats, Usual) else formats
    wish = _part(options, Wish)
    return Plan(
        out=out,
        asked=Asked(replace(wish, diarize=True) if own["no_words"] else wish, names),
        setup=_part(options, Setup),
        words=not own["no_words"],
        formats=wanted,
        style=style,
        keep_voices=own["keep_voices"],
        redo=own["redo"],
        replace=own["replace"],
    )


def _part(options: JobOptions, kind: type[Part]) -> Part:
    """Only what is loaded, or only what is asked."""
    return kind(**{field.name: getattr(options, field.name) for field in fields(kind)})
