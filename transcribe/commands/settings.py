"""Settings that are written down: ``diarfuse.toml`` beside the work, and in the user's own folder.

A file beside the work (in the folder where a command is started) comes with the
work, maybe from somebody else. It may say how results look, how many people
speak and what they are called, and nothing more: whatever sends, runs,
identifies or picks a model comes from the user's own file, the environment or
the command line. The command line wins, then the environment, then the file
beside the work, then the user's. A table named after a command holds for it alone.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import click
from click.types import BoolParamType, FloatParamType, IntParamType

from ...fusion.errors import OptionError, UnknownNameError
from ...fusion.given import at_home, decoded, short, usual_folder, why_no_json
from ..inputs.paths import InputPath

FILE = "diarfuse.toml"
VARIABLE = "DIARFUSE_CONFIG_DIR"
COUNTS = frozenset({"num-speakers", "min-speakers", "max-speakers"})
NAMES = "names"
LAYOUT = frozenset({"cues", "labels", "max-line-width", "max-lines", "fps", "highlight-words", "template", "no-times"})
MARKS = frozenset({"mark-pauses", "mark-overlaps"})
BESIDE = frozenset({"format", NAMES}) | LAYOUT | MARKS | COUNTS
"""What a file beside the work may set."""
ONE_CALL = frozenset(
    {"output", "name", "json", "yes", "consent", "encrypt", "another-voice", "rttm", "same-shape", "unit", "limit"}
    | {"replace", "clean", "find", "audio", "csv", "plot", "uem", "quiet", "json-progress"}
    | {"redo", "dry-run", "shard", "ray", "pattern", "folders", "offset", "keep-voices", "no-words", "channel-names"}
)
"""Options that mean one call, and are no setting."""
ONE_CALL_OF: Mapping[str, frozenset[str]] = {
    "redo": frozenset({"asr", "diarize"}),
    "export": frozenset({"asr"}),
    "import": frozenset({"asr"}),
    "add": frozenset({"threshold"}),
}
"""The same of one command, where others have a setting of that name: what to do again, to carry or to add."""
ENVIRONMENT = {
    "models-dir": "DIARFUSE_MODELS_DIR",
    "offline": "DIARFUSE_OFFLINE",
    "voices-dir": "DIARFUSE_VOICES_DIR",
    "remote-token": "DIARFUSE_REMOTE_TOKEN",
}
"""Settings that have a variable, which wins over the file; the last two have no option."""
SECRET = "remote-token"  # noqa: S105  (the setting's name)
MAX_BYTES = 1 << 20
DEFAULT = "default"
_LONG_ENOUGH = 3
"""Characters of a value that a sentence repeats without quotes; shorter ones stand in any."""

Commands: TypeAlias = Mapping[str, click.Command]


@dataclass(frozen=True, slots=True)
class File:
    """A settings file that was checked. tables: by command, "" being what holds for all."""

    path: Path
    tables: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class InForce:
    """A setting of a file that holds in this call. names: of its option, as sentences may have it."""

    key: str
    value: Any
    path: str
    names: tuple[str, ...]

    def is_named(self, sentence: str) -> bool:
        """Whether a sentence is about it: it names the option, or repeats the value."""
        texts = [one for one in _texts(self.value) if len(one) >= _LONG_ENOUGH]
        named = (*self.names, *texts, *map(repr, _texts(self.value)))
        return any(re.search(rf"(?<![\w-]){re.escape(name)}(?:(?<=\W)|(?![\w-]))", sentence) for name in named)


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it comes from: a file's path, ``$VARIABLE`` or ``default``."""

    value: Any
    source: str


def user_folder() -> Path:
    """``$DIARFUSE_CONFIG_DIR``, or the user's folder of settings."""
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        return usual_folder("config", f"${VARIABLE}")
    folder = at_home(chosen)
    if os.path.isfile(folder):  # noqa: PTH113 - Path.is_file raises where none may look
        raise OptionError(f"${VARIABLE}={chosen!r} is a file: give the folder that holds {FILE}.")
    return folder


