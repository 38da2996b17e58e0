"""Characters that show nothing and steer what shows them: terminals, and the direction of lines."""

from __future__ import annotations

import re

STEERING = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What JSON leaves as it is and a terminal or an editor obeys: control characters from delete on, and what turns lines
round or breaks them. Marks and joiners, which right-to-left and Indic texts are not written without, are none."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")
_BREAK = re.compile("\r(?!\n)|[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
"""Of both, what parts words: without a space in its place they would be one."""


def without_steering(text: str) -> str:
    r"""`text` without what steers a terminal or turns lines round; feeds and tabs stay, other breaks become spaces.

    Words and names come from servers and files of others, and are shown by whoever opens the result.

    >>> without_steering("\x1b[31mred\x1b[0m \u202eeser\n")
    '[31mred[0m eser\n'
    """
    return _CONTROL.sub("", STEERING.sub("", _BREAK.sub(" ", text)))
