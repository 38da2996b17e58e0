"""The mount point of all commands; each module is imported when its command is used, so that help is fast."""

from __future__ import annotations

import importlib
import os
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import click

from ..fusion.errors import CancelledError, DiarfuseError
from .commands.shape import Group, command_first
from .screen.traced import trace, traced

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "run": (".commands.run:run", "Transcribe recordings; the default, so the word `run` can be left out."),
    "live": (".commands.live:live", "Say who says what while they speak, from the microphone."),
    "diarize": (".commands.diarize:diarize", "Find who spoke when, without recognising words."),
    "batch": (".commands.batch:batch", "Transcribe whole folders and lists of recordings, and go on after a crash."),
    "attach": (".commands.attach:attach", "Say who said the words that another recogniser wrote."),
    "voice": (".commands.voice:voice", "Compare voices, and enrol people so that --identify can name them."),
    "identify": (".commands.identify:identify", "Put names on who spoke when, from the voices enrolled here."),
    "export": (".commands.export:export", "Write a saved transcript (.json) in other formats."),
    "stats": (".commands.stats:stats", "Tell who talks how much and how, of saved transcripts."),
    "open": (".commands.open:open_", "Listen to, name, correct and export a saved transcript in the browser."),
    "review": (".commands.review:review", "Show, and decide, where it is doubtful who speaks."),
    "rename": (".commands.edit:rename", "Give the speakers of a saved transcript names."),
    "merge": (".commands.edit:merge", "Make one speaker of several in a saved transcript."),
    "reassign": (".commands.edit:reassign", "Give words of a saved transcript to another speaker."),
    "text": (".commands.edit:text", "Correct what is said in a saved transcript."),
    "redo": (".commands.redo:redo", "Find the turns or the words of a saved transcript anew."),
    "undo": (".commands.edit:undo", "Take back the last edit of a saved transcript."),
    "forget": (".commands.edit:forget", "Empty the history of a saved transcript."),
    "serve": (".commands.serve:serve", "Serve OpenAI's transcription API, with anonymous speaker labels."),
    "eval": (".commands.eval:evaluate", "Score a result against the truth: words, speakers, turns."),
    "check": (".commands.check:check", "Count what an editor minds in subtitles: too long, too fast, too short."),
    "models": (".commands.models:models", "List, pull, verify, export and import the diarizer's models."),
    "config": (".commands.config:config", "Show the settings that hold, and where each comes from."),
    "help": (".commands.help:help_", "Show the help of a command."),
    "doctor": (".commands.doctor:doctor", "Check this installation and say how to fix what is wrong."),
}
"""Command -> where it lives, and its line in the help."""

MEANT = {"transcribe": "run", "speakers": "diarize", "convert": "export", "edit": "text", "version": "--version"}
"""What people type that is no misspelling of what they mean."""


ALSO = {"split": "reassign", "correct": "text", "replace": "text"}
"""The same, where what is nearly this word is rather something else."""

_NEAR = 0.8
"""How alike a word must be to the command of a group, which is meant more seldom."""


