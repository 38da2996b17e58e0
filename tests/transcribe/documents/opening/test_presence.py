"""The end comes when the last page has been away for the grace, and not before."""

from __future__ import annotations

import threading

from diarfuse.transcribe.documents.opening.presence import Presence


def waiting(presence: Presence) -> threading.Thread:
    thread = threading.Thread(target=presence.wait, daemon=True)
    thread.start()
    return thread


def test_it_waits_for_the_first_page_and_for_the_last() -> None:
    presence = Presence(grace=0.05)
    thread = waiting(presence)
    thread.join(0.2)
    assert thread.is_alive()
    with presence.page():
        with presence.page():
            pass
        thread.join(0.2)
        assert thread.is_alive()
    thread.join(60)
    assert not thread.is_alive()


def test_a_page_that_is_loaded_anew_is_no_end() -> None:
    presence = Presence(grace=3600)
    with presence.page():
        pass
    thread = waiting(presence)
    with presence.page():
        thread.join(0.1)
    assert thread.is_alive()
