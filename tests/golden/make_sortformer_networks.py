# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.13.0", "transformers==5.24.0", "nemo-toolkit[asr]==3.0.0", "numpy"]
# ///
"""Make `sortformer/{nemotron,sortformer,audar}/` and `sortformer/networks.npz`: small networks of the official layout.

transformers and NeMo write their own files of two-layer networks, of which everything is kept but the weights: these
are `sortformer/weights.py`'s, so that the tests can put the files together again. What the classes then say of the
speech there, hearing it piece by piece at several paces, is kept too, and whenever their memory chooses: what was said
of the frames it chose from, and which it kept (of equal scores the first, see `make_sortformer.py`). With
``--official`` the networks have the shape of those that are published, hear a minute, and go into
`sortformer/official.npz` with all of their files. Run::

    python tests/golden/make_sortformer_networks.py [--official]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import lightning.pytorch.loggers
import numpy as np
import overrides
import torch

HERE = Path(__file__).resolve().parent / "sortformer"
sys.path.insert(0, str(HERE))
# What NeMo 3.0.0 imports of packages that have moved on; nothing here uses it.
sys.modules[overrides.override.__module__].ensure_signature_is_compatible = lambda *_, **__: None
lightning.pytorch.loggers.NeptuneLogger = type("NeptuneLogger", (), {})

import weights  # noqa: E402 - found through the line above
from make_sortformer import FirstOfEqual  # noqa: E402
from nemo.collections.asr.models.sortformer_diar_models import SortformerEncLabelModel  # noqa: E402
from nemo.collections.asr.modules.sortformer_modules import SortformerModules  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402
from torch import Tensor  # noqa: E402
from transformers import (  # noqa: E402
    Nemotron3DiarizationConfig,
    Nemotron3DiarizationForAudioFrameClassification,
    Nemotron3DiarizationProcessor,
    NemotronAsrStreamingFeatureExtractor,
)
from transformers.models.nemotron3_diarization.modeling_nemotron3_diarization import (  # noqa: E402
    Nemotron3DiarizationSpeakerCache,
)

LAST = {
    "nemotron": "classifier.out_proj",
    "sortformer": "sortformer_modules.single_hidden_to_spks",
    "audar": "sortformer_modules.single_hidden_to_spks",
}
OFFICIAL_NEMOTRON = {"audio_config": {}, "head_config": {}}
SMALL_NEMOTRON = {
    "audio_config": {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2},
    "head_config": {"hidden_size": 32, "audio_hidden_size": 64},
}
OFFICIAL_SORTFORMER = [
    "model_defaults.fc_d_model=512",
    "model_defaults.tf_d_model=192",
    "encoder.n_layers=17",
    "encoder.subsampling_conv_channels=256",
    "transformer_encoder.num_layers=18",
    "transformer_encoder.inner_size=768",
]
PACES = {
    # chunk, left, right, fifo, period
    "nemotron_low": (9, 0, 4, 264, 222),
    "nemotron_cpu": (32, 0, 4, 40, 40),
    "nemotron_offline": (340, 0, 40, 40, 300),
    "sortformer_low": (6, 1, 7, 188, 144),
    "sortformer_cpu": (124, 1, 1, 124, 124),
    "sortformer_offline": (340, 1, 40, 40, 300),
    "audar_low": (13, 1, 7, 40, 300),
    "audar_cpu": (124, 1, 1, 124, 124),
    "audar_offline": (340, 1, 40, 40, 300),
}


def place(network: torch.nn.Module) -> dict[str, list[int]]:
    """Give every tensor its seeded values; the layout."""
    state = network.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point() and not name.startswith("preprocessor."):
            tensor.copy_(torch.from_numpy(weights.seeded(name, tuple(tensor.shape))))
    return {name: list(tensor.shape) for name, tensor in state.items()}


def nemotron(shape: dict[str, dict[str, int]]) -> Nemotron3DiarizationForAudioFrameClassification:
    network = Nemotron3DiarizationForAudioFrameClassification(Nemotron3DiarizationConfig(**shape)).eval()
    place(network)
    return network


def extractor() -> NemotronAsrStreamingFeatureExtractor:
    return NemotronAsrStreamingFeatureExtractor(feature_size=128, mel_filters_dtype="bfloat16")


def sortformer(speakers: int, shape: list[str]) -> SortformerEncLabelModel:
    config = OmegaConf.merge(OmegaConf.load(HERE / "streaming.yaml"), OmegaConf.from_dotlist(shape))
    config.max_num_of_spks = speakers
    network = SortformerEncLabelModel(config).eval()
    place(network)
    return network


def balance(last: torch.nn.Linear, name: str, said: np.ndarray) -> dict[str, np.ndarray]:
    """Turn the last layer up and shift it, so that each speaker speaks in half of the frames; its tensors."""
    scores = torch.logit(torch.from_numpy(said).double(), eps=1e-7)
    middle, spread = scores.median(dim=0).values, scores.std(dim=0)
    last.weight.copy_(2 * last.weight / spread[:, None])
    last.bias.copy_(2 * (last.bias - middle) / spread)
    return {f"{name}.{what}": getattr(last, what).numpy() for what in ("weight", "bias")}


def keep_nemotron(network: Nemotron3DiarizationForAudioFrameClassification, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        network.save_pretrained(scratch)
        Nemotron3DiarizationProcessor(extractor()).save_pretrained(scratch)
        saved = (Path(scratch) / "model.safetensors").read_bytes()
        size = int.from_bytes(saved[:8], "little")
        (folder / "header.json").write_bytes(saved[8 : 8 + size])
        for name in ("config.json", "processor_config.json"):
            shutil.copy(Path(scratch) / name, folder / name)


def keep_sortformer(network: SortformerEncLabelModel, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        network.save_to(f"{scratch}/network.nemo")
        with tarfile.open(f"{scratch}/network.nemo") as archive:
            archive.extractall(scratch, filter="data")
        shutil.copy(Path(scratch) / "model_config.yaml", folder / "model_config.yaml")
        with zipfile.ZipFile(Path(scratch) / "model_weights.ckpt") as archive:
            (folder / "data.pkl").write_bytes(archive.read("model_weights/data.pkl"))


def hear_nemotron(
    network: Nemotron3DiarizationForAudioFrameClassification, pace: tuple[int, ...], seconds: int
) -> np.ndarray:
    chunk, _, right, fifo, period = pace
    mel = extractor()(weights.speech(16_000 * seconds), sampling_rate=16_000, return_tensors="pt")
    features = mel["input_features"][:, : int(mel["attention_mask"].sum())]
    cache = Nemotron3DiarizationSpeakerCache(network.config.streaming_config, fifo, period)
    said, total = [], features.shape[1]
    for start in range(0, total, 8 * chunk):
        end = min(start + 8 * chunk, total)
        behind = min(8 * right, total - end)
        piece = features[:, start : end + behind]
        ahead = -(-behind // 8)
        found = network(piece, speaker_cache=cache, num_lookahead_frames=ahead)
        cache = found.speaker_cache
        said.append(found.logits.sigmoid()[0])
    return torch.cat(said)[:total].numpy()


def hear_sortformer(network: SortformerEncLabelModel, pace: tuple[int, ...], seconds: int) -> np.ndarray:
    modules = network.sortformer_modules
    modules.chunk_len, modules.chunk_left_context, modules.chunk_right_context = pace[:3]
    modules.fifo_len, modules.spkcache_update_period = pace[3:]
    signal = torch.from_numpy(weights.speech(16_000 * seconds))[None]
    return network(signal, torch.tensor([signal.shape[1]]))[0].numpy()


def coarse(said: np.ndarray, seconds: int) -> np.ndarray:
    """Every fifth row of many, in steps of 1/65535."""
    every = 5 if len(said) > 100 * seconds - 1 else 1
    return np.round(said[::every] * 65535).astype(np.uint16)


def keep(networks: dict[str, torch.nn.Module], folder: Path) -> None:
    """The files of each network, but for its weights."""
    for name, network in networks.items():
        (folder / name).mkdir(exist_ok=True)
        (keep_nemotron if name == "nemotron" else keep_sortformer)(network, folder / name)


class Choices:
    """What the memory of either network was told of the frames it chose from, and which of them it kept, in turn."""

    def __init__(self) -> None:
        self.said: list[np.ndarray] = []
        self.kept: list[np.ndarray] = []
        theirs = Nemotron3DiarizationSpeakerCache._compress
        nemos = SortformerModules._compress_spkcache

        def compress(memory: Nemotron3DiarizationSpeakerCache, embeds: Tensor, probs: Tensor, silence: Tensor) -> Any:
            self._keep(probs, theirs(memory, *numbered(probs))[0])
            return theirs(memory, embeds, probs, silence)

        def compress_spkcache(memory: SortformerModules, preds: Tensor, **given: Any) -> Any:
            frames, last = numbered(preds)[0], numbered(preds)[2]
            self._keep(preds, nemos(memory, emb_seq=frames, preds=preds, mean_sil_emb=last)[0])
            return nemos(memory, preds=preds, **given)

        Nemotron3DiarizationSpeakerCache._compress = compress
        SortformerModules._compress_spkcache = compress_spkcache

    def _keep(self, said: Tensor, frames: Tensor) -> None:
        self.said.append(said[0].numpy().copy())
        self.kept.append(frames[0, :, 0].numpy().astype(np.int16))

    def taken(self, case: str) -> dict[str, np.ndarray]:
        """All choices since this was last asked: each by its number of frames, what was said of them, those kept."""
        sizes = np.array([len(said) for said in self.said], np.int16)
        found = {"sizes": sizes, "said": np.concatenate(self.said), "kept": np.array(self.kept)}
        self.said, self.kept = [], []
        return {f"{case}:{name}": values for name, values in found.items()}


def numbered(said: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Frames that are their own numbers, what was said of them, and a silence that is the number behind them."""
    count = said.shape[1]
    return torch.arange(count, dtype=torch.float32)[None, :, None], said, torch.full((1, 1), float(count))


