"""What is no list of words or turns, though it looks like one: our own sentence, with the remedy."""

from __future__ import annotations

import errno
import io
import sys
from collections import Counter, namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pyannote.core import Annotation
from pyannote.core import Segment as Span

from diarfuse.diarize.options import Execution, Options
from diarfuse.fusion import given
from diarfuse.fusion.attaching import attach, attach_lazily, attach_same_shape
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.cues.building import build_cues
from diarfuse.fusion.cues.splitting import split_segments
from diarfuse.fusion.document import Document, parse_document, read_document
from diarfuse.fusion.errors import AudioError, LowMemoryError, OptionError, TranscriptError
from diarfuse.fusion.formats.files import read_file
from diarfuse.fusion.formats.rttm import parse_rttm, read_rttm
from diarfuse.fusion.given import enough_memory, ran_out
from diarfuse.fusion.join.assign import Policy, assign_speakers, assign_transcript
from diarfuse.fusion.join.guessed import assign_with_lines
from diarfuse.fusion.layout import Layout
from diarfuse.fusion.types import Diarization, Segment, SpeakerCount, Transcript, Turn, Word
from diarfuse.transcribe.options import JobOptions, Setup, Wish

TURNS = [Turn(0.0, 1.0, "A")]
WORDS = [{"word": "a", "start": 0.1, "end": 0.4}]
Said = namedtuple("Said", "start end word")  # noqa: PYI024 - the untyped kind is what is tested


class Table:
    """As a pandas DataFrame: walking through it gives the names of its columns."""

    def __init__(self, rows: list[dict[str, object]]) -> None:
        self.rows, self.columns = rows, tuple(rows[0])

    def __iter__(self):
        return iter(self.columns)

    def to_dict(self, orient: str) -> list[dict[str, object]]:
        assert orient == "records"
        return self.rows


class Frame(Table):
    """As polars has it, whose `to_dict` is of columns."""

    def to_dict(self) -> dict[str, object]:  # type: ignore[override]
        raise AssertionError

    def to_dicts(self) -> list[dict[str, object]]:
        return self.rows


NO_LISTS = {
    "one named tuple": (Said(0.1, 0.4, "a"), "are one Said: give a list of them"),
    "nothing": (None, "are one NoneType|none of the transcripts known"),
    "a number": (5, "are one int|none of the transcripts known"),
    "text": (b"words.json", "are the text b'words.json'"),
}
NO_WORDS = {
    "table": (Table(WORDS), r"are a Table: give its rows, \w+\.to_dict\('records'\)"),
    "turns": (Annotation(), "are one Annotation: give a list of them"),
}


@pytest.mark.parametrize("kind", NO_LISTS)
def test_what_is_no_list_is_named_with_the_remedy(kind):
    value, message = NO_LISTS[kind]
    for act in (
        lambda: assign_speakers(value, TURNS),
        lambda: assign_speakers(WORDS, value),
        lambda: attach(value, TURNS),
        lambda: attach(WORDS, value),
        lambda: attach_same_shape(value, TURNS),
        lambda: list(attach_lazily(value, TURNS)),
        lambda: list(attach_lazily(WORDS, value)),
        lambda: assign_with_lines(Transcript((), None, 0.0), value),
    ):
        with pytest.raises(TranscriptError, match=message):
            act()


@pytest.mark.parametrize("kind", NO_WORDS)
def test_what_tells_turns_is_no_list_of_words(kind):
    value, message = NO_WORDS[kind]
    for act in (
        lambda: assign_speakers(value, TURNS),
        lambda: attach(value, TURNS),
        lambda: attach_same_shape(value, TURNS),
        lambda: list(attach_lazily(value, TURNS)),
    ):
        with pytest.raises(TranscriptError, match=message):
            act()


def heard() -> Annotation:
    """Two people, of whom one begins within the other's turn: who speaks at 1.5 s only the exclusive turns say."""
    found = Annotation()
    found[Span(0.0, 2.0), "x"] = "A"
    found[Span(1.0, 3.0), "y"] = "B"
    return found


def alone() -> Annotation:
    found = Annotation()
    found[Span(0.0, 1.2)] = "A"
    found[Span(1.2, 3.0)] = "B"
    return found


