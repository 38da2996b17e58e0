"""What somebody does who has recordings and no command line, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from diarfuse.transcribe.documents.desk import site
from diarfuse.transcribe.inputs.claims import claimed
from tests.browsing import cut_once, press, show, texts, violations, wait

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from diarfuse.transcribe.documents.opening.server import SiteServer

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: WebDriver, server: SiteServer) -> WebDriver:
    chromium.set_window_size(1000, 760)
    show(chromium, server.address)
    return chromium


def shown(page: WebDriver, name: str) -> str:
    """What the row of a recording says."""
    script = "return [...document.querySelectorAll('#files > li')].map((row) => row.innerText)"
    return next((str(text) for text in page.execute_script(script) if name in text), "")


def press_in(page: WebDriver, label: str) -> None:
    """Press a button, which comes as soon as the list does."""
    wait(lambda: page.find_elements("css selector", f'[aria-label="{label}"]'))
    page.find_element("css selector", f'[aria-label="{label}"]').click()


def test_sizes_are_told_and_an_empty_file_is_called_so(chromium: WebDriver, server: SiteServer, folder: Path) -> None:
    (folder / "none.wav").touch()
    (folder / "tiny.wav").write_bytes(b"x")
    (folder / "long.wav").write_bytes(bytes(1_250_000))
    show(chromium, server.address)
    wait(lambda: shown(chromium, "none.wav"))
    told = {name: shown(chromium, name).split(" · ")[0].split()[1:] for name in ("none.wav", "tiny.wav", "long.wav")}
    assert told == {"none.wav": ["empty"], "tiny.wav": ["0.1", "MB"], "long.wav": ["1.3", "MB"]}


def test_a_recording_is_transcribed_while_one_looks_and_opened(page: WebDriver, folder: Path) -> None:
    from selenium.webdriver.support.select import Select

    row = page.find_element("xpath", "//li[contains(., 'slow.mp3')]")
    Select(row.find_element("css selector", "select")).select_by_value("2")
    row.find_element("css selector", "input").send_keys("en")
    press_in(page, "Transcribe slow.mp3")
    press_in(page, "Transcribe talk.wav")
    wait(lambda: "Good morning." in shown(page, "slow.mp3"))
    assert "recognising words … · about 40 s left" in shown(page, "slow.mp3")
    assert "Waits for its turn." in shown(page, "talk.wav")
    assert page.execute_script("return document.activeElement.textContent") == "Stop"
    assert violations(page) == []
    (folder / "slow.mp3.go").touch()
    wait(lambda: "--num-speakers 2 --language=en" in shown(page, "slow.mp3"))
    wait(
        lambda: "slow.mp3 is transcribed." in texts(page, "#said") or "talk.wav is transcribed." in texts(page, "#said")
    )
    here = page.current_window_handle
    press_in(page, "Open the transcript of slow.mp3")
    wait(lambda: len(page.window_handles) == 2)
    page.switch_to.window(next(one for one in page.window_handles if one != here))
    wait(lambda: page.execute_script("return document.documentElement.dataset.ready === 'yes'"))
    assert page.title == "slow"
    page.close()
    page.switch_to.window(here)


def test_one_tab_of_all_holds_the_connection_and_the_next_takes_it_over(page: WebDriver, server: SiteServer) -> None:
    here, presence = page.current_window_handle, server.site.presence
    page.switch_to.new_window("tab")
    show(page, server.address)
    second = page.current_window_handle
    held = "return navigator.locks.query().then((all) => [all.held.length, all.pending.length])"
    wait(lambda: page.execute_script(held) == [1, 1] and presence._count == 1)
    page.switch_to.window(here)
    page.get("about:blank")
    wait(lambda: presence._left is not None and presence._count == 1)
    page.switch_to.window(second)
    page.close()
    page.switch_to.window(here)
    wait(lambda: presence._count == 0)


def test_a_connection_that_is_cut_is_made_anew(
    chromium: WebDriver, server: SiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = cut_once(monkeypatch)
    show(chromium, server.address)
    wait(lambda: len(asked) == 2 and server.site.presence._count == 1)
    assert not chromium.find_element("id", "lost").is_displayed()
    chromium.get("about:blank")


def test_what_fails_says_why_and_can_be_tried_again(page: WebDriver, folder: Path) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    press_in(page, "Transcribe wrong.m4a")
    wait(lambda: "wrong.m4a is no audio." in shown(page, "wrong.m4a"))
    assert "Try again" in shown(page, "wrong.m4a")
    button = page.find_element("css selector", '[aria-label="Transcribe slow.mp3"]')
    ActionChains(page).click(button).pause(0.2).click().perform()  # twice; in its place comes Stop
    wait(lambda: "Good morning." in shown(page, "slow.mp3"))
    press_in(page, "Stop slow.mp3")
    wait(lambda: "Stopped." in shown(page, "slow.mp3"))
    (folder / "talk.json").write_bytes((folder / "talk.wav").read_bytes().replace(b"meeting.wav", b"talk.wav"))
    button = page.find_element("css selector", '[aria-label="Transcribe talk.wav"]')
    page.execute_script("arguments[0].click()", button)  # which somebody did elsewhere, and the list may show by now
    wait(lambda: "talk.wav has a transcript, talk.json" in shown(page, "talk.wav"))


def test_what_is_in_work_elsewhere_says_so_and_cannot_be_begun(
    chromium: WebDriver, server: SiteServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "_SELDOM", 0.0)
    with claimed(folder / "talk.wav"):
        show(chromium, server.address)
        wait(lambda: "In work elsewhere." in shown(chromium, "talk.wav"))
        assert "Transcribe" not in shown(chromium, "talk.wav")
    chromium.execute_script("window.dispatchEvent(new Event('focus'))")
    wait(lambda: "Transcribe" in shown(chromium, "talk.wav"))
    assert "elsewhere" not in shown(chromium, "talk.wav")


def test_a_recording_that_is_lost_in_work_and_words_that_are_kept_are_told(page: WebDriver, folder: Path) -> None:
    (folder / "slow.mp3").rename(folder / "slow heard.mp3")
    page.execute_script("window.dispatchEvent(new Event('focus'))")
    press_in(page, "Transcribe slow heard.mp3")
    wait(lambda: "Good morning." in shown(page, "slow heard.mp3"))
    (folder / "slow heard.mp3").unlink()
    wait(lambda: "The recording is not in this folder any more." in shown(page, "slow heard.mp3"))
    assert "Good morning." in shown(page, "slow heard.mp3")
    press_in(page, "Stop slow heard.mp3")
    wait(lambda: "Stopped. The words of slow heard.mp3 are kept." in shown(page, "slow heard.mp3"))
    assert "Try again" not in shown(page, "slow heard.mp3")


def test_recordings_are_added(page: WebDriver, folder: Path, tmp_path: Path) -> None:
    for name in ("talk.wav", "script.sh"):
        (tmp_path / name).write_bytes(b"12345")
    page.find_element("id", "choose").send_keys(f"{tmp_path / 'talk.wav'}\n{tmp_path / 'script.sh'}")
    wait(lambda: "talk (2).wav" in shown(page, "talk (2).wav"))
    assert (folder / "talk (2).wav").read_bytes() == b"12345"
    wait(lambda: any("script.sh is no recording" in text for text in texts(page, "[role=alert]")))


def test_an_empty_folder_one_that_is_gone_and_a_program_that_ended_say_so(
    page: WebDriver, folder: Path, server: SiteServer
) -> None:
    page.execute_script("""document.querySelector('[aria-label="Transcribe talk.wav"]').focus()""")
    for file in folder.iterdir():
        file.unlink()
    page.execute_script("window.dispatchEvent(new Event('focus'))")
    wait(lambda: page.find_element("id", "empty").is_displayed())
    assert page.execute_script("return document.activeElement.id") == "choose"
    folder.rmdir()
    page.execute_script("window.dispatchEvent(new Event('focus'))")
    wait(lambda: "calls cannot be read" in texts(page, "#lost")[0])
    server.site.ending.set()
    press(page, "#lost", "transcribe open")
