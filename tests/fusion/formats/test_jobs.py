"""What services write in place of a transcript is told as what it is."""

from __future__ import annotations

import pytest

from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.files import read_any

WHY = "The file is empty."
FAILED = {
    "AWS": {"TranscriptionJob": {"TranscriptionJobStatus": "FAILED", "FailureReason": WHY}},
    "AWS Call Analytics": {"CallAnalyticsJob": {"CallAnalyticsJobStatus": "FAILED", "FailureReason": WHY}},
    "AssemblyAI": {"id": "x", "status": "error", "audio_url": "u", "text": None, "words": None, "error": WHY},
    "AssemblyAI, words": {"status": "error", "audio_url": "u", "text": None, "words": [], "error": WHY},
    "Deepgram": {"err_code": "Bad Request", "err_msg": WHY, "request_id": "x"},
    "Speechmatics": {"job": {"id": "x", "status": "rejected", "errors": [{"timestamp": "t", "message": WHY}]}},
    "Speechmatics' answer": {"code": 400, "error": "", "detail": WHY},
    "Rev AI": {"id": "x", "status": "failed", "failure": "empty_media", "failure_detail": WHY},
    "Azure": {"status": "Failed", "properties": {"error": {"code": "InvalidData", "message": WHY}}},
    "Google": {"name": "1", "done": True, "error": {"code": 3, "message": WHY}},
    "OpenAI": {"error": {"message": WHY, "type": "invalid_request_error", "code": None}},
    "ElevenLabs": {"detail": {"status": "bad", "message": WHY}},
    "FastAPI": {"detail": [{"loc": ["body"], "msg": WHY, "type": "missing"}]},
    "Soniox": {"id": "x", "status": "error", "error_message": WHY},
}


@pytest.mark.parametrize("service", FAILED)
def test_a_job_that_failed_is_told_with_the_services_reason(service):
    with pytest.raises(TranscriptError, match=rf"no transcript: the recogniser says that it failed \('{WHY}'\)\. Mend"):
        read_any(FAILED[service])


@pytest.mark.parametrize("data", [
    {"jobName": "j", "status": "FAILED", "results": {}}, {"status": "error", "error": [[[[[["deep"]]]]]]},
])  # fmt: skip
def test_a_failure_without_a_reason_is_one(data):
    with pytest.raises(TranscriptError, match=r"it failed \('it does not say why'\)"):
        read_any(data)


@pytest.mark.parametrize("data", [
    {"TranscriptionJob": {"TranscriptionJobStatus": "IN_PROGRESS"}}, {"job": {"status": "running"}},
    {"id": "x", "status": "processing", "audio_url": "u", "text": None, "words": []},
])  # fmt: skip
def test_a_job_that_is_not_done_is_told(data):
    with pytest.raises(TranscriptError, match=r"yet: the recogniser's job is '(in_progress|running|proc)"):
        read_any(data)


def test_what_is_done_and_silent_is_a_transcript():
    assert read_any({"status": "completed", "audio_url": "u", "text": "", "words": [], "error": None}).lines == ()
    assert read_any({"text": "", "segments": [], "error": ""}).lines == ()
