"""Shapes that lie beside the known ones: what services say while they listen, other programs' exports, odd order."""

from __future__ import annotations

import json

import pytest

from diarfuse.fusion.attaching import attach, attach_same_shape
from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.files import check_unit, read_any
from tests.fusion.formats.said import TURNS, lines

SAID = [("Hi", 0.2, 0.8), ("there.", 1.2, 1.6), ("Bye", 2.5, 3.0)]
WORDS = [{"word": text, "start": start, "end": end} for text, start, end in SAID]
SPOKEN = [(text, start, end, "Ann" if end < 2 else "Bob") for text, start, end in SAID]


def words_of(data: object) -> list[tuple[str, float | None, float | None, str | None]]:
    return [(word.text.strip(), word.start, word.end, word.speaker) for word in attach(data, TURNS).words]


def deepgram(*, final: bool, count: int) -> dict[str, object]:
    best = {"transcript": " ".join(text for text, *_ in SAID[:count]), "words": WORDS[:count]}
    return {"type": "Results", "channel_index": [0, 1], "is_final": final, "channel": {"alternatives": [best]}}


def speechmatics(message: str, count: int) -> dict[str, object]:
    results = [
        {"type": "word", "start_time": start, "end_time": end, "alternatives": [{"content": text}]}
        for text, start, end in SAID[:count]
    ]
    return {"message": message, "results": results, "metadata": {"transcript": ""}}


def google(count: int, **more: object) -> dict[str, object]:
    said = [{"word": text, "startTime": f"{start}s", "endTime": f"{end}s"} for text, start, end in SAID[:count]]
    best = {"transcript": " ".join(text for text, *_ in SAID[:count]), "words": said}
    return {"results": [{"alternatives": [best], **more}]}


def watson(count: int, *, final: bool) -> dict[str, object]:
    best = {"transcript": "", "timestamps": [list(word) for word in SAID[:count]]}
    return {"results": [{"final": final, "alternatives": [best]}]}


def soniox(count: int, final: int) -> dict[str, object]:
    """So many tokens, of which the first are final; these are said once."""
    said = [
        {"text": f" {text}", "start_ms": round(1000 * start), "end_ms": round(1000 * end), "is_final": number < final}
        for number, (text, start, end) in enumerate(SAID[:count])
    ]
    return {"tokens": said[0 if final < 3 else 1 :], "text": ""}


def assemblyai(order: int, said: list[tuple[str, float, float]], *, over: bool, marked: bool) -> dict[str, object]:
    words = [
        {"text": text if marked else text.strip(".").lower(), "start": round(1000 * start), "end": round(1000 * end)}
        for text, start, end in said
    ]
    whole = " ".join(str(word["text"]) for word in words)
    told = {"type": "Turn", "turn_order": order, "end_of_turn": over, "turn_is_formatted": marked}
    return {**told, "transcript": whole, "words": words}


STREAMS = {
    "AssemblyAI": [
        {"type": "Begin", "id": "a", "expires_at": 1},
        assemblyai(0, SAID[:1], over=False, marked=False),
        assemblyai(0, SAID[:2], over=True, marked=False),
        assemblyai(0, SAID[:2], over=True, marked=True),
        assemblyai(1, SAID[2:], over=False, marked=False),
        assemblyai(1, SAID[2:], over=True, marked=True),
        {"type": "Termination", "audio_duration_seconds": 4},
    ],
    "Deepgram": [
        {"type": "Metadata", "request_id": "a"},
        deepgram(final=False, count=1),
        deepgram(final=True, count=3),
    ],
    "Speechmatics": [
        {"message": "RecognitionStarted", "id": "a"},
        speechmatics("AddPartialTranscript", 1),
        speechmatics("AddTranscript", 3),
        {"message": "EndOfTranscript"},
    ],
    "Google": [google(1, stability=0.9), google(2, isFinal=False), google(3, isFinal=True)],
    "Google, without words at first": [
        {"results": [{"alternatives": [{"transcript": "Hi"}], "stability": 0.1, "resultEndTime": "0.8s"}]},
        google(3, is_final=True),
    ],
    "Soniox": [soniox(1, 0), soniox(2, 1), soniox(3, 3)],
    "IBM Watson": [watson(1, final=False), watson(2, final=False), watson(3, final=True)],
}