ROWS = [
    {"segment": "[ 00:00 -->  00:02]", "label": "x", "speaker": "A", "start": 0.0, "end": 2.0},
    {"segment": "[ 00:01 -->  00:03]", "label": "y", "speaker": "B", "start": 1.0, "end": 3.0},
]
LIST = [Turn(0.0, 2.0, "A"), Turn(1.0, 3.0, "B")]
ALONE = [Turn(0.0, 1.2, "A"), Turn(1.2, 3.0, "B")]
TELLING = {
    "pyannote.core's annotation": (heard(), LIST),
    "WhisperX's table": (Table(ROWS), LIST),
    "a table of polars": (Frame(ROWS), LIST),
    "pyannote.audio's answer": (
        SimpleNamespace(speaker_diarization=heard(), exclusive_speaker_diarization=alone(), speaker_embeddings=None),
        Diarization(tuple(LIST), tuple(ALONE), 3.0),
    ),
}


@pytest.mark.parametrize("kind", TELLING)
def test_turns_of_pyannote_and_whisperx_are_taken_as_they_are(kind):
    told, ours = TELLING[kind]
    words = [Word(s, s + 0.4, str(s)) for s in (0.1, 1.05, 1.25, 1.6, 2.5)]
    lines = [{"start": 0.0, "end": 3.0, "text": "a b", "words": [{"word": "a", "start": 1.3, "end": 1.7}]}]
    said = Transcript((Segment(0.0, 3.0, "x", tuple(words)),), "en", 3.0)
    for join in ("plain", "resolved"):
        policy = Policy(join=join)
        assert assign_speakers(words, told, policy) == assign_speakers(words, ours, policy)
        assert assign_transcript(said, told, policy) == assign_transcript(said, ours, policy)
        assert assign_with_lines(said, told, policy) == assign_with_lines(said, ours, policy)
        assert attach(lines, told, policy=policy, duration=3.0) == attach(lines, ours, policy=policy, duration=3.0)
        assert attach_same_shape(lines, told, policy=policy) == attach_same_shape(lines, ours, policy=policy)
        assert list(attach_lazily(lines, told, policy=policy)) == list(attach_lazily(lines, ours, policy=policy))


def test_of_pyannotes_answer_the_exclusive_turns_count_too():
    told, _ = TELLING["pyannote.audio's answer"]
    word = Word(1.3, 1.7, "a")
    assert assign_speakers([word], told)[0].speaker == "B"
    assert assign_speakers([word], told.speaker_diarization)[0].speaker == "A"  # the earlier of two that tie


def test_a_table_without_speakers_is_named_by_its_row():
    with pytest.raises(TranscriptError, match=r"turns\[0\]=\{'start': 0.* is no turn: give start and end in seconds"):
        assign_speakers(WORDS, Table([{"start": 0, "end": 1}]))


def test_a_tables_rows_and_a_list_of_named_tuples_are_fine():
    assert assign_speakers(Table(WORDS).to_dict("records"), TURNS)[0]["speaker"] == "A"
    assert attach([Said(0.1, 0.4, "a")], TURNS).words[0].speaker == "A"


@pytest.mark.parametrize(
    "words",
    [
        [[0, 1, "a"], [0, 1]],
        [{"start": [0, 1], "end": 1}, {"start": 0, "end": 1}],
        [{"start": np.zeros(2), "end": 1}],
        np.zeros((3, 2)),
        {"segments": []},
        "hello",
    ],
)
def test_ragged_lists_are_named(words):
    with pytest.raises(TranscriptError, match=r"words\[0\]|The words are"):
        assign_speakers(words, TURNS)


@pytest.mark.parametrize("policy", ["plain", None, {"join": "plain"}, Policy])
def test_a_policy_is_a_policy(policy):
    for act in (
        lambda: assign_speakers(WORDS, TURNS, policy),
        lambda: attach(WORDS, TURNS, policy=policy),
        lambda: assign_transcript(Transcript((), None, 0.0), TURNS, policy),
        lambda: list(attach_lazily([{"start": 0, "end": 1, "text": "x"}], TURNS, policy=policy)),
    ):
        with pytest.raises(OptionError, match=r"must be a Policy, such as Policy\(join='plain'\)"):
            act()
    for gap in ("1", None, [], -1, float("nan")):
        with pytest.raises(OptionError, match=r"max_gap=.* must be a number of seconds"):
            Policy(max_gap=gap)


def test_a_transcript_is_a_transcript():
    with pytest.raises(TranscriptError, match="The transcript is a list: use assign_speakers or attach"):
        assign_transcript(WORDS, TURNS)


def test_memory_that_runs_out_is_told_in_a_sentence(monkeypatch):
    def short(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("diarfuse.fusion.join.assign.read_times", short)
    with pytest.raises(LowMemoryError, match="not enough memory to join so many words"):
        assign_speakers(WORDS, TURNS)
    with pytest.raises(MemoryError), enough_memory("x"):
        raise MemoryError


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (ImportError("libx265.so: failed to map segment from shared object"), True),
        (RuntimeError("Exception during initialization: std::bad_alloc"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("Available memory of 777216 is smaller than requested bytes of 8000000"), True),
        (RuntimeError("CUDA failed with error out of memory"), True),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDA failed with error no kernel image is available"), False),
        (FileNotFoundError(errno.ENOENT, "No such file", "allocate memory.wav"), False),
        (AudioError("bad_alloc.wav is empty"), False),
        (ImportError("No module named 'av'"), False),
    ],
)
def test_what_says_that_memory_ran_out(error: Exception, *, is_memory: bool) -> None:
    assert ran_out(error) is is_memory


