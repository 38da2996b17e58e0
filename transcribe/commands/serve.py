"""``transcribe serve``: the server from the command line."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...fusion.errors import OptionError
from ..inputs.paths import InputPath
from ..screen.terminal import is_quiet, note
from .numbers import NumberRange, WholeRange
from .options import DIARIZER_OPTIONS, MACHINE_OPTIONS, QUIET_OPTION, job_options
from .shape import Section, command

if TYPE_CHECKING:
    from ..serving.limits import Limits

TOKEN_VARIABLE = "DIARFUSE_SERVER_TOKEN"  # noqa: S105  (the variable's name)
LISTEN_OPTIONS = Section(
    "Listening",
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need a token."),
    click.option("--port", type=WholeRange(0, 65535), default=8000, show_default=True, help="Port to listen on."),
    click.option(
        "--token-file",
        type=InputPath(error=OptionError),
        help=f"File with the bearer token that clients must send (or ${TOKEN_VARIABLE}).",
    ),
    click.option(
        "--live-page", is_flag=True, help="Show http://127.0.0.1:8000/live: captions of this browser's microphone."
    ),
)
_limit = partial(click.option, show_default=True)
_FROM_0, _FROM_1, _ABOVE_0 = WholeRange(min=0), WholeRange(min=1), NumberRange(min=0, min_open=True)
LIMIT_OPTIONS = Section(
    "Limits",
    _limit("--max-body", type=_FROM_1, default=512, metavar="MIB", help="Largest request."),
    _limit("--max-duration", type=_ABOVE_0, default=240.0, metavar="MINUTES", help="Longest recording."),
    _limit(
        "--concurrency",
        type=_FROM_1,
        default=1,
        help="Jobs at once; each loads its own models and takes its part of the cores.",
    ),
    _limit("--queue", type=_FROM_0, default=16, help="Requests that may wait; more get 429."),
    _limit("--live", type=_FROM_0, default=1, help="Live sessions at once (/v1/realtime); 0: none."),
    _limit("--timeout", type=_ABOVE_0, default=60.0, metavar="MINUTES", help="Longest time for one request."),
)
RECOGNISER_OPTIONS = Section(
    "Recogniser",
    click.option("--asr", default="auto", show_default=True, metavar="NAME", help="The recogniser."),
    click.option("--model", metavar="NAME", help="The recogniser's model."),
    click.option("--compute-type", metavar="TYPE", help="faster-whisper's number format."),
)


@command(
    LISTEN_OPTIONS,
    LIMIT_OPTIONS,
    RECOGNISER_OPTIONS,
    DIARIZER_OPTIONS,
    Section("Terminal", QUIET_OPTION),
    MACHINE_OPTIONS,
    epilog="transcribe serve --port 8000",
)
def serve(host: str, port: int, token_file: Path | None, live_page: bool, verbose: bool, **values: Any) -> None:
    """Serve OpenAI's transcription API, with anonymous speaker labels; it never learns who anybody is.

    Needs the extra `server`. Stops on Ctrl-C or SIGTERM once running jobs are done.
    """
    from ...diarize.loading import is_place
    from ...diarize.models.store import Store
    from ...fusion.errors import MissingExtraError

    try:
        from ..job import Job
        from ..serving import app
        from ..serving.guard import check_listen
        from ..serving.live import make_open_live
        from ..serving.work import make_run_job
    except ImportError as error:
        if (error.name or "").split(".")[0] in ("starlette", "uvicorn", "python_multipart", "h11", "websockets"):
            packages = "starlette, uvicorn, python-multipart and websockets"
            raise MissingExtraError("The server", packages, "server") from error
        raise
    token = _token(token_file)
    check_listen(host, token, page=live_page)
    limits = _limits(values)
    if live_page and not limits.live:
        raise OptionError("--live-page needs live sessions, and --live 0 allows none: leave one of them out.")
    options = job_options(values)
    lender = Job(options)
    lender.check()
    for used in (options.diarizer, options.labels_from):
        if used is not None and not is_place(used):
            Store(options.models_dir, offline=True).permit(used, "serve")
    name = options.model or (options.asr if options.asr != "auto" else "diarfuse")
    if verbose:
        note(f"Serving the model {name!r} on http://{host}:{port}/v1")
    if live_page:
        note(f"Live captions: http://{host}:{port}/live")
    run_job = make_run_job(options, limits.concurrency, lender)
    open_live = make_open_live(options, lender) if limits.live else None
    app.serve(
        run_job,
        host=host,
        port=port,
        model=name,
        limits=limits,
        token=token,
        open_live=open_live,
        page=live_page,
        quiet=is_quiet(),
    )


def _token(path: Path | None) -> str | None:
    """The token of the file, or of the environment; None where there is neither.

    Raises:
        OptionError: the file cannot be read, is no text, or holds no token or several lines.
    """
    from ...fusion.errors import OptionError
    from ...fusion.given import decoded

    if path is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip() or None
    try:
        lines = decoded(path.read_bytes()).strip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or error
        raise OptionError(f"{str(path)!r} cannot be read as a token ({why}): write one line into it.") from error
    if len(lines) != 1:
        raise OptionError(f"{str(path)!r} holds {len(lines)} lines where one should be, the token: write it anew.")
    return lines[0]


def _limits(values: dict[str, Any]) -> Limits:
    from ..serving.limits import Limits, MiB

    return Limits(
        max_body=values.pop("max_body") * MiB,
        max_duration=values.pop("max_duration") * 60,
        concurrency=values.pop("concurrency"),
        queue=values.pop("queue"),
        live=values.pop("live"),
        timeout=values.pop("timeout") * 60,
    )