def places() -> tuple[Path, Path]:
    """Where the file beside the work and the user's own would be."""
    return Path.cwd() / FILE, (user_folder() / FILE).absolute()


def read_files(commands: Callable[[], Commands]) -> list[File]:
    """The files that are there, checked, the stronger first.

    Args:
        commands: makes all commands by name, whose options are the settings; called only where there is a file.

    Raises:
        OptionError: a file cannot be read, is no TOML, or sets what it may not or what cannot be.
    """
    beside, own = places()
    there = [path for path in dict.fromkeys((beside, own)) if os.path.lexists(path)]
    return [_read(path, commands(), beside=path != own) for path in there]


def settings(name: str, command: click.Command, files: Sequence[File]) -> dict[str, Setting]:
    """Every setting of a command by key, as it holds where the command line says nothing."""
    found = {key: _setting(name, key, files, _default(option)) for key, option in _options(command).items()}
    return found | {key: _setting(name, key, files, None) for key in ENVIRONMENT if key not in found}


def defaults(name: str, command: click.Command, files: Sequence[File], arguments: Sequence[str]) -> dict[str, Any]:
    """What click is to take where `arguments` say nothing, by parameter; of a group, by its commands."""
    if isinstance(command, click.Group):
        return {inner: defaults(name, one, files, arguments) for inner, one in command.commands.items()}
    found = {
        key: value
        for key in _options(command)
        if key not in ENVIRONMENT and (value := _from_files(name, key, files)) is not None
    }
    given = {argument.partition("=")[0].removeprefix("--") for argument in arguments}
    for key in _idle(command, given | {key for key, value in found.items() if value}):
        found.pop(key, None)
    if COUNTS & given:  # what is given need not go with the file's
        found = {key: value for key, value in found.items() if key not in COUNTS}
    return {str(_options(command)[key].name): _for_click(value) for key, value in found.items()}


def in_force(name: str, command: click.Command, files: Sequence[File], arguments: Sequence[str]) -> list[InForce]:
    """Every setting of a file that holds where `arguments` say nothing, but for the secret."""
    given = {argument.partition("=")[0].removeprefix("--") for argument in arguments}
    options = _all_options(command)
    found = {key: next(_found(name, key, files), None) for key in options.keys() | ENVIRONMENT.keys()}
    return [
        InForce(key, one.value, one.source, _names_of(key, options.get(key)))
        for key, one in sorted(found.items())
        if one is not None and key not in given and key != SECRET and not os.environ.get(ENVIRONMENT.get(key, ""))
    ]


def with_places(sentence: str, holding: Iterable[InForce]) -> str:
    """A sentence of refusal, and where the settings stand that it is about."""
    places: dict[str, list[str]] = {}
    for one in holding:
        if one.path not in sentence and one.is_named(sentence):
            value = _texts(one.value)[0] if isinstance(one.value, str) else one.value
            places.setdefault(one.path, []).append(f"{one.key} = {short(value)}")
    return " ".join([sentence, *(f"Set in {path}: {', '.join(all_)}." for path, all_ in places.items())])


def _names_of(key: str, option: click.Option | None) -> tuple[str, ...]:
    """What sentences call a setting: the option, the library's argument, or a word of their own."""
    own = {NAMES: ("--name",), "template": ("template",), "format": ()}.get(key, (f"--{key}",))
    return own if option is None else (*own, f"{option.name}=")


def _texts(value: Any) -> list[str]:
    """What is text in a value, or in the values of a table or a list; addresses as they are told."""
    from ..batch.items import shown

    every = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return [shown(one) for one in every if isinstance(one, str)]


