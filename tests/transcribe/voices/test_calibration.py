"""What likenesses mean is told of measured models only."""

from __future__ import annotations

import pytest

from diarfuse.fusion.errors import VoiceError
from diarfuse.transcribe.voices.calibration import calibration_of


def test_unknown_models_have_no_thresholds() -> None:
    with pytest.raises(VoiceError, match="never measured: use --voice-model campplus"):
        calibration_of("elsewhere-1", "community-1")
