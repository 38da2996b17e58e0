"""The real OpenAI client against our server, unchanged, in every format."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import AudioError
from diarfuse.fusion.types import Diarization, Segment, SpeakerCount, Transcript, Turn, Word
from diarfuse.transcribe.options import Wish
from diarfuse.transcribe.serving.answers import Events, answer_body
from diarfuse.transcribe.serving.wishes import FORMATS, ApiRequest
from tests import asking

SPOKEN = Transcript(
    (Segment(0.0, 1.0, " Good morning."), Segment(1.2, 2.0, " Hello <you>!")),
    "en",
    2.5,
)
"""The text of the server's fake job, see conftest.py."""


@pytest.fixture(scope="module")
def openai() -> ModuleType:
    """Imported where it is needed, by one worker: it takes a second."""
    return importlib.import_module("openai")


@pytest.fixture
def client(openai, live):
    with openai.OpenAI(base_url=f"{live.url}/v1", api_key="unused", max_retries=0) as made:
        yield made


def ask(client, response_format: str, **more: object):
    return client.audio.transcriptions.create(
        model="whisper-1", file=("meeting.wav", b"RIFF"), response_format=response_format, **more
    )


def test_json(client, live) -> None:
    answer = ask(client, "json", language="en")
    assert answer.text == "Good morning. Hello <you>!"
    assert live.job.audio == [b"RIFF"]
    assert live.job.seen[0].wish.language == "en"
    assert not live.job.seen[0].wish.diarize


def test_text_and_subtitles(client) -> None:
    assert ask(client, "text") == "Good morning. Hello <you>!\n"
    assert "00:00:01,200 --> 00:00:02,000\nSPEAKER_01: Hello <you>!" in ask(client, "srt")
    vtt = ask(client, "vtt")
    assert vtt.startswith("WEBVTT")
    assert "<v SPEAKER_01>Hello &lt;you&gt;!" in vtt


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_subtitles_with_speakers_are_the_readable_ones_of_the_command(name: str) -> None:
    texts = [" Nobody", " knows,", " I", " suppose,", " how long", " a", " sentence", " of this", " kind", " is."]
    words = tuple(Word(i / 2, i / 2 + 0.4, text, speaker="SPEAKER_00") for i, text in enumerate(texts))
    said = Transcript((Segment(0.0, 6.0, "".join(texts), words, "SPEAKER_00"),), "en", 6.0)
    turns = (Turn(0.0, 6.0, "SPEAKER_00"),)
    found = Diarization(turns, turns, 6.0)
    body, _ = answer_body(said, found, ApiRequest(wish=Wish(diarize=True), response_format=name))
    assert body.decode() == registry.dumps(Document(said, found), name)
    assert max(map(len, body.decode().splitlines())) <= 42 + len("<v SPEAKER_00>") * (name == "vtt")
    assert f"{''.join(texts).strip()}\n" in answer_body(said, None, ApiRequest(response_format=name))[0].decode()


def test_verbose_json(client) -> None:
    answer = ask(client, "verbose_json", timestamp_granularities=["word", "segment"])
    assert (answer.duration, answer.language) == (2.5, "en")
    assert [(w.word, w.start, w.end) for w in answer.words][:2] == [("Good", 0.0, 0.4), ("morning.", 0.4, 1.0)]
    first = answer.segments[0]
    assert (first.id, first.text, first.tokens, first.no_speech_prob) == (0, " Good morning.", [], 0.0)
    assert first.avg_logprob == pytest.approx(-0.10536, abs=1e-4)  # log(0.9); the other word has none
    assert ask(client, "verbose_json").words is None


