"""Checks of this installation, each with a remedy; imports only what it looks at."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import TYPE_CHECKING

from ..diarize.models.yours import RECORD
from ..fusion import cuda
from ..fusion.errors import CorruptModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..diarize.models.store import Store

ENOUGH_MB = 500
"""Free space that pulling a pack and converting it wants, with room to spare."""
PACKAGES = ("numpy", "scipy", "soundfile", "av", "soxr", "onnxruntime", "onnx", "huggingface_hub", "srt")
_LIBRARIES = {"av": ("FFmpeg", "ffmpeg_version_info"), "soundfile": ("libsndfile", "__libsndfile_version__")}
"""What a package brings, and the name under which it tells that one's version."""
OPTIONAL = {
    "faster-whisper": "pip install faster-whisper",
    "moonshine-voice": "pip install 'diarfuse[offline]'",
    "pocketsphinx": "pip install 'diarfuse[offline]'",
}


_HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report; `remedy` is empty where all is well, `ok` is None where it is only information."""

    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


def checks(store: Store, *, online: bool = False, offline: bool = False) -> Iterator[Check]:
    """All checks in the order in which a reader wants them.

    Args:
        store: the diarizer's models.
        online: ask the network too.
        offline: also whether a run without a network has all that it needs.
    """
    yield Check("diarfuse", None, f"{version('diarfuse')} at {_HERE}")
    yield Check("system", None, f"Python {sys.version.split()[0]}, {platform.platform()}; ffmpeg is not needed")
    yield from _command()
    yield _owners()
    yield from _packages()
    yield from _onnxruntime()
    yield from _store(store)
    yield _disk(store)
    if online:
        yield from _network(store)
    if offline:
        yield from _without_network(store)


def versions() -> Iterator[tuple[str, str]]:
    """What decides about results, and in which version it is here; the packs last."""
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    for name in (*PACKAGES, *OPTIONAL, "ctranslate2", "click", "rich"):
        yield name, _package(name) or "is not installed"
    yield "packs", ", ".join(_packs_on_disk()) or "are none on disk"


def _packs_on_disk() -> Iterator[str]:
    from ..diarize.models.store import Store

    store = Store(None)
    for name in known(store)[0]:
        with contextlib.suppress(CorruptModelError):  # `_store` tells of it
            if store.has(name):
                yield name


def _package(name: str) -> str | None:
    """A package's version, with that of the library which it brings; None where it is not installed."""
    found = _version(name)
    if name == "onnxruntime" and (gpu := _version("onnxruntime-gpu")):
        return gpu
    inside = _LIBRARIES.get(name)
    if found is None or inside is None:
        return found
    try:
        return f"{found} ({inside[0]} {getattr(importlib.import_module(name), inside[1])})"
    except (ImportError, OSError, AttributeError) as error:  # installed, and not usable
        return f"{found} (which cannot be loaded: {error})"


def _command() -> Iterator[Check]:
    """PyPI has another package whose command is `transcribe`: whichever was installed last owns the name."""
    found = shutil.which("transcribe")
    if found is None:
        yield Check("command", None, "no 'transcribe' on the PATH: call it by its path, or as 'python -m diarfuse'")
    elif b"diarfuse" not in Path(found).read_bytes():
        yield Check("command", None, f"{found} is not ours: run 'diarfuse' or 'python -m diarfuse' in its place")


def _owners() -> Check:
    """Whether another distribution has files where ours lie; pip overwrites without a word."""
    others = {
        f"{other.metadata['Name']} ({file})"
        for other in distributions()
        if "diarfuse" in (other.read_text("RECORD") or "diarfuse")  # to take all lists apart takes half a second
        and other.metadata["Name"] != "diarfuse"
        for file in other.files or ()
        if file.parts[0] == "diarfuse"
    }
    if not others:
        return Check("files", True, "no other distribution owns files of ours")
    remedy = (
        "uninstall the other, then install diarfuse again from where it came, with pip's --force-reinstall --no-deps"
    )
    return Check("files", False, f"also owned by {', '.join(sorted(others)[:3])}", remedy)


def _packages() -> Iterator[Check]:
    for name in PACKAGES:
        found = _package(name)
        remedy = "" if found else f"pip install {name}"
        yield Check(name, found is not None, found or "missing", remedy)
    for name, remedy in OPTIONAL.items():
        found = _version(name)
        yield Check(name, True if found else None, found or f"not installed; {remedy}, if you want it")


