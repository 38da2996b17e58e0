"""What a score means, for each embedding network: measured, and never carried from one to another.

The numbers come from ``python -m benchmarks.voices verify`` (52 speakers, half
to fit and half to test; as recorded and through simulated rooms with noise) and
stand with their tables in benchmarks/RESULTS.md.

How far to trust them: the three numbers of a `Line` were fitted on one half
only, but that there are three was decided after a look at the other: a line
blind to the amount of speech told 0.99 there, at 10 s, where 0.76 was true. The
rule for the threshold was tightened after a first one (0.1 % false accepts on the fitting
half, which gave 0.42) let 3 % of strangers pass on the other half, and the gate
was set with all 52 in view; so the rates are not those of unseen speakers.
Enrolment and probe mostly come from one session.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...fusion.errors import VoiceError
from ...fusion.naming.match import Gate
from ...fusion.types import Seconds


@dataclass(frozen=True, slots=True)
class Line:
    """Log-odds of "one voice", from even odds: slope * cosine + intercept + longer * ln(speech / 5 s).

    Two recordings of one voice score higher the longer they are, of two voices
    hardly: the same score in between speaks less for one voice in longer speech.
    """

    slope: float
    intercept: float
    longer: float

    def at(self, speech: Seconds) -> tuple[float, float]:
        """Slope and intercept for so much speech; below 3 s and beyond 10 s nothing was measured, and these hold.

        >>> Line(40.0, -15.0, -3.0).at(5.0)
        (40.0, -15.0)
        """
        return self.slope, self.intercept + self.longer * math.log(min(max(speech, 3.0), 10.0) / 5)


@dataclass(frozen=True, slots=True)
class Calibration:
    """One network's measured scale.

    dimension: numbers in one of the network's embeddings.
    threshold: cosine from which two recordings count as one voice.
    line: from cosine and speech to the odds of "one voice".
    false_accept, false_reject: at `threshold`, on the test speakers, by the
        seconds of speech in the shorter recording.
    min_speech: below this many seconds no decision is given.
    gate: when a cluster of a meeting takes an enrolled name.
    """

    dimension: int
    threshold: float
    line: Line
    false_accept: Mapping[int, float]
    false_reject: Mapping[int, float]
    min_speech: Seconds
    gate: Gate

    def probability(self, score: float, speech: Seconds) -> float:
        """Probability in [0, 1] of one voice, from even odds; `speech` is that in the shorter recording."""
        slope, intercept = self.line.at(speech)
        return 1 / (1 + math.exp(-(slope * score + intercept)))

    def errors(self, speech: Seconds) -> tuple[float, float]:
        """False-accept and false-reject rates for the longest measured duration that is not above `speech`."""
        fit = [seconds for seconds in self.false_accept if seconds <= speech]
        seconds = max(fit, default=min(self.false_accept))
        return self.false_accept[seconds], self.false_reject[seconds]


CALIBRATIONS: Mapping[str, Calibration] = {
    "92f29b94e6948786-fbank80-1": Calibration(
        dimension=192,
        threshold=0.50,
        line=Line(slope=46.59, intercept=-19.38, longer=-3.22),
        false_accept={3: 0.0002, 5: 0.0003, 10: 0.0024},
        false_reject={3: 0.086, 5: 0.017, 10: 0.0},
        min_speech=3.0,
        gate=Gate(threshold=0.55, margin=0.1, min_speech=5.0, same=0.6),
    ),
}


def calibration_of(space: str, pack: str) -> Calibration:
    """The measured scale of a space.

    Raises:
        VoiceError: this network's scores were never measured, so no decision would be honest.
    """
    found = CALIBRATIONS.get(space)
    if found is None:
        raise VoiceError(
            f"The scores of the model {pack!r} (space {space}) were never measured: use --voice-model campplus."
        )
    return found
