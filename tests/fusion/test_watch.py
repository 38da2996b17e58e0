"""Progress, timings, notes and the wish to stop, of one stage and of two at once."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from diarfuse.fusion.errors import CancelledError
from diarfuse.fusion.watch import Watch


def test_a_stage_reports_its_begin_its_way_and_its_end() -> None:
    heard: list[tuple[str, int, int]] = []
    watch = Watch(lambda *report: heard.append(report))
    with watch.stage("segmentation") as advance:
        advance(2, 5)
    with watch.part(", channel 2").stage("join"):
        pass
    assert heard == [
        ("segmentation", 0, 1),
        ("segmentation", 2, 5),
        ("segmentation", 1, 1),
        ("join, channel 2", 0, 1),
        ("join, channel 2", 1, 1),
    ]


def test_times_of_a_stage_that_comes_again_are_summed() -> None:
    watch = Watch()
    for part in (watch, watch.part(", channel 2")):
        with part.timed("recognise"):
            pass
    first = watch.timings["recognise"]
    with watch.timed("recognise"):
        threading.Event().wait(0.002)
    assert watch.timings == {"recognise": pytest.approx(first + 0.002, abs=1.0)}
    assert watch.timings["recognise"] > first


def test_a_stage_that_fails_has_no_time() -> None:
    watch = Watch()
    with pytest.raises(KeyError), watch.stage("join"):
        raise KeyError
    assert watch.timings == {}


@pytest.mark.parametrize("stops", [Watch.stop, lambda watch: watch.cancel.set()])
def test_who_wants_to_stop_is_seen_at_the_next_report(stops) -> None:
    watch = Watch(cancel=threading.Event())
    part = watch.part(", channel 1")
    watch.progress("recognise", 1, 2)
    stops(watch)
    for each in (watch, part):
        with pytest.raises(CancelledError, match=r"Stopped during recognise, as asked\."):
            each.progress("recognise", 2, 2)


def test_notes_are_passed_on_or_else_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    Watch(on_note=heard.append).note("one")
    Watch().note("two %s")
    Watch().part(", channel 2").note("three")
    assert heard == ["one"]
    told = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [("diarfuse", "WARNING", "two %s"), ("diarfuse", "WARNING", "three")]


def test_what_comes_back_with_the_result_is_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    for watch in (Watch(on_note=heard.append), Watch()):
        watch.keep("one")
        assert watch.notes == ["one"]
    assert heard == ["one"]
    assert caplog.records == []


def test_without_logging_a_note_is_one_line_on_stderr_and_can_be_silenced() -> None:
    program = (
        "import logging; from diarfuse.fusion.watch import Watch; Watch().note('Campplus is used.');"
        "logging.getLogger('diarfuse').setLevel(logging.ERROR); Watch().note('Moonshine is used.')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "Campplus is used.\n")


@pytest.mark.parametrize(
    ("setup", "told"),
    [
        ("logging.basicConfig()", "WARNING:diarfuse:Campplus is used.\n"),
        ("logging.config.dictConfig({'version': 1, **root})", "Campplus is used.\n"),
        ("logging.config.dictConfig({'version': 1, **root, 'disable_existing_loggers': False})", "Campplus is used.\n"),
    ],
)
def test_a_program_that_sets_up_its_logging_after_the_import_hears_a_note_once(setup: str, told: str) -> None:
    program = (
        "import logging.config; import diarfuse; from diarfuse.fusion.watch import Watch;"
        "root = {'handlers': {'h': {'class': 'logging.StreamHandler'}}, 'root': {'handlers': ['h']}};"
        f"{setup}; Watch().note('Campplus is used.')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", told)


def test_what_a_listener_raises_reaches_the_work() -> None:
    def gone(*_: object) -> None:
        raise OSError("the terminal is gone")

    with pytest.raises(OSError, match="the terminal"), Watch(gone).stage("join"):
        pytest.fail("the stage began")


def test_threads_go_on_where_the_programs_main_one_has_ended() -> None:
    program = """
import threading
from diarfuse.fusion.watch import spread

def work():
    threading.main_thread().join()
    print(*spread(str, range(50), 2), sep="")

threading.Thread(target=work).start()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "".join(map(str, range(50)))
    assert done.stderr == ""
