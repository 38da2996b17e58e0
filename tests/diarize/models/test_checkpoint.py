"""Checkpoints are written here opcode by opcode, so that no torch is needed and each may lie."""

from __future__ import annotations

import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from diarfuse.diarize.models.checkpoint import read_checkpoint
from diarfuse.fusion.errors import CorruptModelError, ModelNotFoundError, UnsafeModelError
from tests.amounts import examples

VALUES = np.arange(24, dtype="<f4")


def integer(value):
    return b"J" + struct.pack("<i", value)


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def tuple_(*items):
    return b"(" + b"".join(items) + b"t"


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def dictionary(**items):
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


ORDERED = name("collections", "OrderedDict") + b")R"


def storage(key="0", numel=24, kind="FloatStorage"):
    return tuple_(text("storage"), name("torch", kind), text(key), text("cpu"), integer(numel)) + b"Q"


def tensor(size=(24,), stride=(1,), offset=0, stored=None):
    sizes, strides = (tuple_(*map(integer, each)) for each in (size, stride))
    arguments = tuple_(stored or storage(), integer(offset), sizes, strides, b"\x89", ORDERED)
    return name("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def write(path, program, members=None, compression=zipfile.ZIP_STORED):
    """A checkpoint whose pickle is `program`, between the protocol's first and last opcode."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + program + b".")
        for member, data in (members or {"archive/data/0": VALUES.tobytes()}).items():
            archive.writestr(member, data)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.bin"


def test_flat_and_nested_dictionaries(path):
    for program in (dictionary(w=tensor()), dictionary(epoch=integer(3), state_dict=dictionary(w=tensor()))):
        weights = read_checkpoint(write(path, program))
        assert list(weights) == ["w"]
        np.testing.assert_array_equal(weights["w"], VALUES)
        assert not weights["w"].flags.writeable


def test_offset_and_stride_are_honoured(path):
    weights = read_checkpoint(
        write(
            path,
            dictionary(
                part=tensor((2, 3), (3, 1), 6),
                transposed=tensor((4, 6), (1, 4)),
                repeated=tensor((3, 2), (0, 1), 4),
                scalar=tensor((), (), 7),
                empty=tensor((0, 5), (5, 1)),
            ),
        )
    )
    np.testing.assert_array_equal(weights["part"], VALUES[6:12].reshape(2, 3))
    np.testing.assert_array_equal(weights["transposed"], VALUES.reshape(6, 4).T)
    np.testing.assert_array_equal(weights["repeated"], [VALUES[4:6]] * 3)
    assert weights["scalar"].shape == ()
    assert weights["scalar"] == 7
    assert weights["empty"].shape == (0, 5)
    assert all(array.flags.c_contiguous for array in weights.values())


def test_integers_and_the_inert_classes_of_pyannote(path):
    counts = tensor((12,), (1,), stored=storage(numel=12, kind="LongStorage"))
    version = name("torch.torch_version", "TorchVersion") + tuple_(text("2.0")) + b"\x81"
    task = (
        name("pyannote.audio.core.task", "Specifications")
        + b")\x81"
        + dictionary(classes=b"](" + text("a") + b"e")
        + b"b"
    )
    weights = read_checkpoint(write(path, dictionary(state_dict=dictionary(n=counts), version=version, task=task)))
    assert weights["n"].dtype == np.int64
    np.testing.assert_array_equal(weights["n"], VALUES.view("<i8"))


class Attack:
    def __reduce__(self):
        return os.system, ("echo attacked",)


@pytest.mark.parametrize(
    ("program", "culprit"),
    [
        (dictionary(w=tensor(), x=name("os", "system") + tuple_(text("true")) + b"R"), "os.system"),
        (pickle.dumps({"w": Attack()}, protocol=2)[2:-1], "system"),
        (dictionary(w=name("torch", "HalfStorage")), "torch.HalfStorage"),
        (dictionary(w=name("builtins", "eval")), "builtins.eval"),
        (pickle.dumps({"w": Attack()}, protocol=4)[2:-1], "FRAME"),
        (dictionary(w=b"I1\n"), "INT"),
        (ORDERED[:-2] + tuple_(text("a")) + b"R", "collections.OrderedDict"),
    ],
)
def test_every_unknown_class_and_opcode_is_refused_by_name(path, program, culprit):
    with pytest.raises(UnsafeModelError, match=culprit) as caught:
        read_checkpoint(write(path, program))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "lie",
    [
        tensor((25,), (1,)),
        tensor((24,), (1,), offset=1),
        tensor((2, 2), (23, 1)),
        tensor((1 << 30, 1 << 30), (0, 0)),
        tensor((-1,), (1,)),
        tensor((4,), (-1,), offset=10),
        tensor((4,), (1, 1)),
        tensor((1,) * 17, (1,) * 17),
        tensor(stored=storage(numel=25)),
        tensor(stored=storage(numel=0x7FFFFFFF)),
        tensor(stored=storage(key="../data.pkl")),
        tensor(stored=storage(key="0/../1")),
    ],
)
def test_sizes_and_paths_beyond_the_bytes_that_are_there_are_refused(path, lie):
    with pytest.raises(UnsafeModelError, match=r"model\.bin .* official source"):
        read_checkpoint(write(path, dictionary(w=lie)))


@pytest.mark.parametrize("member", ["/etc/passwd", "archive/../../x", "c:/x"])
def test_members_that_leave_the_archive_are_refused(path, member):
    with pytest.raises(UnsafeModelError, match="leaves the archive"):
        read_checkpoint(write(path, dictionary(w=tensor()), {"archive/data/0": VALUES.tobytes(), member: b""}))


def test_compressed_members_and_twins_are_refused(path):
    with pytest.raises(UnsafeModelError, match="compressed"):
        read_checkpoint(write(path, dictionary(w=tensor()), compression=zipfile.ZIP_DEFLATED))
    with (
        zipfile.ZipFile(write(path, dictionary(w=tensor())), "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("archive/data/0", b"twin")
    with pytest.raises(UnsafeModelError, match="one name"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("program", "limit"), [(b"N0" * 300_000, "steps|opcode"), (b"(" * 600_000, "steps"), (b"N" * (9 << 20), "bytes")]
)
def test_a_pickle_that_never_ends_is_refused(path, program, limit):
    with pytest.raises(UnsafeModelError, match=limit):
        read_checkpoint(write(path, program))


@pytest.mark.parametrize(
    ("program", "members"),
    [
        (dictionary(w=tensor()), {"archive/data/1": b""}),
        (dictionary(w=tensor()), {"other/data.pkl": b""}),
        (dictionary(w=tensor()), {"archive/data/0": VALUES.tobytes(), "archive/byteorder": b"big"}),
        (dictionary(w=integer(3)), None),
        (dictionary(a=tensor(), b=tensor((12,), (1,), stored=storage(numel=12, kind="LongStorage"))), None),
        (integer(1) + tensor() + b"s", None),
        (b"}", None),
        (b"t", None),
        (b"h\x07", None),
        (b"}]Ns", None),
        (text("a") * 2, None),
        (b"X\xff\xff\xff\x7f", None),
    ],
)
def test_parts_that_do_not_fit_together_are_corrupt(path, program, members):
    with pytest.raises(CorruptModelError, match=r"model\.bin .* fetch the model again"):
        read_checkpoint(write(path, program, members))


def test_no_file_no_zip_and_a_cut_zip(path):
    with pytest.raises(ModelNotFoundError, match=r"model\.bin: pull the model"):
        read_checkpoint(path)
    for data in (b"", b"PK\x03\x04", b"no zip at all"):
        path.write_bytes(data)
        with pytest.raises(CorruptModelError, match="fetch the model again"):
            read_checkpoint(path)
    whole = write(path, dictionary(w=tensor())).read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(CorruptModelError, match="fetch the model again"):
            read_checkpoint(path)


PROGRAM = dictionary(
    state_dict=dictionary(w=tensor((2, 3), (3, 1), 6), v=tensor()),
    l=b"](" + integer(1) + b"N\x88e",
    t=b"NN\x86" + b"q\x05",
)
flips = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4)
many = settings(
    max_examples=examples(250), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def flipped(data, changes):
    changed = bytearray(data)
    for position, value in changes:
        changed[position % len(data)] = value
    return bytes(changed)


@many
@given(changes=flips)
def test_damage_to_the_file_never_gives_another_error(path, changes):
    path.write_bytes(flipped(write(path, PROGRAM).read_bytes(), changes))
    try:
        read_checkpoint(path)
    except (CorruptModelError, UnsafeModelError) as error:
        assert "model.bin" in str(error)  # noqa: PT017 - that it may succeed too is the point


@many
@given(changes=flips)
def test_damage_to_the_pickle_never_gives_another_error(path, changes):
    write(path, flipped(PROGRAM, changes))  # its checksums fit, so the pickle is really followed
    try:
        weights = read_checkpoint(path)
    except (CorruptModelError, UnsafeModelError) as error:
        assert "model.bin" in str(error)  # noqa: PT017 - as above
    else:
        assert all(isinstance(array, np.ndarray) for array in weights.values())


@many
@given(program=st.binary(max_size=60))
@example(program=b"\x80\x02S'\\q'\n.")  # an escape that Python warns of
def test_noise_instead_of_a_pickle_never_gives_another_error(path, program):
    with pytest.raises((CorruptModelError, UnsafeModelError)):
        read_checkpoint(write(path, program))


DEEP = b")" + b"\x85" * 20_000  # twenty times as deep as Python lets calls nest


@pytest.mark.parametrize(
    "program",
    [
        dictionary(w=DEEP),
        b"}" + DEEP + text("x") + b"s",
        dictionary(
            w=tensor(stored=tuple_(text("storage"), name("torch", "FloatStorage"), DEEP, text("cpu"), DEEP) + b"Q")
        ),
        dictionary(w=tensor(stored=DEEP)),
        dictionary(w=name("some", "thing") + DEEP + b"R"),
        DEEP,
    ],
)
def test_nesting_without_end_is_a_sentence_too(path, program):
    with pytest.raises((CorruptModelError, UnsafeModelError)) as caught:
        read_checkpoint(write(path, program))
    assert len(str(caught.value)) < 500


def test_unknown_names_are_passed_over_where_they_touch_no_tensor(path):
    odd = name("os", "system") + tuple_(text("true")) + b"R"
    program = dictionary(
        state_dict=dictionary(w=tensor()),
        callback=odd + dictionary(a=odd) + b"b",
        items=name("a", "List") + b")\x81" + b"(" + odd + text("b") + b"e",
        table=name("a", "Dict") + b")R" + tuple_(odd, integer(1)) + integer(2) + b"s",
        keys=b"}(" + odd + integer(1) + tuple_(tuple_(odd)) + integer(2) + b"u",
        far=text("somewhere") + b"Q",
        other=tensor(stored=storage(key="7", kind="StrangeStorage")),
    )
    np.testing.assert_array_equal(read_checkpoint(write(path, program))["w"], VALUES)


@pytest.mark.parametrize("maker", ["_rebuild_sparse_tensor", "_rebuild_qtensor", "_rebuild_from_type_v2"])
def test_a_tensor_made_by_something_unknown_is_refused(path, maker):
    made = name("torch._utils", maker) + tuple_(tensor()) + b"R"
    with pytest.raises(UnsafeModelError, match=f"makes the tensor 'w' with torch._utils.{maker}"):
        read_checkpoint(write(path, dictionary(state_dict=dictionary(w=made))))
