"""One small transcript in the shape of each recogniser that is read: what fuzzing starts from."""

from __future__ import annotations

from typing import Any

SPOKEN = [("Hello", 0.2, 0.6), ("there,", 0.7, 1.0), ("Ana.", 1.1, 1.6), ("Good", 2.2, 2.5), ("morning!", 2.6, 3.3)]
TEXT = " ".join(text for text, _, _ in SPOKEN)


def _words(text: str = "word", start: str = "start", end: str = "end", unit: float = 1, **more: Any) -> list[Any]:
    scaled = [(word, *(round(time * unit) if unit > 1 else time for time in times)) for word, *times in SPOKEN]
    return [{text: word, start: begin, end: stop, **more} for word, begin, stop in scaled]


def _tokens(text: str, start: str, end: str, unit: float = 1) -> list[Any]:
    """Parts of words, a space at the front of the first."""
    found = []
    for word, begin, stop in SPOKEN:
        middle = (begin + stop) / 2
        found += [
            {text: f" {word[:2]}", start: begin * unit, end: middle * unit},
            {text: word[2:], start: middle * unit, end: stop * unit},
        ]
    return found


def _ticks() -> list[Any]:
    return [
        {"word": word, "offsetInTicks": begin * 1e7, "durationInTicks": (stop - begin) * 1e7}
        for word, begin, stop in SPOKEN
    ]


_SEGMENTS = [
    {"id": 0, "start": 0.2, "end": 1.6, "text": " Hello there, Ana.", "words": _words()[:3]},
    {"id": 1, "start": 2.2, "end": 3.3, "text": " Good morning!", "words": _words()[3:], "speaker": "SPEAKER_01"},
]
_LINES = [{key: value for key, value in segment.items() if key != "words"} for segment in _SEGMENTS]

JSON: dict[str, Any] = {
    "whisper": {"text": TEXT, "segments": _SEGMENTS, "language": "en"},
    "whisperx": {"segments": _SEGMENTS, "word_segments": _words(score=0.9, speaker="SPEAKER_00"), "language": "en"},
    "openai": {"task": "transcribe", "duration": 4.0, "language": "english", "text": TEXT, "words": _words()},
    "openai lines": {"duration": 4.0, "text": TEXT, "segments": _LINES},
    "hugging face": {"text": TEXT, "chunks": [{"text": w, "timestamp": [s, e]} for w, s, e in SPOKEN]},
    "nemo": {"text": TEXT, "timestamp": {"word": _words()}},
    "deepgram": {
        "metadata": {"duration": 4.0},
        "results": {
            "channels": [{"alternatives": [{"transcript": TEXT, "words": _words(confidence=0.9, speaker=0)}]}],
            "utterances": [{"start": 0.2, "end": 1.6, "transcript": "Hello there, Ana.", "words": _words()[:3]}],
        },
    },
    "assemblyai": {
        "audio_duration": 4,
        "text": TEXT,
        "words": _words("text", unit=1000),
        "utterances": [{"start": 200, "end": 3300, "speaker": "A", "words": _words("text", unit=1000)}],
    },
    "aws": {
        "results": {
            "transcripts": [{"transcript": TEXT}],
            "items": [
                {
                    "type": "pronunciation",
                    "start_time": str(start),
                    "end_time": str(end),
                    "channel_label": f"ch_{i % 2}",
                    "alternatives": [{"content": word, "confidence": "0.9"}],
                }
                for i, (word, start, end) in enumerate(SPOKEN)
            ],
        }
    },
    "azure": {"recognizedPhrases": [
        {"channel": 0, "offsetInTicks": 2e6, "durationInTicks": 3.1e7, "nBest": [{"display": TEXT, "words": _ticks()}]}
    ]},
    "azure fast": {"phrases": [{"offsetMilliseconds": 200, "durationMilliseconds": 3100, "text": TEXT, "words": [
        {"text": w, "offsetMilliseconds": s * 1000, "durationMilliseconds": (e - s) * 1000} for w, s, e in SPOKEN
    ]}]},
    "google": {"results": [{"alternatives": [{"transcript": TEXT, "words": [
        {"word": w, "startTime": f"{s}s", "endTime": f"{e}s"} for w, s, e in SPOKEN
    ]}]}]},
    "rev": {"monologues": [{"speaker": 0, "elements": [
        {"type": "text", "value": w, "ts": s, "end_ts": e, "confidence": 0.9} for w, s, e in SPOKEN
    ]}]},
    "speechmatics": {"job": {"duration": 4}, "results": [
        {"type": "word", "start_time": s, "end_time": e, "alternatives": [{"content": w, "speaker": "S1"}]}
        for w, s, e in SPOKEN
    ]},
    "elevenlabs": {"language_code": "en", "text": TEXT, "words": _words("text", type="word", speaker_id="speaker_0")},
    "soniox": {"text": TEXT, "tokens": _tokens("text", "start_ms", "end_ms", 1000)},
    "gladia": {"result": {"metadata": {"audio_duration": 4}, "transcription": {"languages": ["en"], "utterances": [
        {"start": 0.2, "end": 3.3, "text": TEXT, "words": _words()}
    ]}}},
    "watson": {"results": [{"alternatives": [{"transcript": TEXT, "timestamps": [list(word) for word in SPOKEN]}]}],
               "speaker_labels": [{"from": 0.2, "to": 0.6, "speaker": 0}]},
    "vosk": [{"result": _words(conf=0.9), "text": TEXT}, {"text": ""}],
    "whisper.cpp": {"result": {"language": "en"}, "transcription": [
        {"offsets": {"from": 200, "to": 3300}, "text": f" {TEXT}", "tokens": [
            {"text": token["text"], "offsets": {"from": token["from"], "to": token["to"]}, "p": 0.9}
            for token in _tokens("text", "from", "to", 1000)
        ]}
    ]},
    "parakeet": {"text": TEXT, "sentences": [
        {"text": TEXT, "start": 0.2, "end": 3.3, "tokens": _tokens("text", "start", "end")}
    ]},
    "words": _words(),
}  # fmt: skip

