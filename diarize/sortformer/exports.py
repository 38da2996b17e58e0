"""Networks of the family that others exported to ONNX: which form a graph has, seen by its inputs, and how it is run.

* two graphs: mel [1, mels, 128] -> embeddings, and embeddings [1, frames, width] -> speech (NealCaren's);
* ``cached_embeds`` beside mel features, with an ``attention_mask`` or ``num_frames`` perhaps (onnx-community's,
  sherpa-onnx's);
* ``chunk``, ``spkcache`` and ``fifo``, each with its length (NeMo's own export, parakeet-rs's and others').

What is remembered is ours in all of them; constants come from the graph's metadata, or are those that are published.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ...fusion.errors import CorruptModelError, ModelNotFoundError, OptionError
from ...fusion.given import whole_number
from ..arrays import AnyArray, Float32
from ..front_ends.slaney import mel_matrix
from .listening import Hear, Networks
from .mel import BANDS, Mel
from .memory import Room, room_of
from .presets import Kind

if TYPE_CHECKING:
    import onnx

    from ..runtime import Session

Form: TypeAlias = Literal["embed", "step", "cached", "lengths"]

_LENGTHS = {"chunk", "chunk_lengths", "spkcache", "spkcache_lengths", "fifo", "fifo_lengths"}
_MASK, _COUNT = "attention_mask", "num_frames"
_FINE = ("preds_hires", "spkcache_fifo_chunk_preds_hr")
_SPEECH = (*_FINE, "preds_diar", "spkcache_fifo_chunk_preds", "logits", "probs")
_EMBEDDINGS = ("chunk_pre_encode_embs", "chunk_embeds")
_SILENCE_FILE, _BANDS_FILE = "silence_embeds.bin", "mel_filters.bin"
_SILENCE_KEYS = ("learnable_sil_emb", "silence_embeds")
_SILENCE_BASE64 = "learnable_sil_emb_f32le_b64"
_CACHE_KEYS = ("spkcache_len", "speaker_cache_length")
_SHARE_KEYS = ("spkcache_sil_frames_per_spk", "speaker_cache_silence_frames_per_speaker")
_PREFIX = "vernacula.diar."
_OWN_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
"""Whose operators ONNX Runtime has itself."""
_KNOWN = (
    "one of mel features [1, ?, 128] beside one of embeddings, input_features or features with cached_embeds, "
    "or chunk, spkcache and fifo with their lengths"
)
_SMALL = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """A graph that was looked at. data: files that hold weights of it. metadata: what it says of itself."""

    path: Path
    form: Form
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    data: tuple[Path, ...]
    metadata: Mapping[str, str]

    def feature(self) -> str:
        """The input that takes mel features."""
        return str(next(value.name for value in self.inputs if _sizes(value)[-1:] == [BANDS]))

    def output(self, names: Sequence[str]) -> str | None:
        """The first of `names` that it gives."""
        given = [value.name for value in self.outputs]
        return next((name for name in names if name in given), None)

    def number(self, names: Sequence[str]) -> int | None:
        """A whole number of its metadata."""
        said = next((self.metadata[name] for name in names if name in self.metadata), None)
        number = None if said is None else whole_number(said)
        if said is not None and (number is None or number >= 1 << 16):
            raise CorruptModelError(f"{self.path} says {names[0]}={said[:40]!r} of itself, which is no size.")
        return number


@dataclass(frozen=True, slots=True)
class Export:
    """An exported network: one graph, or one of features and one of embeddings; used as `sources.Source` is."""

    parts: tuple[Part, ...]

    @property
    def weights(self) -> Path:
        """The graph that holds most of it."""
        return self.parts[-1].path

    @property
    def files(self) -> tuple[Path, ...]:
        """All that it is made of."""
        return tuple(path for part in self.parts for path in (part.path, *part.data))

    @property
    def fine(self) -> bool:
        """Whether it says something of every 10 ms, as Nemotron does."""
        last = self.parts[-1]
        return last.form in ("step", "cached") or last.output(_FINE) is not None

    @property
    def kind(self) -> Kind:
        """Which network it is."""
        if self.fine:
            return "nemotron"
        return "sortformer-v2.1" if self.speakers == Room(4, 188, 3).speakers else "audar-v1"

    @property
    def speakers(self) -> int:
        """How many it tells apart."""
        last = self.parts[-1]
        speech = next(value for value in last.outputs if value.name == last.output(_SPEECH))
        return _sizes(speech)[-1]

    @property
    def room(self) -> Room:
        """What it remembers."""
        last = self.parts[-1]
        cache, share = (264, 1) if self.fine else (188, 3)
        said = last.number(_CACHE_KEYS), last.number(_SHARE_KEYS)
        silence = share if said[1] is None else said[1]
        return room_of(last.path, speakers=self.speakers, cache=said[0] or cache, silence=silence)

    @property
    def rounded(self) -> bool:
        """See `Mel`: as its own bands are where it brings them, else as Nemotron's are."""
        path = self.weights.with_name(_BANDS_FILE)
        if not path.is_file():
            return self.fine
        bands = _numbers(path, BANDS * 257).reshape(BANDS, 257)
        exact, rounded = (np.abs(Mel(rounded=each).bands - bands).max() for each in (False, True))
        if min(exact, rounded) > 1e-4 * float(mel_matrix(BANDS, 257, 8000.0).max()):
            raise CorruptModelError(f"{path} holds other bands than those computed here: it is another network's.")
        return bool(rounded < exact)