def answer(networks: dict[str, torch.nn.Module], case: str, seconds: int, choices: Choices) -> dict[str, np.ndarray]:
    """What a network says of the speech at one pace, and what its memory chose."""
    kind = case.partition("_")[0]
    torch.topk = topk = FirstOfEqual()
    said = (hear_nemotron if kind == "nemotron" else hear_sortformer)(networks[kind], PACES[case], seconds)
    torch.topk = topk._topk
    found = {case: coarse(said, seconds)} | (choices.taken(case) if choices.said else {})
    sys.stdout.write(f"{case}: {said.shape}, {(said > 0.5).mean():.0%} of it above a half, {topk.ties} ties\n")
    sys.stdout.flush()
    return found


def balanced(networks: dict[str, torch.nn.Module], seconds: int) -> dict[str, np.ndarray]:
    """The tensors of the last layers of several networks, made to say something."""
    found = {}
    for kind, network in networks.items():
        hear, pace = (hear_nemotron, "nemotron") if kind == "nemotron" else (hear_sortformer, "sortformer")
        said = hear(network, PACES[f"{pace}_offline"], seconds)
        tensors = balance(network.get_submodule(LAST[kind]), LAST[kind], said)
        found |= {f"{kind}:{tensor}": values for tensor, values in tensors.items()}
    return found


