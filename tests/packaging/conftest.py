"""The built wheel, where the run was given one."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def wheel(request: pytest.FixtureRequest) -> Path:
    """The wheel of ``--wheel``; CI builds it once and tests that very file."""
    given = request.config.getoption("--wheel")
    if given is None:
        pytest.skip("no --wheel FILE was given: .ci/run builds one and tests it")
    return Path(given).resolve(strict=True)
