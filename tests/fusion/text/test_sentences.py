"""Where sentences and clauses end."""

from __future__ import annotations

import pytest

from diarfuse.fusion.text import ends_clause, ends_sentence


@pytest.mark.parametrize("mark", "….!?。！？．｡؟۔।॥։።။។།")
def test_every_script_ends_its_sentences(mark):
    assert ends_sentence(f"word{mark}")
    assert ends_sentence(f"word{mark}»")
    assert ends_clause(f"word{mark}")


def test_sentences_and_clauses():
    assert ends_sentence('He said "no."')
    assert ends_sentence("終わり。」")
    assert not ends_sentence("well,")
    assert ends_clause("well,")
    assert ends_clause("وكذلك،")