def _onnxruntime() -> Iterator[Check]:
    """Which of its two packages there is, and what it can compute on."""
    if both := cuda.both_packages():
        yield Check("onnxruntime", False, both.what, both.remedy)
    if importlib.util.find_spec("onnxruntime") is None:
        return
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    yield Check("providers", None, ", ".join(providers))
    if cuda.PROVIDER in providers:
        problem = cuda.problem()
        if problem is None:
            yield Check("cuda", True, "CUDA, cuDNN and a GPU are there")
        else:
            yield Check("cuda", False, problem.what, f"{problem.remedy}; or use --device cpu")


def _store(store: Store) -> Iterator[Check]:
    yield Check("models", None, f"{store.root}{', offline mode' if store.offline else ''}")
    names, problem = known(store)
    if problem is not None:
        yield Check("your packs", False, str(problem), f"delete {store.root / RECORD} and add your packs again")
    for name in names:
        try:
            store.pack(name)
        except CorruptModelError as error:
            yield Check(name, False, str(error), f"delete {store.root / name} and add the pack again")
            continue
        if not store.has(name):
            fetched = f"fetched on first use, or now: transcribe models pull {name}"
            brought = "offline mode fetches nothing: transcribe models import FOLDER"
            yield Check(name, None, f"not on disk; {brought if store.offline else fetched}")
            continue
        problems = store.verify(name)
        remedy = f"transcribe models pull {name}" if problems else ""
        verified = {
            "pinned": "on disk, verified",
            "first use": "on disk, as it was when it was first fetched",
            "yours": "yours, as it was when you added it",
        }[store.origin(name)]
        yield Check(name, not problems, " ".join(problems) or verified, remedy)


def known(store: Store) -> tuple[tuple[str, ...], CorruptModelError | None]:
    """The packs; where the record of those that were added is damaged, the pinned ones, and what is wrong with it."""
    try:
        return store.names, None
    except CorruptModelError as error:
        return tuple(store.packs), error


def _disk(store: Store) -> Check:
    """Whether there is room for what must still be fetched: where all is there, little room is no fault."""
    folder = next(folder for folder in (store.root, *store.root.parents) if folder.is_dir())
    free = shutil.disk_usage(folder).free // 1_000_000
    detail = f"{free} MB free at {folder}"
    if free < ENOUGH_MB and _is_complete(store):
        return Check("disk", None, f"{detail}; the models that are there need no more")
    remedy = "" if free >= ENOUGH_MB else f"free some space, or set --models-dir; {ENOUGH_MB} MB are enough"
    return Check("disk", free >= ENOUGH_MB, detail, remedy)


def _is_complete(store: Store) -> bool:
    """Whether there is a pack, and none that was begun and is not whole."""
    there = []
    for name in store.packs:
        with contextlib.suppress(CorruptModelError):  # `_store` tells of it
            there += [store.has(name)] if store.started(name) or store.has(name) else []
    return bool(there) and all(there)


def _network(store: Store) -> Iterator[Check]:
    from ..diarize.models.fetching.hub import ask_hub

    answers, got = ask_hub(store.endpoint)
    remedy = (
        "" if answers else "use --diarizer campplus and --asr moonshine, or 'transcribe models import' and --offline"
    )
    yield Check(
        "hugging face", answers, f"{store.endpoint} {'answers' if answers else 'does not answer'} ({got})", remedy
    )


def _without_network(store: Store) -> Iterator[Check]:
    """Whether ``transcribe --diarize --offline`` finds its models."""
    from ..diarize.models.packs import ClusteringPack

    clustering = [name for name, pack in store.packs.items() if isinstance(pack, ClusteringPack)]
    whole = [name for name in clustering if store.has(name) and not store.verify(name)]
    missing = " nor ".join(clustering)
    remedy = "where there is a network: transcribe models export DIR; here: transcribe models import DIR"
    yield Check(
        "offline speakers",
        bool(whole),
        f"segmentation and embedding of {whole[0]}" if whole else f"neither {missing} is whole in {store.root}",
        "" if whole else remedy,
    )
    yield _recogniser()


def _recogniser() -> Check:
    """What ``--asr auto`` takes without a network."""
    from ..asr_adapters import faster_whisper, moonshine

    name, model = "offline words", faster_whisper.DEFAULT_MODEL
    folder = faster_whisper.on_disk(model)
    if folder is not None and (folder / "tokenizer.json").is_file():
        return Check(name, True, f"the Whisper model {model} is on disk")
    absent = f"the Whisper model {model} is not, or not whole, on disk"
    if moonshine.installed():
        return Check(name, True, f"moonshine, English only: {absent}")
    remedy = (
        f"where there is a network: transcribe models export DIR --asr faster-whisper:{model}; here: import DIR ..."
    )
    return Check(name, False, f"{absent}, and moonshine-voice is not installed", remedy)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
