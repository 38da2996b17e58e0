"""How much memory a live session takes while it grows: fake networks, real bookkeeping, faster than real time.

    python -m benchmarks.live_memory --hours 6 --pack campplus

prints what the process holds every ten minutes. The networks' answers are those
of a conversation that goes on and on, `PEOPLE` voices in turns; everything
after them (links, clusters, turns, events) is what runs for a user. The
audio is silence, and lies in the temporary file that it always lies in.
"""

from __future__ import annotations

import argparse
import gc
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diarfuse.diarize.live import LiveDiarizer
from diarfuse.diarize.live.history import LOCAL
from diarfuse.diarize.live.ledger import Ledger
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.windows import FRAME_STEP, FRAMES_PER_WINDOW
from diarfuse.fusion.types import SAMPLE_RATE, Seconds

if TYPE_CHECKING:
    from diarfuse.diarize.arrays import Bits, Float32
    from diarfuse.fusion.types import Samples

PEOPLE, DIMENSION = 5, 192
HOP: Seconds = 0.5
EVERY: Seconds = 600.0


class Conversation(Diarizer):
    """A pack whose networks are asked nothing: who speaks in each window is known."""

    def begin(self, seconds: Seconds, seed: int = 0) -> None:
        """Make up who speaks when, turns of 1 to 8 s with some overlap."""
        random = np.random.default_rng(seed)
        frames = round((seconds + 20) / FRAME_STEP)
        self.truth = np.zeros((PEOPLE, frames), bool)
        start = 0
        while start < frames:
            length = int(random.uniform(1, 8) / FRAME_STEP)
            self.truth[random.integers(PEOPLE), start : start + length] = True
            start += length + int(random.uniform(-0.5, 1.0) / FRAME_STEP)
        self.voices = random.standard_normal((PEOPLE, DIMENSION)).astype(np.float32)
        self.random, self.hops = random, round(1.5 / HOP)

    def hear(self, _window: Samples) -> Bits:
        """The next window's local speakers."""
        self.hops += 1
        first = max(round((self.hops * HOP - 10.0) / FRAME_STEP), 0)
        part = self.truth[:, first : first + FRAMES_PER_WINDOW]
        self.local = [int(who) for who in np.flatnonzero(part.any(axis=1))][:LOCAL]
        heard = np.zeros((FRAMES_PER_WINDOW, LOCAL), np.uint8)
        for place, who in enumerate(self.local):
            heard[: part.shape[1], place] = part[who]
        return heard

    def embed(self, _window: Samples, _segmentation: Bits) -> Float32:
        """Their voices, with noise."""
        vectors = np.full((LOCAL, DIMENSION), np.nan, np.float32)
        for place, who in enumerate(self.local):
            vectors[place] = self.voices[who] + 0.4 * self.random.standard_normal(DIMENSION).astype(np.float32)
        return vectors


def main() -> None:
    """Feed, and print a line every so many minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_memory", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hours", type=float, default=6.0)
    parser.add_argument("--pack", default="campplus")
    arguments = parser.parse_args()
    diarizer: Any = Conversation(Diarizer.from_pretrained(arguments.pack).models)
    diarizer.begin(arguments.hours * 3600)
    live, ledger = LiveDiarizer(diarizer), Ledger()
    block, began = np.zeros(round(HOP * SAMPLE_RATE), np.float32), time.process_time()
    for hop in range(1, round(arguments.hours * 3600 / HOP) + 1):
        ledger.apply(live.feed(block))
        if hop * HOP % EVERY == 0:
            gc.collect()
            print(f"{hop * HOP / 60:5.0f} min  {_resident():7.1f} MB  {time.process_time() - began:6.0f} s", flush=True)


def _resident() -> float:
    """Megabytes that are in memory, of no file."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
