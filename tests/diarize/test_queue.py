"""Every recording that is taken is answered once: whoever pushes, cancels, waits or gives up."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.diarize.options import Execution
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.queue import DiarizationQueue, Done, Queue, sharing
from diarfuse.diarize.runtime import Runtime
from diarfuse.fusion.errors import AudioError, CancelledError, OptionError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "meeting.wav"


class Gate:
    """Work that waits until it is let through, or cancelled; for a minute, so that a test which fails also ends."""

    def __init__(self) -> None:
        self.open, self.begun = threading.Event(), threading.Semaphore(0)

    def __call__(self, audio: int, cancel: threading.Event) -> int:
        self.begun.release()
        until = time.monotonic() + 60
        while not self.open.wait(0.001):
            if cancel.is_set() or time.monotonic() > until:
                raise CancelledError("Stopped, as asked.")
        if audio < 0:
            raise AudioError("no audio")
        return 10 * audio


def test_answers_come_as_they_are_done_and_a_bad_one_fails_alone() -> None:
    with Queue[int, int](lambda audio, _: 10 // audio, files=2) as queue:
        for audio in (1, 0, 5):
            queue.push(f"n{audio}", audio)
        queue.close()
        found = {done.id: done for done in queue}
    assert {name: done.answer for name, done in found.items()} == {"n1": 10, "n0": None, "n5": 2}
    assert found["n5"].get() == 2
    with pytest.raises(ZeroDivisionError):
        found["n0"].get()
    with pytest.raises(OptionError, match="The queue is closed and takes 'late' no more"):
        queue.push("late", 1)


def test_who_pushes_too_much_has_to_wait() -> None:
    gate = Gate()
    with Queue(gate, files=1, capacity=2) as queue:
        queue.push(0, 0)
        gate.begun.acquire()
        assert [queue.try_push(number, number) for number in (1, 2, 3)] == [True, True, False]
        with pytest.raises(OptionError, match="A recording of the id 0 is in the queue already"):
            queue.push(0, 0) if queue.cancel(2) else None
        queue.push(2, 2)
        pushed = threading.Thread(target=queue.push, args=(4, 4))
        pushed.start()
        pushed.join(0.05)
        assert pushed.is_alive()
        gate.open.set()
        pushed.join(60)
        queue.close()
        answers = {done.id: done.answer for done in queue if done.error is None}
    assert answers == {0: 0, 1: 10, 2: 20, 4: 40}


def test_one_and_all_can_be_given_up() -> None:
    gate = Gate()
    with Queue(gate, files=1) as queue:
        for number in range(4):
            queue.push(number, number)
        gate.begun.acquire()
        assert (queue.cancel(0), queue.cancel(2), queue.cancel(9)) == (True, True, False)
        assert {next(iter(queue)).id, next(iter(queue)).id} == {0, 2}
        queue.stop()
        rest = list(queue)
    assert {done.id for done in rest} == {1, 3}
    assert all(isinstance(done.error, CancelledError) for done in rest)


def test_samples_that_wait_can_be_given_up() -> None:
    held = Gate()
    with Queue(lambda _, cancel: held(1, cancel), files=1) as queue:
        for number in range(3):
            queue.push(number, np.ones(4))
        held.begun.acquire()
        assert queue.cancel(2)
        assert isinstance(next(iter(queue)).error, CancelledError)


def test_leaving_the_block_ends_what_is_in_work() -> None:
    gate = Gate()
    queue = Queue(gate, files=2)
    with queue:
        queue.push(1, 1)
        gate.begun.acquire()
    assert not any(thread.is_alive() for thread in queue._threads)
    assert isinstance(next(iter(queue)).error, CancelledError)


def test_an_event_loop_is_not_kept_waiting() -> None:
    async def run() -> tuple[list[Done[int]], int]:
        gate, ticks = Gate(), 0
        with Queue(gate, files=2) as queue:
            for number in (1, -1, 2):
                queue.push(number, number)

            async def tick() -> None:
                nonlocal ticks
                for _ in range(3):
                    await asyncio.sleep(0.001)
                    ticks += 1
                gate.open.set()
                queue.close()

            ticking = asyncio.create_task(tick())
            found = [done async for done in queue]
            await ticking
        return found, ticks

    found, ticks = asyncio.run(run())
    assert sorted((done.id, done.answer) for done in found if done.error is None) == [(1, 10), (2, 20)]
    assert ticks == 3


def test_an_answer_that_was_waited_for_in_vain_comes_later() -> None:
    async def run() -> list[int | None]:
        gate = Gate()
        with Queue(gate, files=1) as queue:
            queue.push(1, 1)
            queue.close()
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(queue), 0.001)
            assert not queue._listeners, "one more after each timeout"
            gate.open.set()
            return [done.answer async for done in queue]

    assert asyncio.run(run()) == [10]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_is_told_that_the_threads_stayed_behind() -> None:
    with Queue(Gate(), files=1) as queue, queue._changed:  # a fork may find it held for ever
        child = os.fork()
        if not child:
            told = 0
            try:
                for use in (queue.close, queue.stop, lambda: queue.push(1, 1), lambda: next(iter(queue))):
                    with pytest.raises(OptionError, match="stayed in the process that this one was forked from"):
                        use()
                    told += 1
            finally:
                os._exit(told)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4


@pytest.mark.parametrize("number", [0, -1, 1.5, float("nan"), "3", None, True])
def test_numbers_that_cannot_be_are_refused(number: int) -> None:
    for numbers in ({"files": 1, "capacity": number}, {"files": number, "capacity": 1}):
        with pytest.raises(OptionError, match="must be a whole number, 1 or more"):
            Queue(Gate(), **numbers)
    Queue(Gate(), files=np.int64(1), capacity=np.int32(1)).close()


def test_work_that_asks_to_leave_the_program_ends_only_itself() -> None:
    def work(audio: int, _: threading.Event) -> int:
        if audio == 1:
            sys.exit(3)
        if audio == 2:
            raise KeyboardInterrupt
        return audio

    with Queue(work, files=1) as queue:
        for audio in range(4):
            queue.push(audio, audio)
        queue.close()
        found = {done.id: done for done in queue}
    assert {name: done.answer for name, done in found.items()} == {0: 0, 1: None, 2: None, 3: 3}
    with pytest.raises(RuntimeError, match=r"ended by SystemExit\(3\)"):
        found[1].get()


@given(st.lists(st.tuples(st.integers(-3, 50), st.booleans()), max_size=40), st.integers(1, 4), st.integers(1, 5))
def test_every_recording_is_answered_once_whatever_happens(
    pushed: list[tuple[int, bool]], files: int, capacity: int
) -> None:
    def work(audio: int, cancel: threading.Event) -> int:
        if audio < 0:
            raise AudioError("no audio")
        return audio + cancel.is_set() * 0

    with Queue(work, files=files, capacity=capacity) as queue, ThreadPoolExecutor(3) as pool:

        def push(number: int, audio: int, cancelled: bool) -> None:
            queue.push(number, audio)
            if cancelled:
                queue.cancel(number)

        asked = [pool.submit(push, number, *one) for number, one in enumerate(pushed)]
        closing = pool.submit(lambda: ([one.result() for one in asked], queue.close()))
        found = list(queue)
        closing.result()
    assert Counter(done.id for done in found) == Counter(range(len(pushed)))
    for done in found:
        audio, cancelled = pushed[done.id]
        assert done.answer == audio if audio >= 0 and not cancelled else done.error or done.answer == audio


def test_turns_are_those_of_one_by_one(store, tmp_path: Path) -> None:
    samples, rate = soundfile.read(EXAMPLE, dtype="float32")
    clips = [samples[start * rate : (start + 9 + start) * rate] for start in range(4)]
    diarizer = Diarizer(store.load("campplus"), execution=Execution(threads=2))
    (tmp_path / "text.wav").write_text("no audio", encoding="utf-8")
    with pytest.raises(OptionError, match="num_speakers=0 must be"):
        DiarizationQueue(diarizer, num_speakers=0)
    with pytest.raises(TypeError, match="min_speeker"):
        DiarizationQueue(diarizer, min_speeker=2)
    with DiarizationQueue(diarizer, min_speakers=2) as queue:
        queue.push("bad", tmp_path / "text.wav")
        queue.push("nan", np.full(16_000, np.nan, np.float32))
        for number, clip in enumerate(clips):
            queue.push(number, clip)
        queue.close()
        found = {done.id: done for done in queue}
    assert isinstance(found["bad"].error, AudioError)
    assert isinstance(found["nan"].error, AudioError)
    for number, clip in enumerate(clips):
        alone = diarizer.diarize(clip, min_speakers=2)
        assert found[number].get().turns == alone.turns
        assert found[number].get().notes == alone.notes


def test_a_file_that_is_given_up_leaves_the_shared_threads_to_the_others(store) -> None:
    samples, rate = soundfile.read(EXAMPLE, dtype="float32")
    together = sharing(Diarizer(store.load("campplus"), execution=Execution(threads=2)))

    def stop(stage: str, done: int, _: int) -> None:
        if stage == "embedding" and done:
            raise CancelledError("Stopped, as asked.")

    before = together.diarize(samples[: 9 * rate])
    with pytest.raises(CancelledError):
        together.diarize(samples[: 30 * rate], on_progress=stop)
    assert together.diarize(samples[: 9 * rate]).turns == before.turns


@pytest.mark.parametrize(("device", "together"), [("cuda", [(1, 2), (3, 2)]), ("coreml", [(1, 2), (1, 2), (2, 2)])])
def test_only_a_gpu_of_nvidia_takes_rows_of_several_files(device, together) -> None:
    """CoreML's programs have bounds, and that of the trunk takes one stretch."""

    class Stub:
        runtime = Runtime(device, 1)

        def within(self, _runtime, change):
            return change(network)

    network = Waiting()
    shared = sharing(Stub())
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(shared, np.zeros((1, 2), np.float32))]
        assert network.begun.wait(60)
        for rows in (1, 2):
            futures.append(pool.submit(shared, np.zeros((rows, 2), np.float32)))
            while len(shared._calls) < rows:
                time.sleep(0.001)
        network.go_on.set()
        assert [future.result().shape for future in futures] == [(1, 2), (1, 2), (2, 2)]
    assert network.shapes == together


class Waiting:
    """A network whose first call waits."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.shapes = threading.Event(), threading.Event(), []

    def __call__(self, rows):
        self.shapes.append(rows.shape)
        self.begun.set()
        assert self.go_on.wait(60)
        return rows
