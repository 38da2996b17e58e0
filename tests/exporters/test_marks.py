"""Pauses and what is said at once, marked in texts: against a slow count of all tenths of a second, and as it reads."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import groupby, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.exporters import registry
from diarfuse.exporters.lines import passages
from diarfuse.exporters.marks import marked
from diarfuse.exporters.style import Style
from diarfuse.exporters.templates import parse_template
from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word
from diarfuse.transcribe.__main__ import run
from tests.amounts import examples
from tests.browsing import show

PAUSE = re.compile(r" ?\(\.+\) ?| ?\(\d+ \w+ pause\) ?")


def document(
    *words: tuple[int, int, str, str | None], turns: tuple[tuple[int, int, str], ...] | None = None
) -> Document:
    """Words and turns in tenths of a second; a segment a word. Without turns these are the words'."""
    said = [Word(start / 10, end / 10, f" {text}", speaker=who) for start, end, text, who in words]
    segments = tuple(Segment(word.start, word.end, word.text, (word,), word.speaker) for word in said)
    length = max((word.end for word in said), default=0.0)
    spoken = turns or tuple((start, end, who) for start, end, _, who in words if who)
    found = tuple(sorted((Turn(a / 10, b / 10, who) for a, b, who in spoken), key=lambda turn: (turn.start, turn.end)))
    return Document(Transcript(segments, "en", length), Diarization(found, found, length))


def text(found: Document, **style: object) -> str:
    return str(registry.dumps(found, "txt", Style(**style)))


def test_a_pause_has_a_dot_for_each_second_and_long_ones_are_told_in_words() -> None:
    found = document(
        (12, 20, "Well,", "Ana"),
        (40, 50, "yes.", "Ana"),
        (76, 80, "I", "Ana"),
        (94, 99, "do.", "Ana"),
        (220, 230, "Oh.", "Ben"),
        (1730, 1740, "Right.", "Ben"),
    )
    assert text(found, pauses=1) == (
        "Ana: (.) Well, (..) yes. (...)\n\n"  # after more than 2.5 s there is a new paragraph
        "Ana: I (.) do. (12 seconds pause)\n\n"
        "Ben: Oh. (3 minutes pause)\n\n"
        "Ben: Right.\n"
    )
    assert text(found, pauses=2) == text(found, pauses=1).replace(" (.)", "").replace("(.) ", "")
    assert text(found, pauses=3) == text(found, pauses=2).replace(" (..)", "").replace(" (...)", "")
    assert [PAUSE.sub(" ", row.text).strip() for row in marked(found, Style(pauses=1))] == [
        row.text for row in passages(found)
    ]
    german = replace(found, transcript=replace(found.transcript, language="de"))
    assert "(12 Sekunden Pause)" in text(german, pauses=1)
    assert "(3 Minuten Pause)" in text(german, pauses=1)


def test_where_somebody_speaks_who_was_not_understood_is_no_pause() -> None:
    words = ((0, 10, "Well,", "Ana"), (40, 50, "yes.", "Ana"))
    assert "(...)" in text(document(*words), pauses=1)
    heard = document(*words, turns=((0, 10, "Ana"), (12, 38, "Ben"), (40, 50, "Ana")))
    assert "(" not in text(heard, pauses=1)
    assert "(.)" in text(document(*words, turns=((0, 10, "Ana"), (12, 28, "Ben"))), pauses=1)


def test_what_is_said_at_once_stands_between_slashes_in_both_turns() -> None:
    found = document(
        (0, 5, "That", "Ana"),
        (5, 10, "is", "Ana"),
        (10, 15, "so", "Ana"),
        (15, 20, "good", "Ana"),
        (20, 25, "today.", "Ana"),
        (10, 14, "Oh,", "Ben"),
        (14, 20, "yes.", "Ben"),
    )
    assert set(text(found, overlaps=True).split("\n")) >= {"Ben: //Oh, yes.//"}
    assert "//so" in text(found, overlaps=True)
    assert text(found, overlaps=True).replace("//", "") == text(found)