LINE = Segment(0.0, 1.0, "a b", (Word(0.0, 0.4, "a"), Word(0.5, 1.0, "b")), "A")
SAID = Transcript((LINE,), "en", 1.0)


def no_transcripts() -> Iterator[tuple[object, str]]:
    yield [LINE], "The transcript is a list"
    yield {"segments": []}, "The transcript is a dict"
    yield replace(SAID, segments=({"start": 0},)), r"segments\[0\] is a dict"
    yield replace(SAID, segments=(replace(LINE, words=None),)), r"segments\[0\]\.words is None"
    yield replace(SAID, segments=(replace(LINE, words=({"word": "a"},)),)), r"segments\[0\]\.words is \(\{"


@pytest.mark.parametrize("act", [lambda t: assign_transcript(t, TURNS), split_segments, build_cues, Document])
def test_what_is_no_transcript_is_named_by_its_place(act):
    for value, message in no_transcripts():
        with pytest.raises(TranscriptError, match=message):
            act(value)


def test_what_can_be_walked_through_once_is_kept_whole():
    found = Diarization(iter(TURNS), iter(()), 1.0)
    assert found.turns == tuple(TURNS)
    assert assign_speakers(WORDS, found)[0]["speaker"] == "A"
    assert assign_transcript(Transcript(iter([LINE]), None, 1.0), TURNS).segments[0].speaker == "A"
    with pytest.raises(TranscriptError, match="The segments are one NoneType"):
        Transcript(None, None, 1.0)  # type: ignore[arg-type]


def test_words_of_other_kinds_get_a_speaker_or_a_sentence():
    class Fixed:
        start, end, speaker = 0.1, 0.4, property(lambda _: None)

    assert assign_speakers([Counter(start=0, end=1)], TURNS)[0]["speaker"] == "A"
    assert assign_speakers([Word(0.0, 1.0, None), Word(0.0, 1.0, 5)], TURNS)[1].speaker == "A"  # type: ignore[arg-type]
    with pytest.raises(TranscriptError, match="Fixed has a speaker that cannot be set"):
        assign_speakers([Fixed()], TURNS)
    with pytest.raises(TranscriptError, match="are one ndarray"):
        assign_speakers(np.array(3), TURNS)


@pytest.mark.parametrize("huge", [10**400, 10**5000, "9" * 100_000], ids=["no float", "no text", "text"])
def test_numbers_that_nothing_holds_are_refused_in_a_short_sentence(huge):
    for act in (
        lambda: assign_speakers([{"start": huge, "end": huge}], TURNS),
        lambda: assign_speakers(WORDS, [(huge, huge, "A")]),
        lambda: attach([{"start": 0, "end": huge, "text": "a"}], TURNS),
        lambda: Policy(max_gap=huge),
        lambda: Options(step=huge),
        lambda: Execution(threads=huge),
        lambda: Layout(width=huge),
        lambda: SpeakerCount(huge),
        lambda: SpeakerCount(3, 2),
        lambda: Document(SAID).reassign([huge], "B"),
    ):
        with pytest.raises((TranscriptError, OptionError)) as told:
            act()
        assert len(str(told.value)) < 300


def test_names_and_texts_that_are_none_are_refused():
    for act in (
        lambda: Document(SAID).rename("A=B"),
        lambda: Document(SAID).reassign([0, 2], "B"),
        lambda: Document(SAID).reassign([-1], "B"),
        lambda: Document(SAID).reassign(["0"], "B"),
        lambda: Document(SAID).reassign("9" * 5000, "B"),
        lambda: Document(SAID).reassign("1-\u00b2", "B"),
        lambda: Document(SAID).text(f"{'9' * 5000}:00", "a"),
        lambda: Document(SAID).text(f"{'9' * 400}:00:00", "a"),
        lambda: Document(SAID).rename({"A": None}),
        lambda: Document(SAID).merge("A", ["B"]),
        lambda: Document(SAID).reassign([0], 5),
        lambda: Document(SAID).text("0:00", None),
        lambda: Document(SAID).text(0, "a"),
        lambda: Document(SAID).replace_text("a", None),
    ):
        with pytest.raises(OptionError):
            act()