def test_diarized_json(client, live) -> None:
    answer = client.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize",
        file=("meeting.wav", b"RIFF"),
        response_format="diarized_json",
        chunking_strategy="auto",
    )
    assert (answer.task, answer.duration) == ("transcribe", 2.5)
    assert [(s.speaker, s.text, s.type) for s in answer.segments] == [
        ("SPEAKER_00", "Good morning.", "transcript.text.segment"),
        ("SPEAKER_01", "Hello <you>!", "transcript.text.segment"),
    ]
    assert live.job.seen[0].wish.diarize


def test_streams(client) -> None:
    events = list(ask(client, "diarized_json", stream=True))
    kinds = [event.type for event in events]
    assert kinds == ["transcript.text.delta", "transcript.text.segment"] * 2 + ["transcript.text.done"]
    assert events[0].segment_id == events[1].id
    assert events[3].speaker == "SPEAKER_01"
    plain = list(ask(client, "json", stream=True))
    assert "".join(e.delta for e in plain[:-1]).strip() == plain[-1].text == "Good morning. Hello <you>!"


def test_a_stream_tells_what_is_sure_while_the_job_still_runs(openai, serving) -> None:
    with serving() as live:
        live.job.live = SPOKEN.segments[:1]
        with openai.OpenAI(base_url=f"{live.url}/v1", api_key="unused", max_retries=0) as client:
            stream = ask(client, "json", stream=True)
            first = next(stream)
            assert (first.type, first.delta) == ("transcript.text.delta", "Good morning.")
            assert not live.job.go.is_set()  # nothing but the first segment can have come yet
            live.job.go.set()
            rest = list(stream)
    assert [event.type for event in rest] == ["transcript.text.delta", "transcript.text.done"]
    assert first.delta + rest[0].delta == rest[1].text


def test_with_speakers_what_is_committed_comes_early_and_the_last_event_is_the_whole_answer(openai, serving) -> None:
    with serving() as live:
        live.job.live = (Segment(0.0, 2.0, " Good morning. Hello <you>!", (), "SPEAKER_03"),)
        with openai.OpenAI(base_url=f"{live.url}/v1", api_key="unused", max_retries=0) as client:
            stream = ask(client, "diarized_json", stream=True)
            early = [next(stream), next(stream)]
            assert not live.job.go.is_set()
            live.job.go.set()
            (done,) = stream
            live.job.live = ()
            whole = ask(client, "diarized_json").to_dict()
            verbose = list(ask(client, "verbose_json", stream=True, extra_body={"diarize": "true"}))[-1].to_dict()
            text = list(ask(client, "srt", stream=True, extra_body={"diarize": "true"}))[-1].to_dict()
    assert [event.type for event in early] == ["transcript.text.delta", "transcript.text.segment"]
    assert early[1].speaker == "SPEAKER_03"
    assert done.to_dict() == whole | {"type": "transcript.text.done"}
    assert len(verbose["turns"]) == 2
    assert text == {"type": "transcript.text.done", "text": whole["text"]}


def test_an_idle_stream_is_kept_open_and_a_failure_after_the_first_words_is_told(serving, monkeypatch) -> None:
    monkeypatch.setattr("diarfuse.transcribe.serving.app.HEARTBEAT", 0.05)
    with serving() as live:
        live.job.live, live.job.error = SPOKEN.segments[:1], AudioError("{path} is damaged: record anew.")
        form = {"data": {"stream": "true"}, "files": {"file": ("a.wav", b"RIFF")}}
        with asking.stream("POST", f"{live.url}/v1/audio/transcriptions", **form) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: transcript.text.delta"
            next(line for line in lines if line == ": working")
            live.job.go.set()
            assert "the uploaded file is damaged" in next(
                line for line in lines if line.startswith('data: {"type": "e')
            )
        live.until(lambda: live.leftovers() == [])


