"""The page in a real browser: it opens, runs no script but its own, asks for nothing; its edits are the program's."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document, read_document
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word
from tests.browsing import downloaded, said, show, violations, wait

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

pytestmark = pytest.mark.browser

EVIL = '<img src=x onerror="window.ran=1">'
LINES = (("SPEAKER_00", "Good morning, everybody."), ("SPEAKER_01", "It was broken."), ("SPEAKER_00", "I see."))


def document(lines: tuple[tuple[str, str], ...] = LINES) -> Document:
    segments, turns = [], []
    for index, (who, line) in enumerate(lines):
        start = 3.0 * index
        words = tuple(
            Word(start + i / 2, start + i / 2 + 0.4, f" {part}", 0.9, speaker=who)
            for i, part in enumerate(line.split())
        )
        segments.append(Segment(start, start + 2.5, f" {line}", words, who))
        turns.append(Turn(start, start + 2.5, who))
    transcript = Transcript(tuple(segments), "en", 3.0 * len(lines))
    return Document(transcript, Diarization(tuple(turns), tuple(turns), 3.0 * len(lines)), "talk")


def opened(driver: WebDriver, folder: Path, shown: Document) -> None:
    path = folder / "talk.html"
    path.write_text(str(registry.dumps(shown, "html")), encoding="utf-8")
    driver.get_log("browser")
    driver.get_log("performance")
    show(driver, path.as_uri())


def problems(driver: WebDriver) -> list[str]:
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] in {"SEVERE", "WARNING"}]


def saved(driver: WebDriver) -> Path:
    return downloaded(driver, lambda: driver.execute_script("document.getElementById('save-json').click()"))


def rename(driver: WebDriver, old: str, new: str) -> None:
    driver.execute_script(
        """const field = [...document.querySelectorAll('#people input')].find((f) => f.value === arguments[0]);
        field.value = arguments[1];
        field.dispatchEvent(new Event('change', {bubbles: true}));""",
        old,
        new,
    )
    wait(lambda: new in driver.find_element("css selector", "main").text)


def test_it_opens_with_all_words_and_asks_for_nothing(chromium: WebDriver, tmp_path: Path) -> None:
    opened(chromium, tmp_path, document())
    text = chromium.find_element("css selector", "body").text
    for who, line in LINES:
        assert who in text
        assert line in text
    asked = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    addresses = [a["params"]["request"]["url"] for a in asked if a["method"] == "Network.requestWillBeSent"]
    assert any(address.startswith("file:") for address in addresses)
    assert [address for address in addresses if address.startswith(("http", "ws", "ftp"))] == []
    assert problems(chromium) == []


def test_names_given_there_are_read_by_the_program_and_undone(chromium: WebDriver, tmp_path: Path) -> None:
    shown = document()
    opened(chromium, tmp_path, shown)
    rename(chromium, "SPEAKER_00", "Ana")
    edited = read_document(saved(chromium))
    assert edited.speakers == ("Ana", "SPEAKER_01")
    assert edited.content == shown.clean().rename({"SPEAKER_00": "Ana"}).content
    assert edited.undo().content == shown.clean().content
    chromium.execute_script("document.getElementById('undo').click()")
    wait(lambda: "SPEAKER_00" in chromium.find_element("css selector", "main").text)
    assert read_document(saved(chromium)).content == shown.clean().content


def test_search_finds_and_hostile_text_stays_text(chromium: WebDriver, tmp_path: Path) -> None:
    opened(chromium, tmp_path, document(((EVIL, f"Look {EVIL} there."), ("SPEAKER_01", "What?"))))
    assert EVIL in chromium.find_element("css selector", "main").text
    rename(chromium, "SPEAKER_01", "<b>x</b>")
    assert chromium.execute_script("return window.ran") is None
    assert chromium.execute_script("return document.querySelectorAll('main img, main b').length") == 0
    field = chromium.find_element("id", "search")
    field.send_keys("there")
    wait(lambda: bool(chromium.find_element("id", "hits").text))


@pytest.mark.parametrize("width", [1280, pytest.param(360, marks=pytest.mark.official)])
def test_nothing_stands_in_a_screen_readers_way(chromium: WebDriver, tmp_path: Path, width: int) -> None:
    chromium.set_window_size(width, 860)
    opened(chromium, tmp_path, document())
    assert violations(chromium) == []


def test_a_long_meeting_is_all_there(chromium: WebDriver, tmp_path: Path) -> None:
    lines = tuple((f"SPEAKER_{i % 12:02d}", "one two three four five six seven eight nine ten") for i in range(1000))
    opened(chromium, tmp_path, document(lines))
    count = "return document.querySelector('main').textContent.split('seven').length"
    assert chromium.execute_script(count) == 1001


@pytest.mark.parametrize(("line", "most"), [(40, 400), (3000, 1000)])
def test_a_monologue_without_marks_is_no_single_paragraph(
    chromium: WebDriver, tmp_path: Path, line: int, most: int
) -> None:
    """For a browser takes many times as long for twice as long a paragraph."""
    words = tuple(Word(i / 2, i / 2 + 0.4, f" w{i}", 0.9, speaker="SPEAKER_00") for i in range(3000))
    parts = [words[start : start + line] for start in range(0, len(words), line)]
    segments = tuple(Segment(p[0].start, p[-1].end, "".join(w.text for w in p), p, "SPEAKER_00") for p in parts)
    opened(chromium, tmp_path, Document(Transcript(segments, "en", 1500.0)))
    script = "return [...document.querySelectorAll('.turn')].map((turn) => turn.querySelectorAll('.w').length)"
    counts = chromium.execute_script(script)
    assert sum(counts) == 3000
    assert most // 2 < max(counts) <= most


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no file is called so")
def test_a_name_of_no_utf_8_and_speakers_called_as_everything_is_are_shown(chromium: WebDriver, tmp_path: Path) -> None:
    names = ("constructor", "__proto__", "toString")
    path = tmp_path / "talk.html"
    path.write_text(
        str(registry.dumps(document(tuple((name, "One two.") for name in names)), "html")), encoding="utf-8"
    )
    path.rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.html"))
    show(chromium, f"{tmp_path.as_uri()}/caf%E9.html")
    assert chromium.title == "caf%E9"
    for old, new in (("constructor", "Ana"), ("Ana", "__proto"), ("toString", "valueOf")):
        rename(chromium, old, new)
    shown = "return [...document.querySelectorAll('#people input')].map((field) => field.value)"
    assert chromium.execute_script(shown) == ["__proto", "__proto__", "valueOf"]
    chromium.execute_script("document.getElementById('undo').click()")
    said(chromium, "Undone")
    assert chromium.execute_script(shown) == ["__proto", "__proto__", "toString"]


def test_no_word_or_name_ends_a_cue(chromium: WebDriver, tmp_path: Path) -> None:
    spoken = document((("Ben\n\nEve", "One two."),))
    words = (Word(0.0, 1.0, " One\n\n00:00.000 --> 00:09.000\ntwo", 0.9, speaker="Ben\n\nEve"),)
    segments = (replace(spoken.transcript.segments[0], text=words[0].text, words=words),)
    opened(chromium, tmp_path, replace(spoken, transcript=replace(spoken.transcript, segments=segments)))
    taken = downloaded(chromium, partial(chromium.execute_script, "document.getElementById('save-vtt').click()"))
    cue = "00:00:00.000 --> 00:00:01.000\n<v Ben Eve>One 00:00.000 --&gt; 00:09.000 two\n\n"
    assert taken.read_text(encoding="utf-8") == f"WEBVTT\n\n{cue}"


def test_who_edits_in_two_tabs_or_where_nothing_is_kept_is_told(chromium: WebDriver, tmp_path: Path) -> None:
    opened(chromium, tmp_path, document())
    first = chromium.current_window_handle
    chromium.switch_to.new_window("tab")
    show(chromium, (tmp_path / "talk.html").as_uri())
    rename(chromium, "SPEAKER_01", "Eva")
    chromium.close()
    chromium.switch_to.window(first)
    said(chromium, "in another tab")
    chromium.execute_script("Storage.prototype.setItem = () => { throw new Error(); }")
    rename(chromium, "SPEAKER_01", "Ben")
    said(chromium, "cannot keep the edits")
    leave = "const e = new Event('beforeunload', {cancelable: true}); dispatchEvent(e); return e.defaultPrevented"
    assert chromium.execute_script(leave)
    saved(chromium)
    assert not chromium.execute_script(leave)
    chromium.execute_script("localStorage.clear()")
