"""Who spoke when as a picture: what is drawn where, in both kinds of file, and what nobody can put into it."""

from __future__ import annotations

import builtins
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

import diarfuse
from diarfuse.exporters import colours, picture, png, registry, svg
from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import MissingExtraError, OptionError
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word
from diarfuse.transcribe.__main__ import run

SVG = "{http://www.w3.org/2000/svg}"


def talk(*turns: tuple[str, float, float], duration: float = 100.0) -> Document:
    found = tuple(Turn(start, end, who) for who, start, end in turns)
    return Document(Transcript((), None, duration), Diarization(found, found, duration))


TALK = talk(("Ben", 0.0, 50.0), ("Ana", 40.0, 60.0), ("Ana", 90.0, 100.0))


def bars(text: str) -> list[list[tuple[float, float]]]:
    """Of each lane, the (left, right) of its bars in seconds of a recording of 100 s."""
    room = picture.WIDTH - picture.LEFT - picture.RIGHT
    lanes = [
        re.findall(r"M([\d.]+) [\d.]+h([\d.]+)v", path.get("d", "")) for path in ET.fromstring(text).iter(f"{SVG}path")
    ]
    scaled = [[(float(x), float(x) + float(w)) for x, w in lane] for lane in lanes if lane]
    return [[((a - picture.LEFT) * 100 / room, (b - picture.LEFT) * 100 / room) for a, b in lane] for lane in scaled]


def words_of(text: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(text).iter(f"{SVG}text")]


def test_lanes_talk_times_and_overlap():
    text = svg.dumps(TALK)
    expected = [[(0, 50)], [(40, 60), (90, 100)], [(40, 50)]]
    assert [[pytest.approx(bar, abs=0.01) for bar in lane] for lane in expected] == bars(text)
    assert words_of(text) == [
        *("Who spoke when", "1:40 · 2 speakers · 30 % silence"),
        *("Ben", "0:50 · 62 %", "Ana", "0:30 · 38 %", "At once", "0:10 · 14 % of the talk"),
        *("0:00", "0:10", "0:20", "0:30", "0:40", "0:50", "1:00", "1:10", "1:20", "1:30", "1:40"),
    ]


def test_one_speaker_has_no_lane_for_several():
    assert len(bars(svg.dumps(talk(("Ana", 1.0, 2.0))))) == 1


def test_pixels_are_where_the_lanes_are():
    image = Image.open(io.BytesIO(png.dumps(TALK)))
    room = picture.WIDTH - picture.LEFT - picture.RIGHT
    assert image.size == (2 * picture.WIDTH, 2 * (picture.TOP + 3 * picture.PITCH + picture.BELOW))

    def at(seconds: float, lane: int) -> str:
        y = picture.TOP + lane * picture.PITCH + picture.LANE / 2
        x = picture.LEFT + room * seconds / 100
        return "#{:02x}{:02x}{:02x}".format(*image.getpixel((round(2 * x), round(2 * y))))

    ben, ana = colours.SET[:2]
    assert [at(t, 0) for t in (1, 49, 51, 99)] == [ben, ben, picture.TRACK, picture.TRACK]
    assert [at(t, 1) for t in (1, 49, 59, 95)] == [picture.TRACK, ana, ana, ana]
    assert [at(t, 2) for t in (39, 45, 51)] == [picture.TRACK, picture.AT_ONCE, picture.TRACK]


def test_colours_are_those_of_the_page():
    source = (Path(diarfuse.__file__).parent / "exporters/page/colours.js").read_text(encoding="utf-8")
    fills, _, _ = source.partition("const NOBODYS")
    assert tuple(re.findall(r'\["(#\w+)", "#\w+"\]', fills)) == colours.SET


def test_who_is_heard_first_has_the_first_colour_by_turns_or_words():
    words = (Word(0.0, 0.5, " Hi", speaker="Zoe"), Word(None, None, " all", speaker="Nil"))
    said = Transcript((Segment(0.0, 0.5, " Hi all", words, "Zoe"),), "en", 100.0)
    found = colours.colours_of(Document(said, TALK.diarization))
    assert list(found.items()) == list(zip(("Ben", "Zoe", "Ana", "Nil"), colours.SET, strict=False))
    many = colours.colours_of(talk(*((f"S{i:02d}", i, i + 1.0) for i in range(13))))
    assert many["S12"] == many["S00"]


