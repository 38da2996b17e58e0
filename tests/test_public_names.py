"""The names that the documents promise, and that each says what it is."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import diarfuse
from diarfuse.fusion import errors, types

PROMISED = {
    "fusion.types": "Diarization Embedding Progress Recognizer Samples Seconds Segment Transcript Turn Word",
    "fusion.errors": "AudioError CancelledError DiarfuseError ModelError NetworkError OptionError OutputError",
    "fusion.audio": "check_samples load_audio load_channels",
    "fusion.join.assign": "Policy assign_speakers assign_transcript",
    "fusion.cues": "split_segments",
    "diarize.options": "Execution Options",
    "diarize.pipeline": "Diarizer",
    "diarize.models.store": "ModelSet Store",
    "asr_adapters.registry": "create names",
    "asr_adapters.align": "align",
    "exporters.registry": "dumps ending format_of names",
    "transcribe.job": "Job Result transcribe_file",
    "transcribe.options": "JobOptions Setup Wish",
}


@pytest.mark.parametrize("module", PROMISED)
def test_promised_names_exist_and_say_what_they_are(module: str) -> None:
    found = importlib.import_module(f"diarfuse.{module}")
    for name in PROMISED[module].split():
        thing = getattr(found, name)
        if getattr(thing, "__module__", "") == found.__name__:  # aliases (Seconds) are documented below themselves
            assert inspect.getdoc(thing), f"{module}.{name}"


def test_every_error_has_a_builtin_for_a_parent_and_an_exit_code() -> None:
    errors = importlib.import_module("diarfuse.fusion.errors")
    for name, thing in vars(errors).items():
        if inspect.isclass(thing) and issubclass(thing, errors.DiarfuseError) and thing is not errors.DiarfuseError:
            builtin = [base for base in thing.__mro__ if base.__module__ == "builtins"]
            assert len(builtin) > 3, name  # more than Exception, BaseException and object
            assert thing.exit_code in {1, 2, 130}
            assert name in (errors.__doc__ or "")


def test_the_front_door_is_complete_sorted_and_true() -> None:
    assert diarfuse.__all__ == sorted(diarfuse.__all__)
    assert set(diarfuse.__all__) == set(diarfuse._HOME)
    for name in diarfuse.__all__:
        thing = getattr(diarfuse, name)
        assert thing.__module__ == f"diarfuse{diarfuse._HOME[name]}", name
        assert inspect.getdoc(thing), name
    public = {
        name
        for module in (errors, types)
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and thing.__module__ == module.__name__ and not name.startswith("_")
    }
    assert public - set(diarfuse.__all__) == set()


def test_what_a_type_checker_sees_is_what_is_there() -> None:
    """The imports for type checkers, the homes and `__all__` name the same things."""
    seen = {}
    for node in ast.walk(ast.parse(Path(diarfuse.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            seen |= {alias.name: f".{node.module}" for alias in node.names}
    assert seen == diarfuse._HOME


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'Diarzer'; it has .*Diarizer"):
        diarfuse.Diarzer  # type: ignore[attr-defined]  # noqa: B018


def test_a_name_is_itself_whatever_was_imported_before() -> None:
    for home in set(diarfuse._HOME.values()):  # importing a submodule binds its name in the package
        importlib.import_module(home, "diarfuse")
    assert all(not inspect.ismodule(getattr(diarfuse, name)) for name in diarfuse.__all__)


def test_importing_the_front_door_loads_nothing_heavy() -> None:
    code = "import sys, diarfuse; print({'numpy', 'scipy', 'click', 'rich', 'importlib.metadata'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_it_tells_its_version() -> None:
    assert diarfuse.__version__ == importlib.metadata.version("diarfuse")
