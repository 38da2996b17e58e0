"""What the page offers besides edits: solo, review, dark, narrow, on paper, right to left; and hostile documents."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from diarfuse.exporters import html
from diarfuse.exporters.style import Audio, Style
from diarfuse.fusion.cues import passages_of
from diarfuse.fusion.document import Document, Recording, read_document
from diarfuse.fusion.editing.review import doubts
from diarfuse.fusion.types import Attribution, Diarization, Segment, SpeakerShare, Transcript, Turn, Word
from diarfuse.transcribe.__main__ import run
from tests.browsing import downloaded, keys, names, press, said, show, texts, violations, wait

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

pytestmark = pytest.mark.browser

ANA, BEN, EVE = "Ana", "Ben", "Eve"
LINES = (
    (ANA, "Good morning, good people.", 0.97),
    (BEN, "It was good, was it not?", 0.85),
    (EVE, "שלום לכולם, מה שלומכם?", 0.55),
    (ANA, "I see.", 0.6),
    (ANA, "Let us begin.", 0.88),
)
EVIL = """<img src=x onerror="ran=1"><script>ran=1</script>"'`${ran=1}</script>"""
TIME = "return document.getElementById('sound').currentTime"
PAUSED = "return document.getElementById('sound').paused"


def meeting(rename: dict[str, str] | None = None, suffix: str = "") -> Document:
    """Five lines, six seconds each of which three are spoken."""
    segments, turns = [], []
    for index, (name, line, sure) in enumerate(LINES):
        start, who = 6.0 * index, (rename or {}).get(name, name)
        other = (rename or {}).get(BEN if name == ANA else ANA, BEN if name == ANA else ANA)
        why = Attribution("overlap", sure, (SpeakerShare(other, 1 - sure),), suffix)
        said_ = [f" {word}{suffix}" for word in line.split()]
        words = tuple(
            Word(start + i / 2, start + i / 2 + 0.4, w, speaker=who, attribution=why) for i, w in enumerate(said_)
        )
        segments.append(Segment(start, start + 3.0, "".join(said_), words, who))
        turns.append(Turn(start, start + 3.0, who))
    found = Diarization(tuple(turns), tuple(turns), 30.0)
    return Document(Transcript(tuple(segments), "en", 30.0), found, "talk", Recording("talk.wav", "", 30.0))


def sound() -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, 0.1 * np.sin(np.arange(30 * 8000) / 20), 8000, format="WAV")
    return file.getvalue()


@pytest.fixture
def page(chromium: WebDriver, tmp_path: Path) -> Iterator[WebDriver]:
    """The meeting, its recording within it."""
    path = tmp_path / "talk.html"
    path.write_text(str(html.dumps(meeting(), Style(audio=Audio(data=sound(), media_type="audio/wav")))), "utf-8")
    chromium.set_window_size(1280, 860)
    show(chromium, path.as_uri())
    wait(lambda: chromium.execute_script("return document.getElementById('sound').readyState > 0"))
    chromium.get_log("browser")
    yield chromium
    chromium.execute_script("localStorage.clear()")


def saved(page: WebDriver) -> Document:
    return read_document(downloaded(page, lambda: keys(page, "control", "s")))


def emulate(page: WebDriver, media: str = "", **features: str) -> None:
    told = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": told})  # type: ignore[attr-defined]


def test_the_recording_within_the_page_is_played_and_one_speaker_alone(page: WebDriver) -> None:
    page.find_elements("css selector", ".person summary")[1].click()
    press(page, ".person .items button", "Play only Ben")
    wait(lambda: page.execute_script(TIME) > 6.1)
    assert page.execute_script("return document.getElementById('sound').src").startswith("blob:")
    assert len(page.find_elements("css selector", ".person.solo")) == 1
    page.execute_script("document.getElementById('sound').currentTime = 8.9")
    wait(lambda: page.execute_script(PAUSED))  # where Ben has said all
    assert page.execute_script(TIME) < 9.6
    page.find_elements("css selector", ".person summary")[1].click()
    press(page, ".person .items button", "Play everybody")
    assert page.find_elements("css selector", ".person.solo") == []


