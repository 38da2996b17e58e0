"""What a person does who cannot program, in the page that `transcribe open` shows, in a real browser."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document, Recording, read_document
from diarfuse.fusion.editing.operations import read_operation
from diarfuse.fusion.errors import MissingExtraError
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word
from diarfuse.transcribe.documents.editing import edit
from diarfuse.transcribe.documents.opening.editor import Editor
from diarfuse.transcribe.documents.opening.server import PageServer
from diarfuse.transcribe.documents.opening.shown import Shown, sound_of
from tests.browsing import cut_once, downloaded, keys, names, press, said, show, violations, wait

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

pytestmark = pytest.mark.browser

LINES = (
    ("SPEAKER_00", "Good morning, everybody."),
    ("SPEAKER_01", "It was broken."),
    ("SPEAKER_00", "I was cleaning it."),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A document with its recording beside it."""
    import soundfile

    soundfile.write(tmp_path / "talk.wav", 0.1 * np.sin(np.arange(9 * 16000) / 20), 16000)
    segments, turns = [], []
    for start, (who, line) in zip((0.0, 3.0, 6.0), LINES, strict=True):
        words = tuple(
            Word(start + i / 2, start + i / 2 + 0.4, f" {word}", speaker=who) for i, word in enumerate(line.split())
        )
        segments.append(Segment(start, start + 2.5, f" {line}", words, who))
        turns.append(Turn(start, start + 2.5, who))
    found = Diarization(tuple(turns), tuple(turns), 9.0)
    document = Document(Transcript(tuple(segments), "en", 9.0), found, "talk", Recording("talk.wav", "", 9.0))
    path = tmp_path / "talk.json"
    path.write_text(str(registry.dumps(document, "json")), encoding="utf-8")
    return path


@pytest.fixture
def running(path: Path) -> Iterator[tuple[PageServer, threading.Thread]]:
    editor = Editor(path)
    server = PageServer(Shown(editor, sound_of(editor, None)))
    server.shown.presence._grace = 0.3
    thread = threading.Thread(target=server.run, args=(lambda _: None,), daemon=True)
    thread.start()
    yield server, thread
    with server.shown.presence.page():  # whoever has not closed it
        pass
    thread.join(60)


@pytest.fixture
def page(chromium: WebDriver, running: tuple[PageServer, threading.Thread]) -> Iterator[WebDriver]:
    chromium.set_window_size(1280, 860)
    chromium.get_log("performance")
    show(chromium, running[0].address)
    chromium.get_log("browser")
    yield chromium
    chromium.get("about:blank")


def test_that_the_recording_is_another_one_is_said_once_it_is_known(
    chromium: WebDriver, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = threading.Event()
    monkeypatch.setattr("diarfuse.transcribe.documents.opening.sounds.sha256_of", lambda _: str(read.wait(60)))
    path.write_text(
        path.read_text(encoding="utf-8")
        .replace('"sha256":""', '"sha256":"77"')
        .replace('"sha256": ""', '"sha256": "77"'),
        encoding="utf-8",
    )
    editor = Editor(path)
    server = PageServer(Shown(editor, sound_of(editor, None)))
    server.begin()
    show(chromium, server.address)
    wait(lambda: chromium.execute_script("return !document.getElementById('play').disabled"))
    assert not chromium.find_elements("css selector", "#toasts .toast")
    read.set()
    said(chromium, "This is not the very recording that the transcript was made from: its times may differ.")
    chromium.get("about:blank")
    server.end()


def name(page: WebDriver, old: str, new: str) -> None:
    """As a person does it: into the field, type, Enter."""
    from selenium.webdriver.common.keys import Keys

    field = next(f for f in page.find_elements("css selector", "#people .name") if f.get_attribute("value") == old)
    field.click()
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(new, Keys.ENTER)
    said(page, f"{old} is now {new}.")


def exported(page: WebDriver, ending: str) -> Path:
    page.find_element("id", "save-menu").click()
    return downloaded(page, lambda: press(page, "#downloads b", ending))


def test_two_names_a_sentence_to_the_other_and_a_docx(page: WebDriver, path: Path) -> None:
    import docx

    name(page, "SPEAKER_00", "Ana")
    name(page, "SPEAKER_01", "Ben")
    page.find_elements("css selector", ".turn .who")[2].click()
    press(page, "#give button", "Ben")
    said(page, "4 words now belong to Ben.")
    assert names(page) == ["Ana", "Ben"]

    text = "\n".join(paragraph.text for paragraph in docx.Document(str(exported(page, ".docx"))).paragraphs)
    assert "Ben: It was broken. I was cleaning it." in text
    assert "SPEAKER" not in text
    saved = read_document(path)
    assert [segment.speaker for segment in saved.transcript.segments] == ["Ana", "Ben", "Ben"]
    assert [change.operation.told() for change in saved.history] == [
        *("rename SPEAKER_00 to Ana", "rename SPEAKER_01 to Ben", "reassign 7-10 to Ben"),
    ]

    keys(page, "control", "s")
    said(page, "Saved into talk.json.")
    page.find_element("id", "undo").click()
    wait(lambda: names(page) == ["Ana", "Ben", "Ana"])
    assert len(read_document(path).history) == 2
    page.find_element("id", "redo").click()
    wait(lambda: names(page) == ["Ana", "Ben"])
    assert read_document(path).content == saved.content
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_the_sound_comes_from_there_and_nothing_from_anywhere_else(
    page: WebDriver, running: tuple[PageServer, threading.Thread]
) -> None:
    wait(lambda: page.execute_script("return document.getElementById('sound').readyState > 0"))
    page.find_elements("css selector", ".w")[7].click()
    assert page.execute_script("return document.getElementById('sound').currentTime") == pytest.approx(6.5)
    page.find_element("id", "play").click()
    wait(lambda: page.execute_script("return document.getElementById('sound').currentTime") > 6.6)
    page.find_element("id", "play").click()
    told = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in told if e["method"] == "Network.requestWillBeSent"]
    assert len(asked) >= 2
    assert {address for address in asked if not address.startswith(running[0].address)} == set()


