"""What a turn of words looks like in plain text: ``"{start} {speaker}: {text}"``, or the form that a program imports.

A template only ever puts values in the place of names that are known; it reaches
no attribute, computes nothing and has no loops.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

from ..fusion.errors import OptionError, UnknownNameError, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = ("number", "start", "end", "start_seconds", "end_seconds", "speaker", "text")
"""What a turn has; times as ``hh:mm:ss.s``, or in seconds with three decimals."""
PRESETS: Mapping[str, str] = {
    "nvivo": "{start}-{end}\t{speaker}\t{text}",
    "maxqda": "{start}{speaker}: {text}\n",
    "atlasti": "#{start}# {speaker}: {text}",
}
"""nvivo: rows of timespan, speaker and content. maxqda: a focus group. atlasti: a multimedia transcript."""

_ESCAPE = re.compile(r"\\([nt\\])")
_ESCAPED = {"n": "\n", "t": "\t", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Template:
    """Texts, and the names of what follows each; None after the last where it ends in a text."""

    parts: tuple[tuple[str, str | None], ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with the values of `FIELDS`, which are taken as they are.

        Example:
            >>> parse_template("{{{speaker}}}").fill({"speaker": "{text}"})
            '{{text}}'
        """
        return "".join(text + ("" if name is None else values[name]) for text, name in self.parts)


def parse_template(text: str) -> Template:
    r"""A template from its text, or from the name of a preset; ``\n`` and ``\t`` in it are a line break and a tab.

    ``{{`` and ``}}`` stand for braces.

    Raises:
        UnknownNameError: it names a field, or a preset, that there is not.
        OptionError: it is the name of a document, names no field, or holds a brace that is no field's.
    """
    if text.lower().endswith(".docx"):
        raise OptionError(f"{text!r} is a template for Word: give it as --docx-template {text!r}.")
    if "{" not in text and "}" not in text:
        if text not in PRESETS:
            raise UnknownNameError(
                "template", text, (*PRESETS, "a text with fields such as '{start} {speaker}: {text}'")
            )
        text = PRESETS[text]
    spelled = _ESCAPE.sub(lambda found: _ESCAPED[found[1]], text)
    try:
        parts = tuple(Formatter().parse(spelled))
    except ValueError as error:
        raise OptionError(f"The template {text!r} cannot be read ({error}): write a brace as {{{{ or }}}}.") from None
    for _, name, form, conversion in parts:
        if name is not None and (form or conversion):
            raise OptionError(f"The template's field {name!r} takes no format: write {{{name}}} alone.")
        if name is not None and name not in FIELDS:
            raise UnknownNameError("field of the template", printable(name), FIELDS)
    if all(name is None for _, name, _, _ in parts):
        raise OptionError(f"The template {text!r} names no field: the known ones are {', '.join(FIELDS)}.")
    return Template(tuple((literal, name) for literal, name, _, _ in parts))