class LazyGroup(Group):
    """Commands that are imported on use; whatever is no command's name is the first argument of the default one."""

    default = "run"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order in which a reader meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called so, or None."""
        del ctx
        return _load(cmd_name) if cmd_name in COMMANDS else None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of arguments that begin with no command and no option of the group."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if ctx.resilient_parsing and not args:  # completing the first word, which `shell_complete` does
            return click.Group.parse_args(self, ctx, args)
        if args and args[0].startswith("-") and args[0] not in own:
            args = command_first(args, COMMANDS, [_load(self.default)])
        if not args or args[0] not in (*COMMANDS, *own):
            if args and not ctx.resilient_parsing and (near := _meant(args[0])):
                raise click.UsageError(
                    f"There is no command {args[0]!r}, and no such file: did you mean 'transcribe {near}'? "
                    f"A recording called so is reached by 'transcribe {self.default} {args[0]}'.",
                    ctx,
                )
            args = [self.default, *args]
        return click.Group.parse_args(self, ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Let the settings' files speak where the command line says nothing."""
        name, command, rest = super().resolve_command(ctx, args)
        settled = ctx.resilient_parsing or name in (None, "config", "help")
        if name is not None and command is not None and not settled and not {"-h", "--help"} & {*rest}:
            _apply_settings(ctx, name, command, rest)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the command; Ctrl-C leaves as an error of ours, since click would print an empty line for it.

        What is refused and stands in a file of settings is told with its place.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise CancelledError("Stopped, as asked.") from error
        except DiarfuseError as error:
            error.args = (traced(str(error)),)
            raise
        except click.UsageError as error:
            sentence = error.format_message()
            if (told := traced(sentence)) == sentence:
                raise
            raise click.UsageError(told, error.ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The first word: a command, an option of ours or of the default command, or a recording."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            command = _load(self.default)
            inner = click.Context(command, ctx, self.default, resilient_parsing=True)
            return [*click.Command.shell_complete(self, ctx, incomplete), *command.shell_complete(inner, incomplete)]
        found = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return [CompletionItem(incomplete, type="file"), *found]  # bash forgets what stands before files

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The default command's examples come first, then our own text."""
        self.epilog = _load(self.default).epilog
        super().format_help(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The default command's options, then the commands."""
        command = _load(self.default)
        command.format_options(click.Context(command, parent=ctx), formatter)
        with formatter.section("This program"):
            formatter.write_dl([record for one in self.params if (record := one.get_help_record(ctx)) is not None])
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The default command's usage, since that is what most people type."""
        command = _load(self.default)
        return command.collect_usage_pieces(click.Context(command, parent=ctx))


def all_commands() -> dict[str, click.Command]:
    """Every command by name, imported."""
    return {name: _load(name) for name in COMMANDS}


def _apply_settings(ctx: click.Context, name: str, command: click.Command, arguments: list[str]) -> None:
    from .commands.settings import defaults, in_force, read_files, set_environment, with_places

    if files := read_files(all_commands):
        ctx.default_map = {name: defaults(name, command, files, arguments)}
        trace(ctx, partial(with_places, holding=in_force(name, command, files, arguments)))
        ctx.call_on_close(set_environment(name, files))


def _load(name: str) -> click.Command:
    module, _, attribute = COMMANDS[name][0].partition(":")
    command: click.Command = getattr(importlib.import_module(module, __package__), attribute)
    return command


def _meant(word: str) -> str:
    """The command that is nearest to a word that is neither one nor a file; empty where none is near."""
    if word.startswith("-") or os.path.lexists(word) or not word.replace("-", "").replace("_", "").isalpha():
        return ""
    import difflib

    word = word.lower()
    if word in ALSO:
        return ALSO[word]
    longer = [name for name in COMMANDS if word.startswith((f"{name}-", f"{name}_"))]
    near = (*longer, *difflib.get_close_matches(word, (*COMMANDS, *MEANT), n=1))
    if near:
        return MEANT.get(near[0], near[0])
    within = _within()
    return next((within[name] for name in difflib.get_close_matches(word, within, n=1, cutoff=_NEAR)), "")


def _within() -> dict[str, str]:
    """The commands of groups, by their name alone: ``enroll`` is that of ``voice``; of two the first."""
    groups = [(name, group) for name, group in all_commands().items() if isinstance(group, click.Group)]
    return {inner: f"{name} {inner}" for name, group in reversed(groups) for inner in group.commands}


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from .doctor import versions

        click.echo(f"diarfuse {version('diarfuse')}")
        for name, found in versions():
            click.echo(f"{name} {found}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Say which versions of everything are installed.",
)
def cli() -> None:
    """Transcribe recordings, and say who said what.

    A speech recogniser writes the words, a diarizer beside it finds who spoke
    when, and every word gets its speaker. Nothing leaves this machine.
    """
