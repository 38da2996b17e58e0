"""Text in lines that fit a width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .graphemes import display_width, graphemes
from .scripts import is_punctuation, is_wide, opens, unspaced, visible

if TYPE_CHECKING:
    from collections.abc import Container


def wrap(text: str, width: int, seams: Container[int] = ()) -> tuple[str, ...]:
    """`text` in lines of at most `width` columns, each as full as can be.

    Lines break at spaces, which are dropped there, between East Asian wide
    characters, and at `seams` in scripts that write no spaces, but not before
    closing marks. What is wider than a line is broken between visible characters.

    Args:
        text: to break.
        width: in columns.
        seams: where words begin, each as the number of characters before it that
            are no spaces.

    Example:
        >>> wrap("one two three", 8)
        ('one two', 'three')
    """
    lines = [""]
    for atom in _atoms(text, width, seams):
        if lines[-1] and display_width((lines[-1] + atom).rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += atom if lines[-1] else atom.lstrip()
    lines[-1] = lines[-1].rstrip()
    return tuple(line for line in lines if line) or ("",)


def _atoms(text: str, width: int, seams: Container[int]) -> list[str]:
    """`text` in the parts that a line break does not divide; spaces lead the part after them."""
    atoms: list[str] = []
    seen = 0
    for cluster in graphemes(text):
        wide = is_wide(cluster[0])
        closing = is_punctuation(cluster) and not opens(cluster)
        before = atoms[-1] if atoms else ""
        seam = bool(before) and seen in seams and unspaced(before[-1], cluster[0])
        breaks = not before or cluster.isspace() or (not closing and (wide or seam or _ends_wide(before)))
        seen += visible(cluster)
        if before.isspace() or not breaks:
            atoms[-1] += cluster
        else:
            atoms.append(cluster)
    return [part for atom in atoms for part in (graphemes(atom) if display_width(atom.strip()) > width else [atom])]


def _ends_wide(text: str) -> bool:
    """Whether a line may break after `text` because its script needs no space there."""
    last = graphemes(text)[-1][0] if text else ""
    return bool(last) and is_wide(last) and not opens(last)