@pytest.mark.parametrize("service", STREAMS)
def test_what_is_said_again_until_it_is_final_counts_once(tmp_path, service):
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(message) + "\n" for message in STREAMS[service]))
    assert words_of(tmp_path / "a.jsonl") == SPOKEN
    assert words_of(STREAMS[service]) == SPOKEN


@pytest.mark.parametrize("gap", [0.0, 20.0])
def test_answers_of_several_recordings_are_refused_and_those_of_one_are_read(tmp_path, gap):
    def answer(channel: int, start: float) -> dict[str, object]:
        words = [{"word": f"w{n}", "start": start + n, "end": start + n + 0.5} for n in range(10)]
        return {"channel_index": [channel, 2], "channel": {"alternatives": [{"words": words}]}, "is_final": True}

    for several in ([answer(0, 0), answer(0, gap)], [answer(0, 0), answer(1, 0), answer(0, gap), answer(1, gap)]):
        (tmp_path / "a.jsonl").write_text("".join(json.dumps(one) + "\n" for one in several))
        for data in (tmp_path / "a.jsonl", several):
            if gap:
                assert sum(len(line.slots) for line in read_any(data).lines) == 10 * len(several)
                continue
            with pytest.raises(
                TranscriptError, match=r"answer [23] begins at 0 s, and those before it end at 9\.5 s: "
            ):
                read_any(data)


def test_googles_answers_to_whole_recordings_say_nothing_of_being_final():
    assert words_of(google(3)) == SPOKEN


@pytest.mark.parametrize(
    "data",
    [
        {"audio_filepath": "a.wav", "pred_text": "Hi there. Bye", "text": "Something else", "timestamps_word": WORDS},
        [{"text": "Hi there. Bye", "timestamp": {"word": WORDS}}],
        {"id": "x", "audio_duration": 4, "sentences": [
            {"text": "Hi there. Bye", "start": 200, "end": 3000, "words": [
                {"text": text, "start": round(1000 * start), "end": round(1000 * end)} for text, start, end in SAID
            ]},
        ]},
        [{"text": text, "timestamp": [start, end]} for text, start, end in SAID],
        {"LanguageCode": "en-US", "Transcript": [
            {"Content": "Hi there.", "BeginOffsetMillis": 200, "EndOffsetMillis": 1600, "Items": [
                {"Content": "Hi", "BeginOffsetMillis": 200, "EndOffsetMillis": 800, "Confidence": "0.9"},
                {"Content": "there", "BeginOffsetMillis": 1200, "EndOffsetMillis": 1600, "Type": "pronunciation"},
                {"Content": ".", "Type": "punctuation", "Confidence": "0.0"},
            ]},
            {"Content": "Bye", "BeginOffsetMillis": 2500, "EndOffsetMillis": 3000, "Items": [
                {"Content": "Bye", "BeginOffsetMillis": 2500, "EndOffsetMillis": 3000},
            ]},
        ]},
        [{"key": "a", "text": "<|en|>Hi there. Bye", "timestamp": [
            [round(1000 * start), round(1000 * end)] for _, start, end in SAID
        ]}],
        [{"word": text, "start": start, "duration": end - start} for text, start, end in SAID],
        [{"text": text, "startTime": start, "endTime": end} for text, start, end in SAID],
    ],
    ids=[
        "NeMo's script", "a list of one answer", "AssemblyAI's sentences", "chunks alone", "AWS Call Analytics",
        "FunASR", "durations", "startTime",
    ],
)  # fmt: skip
def test_siblings_of_known_shapes_read_alike(data):
    assert words_of(data) == SPOKEN


