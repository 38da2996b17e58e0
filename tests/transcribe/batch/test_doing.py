"""One recording after another, without worker processes: addresses, channels, what is kept of voices."""

from __future__ import annotations

import functools
import http.server
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import numpy as np
import pytest
import soundfile

from diarfuse.diarize import pipeline
from diarfuse.diarize.options import Execution
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.batch.caches import Cache
from diarfuse.transcribe.batch.doing import Hands
from diarfuse.transcribe.batch.items import Asked, Item
from diarfuse.transcribe.batch.settling import Outcome, Plan
from diarfuse.transcribe.inputs.claims import claimed, in_work
from diarfuse.transcribe.options import Setup, Wish

from .conftest import noise, tree

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "meeting.wav"


def hands(out: str, wish: Wish | None = None, *, names: tuple[str, ...] = (), **further: object) -> Hands:
    setup = Setup(asr="quick", asr_options={"log": "log"}, offline=True)
    plan = Plan(out=out, asked=Asked(wish or Wish(), names), setup=setup, **further)
    return Hands.of(plan, turns=False)


def heard() -> int:
    return len(Path("log").read_text(encoding="utf-8")) if Path("log").exists() else 0


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves files with an ETag, as stores do; says nothing."""

    gets = 0

    def end_headers(self) -> None:
        self.send_header("ETag", '"1"')
        super().end_headers()

    def do_GET(self) -> None:
        type(self).gets += 1
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    handler = functools.partial(Silent, directory=str(folder / "calls"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as found:
        threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{found.server_address[1]}"
        found.shutdown()


def test_a_recording_at_an_address_is_fetched_once_and_leaves_nothing(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    worker, item = hands("out"), Item("x", f"{server}/a1.wav", "")
    assert worker.do(item) == Outcome("x", "done", 0.5)
    document = json.loads(Path("out/x.json").read_text(encoding="utf-8"))
    assert (document["audio"]["name"], document["name"]) == ("a1.wav", "x")
    assert list((tmp_path / "tmp").iterdir()) == []
    Silent.gets = 0
    assert (worker.do(item).state, heard(), Silent.gets) == ("same", 1, 0), "its ETag is enough"
    gone = worker.do(Item("y", f"{server}/gone.wav", ""))
    assert (gone.state, gone.reason) == ("failed", f"There is no {server}/gone.wav: check the address.")
    text = worker.do(Item("z", f"{server}/notes.txt", ""))
    assert text.reason.startswith(f"{server}/notes.txt is no audio or video")


def test_what_opens_an_address_is_told_to_nobody(server: str, folder: Path) -> None:
    pytest.importorskip("aiohttp")
    worker, signed = hands("out"), "?X-Amz-Signature=5ec7e7"
    addresses = [f"{server}/a1.wav", f"{server}/gone.wav", f"{server}/notes.txt", "http://ana:5ec7e7@127.0.0.1:9/a.wav"]
    found = [worker.do(Item(str(number), address + signed, "")) for number, address in enumerate(addresses)]
    assert [each.state for each in found] == ["done", "failed", "failed", "failed"]
    assert found[1].reason == f"There is no {server}/gone.wav?...: check the address."
    assert found[3].reason.startswith("http://127.0.0.1:9/a.wav?... cannot be reached")
    assert not [path for path in (folder / "out").rglob("*") if path.is_file() and b"5ec7e7" in path.read_bytes()]


def test_an_address_that_does_not_answer_is_tried_again_now_and_next_time(folder: Path) -> None:
    pytest.importorskip("aiohttp")
    worker, item = hands("out"), Item("x", "http://127.0.0.1:9/a.wav", "")
    assert worker.do(item).state == "failed"
    failure = json.loads((folder / "out/failures/x.json").read_text(encoding="utf-8"))
    assert (failure["tries"], failure["transient"]) == (3, True)
    assert "cannot be reached" in worker.do(item).reason
    assert json.loads((folder / "out/failures/x.json").read_text(encoding="utf-8"))["tries"] == 6


@pytest.mark.usefixtures("folder")
def test_results_at_an_address_are_those_of_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = f"memory://doing/{tmp_path.name}"
    for place in ("out", out):
        worker = hands(place, formats=("srt",))
        for name in ("a0", "a1"):
            assert worker.do(Item(name, f"calls/{name}.wav", "")).state == "done"
    store = fsspec.filesystem("memory")
    found = {path.removeprefix(f"/doing/{tmp_path.name}/"): store.cat_file(path) for path in store.find(out)}
    assert found == tree(Path("out"))
    assert (worker.do(Item("a0", "calls/a0.wav", "")).state, heard()) == ("same", 4)


def test_channels_get_the_names_that_are_theirs(folder: Path) -> None:
    soundfile.write("call.wav", noise(1, channels=2), 16_000)
    soundfile.write("same.wav", np.repeat(noise(1)[:, None], 2, axis=1), 16_000)
    soundfile.write("three.wav", noise(1, channels=3), 16_000)
    worker = hands("out", Wish(channels="speakers"), names=("agent", "customer"))
    assert worker.do(Item("call", "call.wav", "")).state == "done"
    assert json.loads((folder / "out/call.json").read_text())["speakers"] == ["agent", "customer"]
    assert worker.do(Item("same", "same.wav", "")).state == "done", "one recording twice has no channels to name"
    assert json.loads((folder / "out/same.json").read_text())["speakers"] == []
    assert worker.do(Item("mono", "calls/a0.wav", "")).reason.startswith("calls/a0.wav has one channel")
    assert (
        worker.do(Item("three", "three.wav", "")).reason
        == "three.wav has 3 channels, and --channel-names gives 2 names."
    )
    own = Item("own", "three.wav", "", asked={"channel_names": "a,b,c"})
    assert worker.do(own).state == "done"
    assert json.loads((folder / "out/own.json").read_text())["speakers"] == ["a", "b", "c"]


@pytest.mark.usefixtures("folder")
def test_words_that_are_kept_are_the_words_of_a_plain_run(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns, voices and a new number of speakers: the networks run once, and the answer is what they would give."""
    samples, rate = soundfile.read(EXAMPLE, dtype="float32")
    soundfile.write("talk.wav", samples[: 12 * rate], rate)
    runs: list[int] = []
    listen = pipeline.Diarizer.listen

    def counted(self, samples, watch):
        runs.append(1)
        return listen(self, samples, watch)

    monkeypatch.setattr(pipeline.Diarizer, "listen", counted)
    setup = Setup(diarizer="campplus", models_dir=models_dir, offline=True, execution=Execution(threads=1))

    def made(out: str, *, keep: bool, **speakers: int) -> bytes:
        plan = Plan(out=out, asked=Asked(Wish(diarize=True)), setup=setup, words=False, keep_voices=keep)
        worker = Hands.of(plan, turns=True)
        outcome = worker.do(Item("talk", "talk.wav", "", asked=speakers))
        assert (outcome.state, outcome.reason) == ("done", "")
        return Path(out, "talk.json").read_bytes()

    two = made("out", keep=True)
    assert (len(runs), Cache(Path("out/.cache")).holds("voices")) == (1, True)
    three = made("out", keep=True, num_speakers=1)
    assert len(runs) == 1, "another number of speakers needs no network"
    assert made("out", keep=True) == two
    assert (made("plain", keep=False), made("plain", keep=False, num_speakers=1)) == (two, three)
    assert (len(runs), Cache(Path("plain/.cache")).holds("voices")) == (3, False)
    for path in Path("out/.cache").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.is_dir()


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_still_being_written_is_no_result() -> None:
    worker, item = hands("out"), Item("a", "calls/a0.wav", "")
    document = worker.job.transcribe

    def meanwhile(*given: object, **further: object) -> object:
        found = document(*given, **further)
        soundfile.write("calls/a0.wav", np.concatenate([noise(0), noise(1)]), 16_000)
        return found

    worker.job.transcribe = meanwhile
    assert worker.do(item).reason == "calls/a0.wav changed while it was heard: give the command again once it is whole."
    assert not Path("out/a.json").exists()
    worker.job.transcribe = document
    assert worker.do(item).state == "done", "it is tried again by itself"
    assert not Path("out/failures/a.json").exists()


