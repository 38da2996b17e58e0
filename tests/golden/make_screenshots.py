"""Make `docs/pictures/*.png`: what `transcribe open` shows, of a meeting that was made up.

Needs Debian's chromium and chromium-driver. Run::

    python -m tests.golden.make_screenshots
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image
from selenium import webdriver

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document, Recording
from diarfuse.fusion.types import Attribution, Diarization, Segment, SpeakerShare, Transcript, Turn, Word
from diarfuse.transcribe.documents.desk.handler import DeskHandler
from diarfuse.transcribe.documents.desk.site import Desk
from diarfuse.transcribe.documents.desk.work import Work
from diarfuse.transcribe.documents.opening.editor import Editor
from diarfuse.transcribe.documents.opening.server import PageServer, SiteServer
from diarfuse.transcribe.documents.opening.shown import Shown, sound_of
from tests.browsing import keys, press, show, wait

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
COLOURS = 128
"""Enough for text, bars and their edges, in a third of the bytes."""
LINES = (
    ("Ana", 1.0, "Good morning. Shall we begin with the museum, or with the boat?"),
    ("Ben", 5.1, "With the boat, please. It leaks again, and the rain does the rest."),
    ("Chloé", 9.0, "I looked at it yesterday. Two planks are soft, the third will go by spring."),
    ("Ana", 14.2, "How long would it take you?"),
    ("Chloé", 16.0, "A week, if the wood is dry. Ten days if it is not."),
    ("Ben", 19.4, "It is not dry. I stored it where you told me to."),
    ("SPEAKER_03", 22.6, "Then we open the season without it and show the drawings in the small hall."),
    ("Ana", 27.3, "Agreed. Who writes to the school?"),
    ("Ben", 29.6, "I do. They asked for the eleventh, in the morning."),
)
DOUBTS = {(5, 0): 0.48, (5, 1): 0.48, (5, 2): 0.55, (5, 3): 0.55, (2, 13): 0.71, (8, 0): 0.82, (8, 1): 0.82}
"""(line, word) -> how sure its speaker is."""
LENGTH = 34.0
WORKING = """
import json, sys, time
for event in (
    {"event": "progress", "doing": "recognising words", "fraction": 0.42, "seconds_left": 75},
    {"event": "text", "text": "So you had the shop before the war, and the boats came later?"},
    {"event": "text", "text": "The boats came with my uncle, yes."},
):
    print(json.dumps(event), file=sys.stderr, flush=True)
time.sleep(600)
"""


def main() -> None:
    """Make them all."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = PageServer(served(Path(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = started()
        show(browser, server.address)
        picture(browser, "export", 1180, 760, lambda: browser.find_element("id", "save-menu").click())
        show(browser, server.address)
        picture(browser, "page", 1280, 760, lambda: reviewing(browser))
        show(browser, server.address)
        picture(browser, "phone", 360, 720, lambda: None)
        folder_of_recordings(browser, Path(folder))
        browser.quit()


def folder_of_recordings(browser: Any, folder: Path) -> None:
    """The folder of that meeting, with a recording in work, one that waits and one that nobody has begun."""
    for name in ("interview-2.mp3", "interview-1.mp3", "call.m4a"):
        (folder / name).write_bytes(bytes(4_800_000))
    desk = Desk(folder, Work((sys.executable, "-c", WORKING)))
    server = SiteServer(desk, lambda *given: DeskHandler(desk, *given))
    server.begin()
    for name in ("interview-2.mp3", "interview-1.mp3"):
        desk.start({"name": name, "people": 2})
    show(browser, server.address)
    wait(lambda: "uncle" in browser.page_source)
    named = "document.getElementById('folder').textContent = '/home/ana/Interviews'"
    picture(browser, "desk", 1000, 460, lambda: browser.execute_script(named))
    server.end()


def served(folder: Path) -> Shown:
    """The meeting, with a silent recording."""
    soundfile.write(folder / "meeting.wav", np.zeros(int(LENGTH * 8000), np.float32), 8000)
    segments = tuple(segment(number) for number in range(len(LINES)))
    turns = [Turn(one.start, one.end + 0.4, str(one.speaker)) for one in segments]
    turns.append(Turn(8.2, 9.6, "Ana"))
    found = Diarization(tuple(sorted(turns, key=lambda turn: turn.start)), tuple(turns[:-1]), LENGTH)
    recording = Recording("meeting.wav", "", LENGTH)
    document = Document(Transcript(segments, "en", LENGTH), found, "meeting", recording)
    path = folder / "meeting.json"
    path.write_text(str(registry.dumps(document, "json")), encoding="utf-8")
    editor = Editor(path)
    return Shown(editor, sound_of(editor, None))


def segment(number: int) -> Segment:
    """One of the lines."""
    who, start, line = LINES[number]
    texts = line.split()
    other = "Ana" if who == "Ben" else "Ben"
    words = []
    for index, text in enumerate(texts):
        sure = DOUBTS.get((number, index), 0.97)
        why = Attribution("overlap", sure, (SpeakerShare(other, round(0.9 - sure, 2)),) if sure < 0.9 else ())
        at = start + 0.27 * index
        words.append(Word(at, at + 0.24, f" {text}", 0.9, speaker=who, attribution=why))
    return Segment(start, words[-1].end or start, f" {line}", tuple(words), who)


def started() -> Any:
    """A headless Chromium, Debian's."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("headless", "no-sandbox", "disable-dev-shm-usage", "hide-scrollbars", "force-device-scale-factor=1"):
        options.add_argument(f"--{flag}")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def reviewing(browser: Any) -> None:
    """The worst of the doubtful places, with its reason."""
    keys(browser, "r")
    press(browser, ".place .where", "")
    browser.execute_script("document.getElementById('toasts').replaceChildren()")


def picture(browser: Any, name: str, width: int, height: int, act: Any) -> None:
    """What the page shows once `act` is done, in a window of that size."""
    emulated = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", emulated)
    act()
    image = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    few = image.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
