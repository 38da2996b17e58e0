"""How often enrolment hears two people who talk at once, and how often it hears two in one.

    python -m benchmarks.two_at_once --shared ../shared

Every voice of `audio/voices` with enough speech is heard alone and under the
next one, equally loud, 6 and 12 dB below; as recorded, and through a simulated
room with noise. Two people make a recording that is refused where they overlap
in `OVERLAPPED` of the speech or more, or where its halves differ. The threshold
was set on the first half of the speakers. Real recordings are only heard alone:
what each person says there while nobody else does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from diarfuse.diarize.models.store import Store
from diarfuse.diarize.voice_quality import OVERLAPPED, likeness_of_groups, measure, piece_seconds
from diarfuse.diarize.voiceprint import VoiceEmbedder, gather, solo_spans
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.formats.rttm import read_rttm
from diarfuse.fusion.types import SAMPLE_RATE, Samples
from diarfuse.transcribe.voices.calibration import CALIBRATIONS

from .voices import read_speech, through_room

LEVELS = (0, -6, -12)
"""Of the second voice against the first, in dB."""
SECONDS = (10, 20)


def mixed(one: Samples, other: Samples, level: float) -> Samples:
    """Two voices at once, the other `level` dB louder than the one; halved, so that nothing clips."""
    gain = np.std(one) / max(float(np.std(other)), 1e-6) * 10 ** (level / 20)
    both: Samples = ((one + other[: len(one)] * np.float32(gain)) / 2).astype(np.float32)
    return both


def judge(embedder: VoiceEmbedder, samples: Samples) -> tuple[float, bool]:
    """The share of overlapped speech, and whether enrolment refuses the recording as more than one voice."""
    quality = measure(samples)
    share = embedder.overlapped(samples)
    pieces = embedder.embed_pieces(samples, quality.spans, piece_seconds(quality.speech))
    unlike = likeness_of_groups(pieces) < CALIBRATIONS[embedder.space].threshold
    return share, share >= OVERLAPPED or unlike


def row(name: str, judged: Sequence[tuple[float, bool]]) -> str:
    """One line of the table."""
    shares = np.array([share for share, _ in judged])
    by_overlap, refused = float((shares >= OVERLAPPED).mean()), float(np.mean([one for _, one in judged]))
    numbers = f"{shares.min():.2f} | {np.median(shares):.2f} | {shares.max():.2f}"
    return f"| {name} | {len(judged)} | {numbers} | {100 * by_overlap:.0f} % | {100 * refused:.0f} % |"


def simulated(embedder: VoiceEmbedder, speech: Mapping[str, Samples]) -> Iterator[str]:
    """Lines for each half of the speakers."""
    rng = np.random.default_rng(0)
    for fold, names in (("set", sorted(speech)[::2]), ("test", sorted(speech)[1::2])):
        for seconds in SECONDS:
            length = seconds * SAMPLE_RATE
            fit = [speech[name][:length] for name in names if len(speech[name]) >= length]
            for room in (False, True):

                def heard(samples: Samples, room: bool = room) -> Samples:
                    return through_room(samples, rng) if room else samples

                what = f"{fold}, {seconds} s, {'room' if room else 'clean'}"
                yield row(f"{what}: one voice", [judge(embedder, heard(one)) for one in fit])
                for level in LEVELS:
                    pairs = [mixed(one, fit[(i + 1) % len(fit)], level) for i, one in enumerate(fit)]
                    yield row(f"{what}: two, {level} dB", [judge(embedder, heard(both)) for both in pairs])


def real(embedder: VoiceEmbedder, folder: Path) -> Iterator[str]:
    """One line: everybody with 10 s alone in a real recording."""
    judged = []
    for rttm in sorted(folder.glob("*.rttm")):
        audio = next(path for path in sorted(folder.glob(f"{rttm.stem}.*")) if path.suffix in {".wav", ".flac"})
        samples = load_audio(audio)
        for spans in solo_spans(read_rttm(rttm)).values():
            alone = gather(samples, spans)
            if len(alone) >= 10 * SAMPLE_RATE:
                judged.append(judge(embedder, alone))
    yield row("real, 10 s and more alone", judged)


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--pack", default="campplus")
    options = parser.parse_args()
    embedder = VoiceEmbedder(Store().load(options.pack))
    print("| speakers, speech | recordings | least overlap | median | most | refused by overlap | refused |")
    print("|---|---|---|---|---|---|---|")
    for line in simulated(embedder, read_speech(options.shared / "audio" / "voices")):
        print(line, flush=True)
    for line in real(embedder, options.shared / "audio" / "real"):
        print(line)


if __name__ == "__main__":
    main()
