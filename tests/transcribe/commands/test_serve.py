"""`transcribe serve`: what it refuses before it listens, and how requests become jobs."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from diarfuse.diarize.options import Execution
from diarfuse.fusion.errors import OptionError, UnknownNameError
from diarfuse.fusion.types import SpeakerCount
from diarfuse.transcribe.commands.serve import serve
from diarfuse.transcribe.options import Setup, Wish
from diarfuse.transcribe.serving.app import serve as serve_here
from diarfuse.transcribe.serving.jobs import JobRequest
from diarfuse.transcribe.serving.limits import Limits
from diarfuse.transcribe.serving.work import make_run_job, share


def start(monkeypatch, *words: str) -> dict[str, object]:
    """Everything that the server would be started with."""
    seen: dict[str, object] = {}
    monkeypatch.setattr(
        "diarfuse.transcribe.serving.app.serve", lambda run_job, **options: seen.update(options, run_job=run_job)
    )
    result = CliRunner().invoke(serve, words, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return seen


def test_defaults_are_for_this_machine_only(monkeypatch) -> None:
    monkeypatch.delenv("DIARFUSE_SERVER_TOKEN", raising=False)
    seen = start(monkeypatch)
    assert (seen["host"], seen["port"], seen["token"]) == ("127.0.0.1", 8000, None)
    assert seen["limits"] == Limits()


def test_others_need_a_token(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DIARFUSE_SERVER_TOKEN", raising=False)
    with pytest.raises(OptionError, match="set a token with --token-file"):
        start(monkeypatch, "--host", "0.0.0.0")  # noqa: S104  (refused, that is the test)
    (tmp_path / "token").write_text("0123456789abcdef0123\n")
    seen = start(monkeypatch, "--host", "0.0.0.0", "--token-file", str(tmp_path / "token"))  # noqa: S104
    assert seen["token"] == "0123456789abcdef0123"  # noqa: S105  (of this test only)
    monkeypatch.setenv("DIARFUSE_SERVER_TOKEN", "from the environment")
    assert start(monkeypatch)["token"] == "from the environment"  # noqa: S105


def test_silence_is_for_the_log_too_and_goes_with_no_verbose(monkeypatch, capsys) -> None:
    assert (start(monkeypatch)["quiet"], start(monkeypatch, "--quiet")["quiet"]) == (False, True)
    assert capsys.readouterr().err == ""
    with pytest.raises(click.UsageError, match="--quiet and --verbose do not go together"):
        start(monkeypatch, "-q", "-v")


def test_limits_are_options(monkeypatch) -> None:
    limits = ("--max-body", "5", "--max-duration", "2", "--concurrency", "3", "--queue", "0", "--timeout", "0.5")
    seen = start(monkeypatch, *limits, "--model", "tiny")
    assert seen["limits"] == Limits(max_body=5 << 20, max_duration=120, concurrency=3, queue=0, timeout=30)
    assert seen["model"] == "tiny"
    with pytest.raises(click.BadParameter, match="0 is not in the range x>=1"):
        start(monkeypatch, "--concurrency", "0")


def test_jobs_at_once_share_the_cores(monkeypatch) -> None:
    """Else four jobs on eight cores would run 32 threads."""
    monkeypatch.setattr("diarfuse.transcribe.serving.work.usable_cores", lambda: 8)
    assert share(Execution(), 1).threads == 0  # all, and recogniser and diarizer may run at once
    assert [share(Execution(mode="fast"), jobs).threads for jobs in (2, 3, 20)] == [4, 2, 1]
    assert share(Execution(threads=6), 2).threads == 6
    used = []
    monkeypatch.setattr("diarfuse.transcribe.serving.work.check_duration", lambda *_: 1.0)
    monkeypatch.setattr(
        "diarfuse.transcribe.job.Job.transcribe", lambda job, *_, **__: used.append(job.setup.execution)
    )
    run_job = start(monkeypatch, "--concurrency", "4", "--mode", "fast")["run_job"]
    run_job(JobRequest(Path("a.wav"), Wish(), 60))
    assert used == [Execution(mode="fast", threads=2)]


def test_names_that_nothing_has_are_refused_at_the_start(monkeypatch) -> None:
    for option in ("--asr", "--diarizer"):
        with pytest.raises(UnknownNameError, match="'nope'"):
            start(monkeypatch, option, "nope")


def test_an_option_that_the_recogniser_does_not_have_is_refused_at_the_start(monkeypatch) -> None:
    with pytest.raises(OptionError, match="compute_type='int8' is no option of the recogniser moonshine"):
        start(monkeypatch, "--asr", "moonshine", "--compute-type", "int8")


def test_a_port_in_use_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OptionError, match=f"Port {port} of '127.0.0.1' cannot be listened on"):
            serve_here(print, port=port)


def test_a_missing_extra_is_named() -> None:
    code = "import sys; sys.modules['uvicorn'] = None\nfrom diarfuse.transcribe.__main__ import run\n"
    code += "sys.exit(run(['serve']))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 1
    assert "pip install 'diarfuse[server]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_request_changes_only_what_it_may(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("diarfuse.transcribe.serving.work.check_duration", lambda *_: 1.0)
    monkeypatch.setattr(
        "diarfuse.transcribe.job.Job.transcribe", lambda job, _, wish, **__: asked.append((job.setup, wish))
    )
    setup = Setup(asr="moonshine", diarizer="campplus")
    run_job = make_run_job(setup)
    wishes = [Wish(diarize=True, speakers=SpeakerCount.of(2)), Wish(language="de")]
    for wish in wishes:
        run_job(JobRequest(Path("a.wav"), wish, 60))
    assert asked == [(setup, wish) for wish in wishes]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"0123456789abcdef\nfedcba9876543210\n", "holds 2 lines where one should be"),
        (b"", "holds 0 lines"),
        (b"\n \n", "holds 0 lines"),
        (b"0123456789abcdef\xe9", "it is no text in UTF-8"),
        (b"\xff\xfe0", "it is no text in UTF-8"),
        ("0123456789abcdefü".encode(), "not printable ASCII"),
        (b"0123456789\x00abcdef", "it is no text in UTF-8"),
        (b"short\n", "shorter than 16 characters"),
    ],
)
def test_a_token_file_that_holds_no_token_is_refused(monkeypatch, tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(OptionError, match=says) as refused:
        start(monkeypatch, "--token-file", str(tmp_path / "token"))
    assert "0123456789" not in str(refused.value)


def test_a_byte_order_mark_and_other_line_ends_are_no_part_of_a_token(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xef\xbb\xbf0123456789abcdef\r\n")
    assert start(monkeypatch, "--token-file", str(tmp_path / "token"))["token"] == "0123456789abcdef"  # noqa: S105


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("127.0.0.1", -1),
        ("127.0.0.1", 70_000),
        ("127.0.0.1", 10**30),
        ("192.0.2.1", 0),  # nobody's address
        ("fe80::1%nowhere", 0),
        ("é" * 300, 0),
        ("a\x00b", 0),
        ("", -5),
    ],
)
def test_a_place_that_cannot_be_listened_on_is_told_in_one_sentence(host: str, port: int) -> None:
    with pytest.raises(OptionError, match=r"cannot be listened on .*choose another|choose a --port from 0"):
        serve_here(print, host=host, port=port, token="0123456789abcdef")  # noqa: S106  (of this test only)
