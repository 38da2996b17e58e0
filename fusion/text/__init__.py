"""Text as a reader sees it: scripts, sentences, visible characters, lines. The one home for such facts.

It knows no turn and no word of ours, so that every package may import it.
"""

from .graphemes import boundaries, display_width, graphemes, may_cut, next_cut
from .lines import Part, best_lines, breakable, fitting, text_of
from .placing import carve, locate, share_found
from .scripts import direction, is_punctuation, is_unspaced, opens, unspaced, visible
from .sentences import bears_sentence_end, ends_clause, ends_sentence, sentence_ends
from .splitting import joined, one_line, split_text, weight
from .steering import STEERING, without_steering
from .wordlists import weak_ends

__all__ = [
    "STEERING",
    "Part",
    "bears_sentence_end",
    "best_lines",
    "boundaries",
    "breakable",
    "carve",
    "direction",
    "display_width",
    "ends_clause",
    "ends_sentence",
    "fitting",
    "graphemes",
    "is_punctuation",
    "is_unspaced",
    "joined",
    "locate",
    "may_cut",
    "next_cut",
    "one_line",
    "opens",
    "sentence_ends",
    "share_found",
    "split_text",
    "text_of",
    "unspaced",
    "visible",
    "weak_ends",
    "weight",
    "without_steering",
]
