"""What the folder's page may ask for, and what it may not."""

from __future__ import annotations

import errno
import io
import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from diarfuse.fusion.errors import DiarfuseError, OptionError, OutputError
from diarfuse.transcribe.documents.desk import site
from diarfuse.transcribe.documents.desk.site import Desk
from diarfuse.transcribe.inputs.claims import claimed
from tests.browsing import wait


def row(desk: Desk, name: str) -> dict[str, object]:
    return next(one for one in desk.told()["files"] if one["recording"] == name)


def test_a_recording_becomes_a_transcript_beside_it(desk: Desk) -> None:
    assert row(desk, "talk.wav")["work"] is None
    desk.start({"name": "talk.wav", "people": 2, "language": "de"})
    desk.work.wait()
    told = row(desk, "talk.wav")
    assert told["transcript"] == "talk.json"
    options = "--diarize --json-progress --live-text --num-speakers 2 --language=de"
    assert told["work"]["notes"] == [options]  # type: ignore[index]
    with pytest.raises(OptionError, match=r"talk\.wav has a transcript, talk\.json"):
        desk.start({"name": "talk.wav"})
    address = desk.page_of("talk.json")
    assert desk.page_of("talk.json") == address
    with urllib.request.urlopen(address, timeout=60) as page:  # noqa: S310 - our own
        assert b"SPEAKER_01" in page.read()
    desk.finish()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=60)  # noqa: S310 - the same


def test_recordings_of_one_stem_that_are_begun_at_once_get_a_transcript_each(desk: Desk, folder: Path) -> None:
    (folder / "wrong.m4a").rename(folder / "talk.m4a")
    for name in ("talk.wav", "talk.m4a", "slow.mp3"):
        desk.start({"name": name})
    (folder / "slow.json").write_text('{"segments": []}')  # another program's, while it waits
    (folder / "slow.mp3.go").touch()
    desk.work.wait()
    found = {name: row(desk, name)["transcript"] for name in ("talk.wav", "talk.m4a", "slow.mp3")}
    assert found == {"talk.wav": "talk.json", "talk.m4a": "talk.m4a.json", "slow.mp3": "slow.mp3.json"}
    assert (folder / "slow.json").read_text() == '{"segments": []}'


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        {},
        {"name": None},
        {"name": "none.wav"},
        {"name": "../calls/talk.wav"},
        {"name": ["talk.wav"]},
        *({"name": "talk.wav", "people": wrong} for wrong in (0, 21, -1, 1.5, "2", True, [])),
        *({"name": "talk.wav", "language": wrong} for wrong in (5, ["de"])),
    ],
)
def test_what_cannot_be_begun_is_refused(desk: Desk, asked: object) -> None:
    with pytest.raises(OptionError):
        desk.start(asked)
    assert desk.work.left() == 0


def test_stopping_what_is_not_there_changes_nothing(desk: Desk) -> None:
    for asked in (None, {}, {"name": "none.wav"}, {"name": 3}):
        assert desk.stop(asked) == desk.told()


def test_a_recording_that_comes_after_its_transcript_was_opened_is_heard(desk: Desk, folder: Path) -> None:
    (folder / "meeting.json").write_bytes((folder / "talk.wav").read_bytes())
    before = desk.page_of("meeting.json")
    assert desk.page_of("meeting.json") == before
    add(desk, "meeting.wav", b"sound")
    after = desk.page_of("meeting.json")
    assert after != before
    with urllib.request.urlopen(f"{after}audio", timeout=60) as sound:  # noqa: S310 - our own
        assert sound.read() == b"sound"
    desk.finish()


def test_only_transcripts_of_the_folder_have_a_page(desk: Desk, folder: Path) -> None:
    (folder / "damaged.json").write_text('{"format": "diarfuse/1", "name": 3}')
    for name in ("none.json", "../secret.json", "talk.wav", ""):
        with pytest.raises(OptionError, match="There is no transcript"):
            desk.page_of(name)
    with pytest.raises(DiarfuseError, match=r"damaged\.json"):
        desk.page_of("damaged.json")


def test_what_came_of_a_recording_is_forgotten_with_its_transcript(desk: Desk, folder: Path) -> None:
    for name in ("talk.wav", "wrong.m4a"):
        desk.start({"name": name})
    desk.work.wait()
    assert [row(desk, name)["work"]["state"] for name in ("talk.wav", "wrong.m4a")] == ["done", "failed"]  # type: ignore[index]
    (folder / "talk.json").unlink()
    made = (folder / "wrong.m4a").read_text(encoding="utf-8").replace("meeting.wav", "wrong.m4a")
    (folder / "wrong.json").write_text(made, encoding="utf-8")  # elsewhere
    assert [row(desk, name)["work"] for name in ("talk.wav", "wrong.m4a")] == [None, None]
    desk.start({"name": "talk.wav"})
    desk.work.wait()
    assert row(desk, "talk.wav")["transcript"] == "talk.json"


