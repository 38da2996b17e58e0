import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.asr_adapters.grouping import PAUSE, extent, grouped
from diarfuse.fusion.types import Word

rows = st.lists(
    st.tuples(st.sampled_from(["One", "Two.", " Three", " Four!"]), st.floats(0, 3), st.booleans()), max_size=20
)


@given(rows)
def test_groups_keep_all_words_in_order_and_break_only_where_they_should(parts):
    now, words = 0.0, []
    for text, gap, timed in parts:
        words.append(Word(now + gap, now + gap + 0.2, text) if timed else Word(None, None, text))
        now += gap + 0.2
    segments = list(grouped(words))
    assert [word for segment in segments for word in segment.words] == words
    for segment in segments:
        for before, after in zip(segment.words, segment.words[1:], strict=False):
            if before.end is not None and after.start is not None:
                assert after.start - before.end < PAUSE
                assert not before.text.endswith((".", "!"))
        assert (segment.start, segment.end) == (extent(segment.words) or (0.0, 0.0))


@pytest.mark.parametrize("mark", ["…", "।", "॥", "۔", "．", "｡", ".", "。", '."', "?)"])
def test_a_sentence_ends_in_every_script(mark):
    words = [Word(0.0, 0.5, f"one{mark}"), Word(0.5, 1.0, " two")]
    assert [segment.text for segment in grouped(words)] == [f"one{mark}", " two"]


def test_abbreviations_stay_inside_their_segment():
    texts = [" I", " met", " Mrs.", " Moreland.", " She", " left", " at", " 5", " p.m.", " on", " Monday."]
    words = [Word(i / 2, i / 2 + 0.4, text) for i, text in enumerate(texts)]
    assert [segment.text for segment in grouped(words)] == [" I met Mrs. Moreland.", " She left at 5 p.m. on Monday."]
    words = [Word(i / 2, i / 2 + 0.4, text) for i, text in enumerate([" am", " 3.", " Oktober.", " Danach"])]
    assert [segment.text for segment in grouped(words, "de")] == [" am 3. Oktober.", " Danach"]