def _idle(command: click.Command, wanted: set[str]) -> frozenset[str]:
    """Settings about speakers that would be refused where none are looked for."""
    if "rttm" in wanted:
        return COUNTS
    if "diarize" not in _options(command) or "diarize" in wanted:
        return frozenset()
    return COUNTS if "channels" in wanted else COUNTS | {NAMES}


def set_environment(name: str, files: Sequence[File]) -> Callable[[], None]:
    """Fill the variables of `ENVIRONMENT` that are not set; the function that comes back takes that back."""
    new = {
        variable: str(int(value) if isinstance(value, bool) else value)
        for key, variable in ENVIRONMENT.items()
        if not os.environ.get(variable) and (value := _from_files(name, key, files)) is not None
    }
    before = {variable: os.environ.get(variable) for variable in new}
    os.environ.update(new)

    def restore() -> None:
        for variable, value in before.items():
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value

    return restore


def _default(option: click.Option) -> Any:
    """What the option is without a setting; click marks "nothing" by an object of its own."""
    value = option.default
    return value if isinstance(value, str | int | float | bool) else None


def _setting(command: str, key: str, files: Sequence[File], default: Any) -> Setting:
    variable = ENVIRONMENT.get(key, "")
    if os.environ.get(variable):
        return Setting(os.environ[variable], f"${variable}")
    return next(_found(command, key, files), Setting(default, DEFAULT))


def _from_files(command: str, key: str, files: Sequence[File]) -> Any:
    return next((found.value for found in _found(command, key, files)), None)


def _found(command: str, key: str, files: Sequence[File]) -> Iterator[Setting]:
    """What the files say of a key, the stronger first; numbers of speakers go together, and only with their own."""
    for file in files:
        for table in (file.tables.get(command, {}), file.tables[""]):
            if key in table:
                yield Setting(table[key], str(file.path))
            if key in COUNTS and COUNTS & table.keys():
                return


def _for_click(value: Any) -> Any:
    return [f"{label}={name}" for label, name in value.items()] if isinstance(value, dict) else value


def _options(command: click.Command) -> dict[str, click.Option]:
    """The options of a command that a file can set, by key: the option's name without its dashes."""
    options = {max(one.opts, key=len).lstrip("-"): one for one in command.params if isinstance(one, click.Option)}
    once = ONE_CALL | ONE_CALL_OF.get(command.name or "", frozenset())
    found = {key: option for key, option in options.items() if key not in once}
    return found | ({NAMES: options["name"]} if "name" in options else {})


def _all_options(command: click.Command) -> dict[str, click.Option]:
    """`_options`, those of a group's commands included."""
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return {key: option for one in (*inner, command) for key, option in _options(one).items()}


def _read(path: Path, commands: Commands, *, beside: bool) -> File:
    """Read and check one file.

    Raises:
        OptionError: see `read_files`.
    """
    known = {name: _all_options(command) for name, command in commands.items()}
    every = {key: option for options in known.values() for key, option in options.items()}
    tables: dict[str, dict[str, Any]] = {"": {}}
    for key, value in _parse(path).items():
        if isinstance(value, dict) and key in known:
            tables[key] = dict(_checked(path, f"[{key}] ", value, known[key], beside=beside))
        else:
            tables[""] |= _checked(path, "", {key: value}, every, beside=beside)
    if any(SECRET in table for table in tables.values()):
        _check_private(path)
    return File(path, tables)


def _parse(path: Path) -> dict[str, Any]:
    if path.is_fifo():  # which would be waited for
        raise OptionError(f"{path} is a pipe, and no file of settings: move it away.")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise OptionError(f"{path} cannot be read ({error.strerror or error}): mend it, or delete it.") from error
    if len(data) > MAX_BYTES:
        raise OptionError(f"{path} is larger than {MAX_BYTES >> 20} MiB, which no settings are: delete it.")
    try:
        return tomllib.loads(decoded(data))
    except UnicodeDecodeError:
        raise OptionError(f"{path} is no TOML (not UTF-8): mend that place, or delete the file.") from None
    except (ValueError, RecursionError) as error:
        reason = error if isinstance(error, tomllib.TOMLDecodeError) else why_no_json(error)
        raise OptionError(f"{path} is no TOML ({reason}): mend that place, or delete the file.") from error