def test_a_recording_that_is_lost_while_in_work_keeps_its_row(desk: Desk, folder: Path) -> None:
    for name in ("slow.mp3", "mute.ogg"):
        desk.start({"name": name})
    place = [one["recording"] for one in desk.told()["files"]]
    (folder / "slow.mp3").unlink()
    (folder / "mute.ogg").unlink()
    told = desk.told()["files"]
    assert [one["recording"] for one in told] == place
    assert [one["recording"] for one in told if one["lost"]] == [
        name for name in place if name in {"slow.mp3", "mute.ogg"}
    ]
    (folder / "slow.mp3.go").touch()
    desk.work.wait()
    assert "There is no recording 'mute.ogg'" in row(desk, "mute.ogg")["work"]["error"]  # type: ignore[index]
    assert row(desk, "slow.mp3")["work"]["state"] == "failed"  # type: ignore[index]
    with pytest.raises(OptionError, match="There is no recording"):
        desk.start({"name": "slow.mp3"})
    (folder / "slow.mp3").write_bytes((folder / "talk.wav").read_bytes())
    assert not row(desk, "slow.mp3")["lost"]
    desk.start({"name": "slow.mp3"})
    desk.work.wait()
    assert row(desk, "slow.mp3")["transcript"] == "slow.json"


def test_a_recording_that_somebody_takes_away_after_it_failed_goes(desk: Desk, folder: Path) -> None:
    desk.start({"name": "wrong.m4a"})
    desk.work.wait()
    assert row(desk, "wrong.m4a")["work"]["state"] == "failed"  # type: ignore[index]
    (folder / "wrong.m4a").unlink()
    assert "wrong.m4a" not in [one["recording"] for one in desk.told()["files"]]


def test_what_fails_because_another_was_first_says_so_beside_its_transcript(desk: Desk, folder: Path) -> None:
    desk.start({"name": "slow.mp3"})
    wait(lambda: "Good morning." in json.dumps(row(desk, "slow.mp3")))  # it has begun, and looked where its result goes
    made = (folder / "slow.mp3").read_text(encoding="utf-8").replace("meeting.wav", "slow.mp3")
    (folder / "slow.json").write_text(made, encoding="utf-8")  # by another program
    (folder / "slow.mp3.go").touch()
    desk.work.wait()
    told = row(desk, "slow.mp3")
    assert (told["transcript"], told["work"]["state"]) == ("slow.json", "failed")  # type: ignore[index]
    assert (folder / "slow.json").read_text(encoding="utf-8") == made


def test_what_is_in_work_elsewhere_is_told_and_not_begun(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "_SELDOM", 0.0)
    with claimed(folder / "talk.wav"):
        assert [one["recording"] for one in desk.told()["files"] if one["elsewhere"]] == ["talk.wav"]
        with pytest.raises(OptionError, match=r"talk\.wav is in work elsewhere, by another command or page"):
            desk.start({"name": "talk.wav"})
    assert not row(desk, "talk.wav")["elsewhere"]
    desk.start({"name": "slow.mp3"})
    desk.start({"name": "talk.wav"})
    with claimed(folder / "talk.wav"), claimed(folder / "slow.mp3"):
        assert not row(desk, "slow.mp3")["elsewhere"]  # its own command is at work on it
        (folder / "slow.mp3.go").touch()
        desk.work.wait()  # somebody else was first where two pages began it
        assert "is in work elsewhere" in row(desk, "talk.wav")["work"]["error"]  # type: ignore[index]
    desk.start({"name": "talk.wav"})
    desk.work.wait()
    assert row(desk, "talk.wav")["transcript"] == "talk.json"


def test_one_that_was_stopped_is_begun_again_before_its_command_has_ended(desk: Desk, folder: Path) -> None:
    (folder / "talk.wav").rename(folder / "slow deaf.wav")
    desk.start({"name": "slow deaf.wav"})
    wait(lambda: row(desk, "slow deaf.wav")["work"]["words"])  # type: ignore[index]
    with claimed(folder / "slow deaf.wav"):  # as its command does
        desk.stop({"name": "slow deaf.wav"})
        assert not row(desk, "slow deaf.wav")["elsewhere"]
        desk.start({"name": "slow deaf.wav"})
    (folder / "slow.mp3").rename(folder / "slow deaf.wav.go")
    desk.work.wait()
    assert row(desk, "slow deaf.wav")["transcript"] == "slow deaf.json"