def looked_at(path: Path) -> Part:
    """The form of a graph.

    Raises:
        CorruptModelError: it is none of those that are known, or cannot be called as they are.
        ModelNotFoundError, UnsafeModelError: see `models.foreign.parse`.
    """
    from ..models.foreign import check_external, described, parse, refuse_foreign_operators

    model = parse(path, "a network that hears who speaks")
    refuse_foreign_operators(path, model, _OWN_DOMAINS)
    data = check_external(path, model, join=True)
    inputs = _inputs(model)
    form = _form(inputs)
    if form is None:
        raise CorruptModelError(f"{path} has the inputs {described(inputs)}, and the exports known here have {_KNOWN}.")
    metadata = {entry.key.removeprefix(_PREFIX): entry.value for entry in model.metadata_props}
    part = Part(path, form, inputs, tuple(model.graph.output), tuple(data), metadata)
    _check(part)
    return part


def exported(paths: Sequence[Path], among: Sequence[Path]) -> Export:
    """The network of the graphs `paths`, one half of which may be found `among` others.

    Raises:
        OptionError: they are several.
        ModelNotFoundError: a half is missing. CorruptModelError: see `looked_at`.
    """
    parts = [looked_at(path) for path in paths]
    whole = [Export((part,)) for part in parts if part.form in ("cached", "lengths")]
    halves = [part for part in parts if part.form in ("embed", "step")]
    if len(paths) == 1 and halves:
        others = (looked_at(path) for path in among if path not in paths)
        halves += [part for part in others if part.form in ("embed", "step") and part.form != halves[0].form]
    pairs = [
        Export((first, last)) for first in halves for last in halves if (first.form, last.form) == ("embed", "step")
    ]
    found = whole + pairs
    names = ", ".join(path.name for path in paths)
    if len(found) > 1:
        raise OptionError(f"{paths[0].parent} holds several networks ({names}): give one's file.")
    if not found:
        raise ModelNotFoundError(f"{names} in {paths[0].parent} is half a network: its other graph belongs beside it.")
    return found[0]


