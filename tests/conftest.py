"""What every test may ask for: the shared recordings, and the models.

A fresh machine has neither `../shared` nor a model store. Tests that need them
skip with a reason; where `CI` is set (or with ``--require-models``) they fail
instead, so that nothing important is skipped unseen.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diarfuse.diarize.models.store import Store
from diarfuse.fusion.errors import ModelNotFoundError, NetworkError

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

os.environ["DIARFUSE_CONFIG_DIR"] = str(ROOT / "no such folder")  # whatever settings the one who tests has


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-models",
        action="store_true",
        default=bool(os.environ.get("CI")),
        help="fail, rather than skip, where models or ../shared are missing (default where CI is set)",
    )
    parser.addoption("--wheel", help="the built wheel that tests/packaging looks at")


def missing(request: pytest.FixtureRequest, what: str) -> None:
    """Skip with the reason, or fail where nothing may be missing."""
    if request.config.getoption("--require-models"):
        pytest.fail(f"{what}, and --require-models (or CI) is set")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Path:
    """The folder of real and simulated recordings with their truth."""
    if not SHARED.is_dir():
        missing(request, "no ../shared folder beside the project")
    return SHARED


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest) -> Store:
    """The user's own model store with campplus in it: fetched once, from then on without a network."""
    found = Store()
    try:
        found.load("campplus")
    except (NetworkError, ModelNotFoundError) as error:
        missing(request, f"no campplus pack: {error}")
    return found


@pytest.fixture(scope="session")
def models_dir(store: Store) -> Path:
    """The folder of `store`."""
    return store.root


@pytest.fixture(scope="session")
def wheel(request: pytest.FixtureRequest) -> Path:
    """The wheel of ``--wheel``; CI builds it once and tests that very file."""
    given = request.config.getoption("--wheel")
    if given is None:
        pytest.skip("no --wheel FILE was given: .ci/run builds one and tests it")
    return Path(given).resolve(strict=True)
