"""The files of a network of the family, found and looked at before anything of them is run.

A folder with the ``model.safetensors``, ``config.json`` and ``processor_config.json`` of Nemotron, a ``.nemo`` of
Sortformer, or graphs that others exported (`exports`). What the official files say of themselves and no tensor tells
must be what is computed here, or they are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...fusion.errors import CorruptModelError, ModelNotFoundError, OptionError
from ..models.end_to_end.nemo_file import read_nemo_config
from .exports import Export, exported
from .memory import Room, room_of
from .presets import Kind

_LARGEST = 1 << 20
_WEIGHTS = "model.safetensors"

_NEMOTRON: Mapping[str, Sequence[object]] = {
    "model_type": ("nemotron3_diarization",),
    "audio_config.num_attention_heads": (8,),
    "audio_config.num_key_value_heads": (8,),
    "audio_config.hidden_act": ("gelu",),
    "audio_config.num_mel_bins": (128,),
    "audio_config.subsampling_factor": (8,),
    "audio_config.rope_parameters.rope_type": ("default",),
    "audio_config.rope_parameters.rope_theta": (10_000,),
    "audio_config.rope_parameters.partial_rotary_factor": (1,),
    "streaming_config.prediction_score_threshold": (0.25,),
    "streaming_config.latest_frames_score_boost": (0.05,),
    "streaming_config.strong_boost_rate": (0.75,),
    "streaming_config.weak_boost_rate": (1.5,),
    "streaming_config.min_positive_scores_rate": (0.5,),
}
_FRONT_END: Mapping[str, Sequence[object]] = {
    "feature_extractor.feature_size": (128,),
    "feature_extractor.sampling_rate": (16_000,),
    "feature_extractor.hop_length": (160,),
    "feature_extractor.win_length": (400,),
    "feature_extractor.n_fft": (512,),
    "feature_extractor.preemphasis": (0.97,),
    "feature_extractor.mel_filters_dtype": ("float32", "bfloat16"),
}
_NEMO: Mapping[str, Sequence[object]] = {
    "target": ("nemo.collections.asr.models.sortformer_diar_models.SortformerEncLabelModel",),
    "preprocessor.normalize": ("NA", "none", None),
    "preprocessor.sample_rate": (16_000,),
    "preprocessor.window_size": (0.025,),
    "preprocessor.window_stride": (0.01,),
    "preprocessor.window": ("hann",),
    "preprocessor.features": (128,),
    "preprocessor.n_fft": (512,),
    "encoder.subsampling": ("dw_striding",),
    "encoder.subsampling_factor": (8,),
    "encoder.causal_downsampling": (False,),
    "encoder.self_attention_model": ("rel_pos",),
    "encoder.n_heads": (8,),
    "encoder.att_context_size": ([-1, -1],),
    "encoder.xscaling": (True,),
    "encoder.conv_norm_type": ("batch_norm",),
    "encoder.conv_context_size": (None,),
    "transformer_encoder.num_attention_heads": (8,),
    "transformer_encoder.hidden_act": ("relu",),
    "transformer_encoder.pre_ln": (False,),
    "transformer_encoder.mask_future": (False,),
    "sortformer_modules.pred_score_threshold": (0.25,),
    "sortformer_modules.scores_boost_latest": (0.05,),
    "sortformer_modules.sil_threshold": (0.2,),
    "sortformer_modules.strong_boost_rate": (0.75,),
    "sortformer_modules.weak_boost_rate": (1.5,),
    "sortformer_modules.min_pos_scores_rate": (0.5,),
}
"""What is computed here, by the names that the files have for it; what a file leaves out says nothing against it."""
_AUDAR_SPEAKERS = 8


@dataclass(frozen=True, slots=True)
class Source:
    """A network's files. weights: the file that holds them. room: what it remembers. rounded: see `Mel`."""

    kind: Kind
    weights: Path
    room: Room
    rounded: bool

    @property
    def builder(self) -> str:
        """The module of `diarize.models` that makes graphs of the weights."""
        return "end_to_end.nemotron" if self.kind == "nemotron" else "end_to_end.sortformer"

    @property
    def rows(self) -> int:
        """Of speech for every frame of 80 ms."""
        return 8 if self.kind == "nemotron" else 1


