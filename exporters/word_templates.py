"""A document for Word in a form that its user made in Word: ``{{ turn.speaker }}`` where the speaker is to stand.

Forms are written in Jinja's language and filled by docxtpl, in a sandbox that
reaches nothing but the values that it is given: no attribute, no method.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from ..fusion.errors import MissingExtraError, OptionError
from .templates import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docx.document import Document as WordDocument
    from jinja2 import Environment

KNOWN = {
    "turns": FIELDS,
    "speakers": ("name", "talk", "share", "turns"),
    "duration": (),
    "language": (),
}
"""What a form may name, and what each of several has."""
LARGEST = 32 << 20
"""Bytes of a form, packed, and of all its parts, unpacked ten times as many."""


def require() -> None:
    """See that forms can be filled.

    Raises:
        MissingExtraError: docxtpl is not installed.
    """
    try:
        import docxtpl  # noqa: F401 - whether it is there
    except ImportError as error:
        raise MissingExtraError("A template for Word", "docxtpl", "docs") from error


def check_form(form: bytes, name: str) -> None:
    """Fill a form on trial, so that what is wrong with it is told before the work.

    Raises:
        OptionError: it is no document, or names what there is not; `name` is the file's.
        MissingExtraError: docxtpl is not installed.
    """
    fill({key: [dict.fromkeys(fields, "x")] if fields else "x" for key, fields in KNOWN.items()}, form, name)


def fill(values: Mapping[str, Any], form: bytes, name: str = "for Word") -> WordDocument:
    """The form with `values`, which have the keys of `KNOWN`.

    Raises:
        OptionError: it cannot be filled with them.
        MissingExtraError: docxtpl is not installed.
    """
    require()
    from docxtpl import DocxTemplate

    try:
        _check_size(form)
        template = DocxTemplate(io.BytesIO(form))
        template.render(dict(values), _sandbox(), autoescape=True)
    except Exception as error:  # whatever docxtpl, Jinja, lxml and zipfile say of other people's files
        known = "; ".join(f"{key}{': ' * bool(fields)}{', '.join(fields)}" for key, fields in KNOWN.items())
        raise OptionError(f"The template {name} cannot be filled ({error}): it may name {known}.") from error
    word: WordDocument = template.docx
    return word


def _check_size(form: bytes) -> None:
    """Refuse what would take all memory once it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(form)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if len(form) > LARGEST or unpacked > 10 * LARGEST:
        raise OptionError(f"it is larger than {LARGEST >> 20} MB")


def _sandbox() -> Environment:
    """What a form is run in: it has items of values, loops and where they are, and what takes no great memory."""
    from jinja2 import StrictUndefined
    from jinja2.exceptions import SecurityError
    from jinja2.runtime import LoopContext
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        """Reaches no attribute, and multiplies nothing."""

        intercepted_binops = frozenset(("*", "**", "%"))

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
            return isinstance(obj, LoopContext) and super().is_safe_attribute(obj, attr, value)

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if operator != "%" or not isinstance(left, int):
                raise SecurityError(f"{operator} may take all memory")
            return super().call_binop(context, operator, left, right)

    sandbox = Sandbox(undefined=StrictUndefined)
    sandbox.globals.clear()
    for name in ("format", "center", "indent"):
        del sandbox.filters[name]
    return sandbox