READERS = (read_document, read_rttm, load_audio, read_file)


@pytest.mark.parametrize("read", READERS)
def test_what_is_no_path_or_no_name_is_said(read):
    for path in (None, 3, b"a", io.BytesIO(b"a"), "a\0b", "a" * 5000):
        with pytest.raises((TranscriptError, AudioError)):
            read(path)


def test_a_file_that_never_ends_is_not_read_for_ever(monkeypatch):
    monkeypatch.setattr(given, "LARGEST_TEXT", 1 << 20)
    for read in (read_document, read_rttm, read_file):
        with pytest.raises(TranscriptError, match=r"/dev/zero is larger than 1 MiB, as an? \w+ ?\w* never is"):
            read(Path("/dev/zero"))


def test_json_and_rttm_that_are_no_text_are_said():
    for act in (lambda: parse_document(None, "x"), lambda: parse_rttm(b"x")):
        with pytest.raises(TranscriptError, match=r"is a (NoneType|bytes): give"):
            act()
    with pytest.raises(TranscriptError, match="'diarfuse/9999"):
        parse_document('{"format": "diarfuse/%s"}' % ("9" * 5000), "x")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Options(label_order="rising"), "label_order='rising' must be one of appearance, pyannote."),
        (lambda: Options(fa=0), "fa=0 must be above 0."),
        (lambda: Options(fb=None), "fb=None must be a number."),
        (lambda: Options(step=1e-9), "step=1e-09 must be from 0.02 to 10 seconds."),
        (lambda: Options(step=np.timedelta64(1, "s")), "step=np.timedelta64(1,'s') must be a number."),
        (lambda: Execution(threads=None), "threads=None must be a whole number."),
        (lambda: Policy(max_gap=True), "max_gap=True must be a number of seconds, 0 or more, up to a year."),
        (lambda: SpeakerCount.of(np.array([2])), "num_speakers=array([2]) must be a whole number"),
        (lambda: JobOptions(join="longest"), "join='longest' must be one of resolved, plain."),
        (lambda: JobOptions(diarize="no"), "diarize='no' must be True or False."),
        (lambda: JobOptions(speakers=2), "speakers=2 must be SpeakerCount."),
        (lambda: JobOptions(audio_track=True), "The audio track True must be a number from 1, or 'all'."),
        (lambda: Setup(offline="no"), "offline='no' must be bool or None."),
        (lambda: Setup(options={}), "options={} must be Options."),
        (lambda: Setup(diarizer=None), "diarizer=None must be str."),
        (lambda: Wish(language=5), "language=5 must be str or None."),
    ],
)
def test_an_option_of_another_kind_is_refused_when_it_is_given(make, sentence) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value).startswith(sentence)


@pytest.mark.filterwarnings("error")
def test_numbers_of_numpy_are_options() -> None:
    one = np.float32(1)
    assert Options(step=one, threshold=one).step == Layout(speed=one).speed == Policy(max_gap=one).max_gap == 1
    assert SpeakerCount.of(np.uint8(2)).low == Execution(threads=np.int64(2)).threads == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells homes in other variables")
@pytest.mark.parametrize("older", [False, True])
def test_a_home_that_nobody_knows_is_one_sentence(monkeypatch: pytest.MonkeyPatch, older: bool) -> None:
    def unknown(*_: object, **__: object) -> str:
        if older:
            return "~/.cache/diarfuse"
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setenv("HOME", "/home/ana")
    assert given.at_home("~/models") == Path("/home/ana/models")
    with pytest.raises(OptionError, match=r"^'~nobody-of-that-name/models' begins in a home folder that this system"):
        given.at_home("~nobody-of-that-name/models")
    monkeypatch.setattr("platformdirs.user_cache_dir", unknown)
    with pytest.raises(OptionError, match=r"^This system knows no home folder of yours: set \$HOME to a folder\.$"):
        given.usual_folder("cache")
    with pytest.raises(OptionError, match=r"set \$HOME to a folder, or \$OURS\.$"):
        given.usual_folder("cache", "$OURS")


def test_what_is_no_files_name_is_told_in_a_line_and_not_repeated_whole(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError) as caught:
        given.read_bytes("1\n00:00:01,000 --> 00:00:02,000\nHello.\n\n" * 1_000)
    assert len(str(caught.value)) < 1_100
    with pytest.raises(TranscriptError, match=r"^'https://example.org/words.json' is an address, not a file"):
        given.read_bytes("https://example.org/words.json")
    there = tmp_path / ("a" * 200)
    with pytest.raises(TranscriptError) as caught:
        given.read_bytes(there)
    assert str(caught.value).startswith(f"{there} cannot be read (No such file or directory)")