def _checked(
    path: Path, table: str, values: Mapping[str, Any], options: Mapping[str, click.Option], *, beside: bool
) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if key not in options and key not in ENVIRONMENT:
            raise UnknownNameError(f"setting in {path}:", f"{table}{key}", sorted(options.keys() | ENVIRONMENT.keys()))
        if beside and key not in BESIDE:
            raise OptionError(
                f"{path} sets {table}{key}, and a file beside the work may not: it could come from anybody. Delete the "
                f"line, or write it into your own file, {places()[1]}."
            )
        yield key, _value(path, f"{table}{key}", value, options.get(key))


def _value(path: Path, key: str, value: Any, option: click.Option | None) -> Any:
    """A value of the option's type; files and folders are relative to the file.

    Raises:
        OptionError: it is of another type, or the option does not take it.
    """
    kind: click.ParamType[Any] = click.STRING if option is None else option.type
    if option is not None and option.multiple and isinstance(value, dict) and key.endswith(NAMES):
        if wrong := [label for label in value if not label.strip() or "=" in label]:
            raise OptionError(
                f"{path}: {key} has {short(wrong[0])}, which is nobody's label: write one like SPEAKER_00."
            )
        return {label: _one(path, f"{key}.{label}", name, kind) for label, name in value.items()}
    if option is not None and option.multiple:
        return [
            _placed(path, key, _one(path, key, one, kind), kind)
            for one in (value if isinstance(value, list) else [value])
        ]
    return _placed(path, key, _one(path, key, value, kind), kind)


def _placed(path: Path, key: str, value: Any, kind: click.ParamType[Any]) -> Any:
    """The value; what is a path is relative to the file."""
    is_path = isinstance(kind, click.Path | InputPath) or key.endswith("-dir")
    return str(path.parent / at_home(value)) if is_path else value


def _one(path: Path, key: str, value: Any, kind: click.ParamType[Any]) -> Any:
    fits, wanted = next((found for type_, *found in _FITS if isinstance(kind, type_)), (str, "text in quotes"))
    if not isinstance(value, fits) or isinstance(value, bool) != (fits is bool):
        raise OptionError(f"{path}: {key} = {short(value)} must be {wanted}.")
    if isinstance(value, str) and "\0" in value:  # which no command line can hold, and nothing here expects
        raise OptionError(f"{path}: {key} = {short(value)} holds a NUL character: take it out.")
    try:
        if not isinstance(kind, InputPath):  # whether it is there is asked by the command that reads it
            kind.convert(value, None, None)
    except (click.BadParameter, OptionError) as error:
        why = error.message if isinstance(error, click.BadParameter) else error
        raise OptionError(f"{path}: {key} = {short(value)} cannot be: {why}") from None
    if key.endswith("-dir") and not value.strip():
        raise OptionError(f"{path}: {key} = {value!r} names nothing: give a folder.")
    if key.endswith("format"):
        _check_format(path, key, value)
    return value


def _check_format(path: Path, key: str, value: str) -> None:
    """Refuse a format that there is not: commands pass over those of the settings that they do not write."""
    from ...exporters import registry

    try:
        registry.exporter(value)
    except OptionError as error:
        raise OptionError(f"{path}: {key} = {value!r} cannot be: {error}") from None


_FITS: Sequence[tuple[type[click.ParamType[Any]], Any, str]] = (
    (BoolParamType, bool, "true or false"),
    (IntParamType, int, "a whole number"),
    (FloatParamType, (int, float), "a number"),
)


def _check_private(path: Path) -> None:
    if sys.platform != "win32" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise OptionError(f"{path} holds a token and can be read by others: run chmod 600 on it.")
