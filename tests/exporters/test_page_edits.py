"""Listening and correcting in a real browser; and that the page's edits are the program's, to the last key."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import diarfuse
from diarfuse.exporters import html
from diarfuse.exporters.style import Audio, Style
from diarfuse.fusion.document import Document, read_document
from diarfuse.fusion.editing.operations import read_operation
from diarfuse.fusion.errors import DiarfuseError
from diarfuse.fusion.text import is_unspaced, unspaced
from diarfuse.fusion.types import Attribution, Diarization, Segment, SpeakerShare, Transcript, Turn, Word
from tests.browsing import downloaded, keys, names, said, show, wait

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

pytestmark = pytest.mark.browser

ENGINE = ("strings", "text", "placing", "matching", "segments", "speakers", "words", "operations")
SOURCES = Path(diarfuse.__file__).parent / "exporters" / "page"
ONE, TWO = "SPEAKER_00", "SPEAKER_01"
CASES = 40
NAMES = ("Ana", " Ben  K. ", "李雷", "nobody", "Unknown", "?", "x\ny", ONE, "Zoe\u0301", "Zo\xe9")
INSERTED = ("hello", "Straße,", "日本", "e\u0301t", "(so)", "GOOD", "👍🏽")
STEPS = 6
TEXTS = (
    " Good morning, everybody. We have ten minutes (more or less) and three things to decide.",
    " Straße 5 is no. 7, he said -- and left!",
    "今日は、とても良い天気ですね。",
    "  It did not break,\nI was cleaning it.",
    " שלום לכולם, מה שלומכם?",
)


def spoken(text: str, start: float, speaker: str | None, *, bare: bool = False) -> Segment:
    pieces = [] if bare else re.findall(r"\s*\S+\s*$|\s*\S+", text)
    why = Attribution("overlap", 0.6, (SpeakerShare(TWO if speaker == ONE else ONE, 0.31),))
    words = tuple(
        Word(start + i / 4, None if i % 5 == 3 else start + i / 4 + 0.2, piece, 0.5, speaker=speaker, attribution=why)
        for i, piece in enumerate(pieces)
    )
    return Segment(start, start + 4.0, text, words, speaker)


def meeting() -> Document:
    who = (ONE, TWO, ONE, "SPEAKER_02", None)
    segments = tuple(
        spoken(text, 5.0 * i, speaker, bare=i == 3) for i, (text, speaker) in enumerate(zip(TEXTS, who, strict=True))
    )
    turns = (Turn(0.0, 4.5, ONE), Turn(3.5, 9.0, TWO), Turn(10.0, 14.0, ONE), Turn(15.0, 19.5, "SPEAKER_02"))
    alone = (Turn(0.0, 4.0, ONE), Turn(4.0, 9.0, TWO), Turn(10.0, 14.0, ONE), Turn(15.0, 19.5, "SPEAKER_02"))
    return Document(Transcript(segments, "en", 25.0), Diarization(turns, alone, 25.0), "talk")


@pytest.fixture
def page(chromium: WebDriver, tmp_path: Path) -> Iterator[WebDriver]:
    """The meeting, with a recording beside it."""
    import soundfile

    soundfile.write(tmp_path / "talk.wav", 0.1 * np.sin(np.arange(25 * 16000) / 20), 16000)
    text = str(html.dumps(meeting(), Style(audio=Audio("talk.wav"))))
    (tmp_path / "talk.html").write_text(text, encoding="utf-8")
    chromium.set_window_size(1280, 860)
    show(chromium, (tmp_path / "talk.html").as_uri())
    wait(lambda: chromium.execute_script("return document.getElementById('sound').readyState > 0"))
    chromium.get_log("browser")
    yield chromium
    chromium.execute_script("localStorage.clear()")


def saved(page: WebDriver) -> Document:
    return read_document(downloaded(page, lambda: keys(page, "control", "s")))


def words(page: WebDriver) -> list[Any]:
    return list(page.find_elements("css selector", ".w"))


def test_a_click_on_a_word_goes_there_and_space_plays(page: WebDriver) -> None:
    words(page)[5].click()
    assert page.execute_script("return document.getElementById('sound').currentTime") == pytest.approx(1.25)
    assert page.find_element("css selector", ".w.now").text == "ten"
    keys(page, " ")
    wait(lambda: page.execute_script("return document.getElementById('sound').currentTime") > 1.3)
    keys(page, " ")
    assert page.execute_script("return document.getElementById('sound').paused")


def test_a_sentence_is_given_away_taken_back_and_given_again(page: WebDriver) -> None:
    page.find_elements("css selector", ".turn .who")[1].click()
    keys(page, "1")
    wait(lambda: TWO not in names(page))
    keys(page, "control", "z")
    wait(lambda: names(page)[1] == TWO)
    keys(page, "control", "y")
    wait(lambda: TWO not in names(page))
    found = saved(page)
    assert {word.speaker for word in found.transcript.segments[1].words} == {ONE}
    assert found.undo().content == meeting().clean().content


def test_two_speakers_become_one_by_the_menu(page: WebDriver) -> None:
    page.find_elements("css selector", ".person summary")[1].click()
    page.find_elements("css selector", ".person .menu[open] .items button")[1].click()
    said(page, f"{TWO} is now part of {ONE}.")
    assert saved(page).content == meeting().clean().merge(ONE, TWO).content


def test_text_is_corrected_and_only_what_changed_is_an_edit(page: WebDriver) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(page).double_click(words(page)[0]).perform()
    area = page.find_element("css selector", "textarea")
    keys(page, "control", "a")
    area.send_keys(TEXTS[0].strip().replace("ten", "twenty"))
    keys(page, "enter")
    said(page, "corrected")
    found = saved(page)
    assert found.transcript.segments[0].text == TEXTS[0].replace("ten", "twenty")
    assert [word.text for word in found.transcript.words if word.edited] == [" twenty"]
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_edits_outlive_the_page_until_they_are_saved(page: WebDriver) -> None:
    page.find_elements("css selector", ".turn .who")[1].click()
    keys(page, "0")
    wait(lambda: TWO not in names(page))
    page.refresh()
    said(page, "are here again")
    assert TWO not in names(page)
    saved(page)
    page.refresh()
    wait(lambda: TWO in names(page))


def test_a_doubtful_word_says_why_to_mouse_and_keyboard(page: WebDriver) -> None:
    keys(page, "alt", "arrow_down")
    wait(lambda: page.find_element("id", "tip").is_displayed())
    assert page.find_element("id", "tip").text == f"A {ONE}: speaks here 0.60 / {TWO} 0.31"
    assert page.switch_to.active_element.get_attribute("aria-describedby") == "tip"


def test_a_turn_is_split_and_joined_by_keys(page: WebDriver) -> None:
    before = len(names(page))
    words(page)[3].click()
    page.execute_script("document.querySelectorAll('.w')[3].focus()")
    keys(page, "enter")
    wait(lambda: len(names(page)) == before + 1)
    keys(page, "backspace")
    wait(lambda: len(names(page)) == before)


def engine(chromium: WebDriver, body: str, *arguments: object) -> Any:
    """Run `body` with the modules that edit in scope, in a page that is not ours."""
    chromium.get("about:blank")
    modules = "\n".join(f"const ${name} = {html._module(html.source(f'{name}.js'))};" for name in ENGINE)
    return chromium.execute_script(f"{modules}\n{body}", *arguments)


def operation(rng: random.Random, doc: Document) -> dict[str, Any]:
    """Any edit, possible or not."""
    count = max(len(doc.transcript.words), 1)
    first = rng.randint(1, count)
    last = min(count, first + rng.randint(0, 9))
    known = [*doc.speakers, "nobody-is-called-so"]
    text = [word.text.strip() for word in doc.transcript.words[first - 1 : last]]
    for _ in range(rng.randint(0, 3)):
        text.insert(
            rng.randint(0, len(text)), rng.choice(["hello", "Straße,", "日本", "e\u0301t", "(so)", "GOOD", "👍🏽"])
        )
        text.pop(rng.randrange(len(text)))
    return rng.choice(
        [
            {
                "op": "rename",
                "names": {rng.choice(known): rng.choice(NAMES)},
            },
            {"op": "merge", "keep": rng.choice(known), "others": [rng.choice(known)]},
            {"op": "reassign", "words": [[first, last]], "speaker": rng.choice([*doc.speakers, None, "Neu", "Zo\xe9"])},
            {"op": "text", "words": [first, last], "text": " ".join(text)},
            {"op": "replace", "find": (text or ["good"])[0], "replace": rng.choice(["", "xyz", "two words"])},
            {"op": "undo"},
        ]
    )


def done(doc: Document, op: dict[str, Any]) -> Document:
    if op["op"] == "undo":
        return doc.undo()
    return doc.edited(read_operation(op))


def test_the_same_edits_give_the_same_json_in_page_and_program(chromium: WebDriver) -> None:
    rng = random.Random(7)
    cases, expected = [], []
    for _ in range(CASES):
        doc, steps, results = meeting(), [], []
        for _ in range(STEPS):
            op = operation(rng, doc)
            steps.append(op)
            try:
                doc = done(doc, op)
                results.append(doc.to_json())
            except DiarfuseError:
                results.append(None)
        cases.append(steps)
        expected.append(results)
    body = """const { applied, undone } = $operations;
    const [start, cases] = JSON.parse(arguments[0]);
    return JSON.stringify(cases.map((steps) => { let doc = start; return steps.map((op) => {
      try { return (doc = op.op === "undo" ? undone(doc) : applied(doc, op)); }
      catch (error) { if (error instanceof $speakers.Refused) return null; throw error; } }); }));"""
    found = json.loads(engine(chromium, body, json.dumps([meeting().to_json(), cases])))
    for steps, ours, theirs in zip(cases, expected, found, strict=True):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert difference(one, other) is None, (steps[: number + 1], difference(one, other))
    assert sum(result is not None for results in expected for result in results) > CASES


def difference(one: Any, other: Any, place: str = "") -> str | None:
    """Where two values differ, times by more than a millisecond."""
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        return next((d for key in one if (d := difference(one[key], other[key], f"{place}.{key}"))), None)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return next(
            (d for i, pair in enumerate(zip(one, other, strict=True)) if (d := difference(*pair, f"{place}[{i}]"))),
            None,
        )
    if isinstance(one, float) and isinstance(other, int | float):
        return None if abs(one - other) <= 0.001 else f"{place}: {one} {other}"
    return None if one == other else f"{place}: {one!r:.90} {other!r:.90}"


def test_the_page_knows_the_same_scripts(chromium: WebDriver) -> None:
    body = """const found = [[], []]; for (let c = 0; c < 0x110000; c += 1) { const text = String.fromCodePoint(c);
      if ($text.isUnspaced(text)) found[0].push(c); if ($text.unspaced(text, "a")) found[1].push(c); }
      return found.map(String);"""  # a driver takes long over as many numbers one by one
    scripts, without = (list(map(int, told.split(","))) for told in engine(chromium, body))
    points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    assert scripts == [c for c in points if is_unspaced(chr(c))]
    marks = [c for c in points if unicodedata.category(chr(c)) != "Cn" and unspaced(chr(c), "a")]
    assert set(marks) <= set(without)
    assert {c for c in set(without) - set(marks) if unicodedata.category(chr(c)) not in {"Cn", "Co"}} == set()


def test_subtitles_and_text_of_the_page(page: WebDriver) -> None:
    for ending in ("vtt", "txt"):
        script = f"document.getElementById('save-{ending}').click()"
        text = downloaded(page, partial(page.execute_script, script)).read_text(encoding="utf-8")
        assert ("<v SPEAKER_01>Straße 5 is" if ending == "vtt" else "SPEAKER_01: Straße 5 is") in text