@pytest.mark.usefixtures("folder")
def test_damage_in_what_is_kept_costs_only_time() -> None:
    worker = hands("out")
    assert worker.do(Item("a", "calls/a0.wav", "")).state == "done"
    before = tree(Path("out"))
    for path in Path("out/.cache").rglob("*"):
        if path.is_file():
            path.write_bytes(os.urandom(20))
    Path("out/a.json").unlink()
    Path("out/.batch/a.json").write_bytes(b"{")
    assert (worker.do(Item("a", "calls/a0.wav", "")).state, heard(), tree(Path("out"))) == ("done", 2, before)


def test_a_recording_without_words_is_done_though_its_subtitles_are_empty(folder: Path) -> None:
    soundfile.write("calls/still.wav", np.full(3_000, 0.1, np.float32), 16_000)
    worker, item = hands("out", formats=("srt", "txt")), Item("still", str(folder / "calls" / "still.wav"), "")
    assert worker.do(item).state == "done"
    assert [Path(f"out/still.{ending}").stat().st_size for ending in ("srt", "txt")] == [0, 0]
    assert (worker.do(item).state, heard()) == ("same", 1)
    Path("out/still.srt").unlink()
    assert (worker.do(item).state, heard()) == ("done", 1)
    other = Item("a0", str(folder / "calls" / "a0.wav"), "")
    assert worker.do(other).state == "done"
    Path("out/a0.srt").write_bytes(b"")
    assert worker.do(other) == Outcome("a0", "done", 0.5, spoilt=("a0.srt",))


