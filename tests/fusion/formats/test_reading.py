"""Words put together from the tokens that formats give."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.formats import reading
from diarfuse.fusion.formats.reading import Slot, merged, united
from diarfuse.fusion.formats.shaping import in_shape

TEXTS = ("a", " a", "\u0301", "\u200d", "!", " ", "  ", "", "本", "\U0001f1e9", " ¿", "b" * 300, " " * 300)
TIMES = st.none() | st.integers(0, 9).map(float)
TOKENS = st.lists(
    st.builds(
        Slot,
        st.just("tokens[0]"),
        st.sampled_from(
            ["a", " a", "\u0301", "\u200d", "!", " ", "  ", "", "本", "\U0001f1e9", " ¿", "b" * 300, " " * 300]
        ),
        TIMES,
        TIMES,
        note=st.sampled_from(["", "moved."]),
        homes=st.integers().map(lambda number: (number,)),
    ),
    max_size=12,
)


def one_by_one(tokens: list[Slot]) -> list[Slot]:
    """What `merged` makes, each token joined to the whole word before it."""
    words: list[Slot] = []
    for token in tokens:
        if not words or reading._begins_word(words[-1].text, token.text):
            words.append(token)
        else:
            words[-1] = united((words[-1], token))
    return words


@given(TOKENS)
def test_tokens_make_the_words_that_they_make_one_by_one(tokens):
    assert merged(tokens) == one_by_one(tokens)


def test_a_word_of_many_marks_is_not_read_anew_for_each_of_them(monkeypatch):
    read: list[int] = []
    may_cut = reading.may_cut
    monkeypatch.setattr(reading, "may_cut", lambda text, at: read.append(len(text)) or may_cut(text, at))
    marks = [Slot("tokens[1]", "\u0301", 0.0, 0.1, homes=(number,)) for number in range(2000)]
    (word,) = merged([Slot("tokens[0]", "a", 0.0, 0.1), *marks])
    assert (word.text, word.homes) == ("a" + 2000 * "\u0301", tuple(range(2000)))
    assert len(read) == 2000
    assert max(read) < 300


def test_marks_without_times_stay_with_their_word_however_many_they_are():
    marks = [Slot("words[1]", "!", None, None) for _ in range(2000)]
    line = reading.make_line(None, "segments[0]", "Ha" + 2000 * "!", [Slot("words[0]", "Ha", 0.0, 1.0), *marks])
    (slot,) = in_shape(reading.Reading("x", (line,))).lines[0].slots
    assert (slot.text, slot.start, slot.end) == ("Ha" + 2000 * "!", 0.0, 1.0)