def answers(networks: dict[str, torch.nn.Module], seconds: int) -> dict[str, np.ndarray]:
    """Of every network at each of its paces."""
    choices, kept = Choices(), {}
    for case in PACES:
        kept |= answer(networks, case, seconds, choices)
    return kept


def small() -> None:
    networks = {"nemotron": nemotron(SMALL_NEMOTRON), "sortformer": sortformer(4, []), "audar": sortformer(8, [])}
    kept = balanced({kind: networks[kind] for kind in ("sortformer", "audar")}, 45)
    keep(networks, HERE)
    kept |= answers(networks, 45)
    signal = torch.from_numpy(weights.speech(5_000))[None]
    mel = extractor()(signal[0].numpy(), sampling_rate=16_000, return_tensors="pt")["input_features"][0]
    kept["mel_rounded"] = mel.numpy()
    mel, count = networks["sortformer"].preprocessor(input_signal=signal, length=torch.tensor([5_000]))
    kept["mel"] = mel[0, :, : int(count)].T.numpy()
    np.savez_compressed(HERE / "networks.npz", **kept)


def official() -> None:
    networks = {
        "nemotron": nemotron(OFFICIAL_NEMOTRON),
        "sortformer": sortformer(4, OFFICIAL_SORTFORMER),
        "audar": sortformer(8, OFFICIAL_SORTFORMER),
    }
    kept = balanced(networks, 60)
    with tempfile.TemporaryDirectory() as scratch:
        keep(networks, Path(scratch))
        for path in Path(scratch).glob("*/*"):
            kept[f"{path.parent.name}/{path.name}"] = np.frombuffer(path.read_bytes(), np.uint8)
    np.savez_compressed(HERE / "official.npz", **kept, **answers(networks, 60))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--official", action="store_true")
    with torch.inference_mode():
        (official if parser.parse_args().official else small)()


if __name__ == "__main__":
    main()