RTTM = "".join(
    f"SPEAKER talk 1 {start:.3f} {length:.3f} <NA> <NA> {speaker} <NA> <NA>\n"
    for start, length, speaker in ((0.1, 1.7, "Ana"), (1.9, 1.5, "Ben"), (1.5, 0.6, "Ana_L."))
)
CTM = ";; made up\n" + "".join(f"talk 1 {start} {end - start:.2f} {word} 0.9\n" for word, start, end in SPOKEN)
STM = ";; made up\n" + "".join(f"talk 1 Ana {start} {end} <o,f0,female> {word}\n" for word, start, end in SPOKEN)
SRT = "1\n00:00:00,200 --> 00:00:01,600\nAna: Hello there,\nAna.\n\n2\n00:00:02,200 --> 00:00:03,300\nGood morning!\n"
VTT = "WEBVTT\n\n00:00.200 --> 00:01.600\n<v Ana>Hello there, Ana.\n\n00:02.200 --> 00:03.300\n<v Ben>Good morning!\n"
TEXTS = {"rttm": RTTM, "ctm": CTM, "stm": STM, "srt": SRT, "vtt": VTT}
ANSWER = {
    "task": "transcribe",
    "language": "english",
    "duration": 4.0,
    "text": TEXT,
    "words": _words(speaker="SPEAKER_00"),
    "segments": [{**segment, "speaker": "SPEAKER_00"} for segment in _SEGMENTS],
    "turns": [{"start": 0.1, "end": 1.8, "speaker": "SPEAKER_00"}, {"start": 1.9, "end": 3.4, "speaker": "SPEAKER_01"}],
    "exclusive_turns": [{"start": 0.1, "end": 3.4, "speaker": "SPEAKER_00"}],
}
"""Of a server, `verbose_json` with turns."""