@pytest.mark.parametrize("unit", ["auto", "ms"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("1.2s", "1.6s"),
        ("1200ms", " 1600ms "),
        ("PT1.2S", "PT1.6S"),
        ("00:00:01.2", "0:01,600"),
        ("0:00:01.200", "0:1.6"),
    ],
)
def test_times_that_tell_their_unit_are_what_they_say(start, end, unit):
    (word,) = attach([{"word": "Hi", "start": start, "end": end}], TURNS, unit=unit).words
    assert (word.start, word.end) == (1.2, 1.6)


@pytest.mark.parametrize(
    "time", ["1:75", "1:2:3:4", "PT", "PTS", "P1D", "1.2m", "s", "ms", "1_0ms", "\u0661:\u0662", "1:-2"]
)
def test_what_is_no_time_is_refused_as_text(time):
    with pytest.raises(TranscriptError, match=r"words\[0\]\.start is .*: give a finite number of seconds"):
        attach([{"word": "Hi", "start": time, "end": 20}], TURNS)


def test_dote_tells_lines_by_the_clock():
    said = [
        {"speakerDesignation": "", "startTime": "00:00:00,200", "endTime": "00:00:01,600", "text": "Hi there."},
        {"speakerDesignation": "", "startTime": "00:00:02,500", "endTime": "00:00:03,000", "text": "Bye"},
    ]
    assert lines({"lines": said}) == [("Ann", "Hi there."), ("Bob", "Bye")]
    labelled = attach_same_shape({"lines": said}, TURNS)["lines"]
    assert [line["speakerDesignation"] for line in labelled] == ["Ann", "Bob"]


def test_lines_end_after_their_duration():
    said = [
        {"text": "Good morning all", "start": 0.5, "duration": 1.25},
        {"text": "How are you?", "start": 2.0, "duration": 1.5},
    ]
    assert [(line.start, line.end) for line in read_any(said).lines] == [(0.5, 1.75), (2.0, 3.5)]
    ended = read_any({"segments": [{"start": 0.5, "end": 1.0, "duration": "long", "text": "Good morning all"}]})
    assert [(line.start, line.end) for line in ended.lines] == [(0.5, 1.0)]


def test_funasr_has_a_pair_a_han_character_or_its_sentences_are_the_lines():
    sentences = [
        {"text": "你好。", "start": 200, "end": 1600, "spk": 0},
        {"text": "再见", "start": 2500, "end": 3000, "spk": 1},
    ]
    answer = {"key": "a", "text": "你好。再见", "timestamp": [[200, 800], [1200, 1600], [2500, 2700], [2700, 3000]]}
    assert [(w.text, w.start, w.speaker) for w in attach([answer], TURNS).words] == [
        ("你", 0.2, "Ann"), ("好。", 1.2, "Ann"), ("再", 2.5, "Bob"), ("见", 2.7, "Bob"),
    ]  # fmt: skip
    for pairs in (answer["timestamp"], answer["timestamp"][:3]):
        told = {**answer, "timestamp": pairs, "sentence_info": sentences}
        assert lines([told]) == [("Ann", "你好。"), ("Bob", "再见")]
        (labelled,) = attach_same_shape([told], TURNS)
        assert [sentence["spk"] for sentence in labelled["sentence_info"]] == ["Ann", "Bob"]
    with pytest.raises(TranscriptError, match=r"\[0\] has 4 words and 3 pairs of times: ask for sentence_timestamp"):
        attach([{**answer, "timestamp": answer["timestamp"][:3]}], TURNS)
    with pytest.raises(TranscriptError, match=r"\[0\]\.timestamp\[3\] is \[2700\]: it must be \[start, end\]"):
        attach([{**answer, "timestamp": [*answer["timestamp"][:3], [2700]]}], TURNS)
    with pytest.raises(TranscriptError, match="holds 2 recordings"):
        attach([answer, {**answer, "key": "b"}], TURNS)


def test_roles_of_call_analytics_are_channels():
    rows = [
        {"Content": text, "BeginOffsetMillis": start, "EndOffsetMillis": start + 500, "ParticipantRole": role}
        for text, start, role in (("One", 0, "AGENT"), ("Three", 2000, "AGENT"), ("Two", 1000, "CUSTOMER"))
    ]
    assert [line.text for line in read_any({"Transcript": rows}).lines] == ["One", "Two", "Three"]


