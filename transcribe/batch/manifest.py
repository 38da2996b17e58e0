"""Lists of recordings: JSON lines, CSV, or parquet, each row with an id, where the audio is, and its own options."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from ...fusion.audio.separate import SeparateFiles, joined_stem
from ...fusion.errors import MissingExtraError, OptionError, UnknownNameError
from ...fusion.given import decoded, short, why_no_json
from ..options import Wish
from .items import COUNTS, OWN, Asked, Item, check_asked, check_id, file_name, is_address, shown
from .places import Bucket, Folder

ENDINGS = (".jsonl", ".ndjson", ".csv", ".parquet")
_LONGEST = 1e9
"""Seconds: thirty years."""
_COLUMNS = ("id", "audio", "offsets", "duration", "options")
_NO_COMMAS = {";": "semicolons", "\t": "tabs"}
"""What programs put between columns in countries whose numbers have commas, and what is copied out of tables has."""


def is_manifest(given: str) -> bool:
    """Whether a file or an address is a list of recordings, by its ending."""
    return _path(given).lower().endswith(ENDINGS) and not Path(given).is_dir()


def read_manifest(given: str) -> list[Item]:
    """Every row as an item; relative paths are relative to the manifest.

    Raises:
        OptionError: there is no such file, a row is none, or says what cannot be; its line is named.
    """
    content = _content(given)
    read = {".csv": _csv, ".parquet": _parquet}.get(Path(_path(given)).suffix.lower(), _jsonl)
    items = [_item(row, where, given) for where, row in read(content, given)]
    if not items:
        raise OptionError(f"The manifest {shown(given)!r} lists no recording: give lines with id and audio.")
    return items


def _path(given: str) -> str:
    """Without what an address may have behind its path, such as a signature."""
    return given.partition("?")[0] if is_address(given) else given


def _content(given: str) -> bytes:
    if is_address(given):
        base, _, name = _path(given).rpartition("/")
        content = Bucket(base).read(name + given.removeprefix(_path(given)))
    else:
        content = Folder(Path(given).parent).read(Path(given).name)
    if content is None:
        raise OptionError(f"There is no manifest {shown(given)!r}: check the path.")
    return content


def _text(content: bytes, given: str) -> str:
    try:
        return decoded(content)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise OptionError(f"{shown(given)}, line {line} is not UTF-8: save the manifest as UTF-8.") from None


def _jsonl(content: bytes, given: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(_text(content, given).split("\n"), 1):
        where = f"{shown(given)}, line {number}"
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_object)
        except OptionError as error:
            raise OptionError(f"{where}: {error}: leave one out.") from None
        except (ValueError, RecursionError) as error:
            at = f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
            why = at or why_no_json(error)
            raise OptionError(f"{where} is no JSON ({why}): give one object a line, with id and audio.") from None
        if not isinstance(row, dict):
            raise OptionError(f"{where} is no object: give one object a line, with id and audio.")
        yield where, _filled(row)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are its own: of two values Python would take the last, without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        name = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise OptionError(f"it names {name!r} twice")
    return found


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not given, as tables with gaps are written."""
    return {key: value for key, value in row.items() if value is not None}


def _csv(content: bytes, given: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(_text(content, given), newline=""), strict=True)
    try:
        names = Counter(reader.fieldnames or ())
        for what in (what for mark, what in _NO_COMMAS.items() if len(names) == 1 and mark in next(iter(names))):
            raise OptionError(f"{shown(given)}, line 1 has {what} between its columns: save it with commas.")
        for name in (name for name, count in names.items() if count > 1):
            raise OptionError(f"{shown(given)}, line 1 names the column {name!r} twice: leave one out.")
        for row in reader:
            where = f"{shown(given)}, line {reader.line_num}"
            if None in row or None in row.values():
                raise OptionError(f"{where} has {'more' if None in row else 'fewer'} fields than the first line names.")
            yield where, {key: _value(key, text) for key, text in row.items() if text}
    except csv.Error as error:
        raise OptionError(f"{shown(given)}, line {reader.line_num} is no CSV ({error}): mend it.") from None


