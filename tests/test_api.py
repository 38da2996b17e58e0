"""docs/api.md, the reference of every public name, made from the docstrings.

``python tests/test_api.py`` writes it anew.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import diarfuse

PAGE = Path(__file__).resolve().parent.parent / "docs" / "api.md"
LONGEST_DEFAULT = 200
"""Letters; a store's packs are thousands."""
HEAD = """# Every public name

`from diarfuse import ...`; made from the docstrings by `python tests/test_api.py`, and a test keeps it true. How they
are used together is told in [library.md](library.md).
"""


class Written:
    """An annotation as it is written in the source, without the quotes that a string's ``repr`` has."""

    def __init__(self, annotation: object) -> None:
        self.text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)

    def __repr__(self) -> str:
        return self.text


def shown(default: object) -> str:
    """A default as a reader wants it: of what takes more than a few lines, only that there is one."""
    if inspect.isfunction(default):
        return default.__name__
    return repr(default) if len(repr(default)) <= LONGEST_DEFAULT else "..."


def signature(thing: object) -> str:
    """The call, as it is written; empty where there is none to tell."""
    try:
        found = inspect.signature(thing)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    empty = inspect.Parameter.empty
    parameters = [
        one.replace(
            annotation=empty if one.annotation is empty else Written(one.annotation),
            default=Written(shown(one.default)) if one.default is not empty else empty,
        )
        for one in found.parameters.values()
        if one.name not in ("self", "cls")
    ]
    returned = found.return_annotation
    back = empty if returned is inspect.Signature.empty or inspect.isclass(thing) else Written(returned)
    return str(found.replace(parameters=parameters, return_annotation=back))


def members(name: str, thing: type) -> Iterator[tuple[str, str, str]]:
    """Heading, call and docstring of what a class offers, by itself or by a parent of ours."""
    offered = dict(item for one in thing.__mro__ if one.__module__.startswith("diarfuse") for item in vars(one).items())
    for member, value in offered.items():
        inner = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if member.startswith("_"):
            continue
        if isinstance(inner, property):
            yield f"{name}.{member}", "", inspect.getdoc(inner) or ""
        elif inspect.isfunction(inner):
            yield f"{name}.{member}", signature(inner), inspect.getdoc(inner) or ""


def entries() -> Iterator[tuple[str, str, str]]:
    """Heading, call and docstring of every public name and of what it offers."""
    for name in diarfuse.__all__:
        thing = getattr(diarfuse, name)
        is_error = inspect.isclass(thing) and issubclass(thing, Exception)
        yield f"## {name}", "" if is_error else f"{name}{signature(thing)}", inspect.getdoc(thing) or ""
        if inspect.isclass(thing) and not is_error:
            for heading, call, text in members(name, thing):
                yield f"### {heading}", f"{heading}{call}" if call else "", text


def page() -> str:
    """The whole reference."""
    parts = [HEAD]
    for heading, call, text in entries():
        code = f"```text\n{call}\n```\n\n" if call else ""
        parts.append(f"\n{heading}\n\n{code}```text\n{text}\n```\n")
    return "".join(parts)


def test_the_reference_is_true() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_entry_says_something() -> None:
    assert [heading for heading, _, text in entries() if len(text) < len("The words.")] == []


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