def test_a_page_that_is_behind_is_told_and_shown_the_file(page: WebDriver, path: Path) -> None:
    edit(path, lambda before: before.rename({"SPEAKER_01": "Cy"}))
    page.find_elements("css selector", ".turn .who")[2].click()
    press(page, "#give button", "SPEAKER_01")
    said(page, "changed elsewhere")
    assert names(page) == ["SPEAKER_00", "Cy", "SPEAKER_00"]
    name(page, "SPEAKER_00", "Ana")
    assert read_document(path).speakers == ("Ana", "Cy")


def corrected(page: WebDriver, text: str) -> None:
    """As a person does it: double click the first paragraph, type over it, Enter."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    ActionChains(page).double_click(page.find_element("css selector", ".turn .said .w")).perform()
    page.find_element("css selector", "textarea.edit").send_keys(Keys.CONTROL, "a")
    page.find_element("css selector", "textarea.edit").send_keys(text, Keys.ENTER)


def typed(page: WebDriver) -> str:
    return str(page.execute_script("return document.querySelector('textarea.edit')?.value ?? ''"))


def test_what_was_typed_is_not_lost_with_an_edit_that_was_not_made(
    page: WebDriver, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selenium.webdriver.common.keys import Keys

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("diarfuse.transcribe.documents.editing.write_whole", full)
        corrected(page, "Good evening, all.")
        said(page, "No space left on device")
        wait(lambda: typed(page) == "Good evening, all.")
    edit(path, lambda before: before.rename({"SPEAKER_01": "Cy"}))
    page.find_element("css selector", "textarea.edit").send_keys(Keys.ENTER)
    said(page, "changed elsewhere")
    wait(lambda: typed(page) == "Good evening, all.")
    assert names(page) == ["SPEAKER_00", "Cy", "SPEAKER_00"]
    page.find_element("css selector", "textarea.edit").send_keys(Keys.ENTER)
    wait(lambda: read_document(path).transcript.segments[0].text.strip() == "Good evening, all.")
    assert set(read_document(path).speakers) == {"SPEAKER_00", "Cy"}
    wait(lambda: not typed(page))


def test_an_edit_that_was_undone_is_not_made_on_other_words(page: WebDriver, path: Path) -> None:
    page.find_elements("css selector", ".turn .who")[2].click()
    press(page, "#give button", "SPEAKER_01")
    said(page, "4 words now belong to SPEAKER_01.")
    page.find_element("id", "undo").click()
    wait(lambda: len(read_document(path).history) == 0)
    wait(lambda: page.find_element("id", "redo").is_enabled())
    edit(path, lambda before: before.edited(read_operation({"op": "text", "words": [1, 3], "text": "Oh."})))
    page.find_elements("css selector", ".turn .who")[0].click()
    press(page, "#give button", "SPEAKER_01")
    said(page, "changed elsewhere")
    wait(lambda: not page.find_element("id", "redo").is_enabled())
    assert [s.speaker for s in read_document(path).transcript.segments] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]


def test_an_answer_of_which_a_part_is_missing_is_told(page: WebDriver) -> None:
    page.execute_script("window.fetch = async () => new Response('{')")
    page.find_elements("css selector", ".turn .who")[2].click()
    press(page, "#give button", "SPEAKER_01")
    said(page, "has ended")
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_format_that_cannot_be_written_says_what_to_install(
    page: WebDriver, running: tuple[PageServer, threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    def require(format_name: str) -> None:
        if format_name == "docx":
            raise MissingExtraError("docx", "python-docx", "docs")

    monkeypatch.setattr(registry, "require", require)
    show(page, running[0].address)
    page.find_element("id", "save-menu").click()
    press(page, "#downloads b", ".docx")
    said(page, "pip install")


def test_the_program_ends_with_the_page_and_the_page_says_that_it_has(
    chromium: WebDriver, running: tuple[PageServer, threading.Thread]
) -> None:
    server, thread = running
    server.shown.presence._grace = 60  # a browser may take long on a busy machine
    show(chromium, server.address)
    wait(lambda: server.shown.presence._count == 1)
    chromium.refresh()
    wait(lambda: server.shown.presence._count == 1)
    assert thread.is_alive()
    server.shown.presence._grace = 0.3
    server.shown.ending.set()
    said(chromium, "has ended")
    thread.join(60)
    assert not thread.is_alive()


def test_a_connection_that_is_cut_is_made_anew(
    chromium: WebDriver, running: tuple[PageServer, threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, thread = running
    server.shown.presence._grace = 60
    asked = cut_once(monkeypatch)
    show(chromium, server.address)
    wait(lambda: len(asked) == 2 and server.shown.presence._count == 1)
    assert "has ended" not in chromium.find_element("id", "toasts").text
    assert thread.is_alive()
    server.shown.presence._grace = 0.3
    chromium.get("about:blank")
    thread.join(60)
    assert not thread.is_alive()


def test_nothing_stands_in_a_screen_readers_way(page: WebDriver) -> None:
    page.find_element("id", "save-menu").click()
    assert violations(page) == []
