"""Two words in the shape of each vendor."""

from __future__ import annotations

import copy

W = [("Hi", 0.2, 0.8), ("there.", 1.2, 1.6)]


def ms(seconds: float) -> int:
    return round(seconds * 1000)


def ticks(seconds: float) -> int:
    return round(seconds * 1e7)


WORDS = [{"word": t, "start": s, "end": e, "score": 0.9} for t, s, e in W]
SEGMENT = {"start": 0.1, "end": 1.7, "text": " Hi there.", "words": WORDS}
VENDORS = {
    "WhisperX": {"segments": [SEGMENT], "word_segments": copy.deepcopy(WORDS), "language": "en"},
    "openai-whisper": {"text": " Hi there.", "segments": [{**SEGMENT, "id": 0, "seek": 0}], "language": "en"},
    "segments": [{**SEGMENT, "id": 1, "avg_logprob": -0.2}],
    "OpenAI verbose_json": {
        "task": "transcribe",
        "duration": 1.7,
        "language": "english",
        "text": "Hi there.",
        "segments": [{"id": 0, "start": 0.1, "end": 1.7, "text": " Hi there."}],
        "words": [{"word": t.strip("."), "start": s, "end": e} for t, s, e in W],
    },
    "whisper.cpp": {
        "result": {"language": "en"},
        "transcription": [
            {
                "offsets": {"from": 100, "to": 1700},
                "text": " Hi there.",
                "tokens": [
                    {"text": "[_BEG_]", "offsets": {"from": 0, "to": 0}, "id": 50364, "p": 0.9},
                    {"text": " Hi", "offsets": {"from": 200, "to": 800}, "id": 1, "p": 0.9},
                    {"text": " there", "offsets": {"from": 1200, "to": 1500}, "id": 2, "p": 0.9},
                    {"text": ".", "offsets": {"from": 1500, "to": 1600}, "id": 3, "p": 0.9},
                ],
            }
        ],
    },
    "Deepgram": {
        "metadata": {"duration": 1.7},
        "results": {
            "channels": [
                {
                    "alternatives": [
                        {
                            "transcript": "Hi there.",
                            "words": [
                                {
                                    "word": t.strip(".").lower(),
                                    "punctuated_word": t,
                                    "start": s,
                                    "end": e,
                                    "confidence": 1,
                                }
                                for t, s, e in W
                            ],
                        }
                    ]
                }
            ]
        },
    },
    "AssemblyAI": {
        "id": "x",
        "status": "completed",
        "audio_duration": 2,
        "text": "Hi there.",
        "words": [{"text": t, "start": ms(s), "end": ms(e), "confidence": 0.9, "speaker": None} for t, s, e in W],
    },
    "Google": {
        "results": [
            {
                "alternatives": [
                    {
                        "transcript": "Hi there.",
                        "words": [{"word": t, "startTime": f"{s}00s", "endTime": f"{e}00s"} for t, s, e in W],
                    }
                ],
                "languageCode": "en-us",
            }
        ]
    },
    "AWS Transcribe": {
        "jobName": "j",
        "results": {
            "transcripts": [{"transcript": "Hi there."}],
            "items": [
                *(
                    {
                        "type": "pronunciation",
                        "start_time": str(s),
                        "end_time": str(e),
                        "alternatives": [{"confidence": "0.99", "content": t.strip(".")}],
                    }
                    for t, s, e in W
                ),
                {"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": "."}]},
            ],
        },
    },
    "Azure": {
        "recognizedPhrases": [
            {
                "offsetInTicks": ticks(0.1),
                "durationInTicks": ticks(1.6),
                "locale": "en-US",
                "nBest": [
                    {
                        "display": "Hi there.",
                        "words": [
                            {"word": t, "offsetInTicks": ticks(s), "durationInTicks": ticks(e - s), "confidence": 0.9}
                            for t, s, e in W
                        ],
                    }
                ],
            }
        ]
    },
    "NeMo": {"text": "Hi there.", "timestamp": {"word": [{"word": t, "start": s, "end": e} for t, s, e in W]}},
    "Hugging Face chunks": {"text": " Hi there.", "chunks": [{"text": f" {t}", "timestamp": [s, e]} for t, s, e in W]},
    "Speechmatics": {
        "format": "2.9",
        "job": {"duration": 2},
        "metadata": {"transcription_config": {"language": "en"}, "language_pack_info": {"word_delimiter": " "}},
        "results": [
            *(
                {
                    "type": "word",
                    "start_time": s,
                    "end_time": e,
                    "alternatives": [{"content": t.strip("."), "confidence": 1.0, "language": "en", "speaker": "S1"}],
                }
                for t, s, e in W
            ),
            {
                "type": "punctuation",
                "attaches_to": "previous",
                "is_eos": True,
                "start_time": 1.6,
                "end_time": 1.6,
                "alternatives": [{"content": ".", "confidence": 1.0, "speaker": "S1"}],
            },
        ],
    },
    "Gladia": {
        "id": "x",
        "status": "done",
        "result": {
            "metadata": {"audio_duration": 1.7},
            "transcription": {"full_transcript": "Hi there.", "languages": ["en"], "utterances": [SEGMENT]},
        },
    },
    "Rev AI": {
        "monologues": [
            {
                "speaker": 0,
                "elements": [
                    {"type": "text", "value": "Hi", "ts": 0.2, "end_ts": 0.8, "confidence": 0.9},
                    {"type": "punct", "value": " "},
                    {"type": "text", "value": "there", "ts": 1.2, "end_ts": 1.6, "confidence": 0.9},
                    {"type": "punct", "value": "."},
                ],
            }
        ]
    },
    "ElevenLabs": {
        "language_code": "eng",
        "text": "Hi there.",
        "words": [
            {"text": "Hi", "start": 0.2, "end": 0.8, "type": "word", "speaker_id": "speaker_0"},
            {"text": " ", "start": 0.8, "end": 1.2, "type": "spacing", "speaker_id": "speaker_0"},
            {"text": "there.", "start": 1.2, "end": 1.6, "type": "word", "speaker_id": "speaker_0"},
        ],
    },
    "Soniox": {
        "id": "x",
        "text": "Hi there.",
        "tokens": [
            {"text": "Hi", "start_ms": 200, "end_ms": 800, "confidence": 0.9, "language": "en"},
            {"text": " the", "start_ms": 1200, "end_ms": 1400, "confidence": 0.9, "language": "en"},
            {"text": "re.", "start_ms": 1400, "end_ms": 1600, "confidence": 0.9, "language": "en"},
            {"text": "Hallo.", "translation_status": "translation", "language": "de"},
        ],
    },
    "IBM Watson": {
        "result_index": 0,
        "results": [
            {
                "final": True,
                "alternatives": [{"transcript": "Hi there. ", "timestamps": [[t, s, e] for t, s, e in W]}],
            }
        ],
        "speaker_labels": [{"from": s, "to": e, "speaker": 0, "confidence": 0.5, "final": True} for _, s, e in W],
    },
    "Vosk": [
        {"text": ""},
        {"result": [{"conf": 1.0, "word": t, "start": s, "end": e} for t, s, e in W], "text": "Hi there."},
    ],
    "parakeet-mlx": {
        "text": "Hi there.",
        "sentences": [
            {
                "text": " Hi there.",
                "start": 0.2,
                "end": 1.6,
                "duration": 1.4,
                "tokens": [
                    {"text": " Hi", "start": 0.2, "end": 0.8, "duration": 0.6},
                    {"text": " the", "start": 1.2, "end": 1.4, "duration": 0.2},
                    {"text": "re.", "start": 1.4, "end": 1.6, "duration": 0.2},
                ],
            }
        ],
    },
    "plain list": [{"text": t, "start": s, "end": e} for t, s, e in W],
}