def networks_of(export: Export, load: Callable[[Path], Session]) -> Networks:
    """The network, loaded.

    Raises:
        CorruptModelError: it cannot be run, or does not say what silence sounds like.
    """
    room, sessions = export.room, [load(part.path) for part in export.parts]
    hear: Hear
    if len(sessions) > 1:
        hear = _two(export.parts, sessions)
    else:
        call = _cached if export.parts[0].form == "cached" else _lengths
        hear = call(export.parts[0], sessions[0])
    width = _width(export.parts[-1])
    nothing = np.zeros((0, width), np.float32)
    embeddings, speech = hear(nothing, nothing, np.zeros((16, BANDS), np.float32))
    rows = len(speech) // 2
    if embeddings.shape != (2, width) or speech.shape != (2 * (8 if export.fine else 1), export.speakers):
        raise CorruptModelError(
            f"{export.weights} gives embeddings {embeddings.shape} and speech {speech.shape} for two frames: "
            "it is another network."
        )
    if not np.isfinite(speech).all():
        raise CorruptModelError(f"{export.weights} says NaN of silence: its weights are damaged, fetch it again.")
    silence = _silence(export, sessions[-1], width) if export.fine else None
    return Networks(Mel(export.rounded), hear, room, rows, width, silence)


def _inputs(model: onnx.ModelProto) -> tuple[Any, ...]:
    weights = {tensor.name for tensor in model.graph.initializer}
    return tuple(value for value in model.graph.input if value.name not in weights)


def _form(inputs: Sequence[Any]) -> Form | None:
    names = {value.name for value in inputs}
    if names == _LENGTHS:
        return "lengths"
    features = [value for value in inputs if _sizes(value)[-1:] == [BANDS] and value.name != "cached_embeds"]
    if len(features) == 1 and names - {features[0].name, _MASK, _COUNT} == {"cached_embeds"}:
        return "cached"
    if len(inputs) == 1 and len(_sizes(inputs[0])) == 3:  # noqa: PLR2004 - batch, frames, and what they hold
        return "embed" if features else "step"
    return None


def _check(part: Part) -> None:
    """Refuse what could only be called otherwise."""
    for value in part.inputs:
        if len(_sizes(value)) == 3 and _sizes(value)[1]:  # noqa: PLR2004 - as above
            raise CorruptModelError(
                f"{part.path} takes {_sizes(value)[1]} frames at a time in {value.name!r}, no other number: "
                "take an export whose numbers of frames are free."
            )
        if value.type.tensor_type.elem_type == 10:  # noqa: PLR2004 - FLOAT16 of onnx.TensorProto
            raise CorruptModelError(f"{part.path} takes numbers of half precision: take the float32 or int8 export.")
    if part.form == "embed":
        return
    speech = part.output(_SPEECH)
    if speech is None or (part.form != "step" and part.output(_EMBEDDINGS) is None):
        given = ", ".join(value.name for value in part.outputs)
        raise CorruptModelError(f"{part.path} gives {given}, and no speech or no embeddings of the names known here.")
    if not 1 <= next(_sizes(value)[-1] for value in part.outputs if value.name == speech) <= 64:  # noqa: PLR2004 - many
        raise CorruptModelError(f"{part.path} does not say how many speakers it tells apart: export it again.")


def _sizes(value: Any) -> list[int]:
    from ..models.foreign import sizes_of

    return sizes_of(value)


def _width(last: Part) -> int:
    """Numbers in an embedding."""
    name = {"cached": "cached_embeds", "lengths": "spkcache"}.get(last.form, last.inputs[0].name)
    said = next(_sizes(value)[-1] for value in last.inputs if value.name == name)
    return said or last.number(("emb_dim", "hidden_size")) or 512


def _two(parts: Sequence[Part], sessions: Sequence[Session]) -> Hear:
    first, last = parts
    speech = _name(last, _SPEECH)

    def hear(cache: Float32, fifo: Float32, mel: Float32) -> tuple[Float32, Float32]:
        embeddings = sessions[0].named([first.outputs[0].name], {first.inputs[0].name: mel[None]})[0][0]
        heard = np.concatenate([cache, fifo, embeddings])[None]
        return embeddings, _shares(speech, sessions[1].named([speech], {last.inputs[0].name: heard})[0])

    return hear


