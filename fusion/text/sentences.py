"""Where sentences and clauses end."""

from __future__ import annotations

SENTENCE_ENDS = frozenset(
    ".!?…‼‽⁇⁈⁉"
    "。！？．｡︒﹒﹖﹗"  # Chinese and Japanese
    "؟۔܀܁܂"  # Arabic, Urdu, Syriac
    "।॥෴꯫᱾᱿"  # Indic scripts
    "։።፧፨᠃᠉߹"  # Armenian, Ethiopic, Mongolian, N'Ko
    "။។៕།༎"  # Myanmar, Khmer, Tibetan
)
CLAUSE_ENDS = frozenset(",;:，；：、､،؛—–﹐﹑﹔﹕՝፣፤፥፦၊៖")
_CLOSERS = frozenset("\"'”’»›)]}」』）】》〉")


def ends_sentence(text: str) -> bool:
    """Whether `text` ends a sentence, closing quotes and brackets aside."""
    return bool(text) and _last_mark(text) in SENTENCE_ENDS


def ends_clause(text: str) -> bool:
    """Whether `text` ends a clause or a sentence."""
    return bool(text) and _last_mark(text) in SENTENCE_ENDS | CLAUSE_ENDS


def _last_mark(text: str) -> str:
    end = text.rstrip()
    while len(end) > 1 and end[-1] in _CLOSERS:
        end = end[:-1]
    return end[-1:]
