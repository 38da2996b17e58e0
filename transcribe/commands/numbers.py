"""Numbers on the command line: in plain digits, and within bounds.

click also takes ``1_0``, ``nan`` and the digits of all scripts. Bounds stand with the option, so that a number beyond
them is refused whatever else is given: a command that has no use for an option would not look at it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from ...fusion.given import is_written_number, short

if TYPE_CHECKING:
    _Base = click.ParamType[Any]
else:
    _Base = object


class _Plain(_Base):
    """Goes before one of click's types, and refuses what is no number to a reader."""

    whole = False

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number.

        Raises:
            BadParameter: it is none.
        """
        if isinstance(value, str) and not is_written_number(value, whole=self.whole):
            self._refuse(value, param, ctx)
        try:
            found = super().convert(value, param, ctx)
            if not math.isfinite(found):  # of a settings file, or too large to be one
                self._refuse(value, param, ctx)
        except OverflowError:  # hundreds of digits, as only a settings file can hold
            self._refuse(value, param, ctx)
        return found

    def _refuse(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> None:
        wanted = "a whole number, such as 3" if self.whole else "a number, such as 2 or 0.5"
        self.fail(f"{short(value)} must be {wanted}.", param, ctx)


class WholeRange(_Plain, click.IntRange):
    """A whole number within bounds."""

    whole = True


class NumberRange(_Plain, click.FloatRange):
    """A number within bounds, and finite."""
