"""Which recogniser a job gets, and with which options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..asr_adapters import registry
from ..fusion.errors import UnknownNameError
from ..fusion.text.languages import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..fusion.types import Note, Recognizer
    from .options import Setup, Wish

AUTO = "auto"


def check_name(name: str) -> None:
    """Refuse a name that no recogniser has.

    Raises:
        UnknownNameError: with the known names and the nearest.
    """
    known = (*registry.names(), AUTO)
    if name not in known:
        raise UnknownNameError("recogniser", name, known)


def listens(name: str) -> bool:
    """Whether the recogniser `name` listens to the recording, as all do that do not say ``listens = False``."""
    return name == AUTO or registry.listens(name)


def make(setup: Setup, wish: Wish, on_note: Note) -> Recognizer:
    """The recogniser of a setup; ``auto`` says in one sentence if it is not the first choice.

    Raises:
        OptionError: the recogniser does not have an option that was given.
    """
    name = _chosen(setup, wish.language, on_note) if setup.asr == AUTO else setup.asr
    if wish.details:
        on_note(f"recogniser: {name}, model {setup.model or 'its default'}")
    return registry.create(name, **_options(name, setup))


def _chosen(setup: Setup, language: str | None, on_note: Note) -> str:
    from ..asr_adapters import faster_whisper, moonshine

    model = setup.model or faster_whisper.DEFAULT_MODEL
    fits = setup.model is None and code_of(language or "en") == "en"
    found = faster_whisper.on_disk(model) is not None if _offline(setup) else faster_whisper.available(model)
    if found or not fits or not moonshine.installed():
        return "faster-whisper"
    why = "may not be fetched in offline mode" if _offline(setup) else "cannot be reached"
    on_note(f"The Whisper model {model!r} is not on disk and {why}, so moonshine (English, smaller) is used.")
    return "moonshine"


def _options(name: str, setup: Setup) -> dict[str, Any]:
    """The options that were given, under the names that the recogniser uses for them."""
    taken = registry.parameters(name)
    given = _sorted(setup.asr_options, taken)
    if setup.model is not None:
        given["model"] = setup.model
    if setup.compute_type is not None:
        given["compute_type"] = setup.compute_type
    return _machine(name, setup, taken) | given


def _sorted(options: Mapping[str, object], taken: Sequence[str]) -> dict[str, Any]:
    """Options that the adapter does not have itself go on to its engine, in the mapping that it has for them."""
    if "options" not in taken:
        return dict(options)
    own = {key: value for key, value in options.items() if key in taken}
    further = {key: value for key, value in options.items() if key not in taken}
    return own | ({"options": further} if further else {})


def _machine(name: str, setup: Setup, taken: Sequence[str]) -> dict[str, Any]:
    """Where and how our own adapters compute; what a foreign one means by these names is not known."""
    if name not in registry.BUILTIN:
        return {}
    device = setup.execution.device
    known = {
        # CoreML is the diarizer's; a recogniser takes what suits it best there.
        "device": "auto" if device == "coreml" else device,
        "threads": setup.execution.threads,
        "offline": _offline(setup),
    }
    return {key: value for key, value in known.items() if key in taken}


def _offline(setup: Setup) -> bool:
    from ..diarize.models.store import Store

    return Store(setup.models_dir, offline=setup.offline).offline
