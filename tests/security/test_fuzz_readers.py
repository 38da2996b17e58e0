"""Transcripts, turns and a server's answers, damaged at random: refused in a sentence, or good to be written."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diarfuse.asr_adapters.words_json import WordsJson
from diarfuse.exporters import registry
from diarfuse.exporters.style import DEFAULT
from diarfuse.fusion.attaching import attach, attach_same_shape
from diarfuse.fusion.document import Document, Recording, parse_document
from diarfuse.fusion.formats.files import load_json
from diarfuse.fusion.formats.rttm import read_rttm
from diarfuse.fusion.formats.stm import read_stm
from diarfuse.fusion.types import Diarization, Transcript, Turn
from diarfuse.transcribe.cli import all_commands
from diarfuse.transcribe.commands.settings import BESIDE, defaults, read_files
from diarfuse.transcribe.remote.client import read_answer
from tests.amounts import examples
from tests.security.mutations import SECONDS, answer, fuzz, mutate_bytes, mutate_json, mutate_text, put
from tests.security.transcripts import ANSWER, JSON, RTTM, STM, TEXTS

TURNS = (Turn(0.1, 1.8, "Ana"), Turn(1.9, 3.4, "Ben"))
FILES = [*(json.dumps(value).encode() for value in JSON.values()), *(text.encode() for text in TEXTS.values())]
YEAR = 366 * 86400.0
SLOW = {"docx", "png"}
"""Nine tenths of the time of all formats together."""
LEFT_OUT, SELDOM = 0.5, 0.95
"""Of how many transcripts a format, and a slow one, is not written in the default run."""


def check_turns(turns: tuple[Turn, ...]) -> None:
    for turn in turns:
        assert 0 <= turn.start <= turn.end <= YEAR, turn
        assert turn.speaker


def check_transcript(
    transcript: Transcript, diarization: Diarization | None = None, chance: random.Random | None = None
) -> None:
    """It has times that can be, and every format can write it.

    Where there is `chance`, the default run writes each format of every other transcript, and the slow ones, which pack
    what others write too, of few.
    """
    for segment in transcript.segments:
        for piece in (segment, *segment.words):
            for time in (piece.start, piece.end):
                assert time is None or 0 <= time <= YEAR, piece
    document = Document(transcript, diarization, "audio")
    for name in registry.BUILTIN:
        if chance is not None and not SECONDS and chance.random() < (SELDOM if name in SLOW else LEFT_OUT):
            continue
        exporter = registry.exporter(name)
        if exporter.NEEDS != "turns" or document.turns:
            content = exporter.dumps(document, DEFAULT)
            assert isinstance(content, bytes) or content.encode("utf-8", "replace") is not None


@pytest.mark.parametrize("shape", JSON)
def test_transcripts_of_each_recogniser(shape: str, tmp_path: Path) -> None:
    good = JSON[shape]
    path = tmp_path / "words.json"
    taken: list[Any] = []

    def one(chance: random.Random) -> None:
        data = (
            mutate_json(good, chance)
            if chance.random() < 0.8
            else mutate_bytes(json.dumps(good).encode(), FILES, chance)
        )
        put(path, data)
        transcript = answer(lambda _: attach(path, TURNS), data)
        if transcript is not None:
            check_transcript(transcript, chance=chance)
            taken.append(transcript)
        same = answer(lambda _: attach_same_shape(load_json(path), TURNS), data)
        assert same is None or json.dumps(same)
        words = answer(lambda _: WordsJson(path).transcribe(np.zeros(4 * 16000, np.float32)), data)
        if words is not None:
            check_transcript(words, chance=chance)

    path.write_text(json.dumps(good))
    assert attach(path, TURNS).segments[0].speaker == "Ana"
    fuzz(20, one)
    assert taken  # or the variants are all too wild to reach anything


@pytest.mark.parametrize("name", TEXTS)
def test_line_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"words.{name}"

    def one(chance: random.Random) -> None:
        text = mutate_text(TEXTS[name], chance).encode("utf-8", "surrogatepass")
        data = text if chance.random() < 0.7 else mutate_bytes(text, FILES, chance)
        put(path, data)
        turns = answer(lambda _: read_rttm(path), data)
        check_turns(turns or ())
        for said in answer(lambda _: read_stm(path), data) or ():
            assert 0 <= said.start <= said.end <= YEAR
        transcript = answer(lambda _: attach(path, turns or TURNS), data)
        if transcript is not None:
            check_transcript(transcript, chance=chance)

    fuzz(50, one)


def test_answers_of_a_server() -> None:
    taken: list[Transcript] = []

    def one(chance: random.Random) -> None:
        data = mutate_json(ANSWER, chance)
        found = answer(lambda data: read_answer(json.loads(data), 4.0, diarized=True), data)
        if found is not None:
            transcript, diarization = found
            check_transcript(transcript, diarization, chance)
            check_turns(diarization.turns + diarization.exclusive if diarization else ())
            taken.append(transcript)

    fuzz(90, one)
    assert len(taken) > examples(20)


def test_the_seeds_are_read(tmp_path: Path) -> None:
    for name, read in (("a.rttm", read_rttm), ("a.stm", read_stm)):
        (tmp_path / name).write_text({"a.rttm": RTTM, "a.stm": STM}[name])
        assert len(read(tmp_path / name)) in {3, 5}
    check_transcript(read_answer(ANSWER, 4.0, diarized=True)[0])


def test_saved_documents() -> None:
    """What is read is written back and read the same, and every format can write it."""
    turns = Diarization(TURNS, TURNS, 4.0)
    said = attach(JSON["words"], turns)
    made = Document(said, turns, "talk", Recording("talk.wav", "0" * 64, 4.0), notes=("A note.",))
    good = made.rename({"Ana": "Ana Maria"}).text("00:00:00.300", "Hello you, Ana.").to_json()
    taken: list[Document] = []

    def one(chance: random.Random) -> None:
        data = (
            mutate_json(good, chance)
            if chance.random() < 0.8
            else mutate_bytes(json.dumps(good).encode(), FILES, chance)
        )
        found = answer(lambda data: parse_document(data, "x.json", "x"), data)
        if found is not None:
            assert parse_document(json.dumps(found.to_json()).encode(), "x.json", found.name) == found
            check_transcript(found.transcript, found.diarization, chance)
            taken.append(found)

    fuzz(90, one)
    assert taken


def test_settings(tmp_path: Path, monkeypatch) -> None:
    """Whatever stands in the file beside the work, nothing but looks, counts and names comes of it."""
    monkeypatch.chdir(tmp_path)
    looks = 'format = ["srt"]\ncues = "segments"\n'
    good = f'{looks}num-speakers = 2\n[names]\nSPEAKER_00 = "Ana"\n[diarize]\nmax-speakers = 3\n'
    commands = all_commands()

    def one(chance: random.Random) -> None:
        text = mutate_text(good + chance.choice(("", 'remote = "https://x.example"\n', "[[a]]\n")), chance)
        data = text.encode("utf-8", "surrogatepass")
        put(Path("diarfuse.toml"), data)
        files = answer(lambda _: read_files(lambda: commands), data)
        for file in files or ():
            assert {key for table in file.tables.values() for key in table} <= BESIDE
            for name, command in commands.items():
                answer(lambda _, name=name, command=command: defaults(name, command, files, ["--diarize"]), data)

    fuzz(70, one)
