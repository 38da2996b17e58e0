"""What tests of the page do in a browser, as a person would: look, press, type, and wait until it has happened."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver


def wait(holds: Callable[[], object]) -> None:
    """Until it holds; a test that waits for more than a minute has failed, on however busy a machine."""
    for number in range(1210):
        if holds():
            return
        time.sleep(min(0.005 * (1 + number), 0.05))
    pytest.fail("not within a minute")


def show(page: WebDriver, address: str) -> None:
    """Go to a page of ours, and wait until it takes keys."""
    page.get(address)
    wait(lambda: page.execute_script("return document.documentElement.dataset.ready === 'yes'"))


def keys(page: WebDriver, *pressed: str) -> None:
    """Press the last while the others are held."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    chain = ActionChains(page)
    held = [getattr(Keys, key.upper()) for key in pressed[:-1]]
    for key in held:
        chain.key_down(key)
    chain.send_keys(getattr(Keys, pressed[-1].upper(), pressed[-1]))
    for key in held:
        chain.key_up(key)
    chain.perform()


def press(page: WebDriver, selector: str, text: str) -> None:
    """Click what ends in `text`, as soon as it is there; lists are made anew while one looks."""
    from selenium.common.exceptions import StaleElementReferenceException

    script = """return [...document.querySelectorAll(arguments[0])].find(
        (node) => node.checkVisibility() && node.textContent.endsWith(arguments[1]))"""

    def pressed() -> bool:
        node = page.execute_script(script, selector, text)
        try:
            return node is not None and node.click() is None
        except StaleElementReferenceException:
            return False

    wait(pressed)


def texts(page: WebDriver, selector: str) -> list[str]:
    """What each such element says."""
    script = "return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent)"
    return [str(text) for text in page.execute_script(script, selector)]


def names(page: WebDriver) -> list[str]:
    """Whose each paragraph is."""
    return texts(page, ".turn .name")


def said(page: WebDriver, sentence: str) -> None:
    """Wait until the page says so at its lower edge."""
    wait(lambda: sentence in page.find_element("id", "toasts").text)


def downloaded(page: WebDriver, act: Callable[[], object]) -> Path:
    """The file that the browser takes down when `act` is done."""
    folder: Path = page.downloads  # type: ignore[attr-defined]
    for old in folder.iterdir():
        old.unlink()
    act()
    wait(lambda: _whole(folder))
    return next(iter(folder.iterdir()))


def _whole(folder: Path) -> bool:
    """Chrome first puts an empty file under the name that it will give to the partial one beside it."""
    files = list(folder.iterdir())
    return len(files) == 1 and files[0].suffix not in {".crdownload", ".tmp", ""} and files[0].stat().st_size > 0


def violations(page: WebDriver) -> list[tuple[str, list[str]]]:
    """What axe-core finds in a screen reader's way."""
    from axe_core_python.selenium import Axe

    found = Axe().run(page)["violations"]
    return [(rule["id"], [node["html"][:120] for node in rule["nodes"]][:2]) for rule in found]


def cut_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The connections of the next page's that is alive are cut once, as after a sleep; what was asked is listed."""
    from http import HTTPStatus

    from diarfuse.transcribe.documents.opening.answering import Answering

    asked, real = list[str](), Answering.alive

    def alive(self: Answering) -> None:
        asked.append(self.path)
        if len(asked) > 1:
            return real(self)
        self.close_connection = True
        self.head(HTTPStatus.OK, None, {"Content-Type": "text/plain"})
        time.sleep(0.2)  # until the head is there
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return self.connection.close()  # which resets it

    monkeypatch.setattr(Answering, "alive", alive)
    return asked
