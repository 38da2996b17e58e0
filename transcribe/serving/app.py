"""An OpenAI-compatible server that cannot know who anybody is.

``POST /v1/audio/transcriptions``, ``/v1/realtime`` as a WebSocket and for a
streamed body, the WebSocket ``/v1/listen``, ``GET /v1/models``, ``/healthz`` and ``/metrics``. Answers carry
SPEAKER_00, SPEAKER_01 ...; no endpoint takes or returns a voice, and this file
and all it imports never reach `fusion.identity` (a test follows the imports).
Uploads live in a private folder and are gone after the answer, whatever kind of
end it had.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ...fusion.errors import OptionError
from ...fusion.landing import NO_ROOM
from ...fusion.types import Segment
from .answers import Events, answer_body, sse
from .forms import Form, read_form
from .guard import Guard, check_listen, error_response
from .jobs import JobAnswer, JobRequest, Jobs, RunJob
from .limits import Admission, Draining, Limits, allow_files
from .live_page import ROUTES
from .live_routes import live_routes
from .log import JsonFormatter, Metrics, Rarely, error_event, event
from .protocol import patient, patient_socket
from .realtime import MOST_BYTES
from .recordings import OpenLive, Sessions
from .uploads import UploadFolder
from .wishes import ApiRequest, read_request

HEARTBEAT = 10.0
"""Seconds between two comments in a stream, so that proxies keep it open and a lost client is noticed."""
MOST_PORT = 65_535
TO_ANSWER = 5
"""Seconds beside `Limits.grace` in which the last answers are sent at shutdown."""
CLIENT_LEFT = 499
"""The status that our counters show where nobody waited for the answer (nginx's number)."""


def create_app(
    run_job: RunJob,
    *,
    model: str = "diarfuse",
    limits: Limits | None = None,
    token: str | None = None,
    upload_root: Path | None = None,
    uploads: UploadFolder | None = None,
    open_live: OpenLive | None = None,
    page: bool = False,
) -> Guard:
    """The ASGI application behind its guard.

    Args:
        run_job: does the work, in a worker thread; it watches `JobRequest.cancel`.
        model: the name under which this server's one model is listed.
        limits: all bounds; None means the defaults.
        token: the bearer token that every request but ``/healthz`` must carry.
        upload_root: where uploads live while they are worked on.
        uploads: such a place that is made already.
        open_live: begins live sessions; None: there are none.
        page: also serve ``/live``, whose browser may open live sessions.
    """
    service = _Service(run_job, model, limits or Limits(), upload_root, uploads)
    app = Starlette(
        routes=[
            Route("/v1/audio/transcriptions", service.transcribe, methods=["POST"]),
            Route("/v1/models", service.models),
            Route("/v1/models/{model:path}", service.model_info),
            Route("/healthz", service.health),
            Route("/metrics", service.metrics_text),
            *([] if open_live is None else live_routes(service.sessions(open_live))),
            *(ROUTES if page else ()),
        ],
        exception_handlers={HTTPException: _refuse, Exception: _fail},
        lifespan=service.lifespan,
    )
    app.router.redirect_slashes = False  # behind a proxy that ends TLS it would lead to http://, with the token
    drain = service.draining.begin
    return Guard(app, token=token, limits=service.limits, metrics=service.metrics, drain=drain, page=page)


def serve(
    run_job: RunJob,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    model: str = "diarfuse",
    limits: Limits | None = None,
    token: str | None = None,
    open_live: OpenLive | None = None,
    page: bool = False,
    quiet: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM; running jobs get `limits.grace` seconds.

    Raises:
        OptionError: `host` is open to others and there is no token, or the port cannot be had.
        OutputError: there is no folder for uploads.
    """
    check_listen(host, token, page=page)
    limits = limits or Limits()
    allow_files(limits)
    with _listen(host, port) as listener:
        app = create_app(
            run_job, model=model, limits=limits, token=token, uploads=UploadFolder(), open_live=open_live, page=page
        )
        _log_to_stderr(logging.ERROR if quiet else logging.INFO)
        _Server(uvicorn_config(app, limits, host=host, port=port)).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says that it listens once it does, and once it knows how to end: before that a signal would cut it short."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            event("listening", port=sockets[0].getsockname()[1])


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= MOST_PORT:
        raise OptionError(f"Port {port} is none: choose a --port from 0 (any that is free) to {MOST_PORT}.")
    name, family = host.strip("[]"), socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # Asked first, since a socket that was made for an address which is none would be left open.
        socket.getaddrinfo(name or None, port, family, socket.SOCK_STREAM)
        return socket.create_server((name, port), family=family, backlog=2048)
    except (OSError, ValueError) as error:  # ValueError: no name server can be asked for such a host
        why = str(error).partition(" (while")[0]
        raise OptionError(
            f"Port {port} of {host[:60]!r} cannot be listened on ({why}): choose another --port or --host."
        ) from error


def uvicorn_config(app: Guard, limits: Limits, *, host: str, port: int) -> uvicorn.Config:
    """The settings of uvicorn: our limits, no access log of its own, and nothing said about itself in headers."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=patient(limits.idle, app.drain),
        ws=patient_socket(limits.idle, app.drain),
        ws_max_size=MOST_BYTES,
        ws_per_message_deflate=False,
        ws_ping_timeout=None,  # a pong lies behind all audio that waits to be heard; deadlines of our own let go
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.max_connections,
        h11_max_incomplete_event_size=limits.max_header_bytes,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=int(limits.grace) + TO_ANSWER,
    )


def _log_to_stderr(least: int) -> None:
    """Our events, and of every library that something was said, but not what: it could be a text or a path.

    least: the level from which on an event is worth a line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(Rarely())
    logging.captureWarnings(capture=True)
    for name, level in (("", logging.WARNING), ("uvicorn", logging.WARNING), ("diarfuse.server", least)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(max(level, least))
    # It logs bytes of malformed forms, which are the client's; the answer's status says enough.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


class _Service:
    """The endpoints and what they share."""

    def __init__(
        self, run_job: RunJob, model: str, limits: Limits, upload_root: Path | None, uploads: UploadFolder | None
    ) -> None:
        self.limits, self.metrics, self.draining = limits, Metrics(), Draining()
        self._model = model
        self._root = upload_root
        self._admission = Admission(limits)
        self._jobs = Jobs(run_job, limits, self._admission, self.metrics, self.draining)
        self._uploads = uploads

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Own the upload folder while serving; what a crashed server left goes first."""
        self._uploads = self._uploads or UploadFolder(self._root)
        if self._uploads.swept:
            event("removed uploads of a crashed server", folders=self._uploads.swept)
        try:
            yield
        finally:
            self._jobs.stop()
            self._uploads.close()

    def sessions(self, open_live: OpenLive) -> Sessions:
        """The live sessions, which end with everything else."""
        return Sessions(open_live, self.limits, self.metrics, self.draining)

    async def health(self, _request: Request) -> Response:
        """Alive, and nothing more."""
        return JSONResponse({"status": "ok"})

    async def metrics_text(self, _request: Request) -> Response:
        """Prometheus' text format."""
        text = self.metrics.text(inside=self._admission.inside)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    async def models(self, _request: Request) -> Response:
        """The one model that is served."""
        return JSONResponse({"object": "list", "data": [self._card()]})

    async def model_info(self, request: Request) -> Response:
        """The model's card, by its own name only."""
        if request.path_params["model"] != self._model:
            raise HTTPException(404, f"Only the model {self._model!r} is served here: see /v1/models.")
        return JSONResponse(self._card())

    def _card(self) -> dict[str, object]:
        return {"id": self._model, "object": "model", "created": 0, "owned_by": "diarfuse"}

    async def transcribe(self, request: Request) -> Response:
        """Take a place, take the upload, run the job, answer."""
        try:
            return await self._transcribe(request)
        except ClientDisconnect:
            return Response(status_code=CLIENT_LEFT)

    async def _transcribe(self, request: Request) -> Response:
        """Each step is undone by the stack, in whatever way this ends; a stream takes the stack with it."""
        async with AsyncExitStack() as stack:
            with self._admission.enter() as ticket:
                form = await self._receive(request, stack)
                asked = read_request(form.fields, self._model)
                told = _SegmentQueue() if asked.stream else None
                job = JobRequest(_audio(form), asked.wish, self.limits.max_duration, on_segment=told)
                future = stack.enter_context(self._jobs.start(job, ticket))
            task = asyncio.create_task(self._jobs.result(future, job))
            stack.push_async_callback(_forget, task)
            if told is not None:
                return self._stream(_event_stream(task, asked, told), asked, stack.pop_all())
            answer = await _unless_gone(task, request)
        body, media_type = answer_body(answer.transcript, answer.diarization, asked)
        return Response(body, media_type=media_type, headers=_headers(asked))

    async def _receive(self, request: Request, stack: AsyncExitStack) -> Form:
        try:
            return await self._take(request, stack)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            error_event("no room for an upload", error)
            raise HTTPException(507, "The server's disk is full: try again later, or tell its operator.") from None

    async def _take(self, request: Request, stack: AsyncExitStack) -> Form:
        assert self._uploads is not None  # noqa: S101  (the lifespan has begun)
        upload = stack.enter_context(self._uploads.one())
        content_type = request.headers.get("content-type", "")
        form = await self._jobs.unless_draining(read_form(aiter_bytes(request), content_type, upload, self.limits))
        self.metrics.add("upload_bytes_total", form.file_bytes)
        return form

    def _stream(self, content: AsyncIterator[bytes], asked: ApiRequest, stack: AsyncExitStack) -> Response:
        headers = {"cache-control": "no-store", **_headers(asked)}
        return _Stream(content, stack, media_type="text/event-stream", headers=headers)


class _Stream(StreamingResponse):
    """A stream that gives back what it holds, also when the client left before its first byte."""

    def __init__(self, content: AsyncIterator[bytes], stack: AsyncExitStack, **options: Any) -> None:
        super().__init__(content, **options)
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events, then let go of job and upload."""
        async with self._stack:
            await super().__call__(scope, receive, send)


async def aiter_bytes(request: Request) -> AsyncIterator[bytes]:
    """The body's chunks as they arrive, without the empty ones."""
    async for chunk in request.stream():
        if chunk:
            yield chunk


def _audio(form: Form) -> Path:
    if form.file is None or form.file_bytes == 0:
        raise HTTPException(400, "The form holds no audio: send the recording as the field 'file'.")
    return form.file


def _headers(asked: ApiRequest) -> dict[str, str]:
    return {"x-diarfuse-ignored": ", ".join(asked.ignored)} if asked.ignored else {}


async def _unless_gone(task: asyncio.Task[JobAnswer], request: Request) -> JobAnswer:
    """The task's result, or `ClientDisconnect` as soon as the client hangs up."""
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _forget(task: asyncio.Task[JobAnswer]) -> None:
    """Cancel `task` if it still waits, and take its error if nobody else did."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


class _SegmentQueue:
    """Segments on their way from a job's thread to the event loop; None is the last."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Segment | None] = asyncio.Queue()

    def __call__(self, segment: Segment | None) -> None:
        """Take a segment, from any thread."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, segment)

    async def __aiter__(self) -> AsyncIterator[Segment | None]:
        """All segments; None whenever there was none for `HEARTBEAT` seconds."""
        while True:
            try:
                segment = await asyncio.wait_for(self._queue.get(), HEARTBEAT)
            except TimeoutError:
                yield None
                continue
            if segment is None:
                return
            yield segment


async def _event_stream(task: asyncio.Task[JobAnswer], asked: ApiRequest, told: _SegmentQueue) -> AsyncIterator[bytes]:
    """What is sure while the job runs, then the rest; the task ends after everything that the job's thread sent."""
    events = Events(asked)
    task.add_done_callback(lambda _: told(None))
    async for segment in told:
        if segment is None:
            yield b": working\n\n"
        else:
            yield b"".join(map(sse, events.of(segment)))
    try:
        answer = task.result()
        for item in events.rest(answer.transcript, answer.diarization):
            yield sse(item)
    except HTTPException as error:
        yield sse({"type": "error", "error": {"message": error.detail, "code": error.status_code}})


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  (Starlette calls it for nothing else)
    told = error.detail
    if told == HTTPStatus(error.status_code).phrase:  # Starlette's own, where no route takes the request
        methods = (error.headers or {}).get("Allow")
        what = "There is nothing at this address" if methods is None else f"This address takes {methods} only"
        told = f"{what}: transcriptions are to be had by POST at /v1/audio/transcriptions."
    return error_response(error.status_code, told, error.headers)


async def _fail(_request: Request, error: Exception) -> Response:
    error_event("request failed", error)
    return error_response(500, "The server failed: tell its operator.")
