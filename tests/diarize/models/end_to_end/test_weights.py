"""Files of the official layout, and of what they are not."""

from __future__ import annotations

import json
import random
import tarfile

import numpy as np
import pytest

from diarfuse.diarize.models.end_to_end.nemo_file import read_nemo, read_nemo_config
from diarfuse.diarize.models.end_to_end.safetensors import read_safetensors
from diarfuse.diarize.models.end_to_end.weights import read_weights
from diarfuse.fusion.errors import CorruptModelError, ModelNotFoundError, UnsafeModelError
from tests.golden.sortformer import files
from tests.security.mutations import answer, fuzz, mutate_bytes


@pytest.mark.parametrize("kind", files.KINDS)
def test_every_tensor_of_the_official_layout(tmp_path, kind):
    found, expected = read_weights(files.write(kind, tmp_path)), files.tensors(kind)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
        assert not found[name].flags.writeable


def test_the_description_of_a_nemo_file(tmp_path):
    config = read_nemo_config(files.write("audar", tmp_path))
    assert config["sortformer_modules"]["num_spks"] == 8


def save(path, entries, body=b"", *, size=None):
    header = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    path.write_bytes((len(header) if size is None else size).to_bytes(8, "little") + header + body)
    return path


def entry(kind="F32", shape=(2,), places=(0, 8)):
    return {"dtype": kind, "shape": list(shape), "data_offsets": list(places)}


def test_types_of_numbers(tmp_path):
    body = np.array([1.5, -2], "<f4").tobytes()[2:4] + np.array([-2], "<f4").tobytes()[2:] + bytes([1, 0])
    entries = {"b": entry("BF16", (2,), (0, 4)), "t": entry("BOOL", (1, 2), (4, 6)), "e": entry("F64", (0, 3), (6, 6))}
    found = read_safetensors(save(tmp_path / "a.safetensors", entries, body))
    assert found["b"].tolist() == [1.5, -2]
    assert found["t"].tolist() == [[True, False]]
    assert found["e"].shape == (0, 3)


HOSTILE = {
    "a header of 16777216": (b"", b"", 1 << 24),
    "no JSON": (b"{", b"", None),
    "names no tensors": ({"__metadata__": {}}, b"", None),
    "of the type 'F8'": ({"a": entry("F8")}, bytes(8), None),
    "of the type None": ({"a": 3}, bytes(8), None),
    "no sizes": ({"a": entry(shape=(-1,))}, bytes(8), None),
    "more or fewer bytes": ({"a": entry(shape=(3,))}, bytes(8), None),
    "7 bytes of numbers": ({"a": entry()}, bytes(7), None),
    "16 bytes of numbers": ({"a": entry(places=(8, 16))}, bytes(16), None),
    "a shape that nothing holds": ({"a": entry(shape=(1 << 39, 0, 1 << 39), places=(0, 0))}, b"", None),
    "8 bytes of numbers": ({"a": entry(), "b": entry()}, bytes(8), None),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_does_not_fit_is_refused(tmp_path, what):
    path = save(tmp_path / "a.safetensors", *HOSTILE[what][:2], size=HOSTILE[what][2])
    with pytest.raises(CorruptModelError, match=what):
        read_safetensors(path)


def test_nested_too_deep_or_empty_or_absent(tmp_path):
    for content in (b"", b"\x05\0\0\0\0\0\0\0", b"\x60\xea\0\0\0\0\0\0" + b"[" * 60_000):
        (tmp_path / "a.safetensors").write_bytes(content)
        with pytest.raises(CorruptModelError):
            read_safetensors(tmp_path / "a.safetensors")
    for name in ("b.safetensors", "b.nemo", "b.bin"):
        with pytest.raises(ModelNotFoundError, match=name):
            read_weights(tmp_path / name)


CONFIG = b"a: 1"


def test_a_nemo_file_must_be_what_it_seems(tmp_path):
    path = tmp_path / "a.nemo"
    with pytest.raises(CorruptModelError, match="0 members model_weights"):
        read_nemo(files.tar(path, {"model_config.yaml": CONFIG}))
    with pytest.raises(CorruptModelError, match="not a whole torch checkpoint"):
        read_nemo(files.tar(path, {"model_weights.ckpt": b"no zip"}))
    for config in (b"[" * 1000, b"a: [", b"- 1", b"\x80"):
        with pytest.raises(CorruptModelError, match=r"no plain YAML|names nothing"):
            read_nemo_config(files.tar(path, {"./model_config.yaml": config}))
    with pytest.raises(UnsafeModelError, match="of 131073 bytes"):
        read_nemo_config(files.tar(path, {"model_config.yaml": b" " * (1 + (1 << 17))}))
    with pytest.raises(UnsafeModelError, match="more than 1000 members"):
        read_nemo_config(files.tar(path, {f"m{number}": b"" for number in range(1001)}))
    path.write_bytes(b"no tar at all")
    with pytest.raises(CorruptModelError, match="is no whole"):
        read_nemo(path)


def test_yaml_runs_nothing(tmp_path):
    marker = tmp_path / "ran"
    evil = f"a: !!python/object/apply:os.system ['touch {marker}']".encode()
    with pytest.raises(CorruptModelError, match="no plain YAML"):
        read_nemo_config(files.tar(tmp_path / "a.nemo", {"model_config.yaml": evil}))
    assert not marker.exists()


LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 10}]\n" for n in range(1, 20))
MERGED = "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{f'*a{n - 1},' * 10}]}}\n" for n in range(1, 20))
YAML = {
    "a billion laughs": LAUGHS + "target: *a19",
    "merged": MERGED,
    "too long to be told": f"encoder: {{n_heads: 0x{'F' * 6000}}}",
    "in base 60": f"a: 1{':1' * 60_000}",
    "beyond float": f"a: 1{':1' * 400}.5",
    "no int": 'a: !!int ""',
    "no float": 'a: !!float ""',
    "no bool": "a: !!bool x",
    "no time": "a: !!timestamp x",
}


@pytest.mark.parametrize("what", YAML)
def test_yaml_that_stands_for_more_or_for_nothing_is_refused(tmp_path, what):
    path = files.tar(tmp_path / "a.nemo", {"model_config.yaml": YAML[what].encode()})
    with pytest.raises(CorruptModelError, match="no plain YAML"):
        read_nemo_config(path)


def test_links_lead_nowhere(tmp_path):
    path = tmp_path / "a.nemo"
    with tarfile.open(path, "w:") as archive:
        link = tarfile.TarInfo("model_weights.ckpt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(UnsafeModelError, match="no plain file"):
        read_nemo(path)


def test_cut_short_or_damaged_anywhere(tmp_path):
    good = files.tar(tmp_path / "good.nemo", {"model_config.yaml": CONFIG, "model_weights.ckpt": b"PK" * 400})
    tensor = save(tmp_path / "good.safetensors", {"a": entry()}, bytes(8)).read_bytes()
    tar = good.read_bytes()

    def one(chance: random.Random) -> None:
        for name, data, read in (("a.nemo", tar, read_nemo_config), ("a.safetensors", tensor, read_safetensors)):
            (tmp_path / name).write_bytes(bad := mutate_bytes(data, [CONFIG], chance))
            answer(lambda _, name=name, read=read: read(tmp_path / name), bad)

    fuzz(150, one)