def test_azures_silence_is_no_line_and_its_plain_results_are():
    silence = {"RecognitionStatus": "InitialSilenceTimeout", "Offset": 0, "Duration": 2_000_000}
    said = {"RecognitionStatus": "Success", "DisplayText": "Hi there.", "Offset": 2_000_000, "Duration": 14_000_000}
    for data in ([silence, said], said):
        assert [(line.text, line.start, line.end) for line in read_any(data).lines] == [
            ("Hi there.", 0.2, pytest.approx(1.6)),
        ]  # fmt: skip
    phrases = [
        {"recognitionStatus": "InitialSilenceTimeout", "offsetInTicks": 0, "durationInTicks": 4e7, "nBest": []},
        {"recognitionStatus": "Success", "offsetInTicks": 2e6, "durationInTicks": 1.4e7, "nBest": [{"display": "Hi."}]},
    ]
    assert [line.text for line in read_any({"recognizedPhrases": phrases}).lines] == ["Hi."]
    phrases[1] = {"offset": "PT0.5S", "duration": "PT1M0.5S", "nBest": [{"display": "Hi."}]}
    (line,) = read_any({"recognizedPhrases": phrases}).lines
    assert (line.start, line.end) == (0.5, 61.0)


def test_podcasts_transcripts_are_lines():
    segments = [
        {"speaker": "D", "startTime": 0.5, "endTime": 0.75, "body": "I"},
        {"startTime": 2.5, "endTime": 3, "body": "am"},
    ]
    assert lines({"version": "1.0.0", "segments": segments}) == [("Ann", "I"), ("Bob", "am")]


@pytest.mark.parametrize(
    "data",
    [
        [{"start": 20, "stop": 160, "text": " Hi there."}, {"start": 250, "stop": 300, "text": " Bye"}],
        {"processing_time_sec": 3, "segments": [
            {"start": 20, "stop": 160, "text": " Hi there.", "speaker": "1"},
            {"start": 250, "stop": 300, "text": " Bye"},
        ]},
        {"direction": "ltr", "transcript": [
            {"text": " Hi there.", "start": 0.2, "stop": 1.6, "speaker": 1}, {"text": " Bye", "start": 2.5, "stop": 3},
        ]},
    ],
    ids=["rows", "segments", "transcript"],
)  # fmt: skip
def test_vibe_counts_hundredths_of_a_second_or_seconds(data):
    reading = read_any(data)
    assert (reading.family, [(line.start, line.end, line.text) for line in reading.lines]) == (
        "Vibe", [(0.2, 1.6, " Hi there."), (2.5, 3.0, " Bye")],
    )  # fmt: skip
    assert lines(data) == [("Ann", " Hi there."), ("Bob", " Bye")]


TOKENS = {
    "text": "Hi there. Bye",
    "tokens": [" Hi", " the", "re", ".", " Bye"],
    "timestamps": [0.2, 1.2, 1.3, 1.5, 2.5],
}


def test_tokens_beside_their_times_make_words():
    assert words_of(TOKENS) == [("Hi", 0.2, 0.44, "Ann"), ("there.", 1.2, 1.74, "Ann"), ("Bye", 2.5, 2.74, "Bob")]
    marked = {**TOKENS, "tokens": [token.replace(" ", "\u2581") for token in TOKENS["tokens"]], "words": []}
    assert words_of({**marked, "durations": [0.5, 0.1, 0.1, 0.25, 0.5]}) == [
        ("Hi", 0.2, 0.7, "Ann"), ("there.", 1.2, 1.75, "Ann"), ("Bye", 2.5, 3.0, "Bob"),
    ]  # fmt: skip
    with pytest.raises(TranscriptError, match=r"tokens are 5, timestamps 2: each token needs one"):
        attach({**TOKENS, "timestamps": [0.2, 0.3]}, TURNS)
    with pytest.raises(TranscriptError, match=r"timestamps\[1\] is 'soon'"):
        attach({**TOKENS, "timestamps": [0.2, "soon", 1.3, 1.5, 2.5]}, TURNS)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["Hi", "there", ".", "Bye"], "Hi there. Bye"),
        (["Hi", "the@@", "re.", "Bye"], "Hi there. Bye"),
        (["Hi", "the", "##re.", "Bye"], " Hi there.  Bye"),
    ],
)
def test_tokens_that_tell_no_space_have_those_of_the_text(tokens, text):
    times = [0.2 + n for n in range(len(tokens))]
    said = attach({"text": text, "tokens": tokens, "timestamps": times}, TURNS)
    assert [word.text.strip() for word in said.words] == ["Hi", "there.", "Bye"]