def test_subtitles_that_somebody_edited_are_not_made_anew_by_other_options_unasked(folder: Path) -> None:
    item, mine = Item("a0", str(folder / "calls" / "a0.wav"), ""), Path("out/a0.srt")
    assert hands("out", formats=("srt", "txt")).do(item).state == "done"
    mine.write_text(f"{mine.read_text()}\n9\n00:00:08,000 --> 00:00:09,000\nMine.\n")
    edited = mine.read_bytes()
    sentence = "out/a0.srt was edited and would be made anew: move it away, or give --replace."
    for further in ({"wish": Wish(language="de")}, {"redo": "all"}):
        assert hands("out", formats=("srt", "txt"), **further).do(item).reason == sentence
        assert mine.read_bytes() == edited
    assert hands("out", Wish(language="de"), formats=("txt",)).do(item).state == "done"
    assert hands("out", formats=("txt",)).do(item).state == "done"
    assert hands("out", Wish(language="de"), formats=("srt", "txt")).do(item).reason == sentence
    assert mine.read_bytes() == edited
    assert hands("out", Wish(language="de"), formats=("srt",), replace=True).do(item).state == "done"
    assert b"Mine." not in mine.read_bytes()


def test_edited_subtitles_stay_where_the_document_beside_them_is_gone(folder: Path) -> None:
    worker, item = hands("out", formats=("srt",)), Item("a0", str(folder / "calls" / "a0.wav"), "")
    mine = Path("out/a0.srt")
    assert worker.do(item).state == "done"
    mine.write_text("Mine.\n")
    Path("out/a0.json").unlink()
    assert worker.do(item).state == "done"
    assert (mine.read_text(), Path("out/a0.json").exists()) == ("Mine.\n", True)
    assert worker.do(item).state == "same"


def test_a_format_that_is_wanted_later_is_written_over_nothing_unasked(folder: Path) -> None:
    item, mine = Item("a0", str(folder / "calls" / "a0.wav"), ""), Path("out/a0.srt")
    assert hands("out").do(item).state == "done"
    mine.write_text("Mine.\n")
    refused = hands("out", formats=("srt",)).do(item)
    assert refused.reason == "out/a0.srt is there already: move it away, or give --replace."
    assert mine.read_text() == "Mine.\n"
    mine.unlink()
    for formats in (("srt",), (), ("srt",), ("vtt",), ("srt", "vtt")):
        assert hands("out", formats=formats).do(item).state != "failed", "a format that was left out comes back"
    mine.write_text("Mine.\n")
    assert hands("out", formats=("srt", "vtt", "txt")).do(item).state == "done"
    assert mine.read_text() == "Mine.\n"


def test_a_recording_that_is_in_work_elsewhere_is_done_all_the_same(folder: Path) -> None:
    worker = hands("out")
    with claimed(folder / "calls" / "a1.wav"):
        assert worker.do(Item("a1", str(folder / "calls" / "a1.wav"), "")) == Outcome("a1", "done", 0.5, elsewhere=True)
    assert not in_work(folder / "calls" / "a1.wav")


@pytest.fixture
def episode(folder: Path) -> Item:
    """A folder with a file for each person, one of whom nobody could be called."""
    (folder / "ep").mkdir()
    for number, name in enumerate(("ana.wav", "ben.flac", "speaker_01.wav")):
        soundfile.write(folder / "ep" / name, noise(number), 16_000)
    return Item("ep", "ep", "", files=("ep/ana.wav", "ep/ben.flac", "ep/speaker_01.wav"), starts=(0.0, 1.0, 0.0))


def told_of(item: Item, out: str = "out") -> dict[str, object]:
    return json.loads(Path(out, f"{item.id}.json").read_text(encoding="utf-8"))


def test_a_file_a_person_makes_one_result_of_all(episode: Item) -> None:
    worker = hands("out", Wish())
    assert worker.do(episode).state == "done"
    document = told_of(episode)
    assert document["speakers"] == ["SPEAKER_02", "ana", "ben"]
    assert [(one["name"], one["start"]) for one in document["audio"]["files"]] == [
        ("ana.wav", 0.0), ("ben.flac", 1.0), ("speaker_01.wav", 0.0),
    ]  # fmt: skip
    assert str(Path.cwd()) not in json.dumps(document)
    assert (worker.do(episode).state, heard()) == ("same", 3)


