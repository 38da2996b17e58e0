from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from diarfuse.fusion.errors import CorruptModelError, ModelNotFoundError, UnknownNameError
from diarfuse.transcribe.commands.models import models

if TYPE_CHECKING:
    from pathlib import Path

    from diarfuse.diarize.models.store import Store


def invoke(*arguments: str | Path, **environment: str) -> Result:
    return CliRunner().invoke(models, [str(argument) for argument in arguments], env=environment)


def test_every_command_has_help_with_both_options() -> None:
    assert sorted(models.commands) == ["export", "import", "list", "pull", "verify"]
    for name in models.commands:
        text = invoke(name, "--help").output
        assert "DIARFUSE_MODELS_DIR" in text
        assert "DIARFUSE_OFFLINE" in text


def test_list_of_an_empty_store(tmp_path: Path) -> None:
    result = invoke("list", "--models-dir", tmp_path)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["pack", "on", "disk", "MB", "what", "licence"]
    assert lines[1].split()[:3] == ["community-1", "no", "33"]
    assert "CC-BY-4.0" in lines[1]
    assert lines[2].split()[:3] == ["campplus", "no", "34"]
    assert lines[3] == f"in {tmp_path}"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("pull", "campplus"), ModelNotFoundError),
        (("pull", "auto"), ModelNotFoundError),
        (("pull", "camplus"), UnknownNameError),
        (("verify",), ModelNotFoundError),
        (("verify", "campplus"), CorruptModelError),
        (("export", "stick"), ModelNotFoundError),
        (("import", "stick"), ModelNotFoundError),
    ],
)
def test_what_cannot_be_done_is_an_error_of_ours(tmp_path: Path, arguments: tuple[str], error: type) -> None:
    result = invoke(*arguments, DIARFUSE_MODELS_DIR=str(tmp_path), DIARFUSE_OFFLINE="1")
    assert type(result.exception) is error
    assert not any(tmp_path.iterdir())


def test_carry_campplus_to_a_machine_without_a_network(tmp_path: Path, store: Store) -> None:
    stick, there = tmp_path / "stick", tmp_path / "there"
    steps = (
        (("export", stick, "campplus", "--models-dir", store.root), f"campplus copied to {stick}"),
        (("import", stick, "--models-dir", there), f"campplus copied to {there}"),
        (("verify", "--models-dir", there), "campplus: every file is as pinned"),
        (("pull", "campplus", "--offline", "--models-dir", there), f"campplus is ready in {there}"),
    )
    for arguments, said in steps:
        result = invoke(*arguments)
        assert (result.exit_code, result.output) == (0, said + "\n"), result.exception
    assert "Apache-2.0" in (stick / "campplus" / "NOTICE.txt").read_text()


def test_verify_names_what_is_damaged(tmp_path: Path, store: Store) -> None:
    store.export(tmp_path, ["campplus"])
    weights = tmp_path / "campplus" / "segmentation" / "pytorch_model.bin"
    weights.write_bytes(b"")
    graph = next((tmp_path / "graphs").glob("*-trunk.onnx"))
    graph.write_bytes(b"")
    result = invoke("verify", "--models-dir", tmp_path)
    assert result.output == f"{weights} is corrupt.\n{graph} is corrupt.\n"
    assert isinstance(result.exception, CorruptModelError)
