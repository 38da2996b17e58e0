"""The real OpenAI client against our server, unchanged, in every format."""

from __future__ import annotations

import httpx
import openai
import pytest


@pytest.fixture
def client(live):
    with openai.OpenAI(base_url=f"{live.url}/v1", api_key="unused", max_retries=0) as made:
        yield made


def ask(client: openai.OpenAI, response_format: str, **more: object):
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


def test_models_and_unknown_model(client) -> None:
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").owned_by == "diarfuse"
    with pytest.raises(openai.NotFoundError, match="'nope' is not served"):
        client.audio.transcriptions.create(model="nope", file=("a.wav", b"RIFF"))


def test_names_and_references_are_refused_and_point_home(client, live) -> None:
    with pytest.raises(openai.BadRequestError, match="on your own machine"):
        ask(
            client,
            "diarized_json",
            extra_body={"known_speaker_names": ["Ana"], "known_speaker_references": ["data:audio/wav;base64,AAAA"]},
        )
    assert live.job.seen == []
    assert live.leftovers() == []


def test_the_simple_form_of_a_gateway(live) -> None:
    answer = live.post(diarize="true", num_speakers="2")
    assert [s["speaker"] for s in answer.json()["segments"]] == ["SPEAKER_00", "SPEAKER_01"]
    assert live.job.seen[0].wish.num_speakers == 2


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


def test_health_and_metrics(live) -> None:
    live.post()
    assert httpx.get(f"{live.url}/healthz").json() == {"status": "ok"}
    text = httpx.get(f"{live.url}/metrics").text
    assert 'diarfuse_requests_total{route="/v1/audio/transcriptions",status="200"} 1' in text
    assert "diarfuse_audio_seconds_total 2.5" in text
    assert "diarfuse_requests_inside 0" in text
    assert "meeting" not in text
