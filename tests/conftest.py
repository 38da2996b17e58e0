"""What every test may ask for: the shared recordings, and the models.

A fresh machine has neither `../shared` nor a model store, and perhaps not all packages
of the extra `dev`. Tests that need them skip with a reason; where `CI` is set (or with
``--require-models``) they fail instead, so that nothing important is skipped unseen.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from diarfuse.diarize.models.store import Store
from diarfuse.fusion.errors import ModelNotFoundError, NetworkError
from tests.amounts import EXAMPLES

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
SOURCE = ROOT / ".src"

os.environ["DIARFUSE_CONFIG_DIR"] = str(ROOT / "no such folder")  # whatever settings the one who tests has
os.environ["DIARFUSE_UNFINISHED_DIR"] = os.devnull  # no test goes on with what another one has heard


# A worker a core, so one thread in each: those of BLAS and OpenMP wait for each other by spinning. Workers inherit it,
# and so does what tests start. BLAS reads it as numpy is imported, so nothing above may do that.
assert "numpy" not in sys.modules, "a plugin of pytest imports numpy: leave it out with -p no:NAME"
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


# What is compiled is kept, the tests themselves and what they start: images of containers often forbid it, where Python
# is started once. Here it is hundreds of times, and twice the tests' own modules are made ready with all their asserts.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# What tests start runs the code that they import: of this checkout, or of the wheel where only that is.
if (SOURCE / "diarfuse").is_dir():
    os.environ["PYTHONPATH"] = os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])])


# A shell that starts something in the background has it ignore Ctrl-C and SIGQUIT, nohup SIGHUP, and so does whatever
# that starts: tests that end a program would then wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ("SIGHUP", "SIGQUIT", "SIGTERM"):
    if hasattr(signal, name):  # on Windows not all are
        signal.signal(getattr(signal, name), signal.SIG_DFL)


# No test measures time, on however busy a machine. What is made up is the same in every run, but for fuzzing.
FUZZING = bool(os.environ.get("DIARFUSE_FUZZ_SECONDS"))
settings.register_profile(
    "diarfuse",
    deadline=None,
    derandomize=not FUZZING,
    max_examples=100 if FUZZING else EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("diarfuse")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-models",
        action="store_true",
        default=bool(os.environ.get("CI")),
        help="fail, rather than skip, where models, packages or ../shared are missing (default where CI is set)",
    )
    parser.addoption("--wheel", help="the built wheel that tests/packaging looks at")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """A worker a core for the whole suite (None: as xdist counts); none for named tests, which so start at once."""
    return 0 if config.args_source is pytest.Config.ArgsSource.ARGS else None


_or_skip = pytest.importorskip


def imported(name: str, *further: Any, **how: Any) -> Any:
    """`pytest.importorskip` where nothing may be missing: what the extra `dev` brings is here, or the test fails.

    What may be missing all the same has a reason, and other systems' Pythons have not all of its modules.
    """
    if "reason" in how or name in sys.stdlib_module_names:
        return _or_skip(name, *further, **how)
    return importlib.import_module(name)


def pytest_configure(config: pytest.Config) -> None:
    """Workers share what the networks say (tests/networks.py), unless .ci/run has its runs share it."""
    if config.getoption("--require-models"):
        pytest.importorskip = imported
    if config.getoption("dist") != "no" and not hasattr(config, "workerinput"):
        heard = tempfile.TemporaryDirectory(prefix="heard-")
        config.add_cleanup(heard.cleanup)
        os.environ.setdefault("DIARFUSE_HEARD_DIR", heard.name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those of the page come first: one worker has them all, with one Chromium, and nobody waits for it at the end.

    Those marked `official` are skipped where they are not asked for.
    """
    if "official" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("official"):
                item.add_marker(pytest.mark.skip(reason="it takes long: pytest -m official"))
    pages = {item.path for item in items if "chromium" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path not in pages)


gc.disable()


def pytest_collection_finish() -> None:
    """Let the collector of garbage leave alone what lives as long as the run: the tests, and all that they import."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Look for garbage once: pytest looks five times in the end, for what warns as it goes, through all that lives."""
    gc.collect()
    gc.freeze()


def missing(request: pytest.FixtureRequest, what: str) -> None:
    """Skip with the reason, or fail where nothing may be missing."""
    if request.config.getoption("--require-models"):
        pytest.fail(f"{what}, and --require-models (or CI) is set")
    pytest.skip(what)


@pytest.fixture(scope="session", autouse=True)
def _networks_remember() -> Iterator[None]:
    """What the networks said of the same numbers is not computed again (tests/networks.py)."""
    from tests import networks

    with networks.remembering():
        yield


class _OfNobody(logging.Handler):
    """A note that reaches the log while the command line is at work was given nothing that hears it."""

    def emit(self, record: logging.LogRecord) -> None:
        stacks = (traceback.walk_stack(frame) for frame in sys._current_frames().values())
        codes = {frame.f_code for stack in stacks for frame, _ in stack}
        if any(code.co_name == "run" and code.co_filename.endswith(_COMMAND_LINE) for code in codes):
            pytest.fail(f"The command line has nothing that hears: {record.getMessage()}")


_COMMAND_LINE = os.path.join("transcribe", "__main__.py")  # noqa: PTH118 - the end of a name


@pytest.fixture(scope="session", autouse=True)
def _the_command_line_hears_all_notes() -> Iterator[None]:
    """Its users are told of what gives way in its own words, and once: never through the log, which is programs'."""
    handler, logger = _OfNobody(), logging.getLogger("diarfuse")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


@pytest.fixture
def afresh() -> Iterator[None]:
    """Where just this is what is tested, it is."""
    from tests import networks

    with networks.afresh():
        yield


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


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """One headless Chromium for all tests, with a fresh profile; each test opens what it needs."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    if None in found:
        missing(request, "no chromium and chromedriver: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    profile, downloads = tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")
    for flag in (
        *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
        *("disable-component-update", "disable-sync", "disable-dev-shm-usage", "mute-audio"),
        *("use-fake-device-for-media-stream", "use-fake-ui-for-media-stream"),  # a microphone that beeps each second
        *("window-size=1280,860", "autoplay-policy=no-user-gesture-required", f"user-data-dir={profile}"),
    ):
        options.add_argument(f"--{flag}")
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    at_home = {f"XDG_{kind}_HOME": str(profile) for kind in ("CONFIG", "CACHE")}  # where it writes besides its profile
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(found[1], env=os.environ | at_home))
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
    driver.downloads = downloads
    yield driver
    driver.quit()
