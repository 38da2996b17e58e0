"""Lists of recordings in three formats, and every line that cannot be, by its number."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest

from diarfuse.fusion.errors import MissingExtraError, OptionError
from diarfuse.fusion.types import SpeakerCount
from diarfuse.transcribe.batch.items import Asked, check_apart, folded
from diarfuse.transcribe.batch.manifest import is_manifest, read_manifest
from diarfuse.transcribe.options import Wish

ROWS = [
    {"id": "x/1", "audio": "a.wav", "duration": 12.5, "language": "de", "num_speakers": 2},
    {"audio": "night/b.mp3"},
    {"id": "three", "audio": "s3://bucket/c.wav", "options": {"channel_names": ["agent", "customer"]}},
]


def test_the_three_formats_say_the_same(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, ROWS)) + "\n\n", encoding="utf-8")
    (tmp_path / "m.csv").write_text(
        "\ufeffid,audio,duration,language,num_speakers,channel_names\r\n"
        'x/1,a.wav,12.5,de,2,\r\n,night/b.mp3,,,,\r\nthree,s3://bucket/c.wav,,,,"agent,customer"\r\n',
        encoding="utf-8",
    )
    flat = [
        row if "options" not in row else {"id": "three", "audio": row["audio"], "channel_names": "agent,customer"}
        for row in ROWS
    ]
    parquet.write_table(pa.Table.from_pylist(flat, schema=_schema(pa)), tmp_path / "m.parquet")
    for name in ("m.jsonl", "m.csv", "m.parquet"):
        one, two, three = read_manifest(str(tmp_path / name))
        assert [item.id for item in (one, two, three)] == ["x/1", "night/b", "three"]
        assert [item.audio for item in (one, two, three)] == [
            str(tmp_path / "a.wav"),
            str(tmp_path / "night/b.mp3"),
            "s3://bucket/c.wav",
        ]
        assert (one.duration, two.duration) == (12.5, None)
        asked = Asked(Wish(diarize=True, language="en"))
        assert (asked.of(one).wish.language, asked.of(one).wish.speakers) == ("de", SpeakerCount(2, 2))
        assert asked.of(two) == asked
        assert asked.of(three).channel_names == ("agent", "customer")
        assert asked.of(three).wish.channels == "speakers"


def _schema(pa):
    text, number = pa.string(), pa.float64()
    columns = {"id": text, "audio": text, "duration": number, "language": text, "num_speakers": pa.int64()}
    return pa.schema([*columns.items(), ("channel_names", text)])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{no", "line 2 is no JSON"),
        ('{"id": ' + "9" * 5000 + "}", "line 2 is no JSON (it holds a number of too many digits)"),
        ("[1]", "line 2 is no object"),
        ('{"id": "b", "audio": "b", "id": "c"}', "line 2: it names 'id' twice: leave one out"),
        ('{"id": "b"}', "line 2 names no recording"),
        ('{"id": "b", "audio": 3}', "line 2 names no recording"),
        ('{"id": "b", "audio": "b", "speaker": 2}', "unknown column in"),
        ('{"id": "b", "audio": "b", "options": {"diarise": 2}}', "unknown option in"),
        ('{"id": "b", "audio": "b", "num_speakers": 0}', "line 2: num_speakers=0 must be"),
        ('{"id": "b", "audio": "b", "num_speakers": "2"}', "line 2: num_speakers='2' must be"),
        ('{"id": "b", "audio": "b", "language": "klingon"}', "line 2: "),
        ('{"id": "b", "audio": "b", "language": 3}', "line 2: "),
        ('{"id": "b", "audio": "b", "join": "x"}', "line 2: "),
        ('{"id": "b", "audio": "b", "channels": "x"}', "line 2: channels='x'"),
        ('{"id": "b", "audio": "b", "channel_names": [1]}', "line 2: channel_names=[1]"),
        ('{"id": "b", "audio": "b", "duration": -1}', "line 2: duration=-1"),
        ('{"id": "b", "audio": "b", "duration": NaN}', "line 2: duration=nan"),
        ('{"id": "b", "audio": "b", "duration": "12"}', "line 2: duration='12' must be a number"),
        ('{"audio": "b", "join": "plain", "options": {"join": "plain"}}', "line 2 gives join twice, in its options"),
        ('{"id": "b", "audio": "b", "duration": 1' + "0" * 400 + "}", "line 2: duration=1000"),
        ('{"id": "b", "audio": "b", "options": 3}', "line 2: options must be an object"),
        ('{"audio": []}', "line 2 names no recording: give its path or address as audio, or a list of them"),
        ('{"audio": ["a.wav", 7]}', "line 2 names no recording"),
        ('{"audio": ["a.wav", " "]}', "line 2 names no recording"),
        ('{"audio": ["a.wav", "a.wav"]}', "a.wav' is given twice"),
        (json.dumps({"audio": [f"{n}.wav" for n in range(33)]}), "33 files are taken for one conversation"),
        ('{"audio": "a.wav", "offsets": {"a.wav": 1}}', "offsets are for several files"),
        ('{"audio": ["a.wav", "b.wav"], "offsets": [1, 2]}', "offsets must be an object, as in {'ben.wav': 2.5}"),
        ('{"audio": ["a.wav", "b.wav"], "offsets": {"c.wav": 1}}', "'c.wav': give one of a.wav, b.wav"),
        ('{"audio": ["x/a.wav", "y/a.wav"], "offsets": {"a.wav": 1}}', "'a.wav': give one of x/a.wav, y/a.wav"),
        ('{"audio": ["a.wav", "b.wav"], "offsets": {"a.wav": "1"}}', "cannot begin at '1'"),
        ('{"audio": ["a.wav", "b.wav"], "offsets": {"a.wav": -1}}', "cannot begin at -1"),
        ('{"id": [], "audio": "b"}', "line 2: the id [] must be a text"),
        ('{"id": "../b", "audio": "b"}', "line 2: the id '../b' has an empty part, or leads elsewhere"),
        ('{"id": "/b", "audio": "b"}', "line 2: the id '/b' has"),
        ('{"id": "a//b", "audio": "b"}', "line 2: the id 'a//b' has"),
        ('{"id": "", "audio": "b"}', "line 2: the id '' is empty"),
        ('{"id": ".b", "audio": "b"}', "begins with a dot"),
        ('{"id": "a\\\\b", "audio": "b"}', "holds a backslash"),
        ('{"id": "a\\nb", "audio": "b"}', "holds a backslash or a character that cannot be printed"),
        ('{"id": "failures/b", "audio": "b"}', "is one of the batch's own names"),
        ('{"id": "batch.csv", "audio": "b"}', "is one of the batch's own names"),
        (json.dumps({"id": "x" * 300, "audio": "b"}), "is too long"),
        ('{"id": "\\ud800", "audio": "b"}', "is no name that a file can have"),
    ],
)
def test_a_line_that_cannot_be_is_named(line: str, said: str, tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    manifest.write_text('{"id": "a", "audio": "a.wav"}\n' + line, encoding="utf-8")
    with pytest.raises(OptionError) as caught:
        read_manifest(str(manifest))
    assert said.lower() in str(caught.value).lower()
    assert "line 2" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.jsonl", b"", "lists no recording"),
        ("m.jsonl", b'{"id": "a", "audio": "a"}\n\xff', "line 2 is not UTF-8"),
        ("m.csv", b"id,audio\na\n", "line 2 has fewer fields"),
        ("m.csv", b"id,audio\na,b,c\n", "line 2 has more fields"),
        ("m.csv", b"id,path\na,b\n", "unknown column"),
        ("m.csv", b'id,audio\na,"b', "is no CSV"),
        ("m.csv", b"id,audio,audio\na,b,c\n", "line 1 names the column 'audio' twice"),
        ("m.csv", "id,audio\né,b\n".encode("latin-1"), "line 2 is not UTF-8"),
        ("m.csv", "id,audio\na,b\n".encode("utf-16-le"), "line 1 is not UTF-8"),
        ("m.csv", b"id;audio\na;b\n", "line 1 has semicolons between its columns: save it with commas"),
        ("m.csv", b"id\taudio\na\tb\n", "line 1 has tabs between its columns"),
        ("m.parquet", b"PAR1", "is no parquet file"),
        ("m.parquet", b"", "is no parquet file"),
    ],
)
def test_a_file_that_cannot_be(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OptionError) as caught:
        read_manifest(str(tmp_path / name))
    assert said.lower() in str(caught.value).lower()


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="There is no manifest"):
        read_manifest(str(tmp_path / "m.jsonl"))


def test_a_list_at_an_address_may_be_signed() -> None:
    fsspec.filesystem("memory").pipe_file("/signed/calls.csv?sig=a/b", b"id,audio\none,s3://calls/one.wav\n")
    assert is_manifest("memory://signed/calls.csv?sig=a/b")
    assert not is_manifest("memory://signed/a.wav?like=calls.csv")
    assert [item.id for item in read_manifest("memory://signed/calls.csv?sig=a/b")] == ["one"]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("content", [None, b"", b"\xff", b"id,audio\n1,2,3\n", b"{", b"[]"])
def test_no_sentence_of_a_list_tells_its_signature(ending: str, content: bytes | None) -> None:
    address = f"memory://signed/bad{ending}?sig=5ec7e7{content!r}".replace("'", "").replace(" ", "")
    if content is not None:
        fsspec.filesystem("memory").pipe_file(address.removeprefix("memory:/"), content)
    with pytest.raises((OptionError, MissingExtraError)) as caught:
        read_manifest(address)
    assert "5ec7e7" not in str(caught.value)


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["a", "b", "a"], "line 3: the id 'a' is that of"),
        (["a", "a.srt"], None),
        (["a", "a.json/b"], "'a.json' would be a folder, and is a result of"),
        (["a.whisperx", "a"], "line 2: a.whisperx.json would be a result of"),
    ],
)
def test_two_results_cannot_have_one_name(ids: list[str], said: str | None, tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    manifest.write_text("\n".join(json.dumps({"id": name, "audio": "a.wav"}) for name in ids), encoding="utf-8")
    items, endings = read_manifest(str(manifest)), (".json", ".srt", ".whisperx.json")
    if said is None:
        check_apart(items, endings)
        return
    with pytest.raises(OptionError) as caught:
        check_apart(items, endings)
    assert said in str(caught.value)


def test_a_parquet_file_with_damaged_pages_is_none(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    parquet.write_table(pa.table({"id": ["a", "b"], "audio": ["a.wav", "b.wav"]}), tmp_path / "m.parquet")
    content = bytearray((tmp_path / "m.parquet").read_bytes())
    content[10:60] = bytes(byte ^ 0x5A for byte in content[10:60])
    (tmp_path / "m.parquet").write_bytes(content)
    with pytest.raises(OptionError, match=r"m\.parquet is no parquet file \(.*\): write it anew"):
        read_manifest(str(tmp_path / "m.parquet"))


def test_gaps_in_the_columns_of_a_table_are_not_given(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa

    options = [{"language": "de", "min_speakers": None}, {"language": None, "min_speakers": 2}]
    columns = {"audio": ["a.wav", "b.wav"], "num_speakers": [3.0, float("nan")], "options": options}
    parquet.write_table(pa.table(columns), tmp_path / "m.parquet")
    one, two = read_manifest(str(tmp_path / "m.parquet"))
    assert one.asked == {"num_speakers": 3, "language": "de"}
    assert two.asked == {"min_speakers": 2}


def test_a_field_that_is_null_is_not_given(tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    manifest.write_text(
        '{"id": null, "audio": "a.wav", "language": null, "num_speakers": null, "options": {"join": null}}\n',
        encoding="utf-8",
    )
    [item] = read_manifest(str(manifest))
    assert (item.id, item.asked) == ("a", {})


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["Ana", "ana"], "line 2: the id 'ana' is one name on this disk with 'Ana'"),
        (["caf\u00e9/a", "cafe\u0301/a"], "is one name on this disk with 'caf\u00e9/a'"),
        (["A.json", "a", "a.JSON/b"], "'a.json' would be a folder"),
        (["Failures/a"], "is one of the batch's own names"),
    ],
)
def test_a_disk_that_tells_no_cases_apart_has_fewer_names(ids: list[str], said: str, tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    manifest.write_text("\n".join(json.dumps({"id": name, "audio": "a.wav"}) for name in ids), encoding="utf-8")
    items = read_manifest(str(manifest))
    check_apart(items, (".json",))
    with pytest.raises(OptionError) as caught:
        check_apart(items, (".json",), fold=folded)
    assert said in str(caught.value)


def test_how_many_speak_is_for_a_row_that_the_diarizer_hears(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text(
        '{"audio": "a.wav", "num_speakers": 2}\n{"audio": "b.wav", "channel_names": "a,b"}\n', encoding="utf-8"
    )
    counted, channels = read_manifest(str(tmp_path / "m.jsonl"))
    of_all = Asked(Wish(speakers=SpeakerCount(3, 3), diarize=True))
    assert of_all.of(counted).wish.speakers == SpeakerCount(2, 2)
    assert of_all.of(channels).wish.channels == "speakers"  # of the others, the number is told
    for asked in (Asked(Wish(channels="speakers")), Asked(Wish(channels="hybrid"))):
        with pytest.raises(OptionError, match="num_speakers does nothing with --channels"):
            asked.of(counted)
        with pytest.raises(OptionError, match="num_speakers does nothing with --channels"):
            Asked(replace(asked.wish, speakers=SpeakerCount(3, 3))).checked()


def test_a_row_of_several_files_is_a_conversation(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text(
        '{"audio": ["legs/1-in.wav", "legs/1-out.wav"], "channel_names": "agent,customer"}\n'
        '{"id": "x", "audio": ["a/t.wav", "s3://b/c/t.wav", "d.wav"], "offsets": {"a/t.wav": 2.5, "d.wav": 1}}\n'
        '{"id": "y", "audio": ["one.wav"]}\n',
        encoding="utf-8",
    )
    legs, three, one = read_manifest(str(tmp_path / "m.jsonl"))
    assert (legs.id, legs.audio) == ("legs/1-in+1-out", "1-in+1-out")
    assert legs.parts == (str(tmp_path / "legs/1-in.wav"), str(tmp_path / "legs/1-out.wav"))
    asked = Asked(Wish(diarize=True)).of(legs)
    assert (asked.channel_names, asked.wish.channels) == (("agent", "customer"), "speakers")
    assert three.parts == (str(tmp_path / "a/t.wav"), "s3://b/c/t.wav", str(tmp_path / "d.wav"))
    assert (three.starts, three.remote) == ((2.5, 0.0, 1), True)
    assert Asked(Wish()).of(three).wish.channels == "speakers"
    assert Asked(Wish(channels="hybrid")).of(three).wish.channels == "hybrid"
    assert (one.files, one.parts) == ((), (str(tmp_path / "one.wav"),))