def find(path: Path) -> Source | Export:
    """The network in a folder, in a ``.nemo``, or in an ``.onnx``.

    Raises:
        ModelNotFoundError: there is nothing, or nothing that is one.
        OptionError: several.
        CorruptModelError, UnsafeModelError: what the files say cannot be read, or is not what is computed here.
    """
    if path.is_file() and path.suffix == ".nemo":
        return _sortformer(path)
    if path.is_file() and path.suffix == ".onnx":
        return exported([path], sorted(path.parent.glob("*.onnx")))
    if not path.is_dir():
        raise ModelNotFoundError(f"There is no network at {path}: give a folder that holds one, a .nemo or an .onnx.")
    found = [*path.glob("*.nemo"), *path.glob(_WEIGHTS)]
    graphs = sorted([*path.glob("*.onnx"), *path.glob("onnx/*.onnx")])
    if len(found) > 1 or (found and graphs):
        names = ", ".join(file.name for file in (*found, *graphs))
        raise OptionError(f"{path} holds several networks ({names}): give one's file.")
    if graphs:
        return exported(graphs, graphs)
    if not found:
        raise ModelNotFoundError(
            f"{path} holds no network: it needs Nemotron's {_WEIGHTS}, config.json and processor_config.json, "
            "Sortformer's .nemo, or an .onnx that others exported."
        )
    return _sortformer(found[0]) if found[0].suffix == ".nemo" else _nemotron(path)


def _nemotron(folder: Path) -> Source:
    config, processor = (_json(folder / name) for name in ("config.json", "processor_config.json"))
    if "model_type" not in config:
        raise CorruptModelError(f"{folder / 'config.json'} names no model_type: it is not Nemotron-3-Diarization's.")
    _check(folder / "config.json", config, _NEMOTRON)
    _check(folder / "processor_config.json", processor, _FRONT_END)
    room = room_of(
        folder / "config.json",
        speakers=_size(folder, config, "streaming_config.num_speakers", 8),
        cache=_size(folder, config, "streaming_config.speaker_cache_length", 264),
        silence=_size(folder, config, "streaming_config.speaker_cache_silence_frames_per_speaker", 1),
    )
    rounded = _look(processor, "feature_extractor.mel_filters_dtype") == "bfloat16"
    return Source("nemotron", folder / _WEIGHTS, room, rounded)


def _sortformer(path: Path) -> Source:
    config = read_nemo_config(path)
    _check(path, config, _NEMO)
    room = room_of(
        path,
        speakers=_size(path, config, "sortformer_modules.num_spks", 4),
        cache=_size(path, config, "sortformer_modules.spkcache_len", 188),
        silence=_size(path, config, "sortformer_modules.spkcache_sil_frames_per_spk", 3),
    )
    return Source("audar-v1" if room.speakers == _AUDAR_SPEAKERS else "sortformer-v2.1", path, room, rounded=False)


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise CorruptModelError(f"{path} has more than {_LARGEST} bytes: fetch it again.")
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ModelNotFoundError(f"{path} is missing: fetch it with the weights, from where they come.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CorruptModelError(f"{path} cannot be read as JSON: fetch it again.") from error
    if not isinstance(found, dict):
        raise CorruptModelError(f"{path} names nothing: fetch it again.")
    return found


_NOTHING = object()


def _look(config: Mapping[str, Any], name: str) -> object:
    """The value at a dotted path."""
    found: object = config
    for part in name.split("."):
        if not isinstance(found, dict) or part not in found:
            return _NOTHING
        found = found[part]
    return found


def _check(path: Path, config: Mapping[str, Any], computed: Mapping[str, Sequence[object]]) -> None:
    for name, values in computed.items():
        said = _look(config, name)
        if said is not _NOTHING and said not in values:
            raise CorruptModelError(
                f"{path} says {name}={said!r:.80}, and what is computed here has {' or '.join(map(repr, values))}: "
                "it is another network."
            )


def _size(path: Path, config: Mapping[str, Any], name: str, usual: int) -> int:
    said = _look(config, name)
    found = usual if said is _NOTHING else said
    if type(found) is not int or not 0 <= found <= 1 << 16:
        raise CorruptModelError(f"{path} says {name}={found!r:.80}, which is no size: fetch it again.")
    return found
