"""The names that the documents promise, and that each says what it is."""

from __future__ import annotations

import importlib
import inspect

import pytest

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
    "transcribe.job": "Job JobOptions Result transcribe_file",
}


@pytest.mark.parametrize("module", PROMISED)
def test_promised_names_exist_and_say_what_they_are(module: str) -> None:
    found = importlib.import_module(f"diarfuse.{module}")
    for name in PROMISED[module].split():
        thing = getattr(found, name)
        if (
            getattr(thing, "__module__", "") == found.__name__
        ):  # aliases such as Seconds are documented below themselves
            assert inspect.getdoc(thing), f"{module}.{name}"


def test_every_error_has_a_builtin_for_a_parent_and_an_exit_code() -> None:
    errors = importlib.import_module("diarfuse.fusion.errors")
    for name, thing in vars(errors).items():
        if inspect.isclass(thing) and issubclass(thing, errors.DiarfuseError) and thing is not errors.DiarfuseError:
            builtin = [base for base in thing.__mro__ if base.__module__ == "builtins"]
            assert len(builtin) > 3, name  # more than Exception, BaseException and object
            assert thing.exit_code in {1, 2, 130}
            assert name in (errors.__doc__ or "")


def test_a_name_is_itself_whatever_was_imported_before() -> None:
    fusion = importlib.import_module("diarfuse.fusion")
    homes = set(fusion._HOME.values())
    for home in homes:  # importing a submodule binds its name in the package
        importlib.import_module(f"diarfuse.fusion.{home}")
    assert not homes & set(fusion.__all__)
    assert all(not inspect.ismodule(getattr(fusion, name)) for name in fusion.__all__)
