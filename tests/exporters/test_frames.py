"""Pictures and timecode against another package's; markers for video editors, as their readers read them."""

from __future__ import annotations

import io
import json
import re
from fractions import Fraction

import pycmx
import pytest
import timecode
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.exporters import edl, otio, registry
from diarfuse.exporters.frames import Rate
from diarfuse.exporters.style import Style
from diarfuse.fusion.document import Document, Recording
from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.layout import Layout
from diarfuse.fusion.types import Segment, Transcript, Word


def said(*words: tuple[str | None, float, float, str], duration: float = 60.0) -> Document:
    segments = tuple(Segment(a, b, text, (Word(a, b, text, speaker=who),), who) for who, a, b, text in words)
    return Document(Transcript(segments, "en", duration), name="my | talk")


TALK = said(
    ("Ana", 0.0, 1.0, " Hi."),
    ("Ben|", 0.0, 0.0, " Yes |M:x"),
    (None, 2.0, 3.0, " Nobody says this of anybody or of us."),
)


def at(fps: float) -> Style:
    return Style(layout=Layout(fps=fps))


@given(
    st.sampled_from(
        [(23.976, "23.976"), (24, "24"), (25, "25"), (29.97, "29.97"), (30, "30"), (50, "50"), (59.94, "59.94")]
    ),
    st.integers(0, 2_000_000),
)
def test_timecode_is_anybodys(rate, frame):
    fps, name = rate
    own, other = Rate.of(fps), timecode.Timecode(name, frames=frame + 1)
    assert own.timecode(frame) == str(other)
    assert own.drop == other.drop_frame


@pytest.mark.parametrize(
    ("fps", "exact", "count", "drop"),
    [
        (23.976, Fraction(24000, 1001), 24, False),
        (23.98, Fraction(24000, 1001), 24, False),
        (29.97, Fraction(30000, 1001), 30, True),
        (59.94, Fraction(60000, 1001), 60, True),
        (25.0, Fraction(25), 25, False),
        (12.5, Fraction(12), 12, False),
        (0.1, Fraction(1), 1, False),
    ],
)
def test_rates(fps, exact, count, drop):
    assert Rate.of(fps) == Rate(count, exact, drop)


def test_an_hour_of_dropped_numbers_is_an_hour_of_the_clock():
    rate = Rate.of(29.97)
    assert rate.timecode(rate.frame(3600.0), 1) == "02:00:00;00"
    slow = Rate.of(23.976)
    assert slow.timecode(slow.frame(3600.0), 1) == "01:59:56:10", "as 23.976 has it"


def test_resolves_markers():
    assert edl.dumps(TALK) == (
        "TITLE: my \u00a6 talk\nFCM: NON-DROP FRAME\n"
        "\n001  001      V     C        01:00:00:00 01:00:00:01 01:00:00:00 01:00:00:01  \n"
        "Hi. |C:ResolveColorBlue |M:Ana |D:25\n"
        "\n002  001      V     C        01:00:00:01 01:00:00:02 01:00:00:01 01:00:00:02  \n"
        "Yes \u00a6M:x |C:ResolveColorYellow |M:Ben\u00a6 |D:1\n"
        "\n003  001      V     C        01:00:02:00 01:00:02:01 01:00:02:00 01:00:02:01  \n"
        "Nobody says this of anybody or of us. |C:ResolveColorCream |M:Nobody says this of anybody or of us. |D:25\n"
    )


@pytest.mark.parametrize(
    ("fps", "counting", "stamp"), [(29.97, "DROP FRAME", "01:01:00;02"), (30, "NON-DROP FRAME", "01:01:00:00")]
)
def test_an_edls_reader_finds_events_and_how_they_are_counted(fps, counting, stamp):
    text = edl.dumps(said(("Ana", 60.06 if fps < 30 else 60.0, 61.0, " a"), duration=70.0), at(fps))
    assert f"\nFCM: {counting}\n" in text
    events = list(pycmx.parse_cmx3600(io.StringIO(text)).events)
    assert [event.edits[0].source_in for event in events] == [stamp]


def test_no_two_markers_share_a_picture_however_many_begin_at_once():
    document = said(*((f"S{i}", 1.0, 1.5, f" w{i}") for i in range(1200)))
    text = edl.dumps(document)
    stamps = re.findall(r"^\d+  001      V     C        (\S+)", text, re.MULTILINE)
    assert len(set(stamps)) == len(stamps) == 1200
    assert stamps == sorted(stamps)


def test_an_editors_reader_finds_the_recording_and_its_markers():
    opentimelineio = pytest.importorskip("opentimelineio", reason="it has no wheel for the newest Python")
    heard = Document(TALK.transcript, name="talk", recording=Recording("my talk.wav", "0" * 64, 60.0))
    timeline = opentimelineio.adapters.read_from_string(otio.dumps(heard, at(29.97)), "otio_json")
    ((clip,),) = timeline.tracks
    assert (timeline.name, clip.media_reference.target_url) == ("talk", "my%20talk.wav")
    assert clip.source_range.duration.to_seconds() == pytest.approx(60.0, abs=0.02)
    assert [(m.name, m.comment, m.color) for m in clip.markers] == [
        ("Ana", "Hi.", "BLUE"),
        ("Ben|", "Yes |M:x", "ORANGE"),
        ("", "Nobody says this of anybody or of us.", "WHITE"),
    ]
    last = clip.markers[2].marked_range
    assert last.start_time.rate == pytest.approx(29.97, abs=0.001)
    assert last.start_time.to_seconds() == pytest.approx(2.0, abs=0.02)
    assert last.duration.to_seconds() == pytest.approx(1.0, abs=0.04)


def test_a_clean_timeline_names_no_file():
    heard = Document(TALK.transcript, name="talk", recording=Recording("secret.wav", "0" * 64, 60.0)).clean()
    for name in ("otio", "edl"):
        assert "secret" not in registry.dumps(heard, name)
    assert json.loads(registry.dumps(heard, "otio"))["name"] == "audio"


@pytest.mark.parametrize("name", ["edl", "otio"])
def test_nothing_said_has_no_markers(name):
    text = registry.dumps(Document(Transcript((), None, 0.0)), name)
    assert "Marker" not in text
    assert "|M:" not in text


@pytest.mark.parametrize("fps", [25, 29.97])
def test_an_edl_has_no_timecode_after_23_hours_and_says_so(fps):
    last = "24:00:00:00" if fps == 25 else "24:00:00;00"
    latest = 23 * 3600 - 0.2
    assert last not in edl.dumps(said(("Ana", latest, latest + 9.0, " a")), at(fps))
    for hours in (23, 24, 99, 123):
        late = said(("Ana", 0.0, 1.0, " a"), ("Ben", 3600.0 * hours, 3600.0 * hours + 1.0, " b"))
        with pytest.raises(OptionError, match=rf"ends after 23 hours, and somebody speaks at {hours}:00:00: .*\.otio"):
            edl.dumps(late, at(fps))
        assert otio.dumps(late, at(fps))
