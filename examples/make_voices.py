"""Cut `diarize/models/voices.ogg` out of `meeting.wav`: three voices, three times three seconds each.

    python examples/make_voices.py

What `transcribe models add` hears a new network tell apart: clips of one voice
follow each other, voice by voice. None holds anybody else.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

HERE = Path(__file__).parent
RATE, SECONDS, CLIPS = 16_000, 3, 3


def main() -> None:
    """Write the file."""
    samples, _ = sf.read(HERE / "meeting.wav", dtype="float32")
    lines = (HERE / "meeting.rttm").read_text(encoding="ascii").splitlines()
    turns = [(line.split()[7], *map(float, line.split()[3:5])) for line in lines]
    clips: dict[str, list[np.ndarray]] = {}
    for speaker, start, duration in turns:
        alone = all(start >= s + d or s >= start + duration for other, s, d in turns if other != speaker)
        if alone and duration > SECONDS + 0.2:
            first = round((start + 0.1) * RATE)
            clips.setdefault(speaker, []).append(samples[first : first + SECONDS * RATE])
    chosen = [clip for speaker in sorted(clips) for clip in clips[speaker][:CLIPS]]
    sf.write(HERE.parent / "diarize/models/voices.ogg", np.concatenate(chosen), RATE, format="OGG", subtype="VORBIS")


if __name__ == "__main__":
    main()
