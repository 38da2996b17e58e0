"""Numbers on the command line: what they may be written in."""

from __future__ import annotations

import re

import click
import pytest
from click.types import FloatParamType, IntParamType
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.commands.numbers import NumberRange, WholeRange

from .leaves import LEAVES

NUMBERS = [
    (f"{name} {one.opts[-1]}", one)
    for name, command in LEAVES.items()
    for one in command.params
    if isinstance(one.type, IntParamType | FloatParamType)
]


def test_the_numbers_are_found() -> None:
    found = {name for name, _ in NUMBERS}
    assert {"run --num-speakers", "serve --port", "run --fps", "eval --collar", "batch run --workers"} <= found


def answer(name: str, option: click.Parameter, text: str) -> str:
    try:
        return f"{text!r} is {option.type.convert(text, option, click.Context(LEAVES[name.rpartition(' ')[0]]))!r}"
    except click.BadParameter as error:
        return str(error)


def test_every_number_of_every_command_is_in_plain_digits() -> None:
    none = ["1_0", "\u0663", "\uff13", "nan", "inf", "1e999", " 3", "3\n", "0x1", "", "9" * 5000]
    answers = [(name, answer(name, option, text)) for name, option in NUMBERS for text in none]
    assert len(answers) > 800
    assert [
        one for one in answers if not re.search(r"must be a (whole )?number, such as|^inf is not in the range", one[1])
    ] == []


def test_no_number_of_any_command_may_be_negative_whatever_else_is_given() -> None:
    answers = [(name, answer(name, option, text)) for name, option in NUMBERS for text in ("-1", "-0.001", "-1e9")]
    assert [
        one for one in answers if not re.search(r"is not in the range|must be a whole number, such as", one[1])
    ] == []


@pytest.mark.parametrize("arguments", [("--num-speakers", "1_0"), ("--num-speakers", "\u0663"), ("--fps", "2_5")])
def test_one_sentence_names_the_option_and_the_value(arguments, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["--diarize", *arguments, "none.wav"]) == 2
    error = capsys.readouterr().err
    assert arguments[0] in error
    assert repr(arguments[1]) in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [(WholeRange(), 10**400), (NumberRange(), 10**400), (NumberRange(), float("nan")), (NumberRange(), float("inf"))],
)
def test_what_only_a_settings_file_can_hold_is_refused_too(kind: click.ParamType, value: float) -> None:
    with pytest.raises(click.BadParameter, match="must be a "):
        kind.convert(value, None, None)


@given(st.integers(-(10**17), 10**17))
def test_whole_numbers_come_back(number: int) -> None:
    assert WholeRange().convert(str(number), None, None) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back(number: float) -> None:
    assert NumberRange().convert(repr(number), None, None) == number


@given(st.text(min_size=1))
def test_any_other_text_is_refused(text: str) -> None:
    try:
        found = NumberRange().convert(text, None, None)
    except click.BadParameter:
        return
    assert text.isascii()
    assert set(text) <= set("0123456789+-.eE")
    assert abs(found) < float("inf")
