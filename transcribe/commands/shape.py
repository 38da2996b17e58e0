"""How help looks: first a command to paste, then what it does, then its options under headings."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from .elsewhere import answer

if TYPE_CHECKING:
    _Base = click.Command
else:
    _Base = object

Parameter: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]
"""One of click's options or arguments."""
_SENTENCE = 300
"""Characters that no command's first sentence has."""
PLAIN = "Options"
"""The heading of options that have none of their own."""


class Section:
    """Parameters that stand under one heading in the help; several of one title make one."""

    def __init__(self, title: str, *parameters: Parameter) -> None:
        self.title, self.parameters = title, parameters

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)


class ExamplesFirst(_Base):
    """A command whose epilog holds commands to paste, which its help begins with."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, usage, text and options."""
        for line in examples(self):
            formatter.write(f"  {line}\n")
        formatter.write("\n")
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        self.format_options(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence, whole: a list of commands wraps its lines, so that nothing has to be left out."""
        return super().get_short_help_str(max(limit, _SENTENCE))


class Command(ExamplesFirst, click.Command):
    """A command with options under headings.

    Args:
        headings: by parameter, the heading that it stands under; the others come last, under `PLAIN`.
    """

    def __init__(self, *args: Any, headings: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headings = headings or {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read them; a file whose name begins with a dash, and an option of another program, are told how to be given.

        Raises:
            UsageError: what was given is not possible.
        """
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            told = answer(error.option_name, {name for one in self.get_params(ctx) for name in one.opts})
            if (file := next((one for one in given if one.startswith("-") and os.path.lexists(one)), None)) is not None:
                told = f"{file!r} begins as an option does: give that file as ./{file}."
            if told is None:
                raise
            raise click.UsageError(told, ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; where it can be done, a line is told for options that do nothing in it."""
        from ..screen.terminal import PENDING, reporter
        from .idle import sentences

        ctx.meta[PENDING] = sentences(ctx)
        result = super().invoke(ctx)
        if ctx.meta.get(PENDING):
            reporter(bar=False)
        return result

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One section a heading, in the order in which they are first met."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections.setdefault(self.headings.get(parameter.name or "", PLAIN), []).append(record)
        last = sections.pop(PLAIN, [])
        for title, records in (*sections.items(), *([(PLAIN, last)] if last else [])):
            with formatter.section(title):
                formatter.write_dl(records)


class Group(ExamplesFirst, click.Group):
    """A group of such commands; options may stand before a command's name, as in ``--json list``."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command's name first."""
        return super().parse_args(ctx, command_first(args, self.commands, self.commands.values()))


def command_first(args: list[str], names: Collection[str], meant: Iterable[click.Command]) -> list[str]:
    """The arguments with a command's name before the options that stand in front of it: that is how it was meant.

    Args:
        args: as typed.
        names: of the commands.
        meant: commands whose options are looked over; what follows any other option may be its value.
    """
    options = [one for command in meant for one in command.params if isinstance(one, click.Option)]
    takes = {name: not (one.is_flag or isinstance(one.flag_value, str)) for one in options for name in one.opts}
    at = 0
    while at < len(args):
        word = args[at]
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        if name not in takes:
            break
        at += 2 if takes[name] and word == name else 1
    return [args[at], *args[:at], *args[at + 1 :]] if 0 < at < len(args) and args[at] in names else args


def examples(command: click.Command) -> list[str]:
    """The commands to paste that stand in the epilog, below the line ``Examples:``."""
    lines = (line.strip() for line in (command.epilog or "").splitlines())
    return [line for line in lines if line and line not in ("\b", "Examples:", "Example:")]


def with_options(*groups: Iterable[Parameter]) -> Parameter:
    """A decorator that adds groups of parameters in the order in which they are to be shown."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for parameter in reversed([parameter for group in groups for parameter in group]):
            function = parameter(function)
        return function

    return decorate


def command(
    *groups: Iterable[Parameter], cls: type[Command] = Command, name: str | None = None, epilog: str = ""
) -> Callable[[Callable[..., Any]], click.Command]:
    """A decorator that makes a command with groups of parameters, in the order in which they are to be shown.

    Args:
        groups: of options and arguments; a `Section` has a heading in the help.
        cls: of the command.
        name: where it is not the function's.
        epilog: the commands to paste, which the help begins with.
    """

    def decorate(function: Callable[..., Any]) -> click.Command:
        headings: dict[str, str] = {}
        for group in reversed(groups):
            before = len(_parameters(function))
            function = with_options(group)(function)
            title = group.title if isinstance(group, Section) else PLAIN
            headings |= {one.name or "": title for one in _parameters(function)[before:]}
        return click.command(name, cls, epilog=epilog, headings=headings)(function)

    return decorate


def _parameters(function: Callable[..., Any]) -> list[click.Parameter]:
    """What click's decorators have left on a function so far, the last first."""
    return getattr(function, "__click_params__", [])
