"""Recognisers by name, ours and other packages', each imported only when it is made.

Another package adds one with an entry point in the group
``diarfuse.recognizers``::

    [project.entry-points."diarfuse.recognizers"]
    my-engine = "my_package.adapter:MyRecognizer"
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from ..fusion.errors import DiarfuseError, OptionError, UnknownNameError
from ..fusion.given import short
from ..fusion.types import Recognizer
from .common import no_option

GROUP = "diarfuse.recognizers"

BUILTIN: Mapping[str, str] = {
    "faster-whisper": ".faster_whisper:FasterWhisper",
    "moonshine": ".moonshine:Moonshine",
    "words-json": ".words_json:WordsJson",
    "onnx-asr": ".onnx_asr:OnnxAsr",
    "openai-whisper": ".openai_whisper:OpenaiWhisper",
    "transformers": ".transformers:Transformers",
    "whisper.cpp": ".pywhispercpp:WhisperCpp",
}


def names() -> tuple[str, ...]:
    """Every name that `create` takes: ours first, then those of installed packages, sorted."""
    return (*BUILTIN, *sorted(set(_foreign()) - set(BUILTIN)))


def create(name: str, **options: Any) -> Recognizer:
    """Make the recogniser `name`; its engine and model load when it first transcribes.

    Raises:
        UnknownNameError: no such recogniser; lists the known ones.
        OptionError: the recogniser has no such option; lists those it has.
    """
    check_options(name, options)
    maker = _maker(name)
    try:
        inspect.signature(maker).bind(**options)
    except TypeError as error:
        raise OptionError(f"The recogniser {name} cannot be made: {error}; give that as an option.") from error
    try:
        return maker(**options)
    except DiarfuseError:
        raise
    except (TypeError, ValueError) as error:  # a value of another type than it takes
        given = ", ".join(f"{key}={short(value)}" for key, value in options.items())
        raise OptionError(f"The recogniser {name} cannot be made with {given} ({error}): correct the value.") from error


def check_options(name: str, options: Mapping[str, object]) -> None:
    """Refuse options that the recogniser `name` does not have; imports its adapter, not its engine.

    Raises:
        UnknownNameError: no such recogniser.
        OptionError: it has no such option; lists those it has.
    """
    known = inspect.signature(_maker(name)).parameters
    if any(one.kind is one.VAR_KEYWORD for one in known.values()):
        return
    for key, value in options.items():
        if key not in known:
            raise no_option(name, key, value, known)


def parameters(name: str) -> tuple[str, ...]:
    """The options that `create` takes for the recogniser `name`; imports its adapter, not its engine.

    Raises:
        UnknownNameError: no such recogniser.
    """
    return tuple(inspect.signature(_maker(name)).parameters)


def listens(name: str) -> bool:
    """Whether the recogniser `name` listens to the samples; a class that does not has ``listens = False``.

    Raises:
        UnknownNameError: no such recogniser.
    """
    return bool(getattr(_maker(name), "listens", True))


def _maker(name: str) -> Callable[..., Recognizer]:
    if name in BUILTIN:
        module, _, attribute = BUILTIN[name].partition(":")
        return cast("Callable[..., Recognizer]", getattr(importlib.import_module(module, __package__), attribute))
    foreign = _foreign()
    if name not in foreign:
        raise UnknownNameError("recogniser", name, names())
    return cast("Callable[..., Recognizer]", foreign[name].load())


def _foreign() -> Mapping[str, EntryPoint]:
    return _installed(tuple(sys.path))


@cache
def _installed(path: tuple[str, ...]) -> Mapping[str, EntryPoint]:
    """What packages on Python's path bring; to look takes milliseconds, and every run asks several times."""
    del path  # which is looked at by itself
    return {point.name: point for point in entry_points(group=GROUP)}
