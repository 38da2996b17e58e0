from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diarfuse.diarize.front_ends import FRONT_ENDS
from diarfuse.diarize.models import campplus, pack_file, pyannet, resnet34
from diarfuse.diarize.models.pack_file import EMBEDDINGS, PACKS, SEGMENTATIONS, read_pack, write_pack
from diarfuse.diarize.models.packs import READY, VOICE_PACK, EmbeddingNetwork, FrontEndName
from diarfuse.fusion.errors import CorruptModelError, LicenceError

OURS = Path(pack_file.__file__).parent / "pinned"
NOTICES = (Path(__file__).resolve().parents[3] / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")
NETWORKS = {"pyannet": pyannet, "resnet34": resnet34, "campplus": campplus}


def test_ours_are_complete_and_in_the_order_of_auto() -> None:
    ranked = [pack.auto for pack in PACKS.values() if pack.auto is not None]
    assert list(PACKS)[: len(ranked)] == ["community-1", "campplus"]
    assert ranked == sorted(set(ranked))
    assert VOICE_PACK in PACKS
    for name, pack in PACKS.items():
        assert (OURS / name / "pack.toml").is_file()
        assert pack.source
        assert pack.licence
        assert pack.attribution
        assert pack.distances.basis == "measured"
        assert f"pack `{name}`" in NOTICES
        for path in (pack.segmentation.file, pack.embedding.file, *(pack.plda or ())):
            assert pack.file(path)


def test_what_a_pack_says_of_its_network_is_what_the_network_says() -> None:
    assert {*SEGMENTATIONS, *EMBEDDINGS} == {*NETWORKS, READY}
    for pack in PACKS.values():
        network = NETWORKS[pack.embedding.builder]
        assert (pack.embedding.dimension, pack.embedding.stride) == (network.DIMENSION, network.STRIDE)


def test_every_front_end_that_a_pack_may_name_is_there() -> None:
    from typing import get_args

    assert set(FRONT_ENDS) == set(get_args(FrontEndName))


def own(tmp_path: Path, text: str | None = None) -> Path:
    campplus = PACKS["campplus"]
    ready = EmbeddingNetwork(campplus.files[1].path, READY, "nemo", 192, output="embs", bands_first=True)
    files = tuple(replace(file, member="") for file in campplus.files)
    pack = replace(
        campplus, name="own", source=None, embedding=ready, auto=None, forbids=frozenset({"export"}), files=files
    )
    path = tmp_path / "pack.toml"
    path.write_text(text if text is not None else write_pack(pack), encoding="utf-8")
    if text is None:
        assert read_pack(path) == pack
    return path


def test_a_pack_that_is_written_reads_as_it_was(tmp_path: Path) -> None:
    own(tmp_path)


TEXT = (OURS / "campplus" / "pack.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "\0", "cannot be read"),
        ('name = "campplus"', "name = campplus", "cannot be read"),
        ('name = "campplus"', "", "name must be text"),
        ('name = "campplus"', 'name = "../x"', "name='../x' must be small letters"),
        ('name = "campplus"', 'name = "campplus"\nnmae = "x"', "nmae='x' means nothing here"),
        ('name = "campplus"', 'name = "a\\nb"', "must be text on one line"),
        ('"agglomerative"', '"kmeans"', "recipe='kmeans' must be one of community-1, agglomerative"),
        ('network = "campplus"', 'network = "os"', "network='os' must be one of resnet34, campplus,"),
        ('network = "campplus"', 'network = "onnx"', "output must be text"),
        ('front_end = "kaldi"', 'front_end = "guess"', "front_end='guess' must be one of kaldi"),
        ("dimension = 192", "dimension = 0", "dimension=0 must lie between 1 and"),
        ("dimension = 192", "dimension = true", "dimension=True must be a whole number"),
        ("dimension = 192", 'dimension = "192"', "must be a whole number"),
        ("alone = 0.75", "alone = nan", "alone=nan must lie between"),
        ("alone = 0.75", "alone = 3", "alone=3 must lie between"),
        ("plainly = 0.935", "plainly = -1", "plainly=-1 must lie between"),
        ('file = "embedding/campplus_cn_en_common.pt"', 'file = "other"', "file='other' must be one of segmentation/"),
        ('path = "LICENSES.txt"', 'path = "../LICENSES.txt"', "must lie inside the pack's folder"),
        ('path = "LICENSES.txt"', 'path = "/etc/passwd"', "must lie inside the pack's folder"),
        ('path = "LICENSES.txt"', 'path = "C:x"', "must lie inside the pack's folder"),
        ('path = "LICENSES.txt"', 'path = "pack.toml"', "must lie inside the pack's folder"),
        ('path = "LICENSES.txt"', 'path = "segmentation/pytorch_model.bin"', "names a path twice"),
        ("1cffa099b", "xyz", "must be 64 hexadecimal digits"),
        ("size = 14010", "size = 99999999999", "size=99999999999 must lie between"),
        ("auto = 2", 'auto = 2\nforbids = ["fun"]', "forbids=['fun'] must be a list of some of export, serve, voices"),
        ("[distances]", "[distance]", "distances must be a table"),
    ],
)
def test_damage_is_one_sentence_that_names_the_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = TEXT.replace(old, new, 1) if old else new
    assert text != TEXT
    path = own(tmp_path, text)
    with pytest.raises(CorruptModelError) as caught:
        read_pack(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a = 1\n" * 20_000, b"files = 1", b"[[files]]" * 3])
def test_other_bytes_are_no_pack(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pack.toml"
    path.write_bytes(content)
    with pytest.raises(CorruptModelError):
        read_pack(path)
    with pytest.raises(CorruptModelError, match="cannot be read"):
        read_pack(tmp_path / "absent.toml")


def test_what_a_licence_forbids_is_refused() -> None:
    pack = replace(PACKS["campplus"], forbids=frozenset({"serve"}), licence="CC-BY-NC-4.0")
    pack.permit("export")
    with pytest.raises(
        LicenceError, match=r"licence of the pack campplus \(CC-BY-NC-4\.0\) does not allow it to answer"
    ):
        pack.permit("serve")