def test_the_timeline_and_the_mouse_lead_to_a_place_and_its_reason(page: WebDriver) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    strip = page.find_element("id", "map")
    ActionChains(page).move_to_element(strip).click().perform()
    assert page.execute_script(TIME) == pytest.approx(15.0, abs=0.2)
    page.find_element("id", "stretch").send_keys("")
    keys(page, "home")
    assert page.execute_script(TIME) == 0.0
    ActionChains(page).move_to_element(page.find_elements("css selector", ".w.doubt")[-1]).perform()
    wait(lambda: page.find_element("id", "tip").text == "A Ana: speaks here 0.88 / Ben 0.12")
    ActionChains(page).move_to_element(strip).perform()
    assert not page.find_element("id", "tip").is_displayed()


def test_one_speaker_is_dragged_onto_another(page: WebDriver) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    rows = page.find_elements("css selector", ".person .numbers")
    ActionChains(page).drag_and_drop(rows[2], rows[1]).perform()
    said(page, "Eve is now part of Ben.")
    assert saved(page).content == meeting().clean().merge(BEN, EVE).content


def test_a_phrase_is_replaced_everywhere(page: WebDriver) -> None:
    keys(page, "/")
    page.find_element("id", "search").send_keys("good")
    wait(lambda: page.find_element("id", "hits").text == "1 of 3")
    page.find_element("id", "search-next").click()
    assert page.find_element("id", "hits").text == "2 of 3"
    page.find_element("id", "replacement").send_keys("fine")
    page.find_element("id", "replace").click()
    said(page, "Replaced.")
    assert saved(page).content == meeting().clean().replace_text("good", "fine").content


def test_the_doubtful_places_are_those_of_the_command_and_are_settled_by_keys(page: WebDriver) -> None:
    expected = doubts(meeting().transcript)
    keys(page, "r")
    quotes = texts(page, ".place .quote")
    words = [word.text.strip() for word in meeting().transcript.words]
    assert quotes == [" ".join(words[place.first : place.last]) for place in expected]
    assert page.find_element("id", "progress").text == "0 of 3"
    assert texts(page, ".place .why")[0] == "speaks here 0.55 / Ana 0.45"
    page.find_element("css selector", ".place .where").click()
    keys(page, "a")
    said(page, "Eve it is.")
    wait(lambda: page.find_element("id", "progress").text == "1 of 3")
    keys(page, "2")  # the next one is looked at already, and is Ben's
    wait(lambda: page.find_element("id", "progress").text == "2 of 3")
    first, second = expected[0], expected[1]
    edited = meeting().clean().reassign(range(first.first, first.last), EVE)
    edited = edited.reassign(range(second.first, second.last), BEN)
    assert saved(page).content == edited.content


def test_a_new_speaker_is_asked_for_by_name(page: WebDriver) -> None:
    page.find_elements("css selector", ".turn .who")[1].click()
    press(page, "#give button", "New speaker…")
    wait(lambda: page.find_element("id", "ask").is_displayed())
    page.find_element("id", "ask-name").send_keys("Zoë")
    press(page, "#ask button", "Give")
    said(page, "now belong to Zoë.")
    assert names(page)[1] == "Zoë"


def test_what_was_edited_there_is_exported_by_the_program(page: WebDriver, tmp_path: Path) -> None:
    page.find_elements("css selector", ".turn .who")[1].click()
    keys(page, "1")
    said(page, "now belong to Ana.")
    edited = downloaded(page, lambda: keys(page, "control", "s"))
    assert run(["export", str(edited), "-o", str(tmp_path / "talk.srt"), "-o", str(tmp_path / "talk.vtt")]) == 0
    assert "<v Ana>It was good" in (tmp_path / "talk.vtt").read_text(encoding="utf-8")
    assert run(["undo", str(edited)]) == 0
    assert read_document(edited).content == meeting().clean().content