def test_a_word_in_anothers_turn_alone_is_not_said_at_once() -> None:
    """Times are not exact, and a sentence begins with who says the rest of it."""
    alone = document((0, 10, "Yes.", "Ana"), (10, 20, "No.", "Ben"), turns=((0, 20, "Ana"), (20, 30, "Ben")))
    assert "//" not in text(alone, overlaps=True)
    short = document((0, 10, "Yes.", "Ana"), (8, 12, "No.", "Ben"))
    assert "//" not in text(short, overlaps=True)


def test_words_without_turns_and_words_of_nobody() -> None:
    words = ((0, 10, "Yes.", "Ana"), (2, 9, "No.", "Ben"), (3, 8, "Hm.", None))
    found = replace(document(*words), diarization=None)
    marks = text(found, overlaps=True)
    assert "Ana: //Yes.//" in marks
    assert "Ben: //No.//" in marks
    assert "//Hm" not in marks
    plain = replace(found, transcript=Transcript((Segment(0.0, 1.0, " Hello."), Segment(4.0, 5.0, " You.")), None, 5.0))
    assert text(plain, pauses=1, overlaps=True) == "Hello. (...)\n\nYou.\n"


def test_the_formats_that_are_read_have_the_marks_and_no_other() -> None:
    found = document((0, 10, "Yes.", "Ana"), (2, 9, "No.", "Ben"), (30, 40, "So.", "Ben"))
    style = Style(pauses=1, overlaps=True, template=parse_template("{speaker}|{text}"))
    assert str(registry.dumps(found, "txt", style)) == "Ana|//Yes.//\nBen|//No.// (..) So.\n"
    assert "**Ben**: //No.// (..) So." in str(registry.dumps(found, "md", Style(pauses=1, overlaps=True)))
    docx = pytest.importorskip("docx")
    word = docx.Document(io.BytesIO(registry.dumps(found, "docx", Style(pauses=1, overlaps=True, times=False))))
    assert [p.text for p in word.paragraphs if p.text][1:] == ["Ana: //Yes.//", "Ben: //No.// (..) So."]
    for name in sorted(set(registry.BUILTIN) - {"txt", "md", "docx", "html"}):
        assert registry.dumps(found, name, Style(pauses=1, overlaps=True)) == registry.dumps(found, name, Style()), name


def test_texts_without_spaces_and_marks_of_any_script() -> None:
    said = Word(0.0, 1.0, "\u597d", speaker="A"), Word(3.0, 4.0, "\u7684", speaker="A")
    found = Document(Transcript((Segment(0.0, 4.0, "\u597d\u7684", said, "A"),), "zh", 4.0))
    assert text(found, pauses=1) == "A: \u597d(..)\u7684\n"


@pytest.mark.parametrize("pauses", [0, -1, 1.5, True, "1"])
def test_what_is_no_number_of_seconds_is_refused(pauses: object) -> None:
    with pytest.raises(OptionError, match="must be a whole number of seconds from 1"):
        Style(pauses=pauses)


def test_the_command_takes_them(tmp_path, capsys) -> None:
    path = tmp_path / "talk.json"
    found = document((0, 10, "Yes.", "Ana"), (2, 9, "No.", "Ben"), (30, 40, "So.", "Ben"))
    path.write_text(str(registry.dumps(found, "json")), encoding="utf-8")
    assert run(["export", str(path), "--mark-pauses", "2", "--mark-overlaps", "-o", "-"]) == 0
    assert capsys.readouterr().out == "Ana: //Yes.//\n\nBen: //No.// (..) So.\n"
    assert run(["export", str(path), "--mark-pauses", "2", "-o", str(tmp_path / "a.srt")]) == 2
    assert "--mark-pauses is for txt and docx and md and html, and none is written" in capsys.readouterr().err


tenths = st.integers(0, 120)
spoken = st.lists(st.tuples(tenths, st.integers(1, 30), st.sampled_from(["Ana", "Ben", "Cy"])), max_size=8)