def _cached(part: Part, session: Session) -> Hear:
    wanted = [_name(part, _EMBEDDINGS), _name(part, _SPEECH)]
    names = {value.name for value in part.inputs}

    def hear(cache: Float32, fifo: Float32, mel: Float32) -> tuple[Float32, Float32]:
        before = np.concatenate([cache, fifo])[None]
        feeds: dict[str, AnyArray] = {part.feature(): mel[None], "cached_embeds": before}
        if _MASK in names:
            feeds[_MASK] = np.ones((1, before.shape[1] + len(mel) // 8), np.int64)
        if _COUNT in names:
            feeds[_COUNT] = np.array(len(mel), np.int64)
        embeddings, speech = session.named(wanted, feeds)
        return embeddings[0], _shares(wanted[1], speech)

    return hear


def _lengths(part: Part, session: Session) -> Hear:
    wanted = [_name(part, _EMBEDDINGS), _name(part, _SPEECH)]

    def hear(cache: Float32, fifo: Float32, mel: Float32) -> tuple[Float32, Float32]:
        feeds: dict[str, AnyArray] = {}
        for name, values in (("chunk", mel), ("spkcache", cache), ("fifo", fifo)):
            feeds |= {name: values[None], f"{name}_lengths": np.array([len(values)], np.int64)}
        embeddings, speech = session.named(wanted, feeds)
        return embeddings[0], _shares(wanted[1], speech)

    return hear


def _name(part: Part, names: Sequence[str]) -> str:
    """One of `names`, which it was seen to give."""
    found = part.output(names)
    if found is None:
        raise CorruptModelError(f"{part.path} gives none of {', '.join(names)}: export it again.")
    return found


def _shares(name: str, speech: AnyArray) -> Float32:
    """How surely each speaks, from logits where it is these."""
    values = np.asarray(speech[0], np.float32)
    if name != "logits":
        return values
    with np.errstate(over="ignore"):  # of what is as sure as can be that nobody speaks
        return np.asarray(1 / (1 + np.exp(-values)), np.float32)


def _silence(export: Export, session: Session, width: int) -> Float32:
    """What the network has learnt of silence: of its file, its metadata, or the graph itself."""
    last = export.parts[-1]
    path = export.weights.with_name(_SILENCE_FILE)
    if path.is_file():
        return _numbers(path, width)
    text = next((last.metadata[key] for key in _SILENCE_KEYS if key in last.metadata), "")
    try:
        found = np.array([float(value) for value in text.split(",") if value], np.float32)
        if packed := last.metadata.get(_SILENCE_BASE64):
            found = np.frombuffer(base64.b64decode(packed, validate=True), "<f4").astype(np.float32)
    except ValueError as error:
        raise CorruptModelError(f"{last.path} says no numbers of silence ({error}): export it again.") from error
    if not found.size and "silence_embeds" in [value.name for value in last.outputs] and last.form == "cached":
        feeds: dict[str, AnyArray] = {last.feature(): np.zeros((1, 8, BANDS), np.float32)}
        feeds["cached_embeds"] = np.zeros((1, 0, width), np.float32)
        asked = {value.name for value in last.inputs}
        extra = {_MASK: np.ones((1, 1), np.int64), _COUNT: np.array(8, np.int64)}
        feeds |= {name: values for name, values in extra.items() if name in asked}
        found = np.asarray(session.named(["silence_embeds"], feeds)[0], np.float32).reshape(-1)
    if found.shape != (width,) or not np.isfinite(found).all():
        raise CorruptModelError(
            f"{last.path} does not say what silence sounds like in {width} numbers: put {_SILENCE_FILE} beside it."
        )
    return found


def _numbers(path: Path, count: int) -> Float32:
    """A file of so many float32, little-endian."""
    if path.stat().st_size != 4 * count or path.stat().st_size > _SMALL:
        raise CorruptModelError(f"{path} has {path.stat().st_size} bytes, not {4 * count}: fetch it again.")
    found = np.fromfile(path, "<f4").astype(np.float32)
    if not np.isfinite(found).all():
        raise CorruptModelError(f"{path} holds NaN or infinity: fetch it again.")
    return found