@pytest.mark.parametrize(
    ("texts", "whole"),
    [
        ([" One.", " Two."], "One. Two."),
        (["One.", "Two.", "", "Three. "], "One. Two. Three."),
        (["第一。", "第二", "2026年"], "第一。第二2026年"),
        (["안녕하세요.", "네."], "안녕하세요. 네."),
        (["", " "], ""),
        ([], ""),
    ],
)
@pytest.mark.parametrize("live", [0, 1, 9])
def test_deltas_are_the_text_in_every_script(texts: list[str], whole: str, live: int) -> None:
    transcript = Transcript(tuple(Segment(i, i + 1, text) for i, text in enumerate(texts)), None, 9.0)
    events = Events(ApiRequest(stream=True))
    sent = [event for segment in transcript.segments[:live] for event in events.of(segment)]
    sent += events.rest(transcript)
    assert sent[-1] == {"type": "transcript.text.done", "text": whole}
    assert "".join(event["delta"] for event in sent[:-1]).rstrip() == whole


def test_models_and_unknown_model(openai, client) -> None:
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").owned_by == "diarfuse"
    with pytest.raises(openai.NotFoundError, match="'nope' is not served"):
        client.audio.transcriptions.create(model="nope", file=("a.wav", b"RIFF"))


def test_names_and_references_are_refused_and_point_home(openai, client, live) -> None:
    with pytest.raises(openai.BadRequestError, match="on your own machine"):
        ask(
            client,
            "diarized_json",
            extra_body={"known_speaker_names": ["Ana"], "known_speaker_references": ["data:audio/wav;base64,AAAA"]},
        )
    assert live.job.seen == []
    assert live.leftovers() == []


@pytest.mark.parametrize("stream", ["", "true"])
@pytest.mark.parametrize("form", FORMATS)
def test_halves_of_characters_end_no_answer(live, form: str, stream: str) -> None:
    live.job.spoken = Transcript((Segment(0.0, 1.0, " Half \ud83d."),), "en", 1.0)
    answer = live.post(response_format=form, stream=stream)
    assert answer.status_code == 200
    assert "Half" in answer.content.decode()


def test_the_simple_form_of_a_gateway(live) -> None:
    answer = live.post(diarize="true", num_speakers="2")
    assert [s["speaker"] for s in answer.json()["segments"]] == ["SPEAKER_00", "SPEAKER_01"]
    assert live.job.seen[0].wish.speakers == SpeakerCount.of(2)


def test_turns_come_with_verbose_json_and_embeddings_never(live) -> None:
    for response_format in ("json", "text", "srt", "vtt", "verbose_json", "diarized_json"):
        answer = live.post(
            diarize="true", response_format=response_format, **{"timestamp_granularities[]": "word"}
        ).text
        assert "0.123" not in answer
        assert "embedding" not in answer
    body = live.post(diarize="true", response_format="verbose_json").json()
    assert body["turns"][1] == {"start": 1.0, "end": 2.2, "speaker": "SPEAKER_01"}
    assert body["exclusive_turns"][0]["end"] == 1.05
    assert "turns" not in live.post(response_format="verbose_json").json()


def test_what_does_nothing_is_said(live) -> None:
    answer = live.post(prompt="names", temperature="0.2")
    assert answer.headers["x-diarfuse-ignored"] == "prompt, temperature"
    assert "x-diarfuse-ignored" not in live.post().headers


def test_a_file_in_another_field_is_told_where_it_goes(live) -> None:
    answer = asking.post(f"{live.url}/v1/audio/transcriptions", files={"audio": ("a.wav", b"RIFF" * 9_999)})
    assert answer.status_code == 400
    assert "goes into the field 'file', not into 'audio'" in answer.json()["error"]["message"]


def test_health_and_metrics(live) -> None:
    live.post()
    assert asking.get(f"{live.url}/healthz").json() == {"status": "ok"}
    text = asking.get(f"{live.url}/metrics").text
    assert 'diarfuse_requests_total{route="/v1/audio/transcriptions",status="200"} 1' in text
    assert "diarfuse_audio_seconds_total 2.5" in text
    assert "diarfuse_requests_inside 0" in text
    assert "meeting" not in text
