"""What services write in place of a transcript: that their job failed, and why, or that it is not done yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import TranscriptError
from ..given import short

_WRAPPERS = ("TranscriptionJob", "CallAnalyticsJob", "job", "properties", "output")
_STATES = ("status", "state", "TranscriptionJobStatus", "CallAnalyticsJobStatus", "type", "message")
_FAILED = frozenset({"failed", "failure", "error", "rejected", "canceled"})
_UNDONE = frozenset({
    "created", "queued", "submitted", "pending", "notstarted", "starting", "running", "processing", "in_progress",
    "transcribing",
})  # fmt: skip
_REASONS = ("err_msg", "FailureReason", "failure_detail", "failure", "error_message", "error", "errors", "detail")
"""Names that stand for themselves: what is done has nothing under them."""
_WITHIN = (*_REASONS, "reason", "message", "msg")
_LONGEST, _DEEPEST = 200, 4


def check_done(data: Any) -> None:
    """Refuse what a service writes while its job is not done, or where it failed.

    Raises:
        TranscriptError: it is such a thing; the service's own reason is in the sentence.
    """
    why = failure(data)
    if why:
        raise TranscriptError(
            f"This is no transcript: the recogniser says that it failed ({why}). "
            "Mend that, and give what it writes once it is done."
        )
    if state := unfinished(data):
        raise TranscriptError(
            f"This is no transcript yet: the recogniser's job is {state!r}. Give what it writes once it is done."
        )


def failure(data: Any) -> str:
    """Why a service says that it failed, as it is quoted in a sentence; empty where it does not say that it did."""
    nodes = list(_nodes(data))
    reason = _told(nodes, _REASONS)
    if not reason and not _states(nodes) & _FAILED:
        return ""
    return short(reason or _told(nodes, ("reason", "description", "message")) or "it does not say why", _LONGEST)


def unfinished(data: Any) -> str:
    """What a service calls the state of a job that is not done yet; empty where it tells of none."""
    return min(_states(list(_nodes(data))) & _UNDONE, default="")


def _states(nodes: list[Mapping[str, Any]]) -> set[str]:
    return {state.lower() for node in nodes for name in _STATES if isinstance(state := node.get(name), str)}


def _nodes(data: Any) -> Iterator[Mapping[str, Any]]:
    """The object, and those within it that may tell how a job went."""
    for node in (data, *(data.get(name) for name in _WRAPPERS if isinstance(data, Mapping))):
        if isinstance(node, Mapping):
            yield node


def _told(nodes: list[Mapping[str, Any]], names: tuple[str, ...]) -> str:
    """The first reason under any of the names; empty where there is none."""
    return next((told for node in nodes for name in names if (told := _reason(node.get(name)))), "")


def _reason(value: Any, depth: int = 0) -> str:
    """The text of a reason, or of what lies within it; empty where there is none."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        value = next(iter(value), None)
        return _reason(value, depth + 1) if depth < _DEEPEST else ""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return next((told for name in _WITHIN if (told := _reason(value.get(name), depth + 1))), "")
    return ""
