"""Options as other programs call them, each answered with what does the same here."""

from __future__ import annotations

from collections.abc import Collection

_NOTHING_GATED = "no model here asks for a token: leave it out"
_FOLDER = "a folder is given as --output FOLDER/"
_WHISPER = "what faster-whisper itself can do is given as --asr-option"
ELSEWHERE = {
    "hf-token": ("", _NOTHING_GATED),
    "use-auth-token": ("", _NOTHING_GATED),
    "output-dir": ("--output", _FOLDER),
    "output-format": ("--output", "the ending of --output names the format, as in --output meeting.srt"),
    "speakers": ("--num-speakers", "how many people there are is given as --num-speakers"),
    "diarize-model": ("--diarizer", "the model is given as --diarizer"),
    "align-model": ("--asr-option", "words are aligned by themselves: leave it out"),
    "no-align": ("--asr-option", "words are aligned only where the recogniser gives them no times: leave it out"),
    "word-timestamps": ("--asr-option", "words have their times anyway: leave it out"),
    "task": ("--asr-option", f"{_WHISPER} task=translate"),
    "translate": ("--asr-option", f"{_WHISPER} task=translate"),
    "beam-size": ("--asr-option", f"{_WHISPER} beam_size=5"),
    "initial-prompt": ("--asr-option", f'{_WHISPER} initial_prompt="..."'),
}
"""Of WhisperX, openai-whisper, pyannote.audio and their kin, with dashes: the option here that a command must have for
the answer to be of use, and the answer."""


def answer(option: str, known: Collection[str]) -> str | None:
    """What to say of an option that a command has not; None where it is nobody's.

    Args:
        option: as typed, with its dashes.
        known: the command's own options.

    >>> answer("--min_speakers", ["--min-speakers"])
    "No such option '--min_speakers': it is --min-speakers here."
    """
    name = option.lstrip("-").lower().replace("_", "-")
    if f"--{name}" in known:
        return f"No such option {option!r}: it is --{name} here."
    needs, told = ELSEWHERE.get(name, ("", ""))
    return f"No such option {option!r}: {told}." if told and (not needs or needs in known) else None