def test_times_with_decimals_that_would_last_nothing_are_seconds():
    funasr = {"text": "Hi there", "timestamp": [[0.2, 0.8], [1.2, 1.6]]}
    sentence = {"text": "Hi there", "start": 0.2, "end": 1.6}
    vibe = [{"start": 0.5, "stop": 21.6, "text": "Hi there"}]
    for data, times in (
        (funasr, (0.2, 1.6)),
        ({**funasr, "timestamp": [[0.2, 0.8]], "sentence_info": [sentence]}, (0.2, 1.6)),
        ({**funasr, "timestamp": [[200.5, 800], [1200, 1600]]}, (0.2005, 1.6)),
        (vibe, (0.5, 21.6)),
        ({"segments": vibe}, (0.5, 21.6)),
        ([{"text": "Hi", "timestamp": (0.2, 0.8)}, {"text": " there", "timestamp": (1.2, 1.6)}], (0.2, 1.6)),
    ):
        (line,) = read_any(data).lines
        assert ((line.start, line.end), line.text.strip()) == (times, "Hi there")


def test_a_shape_without_room_for_speakers_is_not_written_back():
    with pytest.raises(TranscriptError, match="sherpa-onnx has no place for speakers"):
        attach_same_shape(TOKENS, TURNS)


def test_tokens_of_whisper_cpps_server_make_words():
    parts = [(" Hel", 0.2, 0.4), ("lo", 0.4, 0.6), (" there", 1.0, 1.3), (".", 1.3, 1.4)]
    own = [{"word": text, "start": start, "end": end, "t_dtw": -1} for text, start, end in parts]
    data = {"task": "transcribe", "segments": [{"start": 0.0, "end": 2.0, "text": " Hello there.", "words": own}]}
    assert words_of(data) == [("Hello", 0.2, 0.6, "Ann"), ("there.", 1.0, 1.4, "Ann")]
    (segment,) = attach_same_shape(data, TURNS)["segments"]
    assert [word["speaker"] for word in segment["words"]] == ["Ann"] * 4


def test_text_without_segments_is_not_lost():
    with pytest.raises(TranscriptError, match="segments has no words, though there is text"):
        attach({"text": "Hello", "segments": []}, TURNS)
    assert attach({"text": "", "segments": []}, TURNS).segments == ()


def test_words_that_go_back_in_time_begin_a_line():
    found = attach([WORDS[2], *WORDS[:2]], TURNS)
    assert [(s.start, s.end, s.speaker, s.text.strip()) for s in found.segments] == [
        (2.5, 3.0, "Bob", "Bye"), (0.2, 1.6, "Ann", "Hi there."),
    ]  # fmt: skip


def test_lines_in_milliseconds_are_told_by_how_slow_they_would_be():
    slow = [
        {"start": 0, "end": 180_000, "text": "Good morning everybody."},
        {"start": 200_000, "end": 390_000, "text": "Good morning."},
    ]
    with pytest.raises(TranscriptError, match="look like milliseconds"):
        check_unit(read_any(slow), "auto")
    assert attach(slow, TURNS, unit="ms").duration == 390.0
    long = [{"start": 0, "end": 180, "text": "Good morning everybody. " * 20}]
    check_unit(read_any(long), "auto")