def test_a_draft_comes_back_on_its_own_document_only(page: WebDriver, tmp_path: Path) -> None:
    page.find_elements("css selector", ".turn .who")[1].click()
    keys(page, "1")
    said(page, "now belong to Ana.")
    shorter = replace(meeting(), transcript=replace(meeting().transcript, duration=29.0))
    other = tmp_path / "other.html"
    other.write_text(str(html.dumps(shorter)), "utf-8")
    show(page, other.as_uri())
    assert BEN in names(page)
    show(page, (tmp_path / "talk.html").as_uri())
    assert BEN not in names(page)
    press(page, "#toasts button", "Leave them out")
    assert BEN in names(page)


def test_on_paper_there_are_names_times_text_and_the_table(page: WebDriver) -> None:
    emulate(page, "print")
    try:
        for hidden in ("#people", ".player", "#timeline", "#find", "#toasts"):
            assert not page.find_element("css selector", hidden).is_displayed(), hidden
        assert page.find_element("id", "talk-table").is_displayed()
        assert texts(page, "#talk-table tr")[1:] == ["Ana0:0960 %3", "Ben0:0320 %1", "Eve0:0320 %1"]
        text = page.find_element("css selector", "main").text
        assert all(part in text for name, line, _ in LINES for part in (name, line))
        assert "0:06" in text
    finally:
        emulate(page)


def test_on_a_sheet_of_paper_a_name_is_whole_and_no_time_lies_on_the_text(page: WebDriver, tmp_path: Path) -> None:
    long = "Dr. Margaret Thornton-Ashworth of the Society"
    (tmp_path / "long.html").write_text(str(html.dumps(meeting({ANA: long, BEN: "SPEAKER_01"}))), "utf-8")
    page.set_window_size(720, 900)  # a sheet of A4 within its margins, which is as narrow as a telephone's rules
    show(page, (tmp_path / "long.html").as_uri())
    emulate(page, "print")
    try:
        over = """return [...document.querySelectorAll('.turn')].flatMap((turn) => {
            const text = turn.querySelector('.said').getBoundingClientRect();
            const cut = (part) => part.matches('.who span') && part.scrollWidth > part.clientWidth;
            return [...turn.querySelectorAll('.time, .who, .who span')]
                .filter((part) => part.getBoundingClientRect().right > text.left || cut(part))
                .map((part) => part.textContent)})"""
        assert {long, "SPEAKER_01"} <= {*names(page)}
        assert page.execute_script(over) == []
    finally:
        emulate(page)