@pytest.mark.parametrize("change", ["bytes", "offset", "a name", "a file less"])
def test_another_file_name_or_offset_makes_it_anew_and_names_of_files_are_nobodys_edit(
    episode: Item, change: str
) -> None:
    worker = hands("out", Wish())
    assert worker.do(episode).state == "done"
    other = episode
    if change == "bytes":
        soundfile.write("ep/ben.flac", noise(7), 16_000)
    if change == "offset":
        other = replace(episode, starts=(0.0, 2.0, 0.0))
    if change == "a name":
        Path("ep/ben.flac").rename("ep/cy.flac")
        other = replace(episode, files=("ep/ana.wav", "ep/cy.flac", "ep/speaker_01.wav"))
    if change == "a file less":
        other = replace(episode, files=episode.files[:2], starts=())
    assert worker.do(other).state == "done"
    again = {"bytes": 4, "a name": 3}
    assert heard() == again.get(change, heard()), "words that are known are not heard again"
    assert worker.do(other).state == "same"


def test_names_that_a_person_gave_stay(episode: Item) -> None:
    assert hands("out", Wish()).do(episode).state == "done"
    assert run(["rename", "out/ep.json", "ana=Ana Mora"]) == 0
    reason = hands("out", Wish(language="de")).do(episode).reason
    assert reason.startswith("out/ep.json names speakers (Ana Mora)")


def test_channel_names_go_to_the_files_in_their_order(episode: Item) -> None:
    worker = hands("out", Wish(channels="speakers"), names=("agent", "ana", "customer"))
    assert worker.do(episode).state == "done"
    assert set(told_of(episode)["speakers"]) == {"agent", "ana", "customer"}
    words = (word for one in told_of(episode)["segments"] for word in one["words"])
    first = min(word["start"] for word in words if word["speaker"] == "ana" and word["word"] != " w0")
    assert first == 1.0, "ben.flac, which begins then, is hers now"
    few = hands("few", Wish(channels="speakers"), names=("agent", "customer"))
    assert few.do(episode).reason == (
        "ana.wav, ben.flac and speaker_01.wav are 3 files, and --channel-names gives 2 names."
    )


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("gone", "ep/ben.flac"),
        ("no sound", "ep/ben.flac"),
        ("the same", "ana.wav and ben.flac hold the same recording"),
        ("a link", "given twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_nothing_is_written(episode: Item, wrong: str, why: str) -> None:
    Path("ep/ben.flac").unlink()
    if wrong == "no sound":
        Path("ep/ben.flac").write_bytes(b"none" * 100)
    if wrong == "the same":
        Path("ep/ben.flac").write_bytes(Path("ep/ana.wav").read_bytes())
        episode = replace(episode, starts=())
    if wrong == "a link":
        Path("ep/ben.flac").symlink_to("ana.wav")
    outcome = hands("out", Wish()).do(episode)
    assert (outcome.state, why in outcome.reason) == ("failed", True), outcome.reason
    assert not Path("out/ep.json").exists()


def test_files_at_addresses_are_fetched_of_one_name_too_and_leave_nothing(
    server: str, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (folder / "calls/ep").mkdir()
    soundfile.write(folder / "calls/ep/a0.wav", noise(3), 16_000)
    before = set(tmp_path.iterdir())
    item = Item("far", "far", "", files=(f"{server}/a0.wav?key=1", f"{server}/ep/a0.wav", "calls/a1.wav"))
    worker = hands("out", Wish())
    assert worker.do(item).state == "done"
    assert set(tmp_path.iterdir()) - before == {tmp_path / "out", tmp_path / "log"}
    assert set(told_of(item)["speakers"]) == {"SPEAKER_00", "SPEAKER_01", "a1"}
    assert [one["name"] for one in told_of(item)["audio"]["files"]] == ["a0.wav", "a0.wav", "a1.wav"]
    assert worker.do(item).state == "same"
    gone = Item("gone", "gone", "", files=(f"{server}/a0.wav?key=1", f"{server}/gone.wav?key=2"))
    failed = worker.do(gone)
    assert f"{server}/gone.wav" in failed.reason
    assert "key" not in failed.reason
    text = Item("text", "text", "", files=(f"{server}/a0.wav", f"{server}/notes.txt?key=2"))
    assert str(tmp_path) not in worker.do(text).reason


def test_all_files_of_a_conversation_are_claimed(episode: Item) -> None:
    with claimed(Path("ep/ben.flac")):
        assert hands("out", Wish()).do(episode).elsewhere
    assert not any(in_work(Path(file)) for file in episode.files)