HOSTILE = [
    "<script>alert(1)</script>",
    "a\"b'c&d",
    "\x00\x1b[31m",
    "\ufffe\uffff\ud800",
    "x" * 10_000,
    "דנה\u202eabc",
    "a\nb",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_and_nothing_else(name):
    text = registry.dumps(talk((name, 0.0, 50.0)), "svg")
    tags = {node.tag.removeprefix(SVG) for node in ET.fromstring(text).iter()}
    assert tags <= {"svg", "title", "rect", "path", "text", "g"}
    assert "href" not in text
    assert len(text) < 5000
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert Image.open(io.BytesIO(png.dumps(talk((name, 0.0, 50.0))))).size[0] == 2 * picture.WIDTH


def test_no_file_is_named_in_it():
    document = Document(Transcript((), None, 9.0), talk(("Ana", 0.0, 9.0)).diarization, "secret merger")
    assert "secret" not in svg.dumps(document)
    assert svg.dumps(document) == svg.dumps(document.clean())


@pytest.mark.parametrize("duration", [0.0, 1e-9, 0.3, 7.0, 3600.0, 86_400.0, 366 * 86_400.0])
def test_any_length_has_a_clock_that_can_be_read(duration):
    text = svg.dumps(talk(("Ana", 0.0, duration), duration=duration))
    ticks = words_of(text)[4:]
    assert 1 <= len(ticks) <= 11
    assert len(set(ticks)) == len(ticks)


def test_silence_and_nobody():
    text = svg.dumps(talk())
    assert words_of(text)[:2] == ["Who spoke when", "1:40 · 0 speakers · 100 % silence"]
    with pytest.raises(OptionError, match="has none"):
        registry.dumps(Document(Transcript((Segment(0.0, 1.0, "Hi"),), "en", 1.0)), "png")


def test_a_day_of_quick_turns_stays_small():
    turns = [(f"S{i % 3}", i * 0.9, i * 0.9 + 1.0) for i in range(20_000)]
    assert len(svg.dumps(talk(*turns, duration=18_001.0))) < 100_000


def saved(folder: Path) -> Path:
    path = folder / "talk.json"
    path.write_text(str(registry.dumps(TALK, "json")), encoding="utf-8")
    return path


def test_plot_is_one_more_output_whatever_the_format(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path)
    assert run(["export", "talk.json", "--format", "rttm", "-o", "out.x", "--plot", "a.svg", "--plot", "b.PNG"]) == 0
    assert (tmp_path / "a.svg").read_text() == svg.dumps(TALK)
    assert (tmp_path / "b.PNG").read_bytes() == png.dumps(TALK)
    assert (tmp_path / "out.x").read_text().startswith("SPEAKER ")


def test_a_picture_alone_is_all_that_is_exported_but_a_run_also_tells_its_words(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path)
    assert run(["export", "talk.json", "--plot", "a.svg"]) == 0
    assert capsys.readouterr().out == ""
    (tmp_path / "words.json").write_text('[{"word": "Hi", "start": 0.5, "end": 1.0}]')
    (tmp_path / "turns.rttm").write_text(str(registry.dumps(TALK, "rttm")))
    assert run(["attach", "words.json", "--rttm", "turns.rttm", "--format", "txt", "--plot", "b.svg"]) == 0
    assert capsys.readouterr().out == "Ben: Hi\n"
    assert "<title>Ben: 0:50" in (tmp_path / "b.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["talk.json", "-o", "./", "--plot", "a.svg"], "draw each with --format svg -o FOLDER/"),
        (["--plot", "a.jpg"], "'a.jpg' must be a file that ends in .svg or .png"),
        (["--plot", "folder.svg"], "must be a file"),
        (["--plot", "a.svg", "-o", "a.svg"], "Two results would go to 'a.svg'"),
    ],
)
def test_what_cannot_be_plotted_is_said_before_anything_is_written(arguments, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path)
    (tmp_path / "folder.svg").mkdir()
    assert run(["export", "talk.json", *arguments]) in (1, 2)
    assert told in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.svg", "talk.json"]
    assert list((tmp_path / "folder.svg").iterdir()) == []


def test_without_pillow_its_line_is_told_before_the_work(tmp_path, monkeypatch, capsys):
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.startswith("PIL"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'diarfuse[plot]'")):
        png.dumps(TALK)
    assert run(["export", str(saved(tmp_path)), "-o", str(tmp_path / "a.srt"), "--plot", str(tmp_path / "a.png")]) == 1
    assert "pip install 'diarfuse[plot]'" in capsys.readouterr().err
    assert not (tmp_path / "a.srt").exists()
    assert json.loads((tmp_path / "talk.json").read_text())["turns"]


def test_a_letter_that_no_font_has_is_still_drawn():
    assert png.dumps(talk(("\U000e0100\u9f98\u13a0", 0.0, 5.0))).startswith(b"\x89PNG")