def _value(column: str, text: str) -> Any:
    """A cell as JSON would have it, where its column is a number's."""
    if column not in (*COUNTS, "duration", "audio_track"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _parquet(content: bytes, given: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise MissingExtraError(f"The manifest {shown(given)}", "pyarrow", "parquet") from None
    try:
        rows = parquet.read_table(io.BytesIO(content)).to_pylist()
    except (ArrowException, OSError) as error:
        raise OptionError(f"{shown(given)} is no parquet file ({str(error).splitlines()[0]}): write it anew.") from None
    for number, row in enumerate(rows, 1):
        given_cells = {key: value for key, value in row.items() if value == value}  # noqa: PLR0124 - NaN is a gap too
        yield f"{shown(given)}, row {number}", _filled(given_cells)


def _item(row: Mapping[str, Any], where: str, manifest: str) -> Item:
    for key in row:
        if key not in _COLUMNS and key not in OWN:
            raise UnknownNameError(f"column in {where}:", str(key), (*_COLUMNS, *OWN))
    files = _files(row.get("audio"), where)
    given = row.get("id", _usual_id(files))
    if not isinstance(given, str | int) or isinstance(given, bool):
        raise OptionError(f"{where}: the id {given!r} must be a text.")
    further = row.get("options", {})
    if not isinstance(further, dict):
        raise OptionError(f"{where}: options must be an object, as in {{'language': 'de'}}.")
    own = {key: row[key] for key in OWN if key in row}
    for key in own.keys() & _filled(further).keys():
        raise OptionError(f"{where} gives {key} twice, in its options too: leave one out.")
    own |= _filled(further)
    asked = {key: _whole(value) for key, value in own.items()}
    located = [_located(file, manifest) for file in files]
    item = Item(check_id(str(given), where), located[0], where, _duration(row, where), asked)
    item = _conversation(item, files, located, row.get("offsets")) if isinstance(row["audio"], list) else item
    if "offsets" in row and not item.files:
        raise OptionError(f"{where}: offsets are for several files, a person each: give a list as audio.")
    _check_options(item)
    return item


def _files(audio: Any, where: str) -> list[str]:
    """The recording's file; or those of a conversation, one for each person."""
    files = audio if isinstance(audio, list) else [audio]
    if not files or not all(isinstance(file, str) and file.strip() and "\0" not in file for file in files):
        raise OptionError(f"{where} names no recording: give its path or address as audio, or a list of them.")
    return files


def _conversation(item: Item, files: Sequence[str], located: Sequence[str], offsets: Any) -> Item:
    """The files of one, each with when it begins: by its name, or as the row tells it.

    Raises:
        OptionError: they cannot be one.
    """
    given = _filled(offsets) if isinstance(offsets, Mapping) else {} if offsets is None else None
    if given is None:
        raise OptionError(f"{item.where}: offsets must be an object, as in {{'ben.wav': 2.5}}.")
    names = [(file, file_name(file)) for file in files]
    for name in given:
        if sum(name in both for both in names) != 1:
            raise OptionError(f"{item.where}: offsets name {name!r}: give one of {', '.join(files)} as it stands here.")
    starts = [next((given[name] for name in both if name in given), 0.0) for both in names]
    if len(files) > 1:
        try:
            SeparateFiles(tuple(map(Path, located)), tuple(starts))
        except OptionError as error:
            raise OptionError(f"{item.where}: {error}") from None
    if len(files) == 1:
        return item
    return replace(item, audio=_stem(files), files=tuple(located), starts=tuple(map(float, starts)))


def _stem(files: Sequence[str]) -> str:
    return joined_stem([PurePosixPath(file_name(file)).stem for file in files])


def _whole(value: Any) -> Any:
    """2.0 as 2: tables with gaps have no whole numbers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _usual_id(files: Sequence[str]) -> str:
    """A relative path without its ending; of addresses and of whole paths their last name; of several files all."""
    audio, *others = files
    if others:
        return str(PurePosixPath(_usual_id([audio])).with_name(_stem(files)))
    path = PurePosixPath(audio)
    path = PurePosixPath(path.name.partition("?")[0]) if is_address(audio) or path.is_absolute() else path
    return str(path.with_suffix("")) if path.suffix else str(path)


def _located(audio: str, manifest: str) -> str:
    if is_address(audio):
        return audio
    if is_address(manifest):
        return f"{manifest.rpartition('/')[0]}/{audio}"
    return str(Path(manifest).parent / audio)


def _duration(row: Mapping[str, Any], where: str) -> float | None:
    given = row.get("duration")
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= _LONGEST:
        raise OptionError(f"{where}: duration={short(given)} must be a number of seconds.")
    return float(given)


def _check_options(item: Item) -> None:
    """Refuse what no wish can be, whatever else the command says."""
    try:
        check_asked(item.asked, item.where)
        Asked(Wish(diarize=True)).of(item)
    except UnknownNameError as error:
        raise OptionError(str(error) if item.where in str(error) else f"{item.where}: {error}") from None
    except (OptionError, TypeError) as error:
        raise OptionError(f"{item.where}: {error}") from None
