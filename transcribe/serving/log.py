"""What the operator sees: counters for Prometheus, and one JSON line an event.

Neither ever holds a text, a speaker's name, a file name or a client's address.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter

from ...fusion.types import Seconds
from .limits import Bucket

HELP = {
    "requests_total": ("counter", "Answered requests by route and status."),
    "jobs_total": ("counter", "Finished jobs by outcome."),
    "job_seconds_total": ("counter", "Seconds of work on finished jobs."),
    "audio_seconds_total": ("counter", "Seconds of audio transcribed."),
    "upload_bytes_total": ("counter", "Bytes of audio received."),
    "live_total": ("counter", "Live sessions that are over, by outcome."),
    "requests_inside": ("gauge", "Requests uploading, waiting or running."),
}


class Metrics:
    """Counters that any thread may raise; `text` is Prometheus' exposition format 0.0.4."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Raise counter `name` by `amount`. Label values come from our code, never from a client."""
        inside = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
        with self._lock:
            self._values[name, inside] += amount  # type: ignore[assignment]  # a Counter adds floats as well

    def text(self, *, inside: int) -> str:
        """All metrics; `inside` is the number of requests now in the house."""
        with self._lock:
            values = {**self._values, ("requests_inside", ""): inside}
        lines = []
        for name, (kind, meaning) in HELP.items():
            lines += [f"# HELP diarfuse_{name} {meaning}", f"# TYPE diarfuse_{name} {kind}"]
            for (metric, labels), value in sorted(values.items()):
                if metric == name:
                    lines.append(f"diarfuse_{name}{{{labels}}} {value:g}" if labels else f"diarfuse_{name} {value:g}")
        return "\n".join(lines) + "\n"


class JsonFormatter(logging.Formatter):
    """One JSON object a line; of an exception only its class and where it was raised, never its message."""

    def format(self, record: logging.LogRecord) -> str:
        """`record` as JSON; `record.facts` (our own keys) are laid beside the event's name."""
        entry: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "event": record.getMessage() if record.name.startswith(("diarfuse", "uvicorn")) else record.name,
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            entry["error"] = record.exc_info[0].__name__
            entry["where"] = _where(record.exc_info)
        return json.dumps(entry)


class Rarely(logging.Filter):
    """Holds back what is said of malformed requests and too many connections, once it was said often: anybody can."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = Bucket(burst=20, per_second=0.2)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether `record` is to be written."""
        is_anybodys = record.name.startswith("uvicorn") and record.levelno <= logging.WARNING
        return not (is_anybodys or record.name == "asyncio") or self._lines.take()


def _where(exc_info: object) -> list[str]:
    """Innermost five code places of a traceback: our files and lines hold no user data."""
    traceback = exc_info[2] if isinstance(exc_info, tuple) else None
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_name}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return places[-5:]


log = logging.getLogger("diarfuse.server")


def event(name: str, *, level: int = logging.INFO, **facts: str | float | None) -> None:
    """Log one event of ours with its facts."""
    log.log(level, name, extra={"facts": facts})


def error_event(name: str, error: BaseException, **facts: str | float | None) -> None:
    """Log an unexpected error: its class and place, not its words."""
    log.error(name, exc_info=error, extra={"facts": facts})


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def seconds(self) -> Seconds:
        """Seconds so far, to the millisecond."""
        return round(time.monotonic() - self._start, 3)
