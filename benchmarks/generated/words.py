"""Words for the clips that WORDS.tsv lacks, heard and aligned by the offline recogniser on the clean clip alone.

    python -m benchmarks.generated.words ../shared/audio/voices HEARD.tsv

Some of their texts are wrong; whose they are, and when, is what is used.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from benchmarks.generated.material import read_clips
from diarfuse.asr_adapters import registry
from diarfuse.asr_adapters.align import align
from diarfuse.fusion.audio import load_audio


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generated.words")
    parser.add_argument("voices", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    recogniser = registry.create("moonshine")
    with arguments.out.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["file", "word", "start", "end"])
        for clip in read_clips(arguments.voices):
            if clip.words:
                continue
            samples = load_audio(arguments.voices / clip.file)
            for word in align(recogniser.transcribe(samples), samples).words:
                if word.start is not None and word.end is not None:
                    table.writerow([clip.file, word.text.strip().lower(), f"{word.start:.2f}", f"{word.end:.2f}"])


if __name__ == "__main__":
    main()