def test_dark_and_with_everything_open_nothing_is_in_the_way(page: WebDriver) -> None:
    emulate(page, prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    try:
        ground = "return getComputedStyle(document.body).backgroundColor"
        assert page.execute_script(ground) == "rgb(22, 24, 27)"
        keys(page, "r")
        page.find_elements("css selector", ".turn .who")[1].click()
        assert violations(page) == []
        page.find_element("id", "theme").click()
        assert page.execute_script(ground) == "rgb(252, 251, 248)"
    finally:
        emulate(page)


def too_wide(page: WebDriver) -> list[str]:
    """What ends beyond the right edge."""
    script = """return [...document.querySelectorAll('header *, main *')].filter((node) => node.checkVisibility() &&
        node.getBoundingClientRect().right > innerWidth + 1).map((node) => node.id || node.className)"""
    return list(page.execute_script(script))


def test_a_narrow_screen_shows_all_without_scrolling_sideways(page: WebDriver) -> None:
    page.set_window_size(360, 800)
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert too_wide(page) == []
    assert not page.find_element("id", "people").is_displayed()
    page.find_element("id", "drawer").click()
    assert page.find_element("id", "people").is_displayed()
    assert violations(page) == []


@pytest.mark.parametrize(
    ("width", "height"),
    [(320, 256), *(pytest.param(*size, marks=pytest.mark.official) for size in ((640, 400), (844, 390)))],
)
def test_at_twice_and_four_times_the_size_the_transcript_has_the_room(page: WebDriver, width: int, height: int) -> None:
    screen = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    try:
        assert page.execute_script("return [innerWidth, innerHeight]") == [width, height]
        assert too_wide(page) == []
        last = "document.querySelector('.turn:last-child .w:last-child')"
        page.execute_script(f"{last}.focus()")
        keys(page, "arrow_left")
        keys(page, "arrow_right")
        top = "document.getElementById('play').getBoundingClientRect().bottom"
        box = f"{last}.getBoundingClientRect()"
        wait(lambda: page.execute_script(f"return {box}.top > {top} && {box}.bottom < innerHeight"))
        assert page.execute_script(f"return {top} / innerHeight") < 0.3
        page.execute_script("document.activeElement.blur()")
        panels = {"review-toggle": "review"} | ({"drawer": "people"} if width <= 800 else {})
        for opened, panel in panels.items():
            for is_open in (True, False):
                page.find_element("id", opened).click()
                assert page.find_element("id", panel).is_displayed() == is_open
                assert too_wide(page) == []
        assert violations(page) == []
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_text_from_right_to_left_reads_so_and_arrows_follow_the_eye(page: WebDriver) -> None:
    direction = "return getComputedStyle(document.querySelectorAll('.said')[arguments[0]]).direction"
    assert [page.execute_script(direction, index) for index in (1, 2)] == ["ltr", "rtl"]
    at = "return document.activeElement.textContent"
    page.execute_script("document.querySelectorAll('.turn')[2].querySelector('.w').focus()")
    keys(page, "arrow_left")
    assert page.execute_script(at) == "לכולם,"
    keys(page, "arrow_right")
    assert page.execute_script(at) == "שלום"


def test_hostile_names_and_words_stay_text_wherever_they_are_shown(chromium: WebDriver, tmp_path: Path) -> None:
    evil = meeting({name: f"{EVIL}{name}" for name in (ANA, BEN, EVE)}, EVIL)
    path = tmp_path / "<img src=x onerror=window.ran=1>.html"
    path.write_text(str(html.dumps(evil)), encoding="utf-8")
    chromium.set_window_size(1280, 860)
    chromium.get_log("browser")
    show(chromium, path.as_uri())
    keys(chromium, "r")
    keys(chromium, "alt", "arrow_down")
    wait(lambda: EVIL in chromium.find_element("id", "tip").text)
    chromium.find_element("id", "search").send_keys("onerror")
    wait(lambda: "of" in chromium.find_element("id", "hits").text)
    keys(chromium, "escape")
    chromium.find_elements("css selector", ".turn .who")[1].click()
    press(chromium, "#give button", f"{EVIL}{ANA}")
    said(chromium, EVIL)
    for ending in ("vtt", "txt", "json"):
        script = f"document.getElementById('save-{ending}').click()"
        downloaded(chromium, partial(chromium.execute_script, script))
    assert chromium.execute_script("return window.ran") is None
    assert chromium.execute_script("return document.querySelectorAll('body img, body script').length") == 3
    assert severe(chromium) == []


def severe(page: WebDriver) -> list[dict[str, Any]]:
    return [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"]


def test_lines_within_lines_and_out_of_order_are_read_by_their_time(chromium: WebDriver, tmp_path: Path) -> None:
    lines = ((5.0, 6.0, "so he went"), (0.0, 4.0, "we all saw it"), (1.0, 1.5, "yes yes"), (4.0, 4.9, "that day"))
    segments = []
    for start, end, text in lines:
        length, parts = (end - start) / len(text.split()), [f" {word}" for word in text.split()]
        words = [Word(start + i * length, start + (i + 1) * length, w, speaker=ANA) for i, w in enumerate(parts)]
        segments.append(Segment(start, end, f" {text}", tuple(words), ANA))
    given = Document(Transcript(tuple(segments), "en", 6.0), None, "talk")
    path = tmp_path / "talk.html"
    path.write_text(str(html.dumps(given)), "utf-8")
    show(chromium, path.as_uri())
    assert texts(chromium, ".turn .said") == ["we all saw it", "yes yes that day", "so he went"]
    assert [row.text for row in passages_of(given.transcript)] == ["we all saw it", "yes yes that day so he went"]
    places = "return [...document.querySelectorAll('.w')].findIndex((word) => word.textContent === arguments[0])"
    at = chromium.execute_script(places, "so")
    chromium.execute_script("document.querySelectorAll('.w')[arguments[0]].focus()", at)
    keys(chromium, "1")
    after = saved(chromium)
    assert [word.text for word in after.transcript.words if word.attribution] == [" so"]
    assert after.undo().transcript == given.transcript
