from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from diarfuse.diarize.live.events import SpeakerNamed, TurnStarted
from diarfuse.diarize.live.ledger import Ledger
from diarfuse.fusion.types import Segment, Turn
from diarfuse.transcribe.live.screen import Moving, Objects, Plain, Silent, lines_of, screen
from diarfuse.transcribe.live.words import Words
from diarfuse.transcribe.screen.progress import Meter
from diarfuse.transcribe.screen.terminal import JsonLines, Quiet


@pytest.fixture
def words() -> Words:
    words = Words()
    words.hear([Segment(1.0, 2.0, " Hi you"), Segment(3.0, 4.0, "\x1b[2JYes."), Segment(61.0, 62.0, " No.")])
    turns = [Turn(0.0, 2.5, "SPEAKER_00"), Turn(2.5, 5.0, "SPEAKER_01"), Turn(60.0, 63.0, "SPEAKER_00")]
    list(words.commit(62.0, turns, anew=False))
    words.hear([Segment(63.0, 64.0, " Perhaps")])
    return words


def test_a_line_for_each_change_of_speaker(words):
    assert [line[:2] for line in lines_of(words)] == [(1.0, "SPEAKER_00"), (3.0, "SPEAKER_01"), (61.0, "SPEAKER_00")]


def test_without_a_terminal_complete_lines_are_printed_once(words, capsys):
    view, ledger = Plain(), Ledger()
    ledger.apply([SpeakerNamed("SPEAKER_00", "Ana")])
    view.show(words, ledger)
    view.show(words, ledger)
    assert capsys.readouterr().err == "[0:01] Ana: Hi you\n[0:03] SPEAKER_01: \\x1b[2JYes.\n"
    view.stop()
    view.stop()
    assert capsys.readouterr().err == "[1:01] Ana: No.\n"


def test_on_a_terminal_the_last_lines_are_drawn_anew(words):
    out = io.StringIO()
    view, ledger = Moving(Console(file=out, force_terminal=True, width=80)), Ledger()
    ledger.apply([TurnStarted(0, 62.0, 64.0, None)])
    view.show(words, ledger)
    words.said[2] = words.said[0]
    view.show(words, ledger)
    view.note("Something.")
    view.stop()
    text = out.getvalue()
    assert text.count("Yes.") >= 2  # corrected in place
    assert "\x1b[2J" not in text
    for part in ("… Perhaps", "● somebody", "Something."):
        assert part in text


def test_as_json_every_line_and_note_is_an_object(words, capsys):
    view = screen(JsonLines(Meter((), (1.0,))))
    assert type(view) is Objects
    view.show(words, Ledger())
    view.note("Something.")
    view.stop()
    found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [one["text"] for one in found] == ["Hi you", "\x1b[2JYes.", "Something.", "No."]
    assert found[1] == {"event": "text", "start": 3.0, "speaker": "SPEAKER_01", "text": "\x1b[2JYes."}
    assert found[2]["event"] == "note"


def test_quiet_is_quiet(words, capsys):
    view = screen(Quiet())
    assert type(view) is Silent
    view.show(words, Ledger())
    view.note("Something.")
    view.stop()
    assert not capsys.readouterr().err