def test_where_words_are_kept_is_told_by_whoever_ends_last(desk: Desk, folder: Path) -> None:
    said: list[str] = []
    desk.tell = said.append
    for name in ("slow heard.wav", "slow heard too.wav"):
        (folder / name).write_bytes((folder / "talk.wav").read_bytes())
        desk.start({"name": name})
        wait(lambda name=name: row(desk, name)["work"]["words"])
        if "too" not in name:
            desk.stop({"name": name})
            wait(lambda name=name: row(desk, name)["work"]["error"] == f"The words of {name} are kept.")
    desk.finish()
    assert said == ["The words of slow heard too.wav are kept."]  # the other was told in the page


def test_several_pages_may_ask_while_recordings_come(desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = desk._stays

    def stays(*given: object) -> bool:
        (folder / f"{len(list(folder.iterdir()))}.wav").touch()  # and another page asks
        other = ThreadPoolExecutor(1)
        with suppress(TimeoutError):
            other.submit(desk.told).result(0.2)
        other.shutdown(wait=False)
        return real(*given)  # type: ignore[arg-type]

    (folder / "gone.wav").touch()
    desk.told()
    (folder / "gone.wav").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(Desk, "_stays", lambda _, *given: patch.undo() or stays(*given))
        desk.told()


def add(desk: Desk, name: str, content: bytes, size: int | None = None) -> str:
    return str(desk.add(name, len(content) if size is None else size, io.BytesIO(content))["name"])


def test_an_added_recording_replaces_none(desk: Desk, folder: Path) -> None:
    before = (folder / "talk.wav").read_bytes()
    assert add(desk, "talk.wav", b"new") == "talk (2).wav"
    assert add(desk, "talk.wav", b"newer" * 50_000) == "talk (3).wav"
    for name in (
        "Grüße 会議.opus",
        "Aufnahme um 10.01.02\u202fPM.mov",
        "\u0645\u06cc\u200c\u062e.mp3",
        "👩\u200d💻\u3000%2F#?.mp4",
    ):
        assert add(desk, name, b"") == name
    assert (folder / "talk.wav").read_bytes() == before
    assert (folder / "talk (2).wav").read_bytes() == b"new"
    assert (folder / "talk (3).wav").read_bytes() == b"newer" * 50_000


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".wav",
        ".x.wav",
        "a/b.wav",
        "../b.wav",
        "a\\b.wav",
        "a\nb.wav",
        "a\0.wav",
        "a\u2028b.wav",
        "\udc80.wav",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(desk: Desk, folder: Path, name: str) -> None:
    before = sorted(folder.parent.rglob("*"))
    with pytest.raises(OptionError, match="no name of a file"):
        add(desk, name, b"x")
    assert sorted(folder.parent.rglob("*")) == before


def test_a_recording_with_a_long_name_is_added_twice(desk: Desk) -> None:
    name = f"{'ä' * 124} .mp3"
    assert add(desk, name, b"one") == name
    assert add(desk, name, b"two") == f"{'ä' * 123} (2).mp3"
    assert add(desk, f"{'b' * 300}.wav", b"three") == f"{'b' * 251}.wav"


def test_what_is_no_recording_is_refused(desk: Desk) -> None:
    for name in ("run.sh", "talk.json", "talk"):
        with pytest.raises(OptionError, match="is no recording by its ending"):
            add(desk, name, b"x")


def test_nothing_is_left_of_a_recording_that_was_cut_off_or_had_no_room(desk: Desk, folder: Path, monkeypatch) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(OutputError, match=r"more\.wav cannot be kept .*stopped sending"):
        add(desk, "more.wav", b"half", size=8)

    @contextmanager
    def full(*_given: object, **_more: object):
        raise OSError(errno.ENOSPC, "No space left on device")
        yield

    monkeypatch.setattr(site, "landing", full)
    with pytest.raises(OutputError, match="No space left on device"):
        add(desk, "more.wav", b"all")
    assert sorted(folder.iterdir()) == before


def test_a_file_that_was_made_meanwhile_is_not_replaced(desk: Desk, folder: Path) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            (folder / "more.wav").write_bytes(b"theirs")
            return super().read(size)

    with pytest.raises(OutputError, match=r"more\.wav was made by somebody else"):
        desk.add("more.wav", 3, Slow(b"our"))
    assert (folder / "more.wav").read_bytes() == b"theirs"


def test_it_lasts_until_its_pages_are_closed_and_the_work_is_done(desk: Desk, folder: Path) -> None:
    told: list[str] = []
    desk.tell = told.append
    ended = threading.Thread(target=desk.wait, daemon=True)
    ended.start()
    with desk.presence.page():
        desk.start({"name": "slow.mp3"})
    ended.join(0.3)
    assert ended.is_alive()
    (folder / "slow.mp3.go").touch()
    ended.join(60)
    assert not ended.is_alive()
    assert told == ["The page is closed, and what is in work goes on (Ctrl-C stops it)."]