@settings(max_examples=examples(100))
@given(spoken, spoken, st.integers(1, 3))
def test_every_tenth_of_a_second_counted_gives_the_same_marks(words: list, turns: list, least: int) -> None:
    found = document(
        *((start, start + length, f"w{n}", who) for n, (start, length, who) in enumerate(words)),
        turns=tuple((start, start + length, who) for start, length, who in turns),
    )
    rows, plain = marked(found, Style(pauses=least)), passages(found)
    assert [PAUSE.sub(" ", row.text).strip() for row in rows] == [row.text for row in plain]
    heard = {t for start, length, _ in words for t in range(start, start + length)}
    speaking = heard | {t for start, length, _ in turns for t in range(start, start + length)}
    slow = []
    for one, two in pairwise(sorted({-1, *heard})):  # every silence of words, and how much of it nobody breaks
        silent = len(set(range(one + 1, two)) - speaking)
        if silent >= 10 * least:
            slow.append((silent + 5) // 10)
    marks = [mark for row in rows for mark in PAUSE.findall(row.text)]
    dots = [mark.count(".") or int(re.findall(r"\d+", mark)[0]) for mark in marks]
    assert dots == slow


@settings(max_examples=examples(60))
@given(spoken, spoken)
def test_slashes_come_in_pairs_around_words_of_which_half_is_said_at_once(words: list, turns: list) -> None:
    found = document(
        *((start, start + length, f"w{n}.", who) for n, (start, length, who) in enumerate(words)),
        turns=tuple((start, start + length, who) for start, length, who in turns),
    )
    times = {f"w{n}.": (set(range(start, start + length)), who) for n, (start, length, who) in enumerate(words)}
    turns = turns or words  # as `document` has it
    for row in marked(found, Style(overlaps=True)):
        parts = row.text.split("//")
        assert len(parts) % 2 == 1
        for number, part in enumerate(parts):
            covered = [_at_once(times[word], turns) for word in part.split()]
            if number % 2:
                assert covered
                assert all(share >= 0.5 for share, _ in covered)
                assert sum(count for _, count in covered) >= 3
            else:
                runs = groupby(covered, key=lambda word: word[0] >= 0.5)
                assert all(sum(count for _, count in run) < 3 for is_covered, run in runs if is_covered)


def _at_once(word: tuple[set[int], str], turns: list) -> tuple[float, int]:
    """The share, and the tenths, of a word in which its speaker and another have turns."""
    span, speaker = word
    own = {t for start, length, who in turns if who == speaker for t in range(start, start + length)}
    others = {t for start, length, who in turns if who != speaker for t in range(start, start + length)}
    both = span & own & others
    return len(both) / len(span), len(both)


@pytest.mark.browser
def test_a_page_shows_the_marks_of_a_text(chromium, tmp_path) -> None:
    random, words, turns = Random(7), [], []
    for start in range(0, 1800, 15):
        who, length, kind = random.choice(["Ana", "Ben", "Cy"]), random.randint(2, 25), random.random()
        if kind > 0.3:
            words.append((start, start + length, f"w{start}{random.choice(['', '.'])}", who))
        if kind > 0.2:  # what was not recognised has a turn all the same
            turns.append((max(0, start - random.randint(0, 2)), start + length + random.randint(0, 4), who))
    found = replace(document(*words, turns=tuple(turns)), name="talk")
    style = Style(pauses=1, overlaps=True)
    texts = [row.text for row in marked(found, style)]
    assert sum("//" in one for one in texts) > 3
    assert sum("(." in one for one in texts) > 3
    path = tmp_path / "talk.html"
    path.write_text(str(registry.dumps(found, "html", style)), encoding="utf-8")
    show(chromium, path.as_uri())
    assert _shown(chromium) == texts
    plain = tmp_path / "plain.html"
    plain.write_text(str(registry.dumps(found, "html")), encoding="utf-8")
    show(chromium, plain.as_uri())
    assert _shown(chromium) == [row.text for row in passages(found)]


def _shown(page) -> list[str]:
    """Each paragraph with what stands before and after its words, as the browser would print it."""
    script = """
        const content = (node, at) => {
          const text = getComputedStyle(node, at).content;
          return text === "none" || text === "normal" ? "" : JSON.parse(text);
        };
        const text = (node) => node.nodeType === Node.TEXT_NODE ? node.data
          : content(node, "::before") + node.textContent + content(node, "::after");
        return [...document.querySelectorAll(".said")].map((said) => [...said.childNodes].map(text).join(""));
    """
    return [str(one) for one in page.execute_script(script)]
