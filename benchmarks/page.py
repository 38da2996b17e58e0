"""How fast the page of a long meeting opens, scrolls and plays, in a real browser without a screen.

    python -m benchmarks.page [--hours 3] [--words 30000] [--speakers 12]

makes a meeting, writes its page (or serves it, as `transcribe open` does), and
prints when its text was painted first, when it was ready for the first key, and
the longest tasks while it opened, was scrolled from end to end, played, and took
an edit. Needs selenium and Debian's chromium and chromium-driver.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from benchmarks.machine import describe
from diarfuse.exporters import registry
from diarfuse.exporters.style import Audio, Style
from diarfuse.fusion.document import Document, Recording
from diarfuse.fusion.types import Attribution, Diarization, Segment, SpeakerShare, Transcript, Turn, Word
from diarfuse.transcribe.documents.opening.editor import Editor
from diarfuse.transcribe.documents.opening.server import PageServer
from diarfuse.transcribe.documents.opening.shown import Shown, sound_of

if TYPE_CHECKING:
    from collections.abc import Iterator

VOCABULARY = ("the", "and", "of", "to", "we", "that", "it", "is", "this", "because", "meeting", "figure", "committee")
DOUBTFUL = 0.05
"""The part of the words that is doubtful."""
RATE = 8000

WATCH = """window.tasks = [];
new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((task) => task.duration)))
  .observe({type: "longtask", buffered: true});"""
OPENED = """const paint = performance.getEntriesByName("first-contentful-paint")[0];
const ready = performance.getEntriesByName("ready")[0];
return [paint ? paint.startTime : null, ready.startTime, document.querySelectorAll("main .w").length];"""
SCROLL = """const done = arguments[0], main = document.getElementById("transcript");
const frames = []; let before = performance.now(); let step = 0;
requestAnimationFrame(function next(now) {
  frames.push(now - before); before = now; step += 1;
  main.scrollTop = main.scrollHeight * step / 200;
  if (step < 200) requestAnimationFrame(next); else done(frames.slice(2));
});"""
PLAY = """const done = arguments[0], sound = document.getElementById("sound");
sound.currentTime = 3600; document.getElementById("play").click();
setTimeout(() => { document.getElementById("play").click(); done(null); }, 5000);"""
EDIT = """const done = arguments[0], field = document.querySelector("#people .name"), begun = performance.now();
field.value = "Somebody Else"; field.dispatchEvent(new Event("change", {bubbles: true}));
(function look() {
  if (document.querySelector(".turn .name").textContent === "Somebody Else") done(performance.now() - begun);
  else setTimeout(look, 5);
})();"""


def main() -> None:
    """Print a table, one row a life of the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--words", type=int, default=30_000)
    parser.add_argument("--speakers", type=int, default=12)
    options = parser.parse_args()
    print(f"{describe()}\n")
    print("| page | MB | first paint | ready | opening | scrolling | slowest frame | playing | edit |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, browser() as driver:
        document = meeting(options.hours * 3600, options.words, options.speakers)
        soundfile.write(f"{folder}/meeting.wav", np.zeros(int(options.hours * 3600 * RATE), np.float32), RATE)
        for life, (address, size) in pages(Path(folder), document):
            print(f"| {life} | {size / 1e6:.1f} | {' | '.join(measured(driver, address, options.words))} |", flush=True)


def meeting(seconds: float, count: int, speakers: int) -> Document:
    """A meeting in which everybody speaks in turns of two to forty words, some of them doubtful."""
    rng = random.Random(1)
    names = [f"SPEAKER_{index:02d}" for index in range(speakers)]
    segments: list[Segment] = []
    step, said = seconds / count, 0
    while said < count:
        who, other = rng.sample(names, 2)
        length = min(rng.randint(2, 40), count - said)
        words = tuple(_word((said + i) * step, step, rng, who, other) for i in range(length))
        text = "".join(word.text for word in words)
        segments.append(Segment(said * step, (said + length) * step, text, words, who))
        said += length
    turns = tuple(Turn(segment.start, segment.end, str(segment.speaker)) for segment in segments)
    found = Diarization(turns, turns, seconds)
    return Document(Transcript(tuple(segments), "en", seconds), found, "meeting", Recording("meeting.wav", "", seconds))


def _word(start: float, step: float, rng: random.Random, who: str, other: str) -> Word:
    sure = 0.5 if rng.random() < DOUBTFUL else 0.97
    why = Attribution("overlap", sure, (SpeakerShare(other, 1 - sure),))
    return Word(start, start + 0.9 * step, f" {rng.choice(VOCABULARY)}", 0.9, speaker=who, attribution=why)


def pages(folder: Path, document: Document) -> Iterator[tuple[str, tuple[str, int]]]:
    """The page as a file, then as it is served: its address, and its bytes."""
    page = folder / "meeting.html"
    page.write_text(str(registry.dumps(document, "html", Style(audio=Audio("meeting.wav")))), encoding="utf-8")
    yield "file", (page.as_uri(), page.stat().st_size)
    saved = folder / "meeting.json"
    saved.write_text(str(registry.dumps(document, "json")), encoding="utf-8")
    editor = Editor(saved)
    server = PageServer(Shown(editor, sound_of(editor, None)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "`transcribe open`", (server.address, page.stat().st_size)
    server.shown.ending.set()
    server.shutdown()
    server.server_close()


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium, Debian's: selenium looks for none, which would ask the network."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for flag in ("headless", "no-sandbox", "disable-dev-shm-usage", "mute-audio", "window-size=1280,860"):
        options.add_argument(f"--{flag}")
    options.add_argument("--autoplay-policy=no-user-gesture-required")
    options.binary_location = shutil.which("chromium")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(120)
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    try:
        yield driver
    finally:
        driver.quit()


def measured(driver: Any, address: str, words: int) -> list[str]:
    """First paint, readiness, and the longest task of each thing that is done, in milliseconds."""
    driver.get(address)
    while driver.execute_script("return document.documentElement.dataset.ready") != "yes":
        time.sleep(0.05)
    paint, ready, shown = driver.execute_script(OPENED)
    if shown != words:
        raise SystemExit(f"{shown} words are shown, not {words}.")
    opening = _longest(driver)
    frames = driver.execute_async_script(SCROLL)
    scrolling = _longest(driver)
    driver.execute_async_script(PLAY)
    playing = _longest(driver)
    edit = driver.execute_async_script(EDIT)
    return [f"{value:.0f} ms" for value in (paint or ready, ready, opening, scrolling, max(frames), playing, edit)]


def _longest(driver: Any) -> float:
    """The longest task since the last look; 0 where all were below 50 ms."""
    time.sleep(0.5)
    found = driver.execute_script("const seen = window.tasks; window.tasks = []; return seen")
    return float(max(found, default=0.0))


if __name__ == "__main__":
    main()
