"""Whatever changed, the way back leads to exactly what was there, and holds little more than that."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.document import Document
from diarfuse.fusion.editing.changes import Undo, undo_of, undone
from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.types import Diarization, Segment, Turn
from tests.fusion.documents import MEETING, documents, names

CONTENT = MEETING.content
some_segments = st.lists(st.builds(Segment, st.integers(0, 3), st.integers(0, 3), st.just("x")), max_size=6).map(tuple)
some_turns = st.lists(st.builds(Turn, st.integers(0, 3), st.integers(0, 3), st.just("A")), max_size=4).map(tuple)


@given(some_segments, some_segments, some_turns, some_turns)
def test_the_way_back_is_exact(before, after, turns, others) -> None:
    then = replace(CONTENT.with_segments(before), diarization=Diarization(turns, others, 1.0))
    now = replace(CONTENT.with_segments(after), diarization=Diarization(others, turns, 1.0))
    undo = undo_of(then, now)
    assert undo.whole is None
    assert undone(now, undo) == then


@given(documents, documents)
def test_everything_new_is_undone_as_a_whole(before, after) -> None:
    assert undone(after.content, undo_of(before.content, after.content)) == before.content


@given(documents, names, st.sampled_from(["", "a", "b c", "李雷 a."]), st.integers(0, 3), st.data())
def test_what_an_edit_leaves_can_be_read_and_taken_back(before, name, text, kind, data) -> None:
    """Also where a file edited by hand has words that end before they begin, are empty, or lie beyond the end."""
    spoken = len(before.transcript.words)
    place = data.draw(st.integers(0, max(0, spoken - 1)))
    who = data.draw(st.sampled_from(before.speakers or ("nobody",)))
    when = (before.transcript.words[place].start if spoken else None) or 0.0
    edits = (
        lambda: before.rename({who: name}),
        lambda: before.merge(name, who),
        lambda: before.reassign([place], name),
        lambda: before.text(f"{when:.3f}s", text),
    )
    try:
        after = edits[kind]()
    except OptionError:  # it is not possible, which is said
        return
    assert Document.from_json(json.loads(json.dumps(after.to_json()))) == after
    assert after.undo().content == before.content


def test_it_holds_only_what_changed() -> None:
    segments = list(CONTENT.transcript.segments)
    segments[1] = replace(segments[1], text=" other")
    undo = undo_of(CONTENT, CONTENT.with_segments(tuple(segments)))
    assert [(part.first, part.count, len(part.was)) for part in undo.segments] == [(1, 1, 1)]
    split = (*CONTENT.transcript.segments[:1], *segments[1:2] * 3, *CONTENT.transcript.segments[2:])
    undo = undo_of(CONTENT, CONTENT.with_segments(split))
    assert [(part.first, part.count, len(part.was)) for part in undo.segments] == [(1, 3, 1)]
    assert undo_of(CONTENT, CONTENT) == Undo()


def test_a_renaming_that_cannot_be_turned_round_is_kept_in_full() -> None:
    merged = MEETING.merge("SPEAKER_00", "SPEAKER_01").content
    undo = undo_of(CONTENT, merged, {"SPEAKER_00": "SPEAKER_01"})
    assert not undo.names
    assert undone(merged, undo) == CONTENT
