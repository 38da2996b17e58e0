# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.13.0", "transformers==5.24.0", "numpy"]
# ///
"""Make `sortformer/memory.npz`: what NeMo and transformers remember of the conversation of `sortformer/inputs.py`.

Of equal scores ``torch.topk`` takes any, and equal scores are routine: a frame in which two speak stands in the cache
twice. Here a top-k takes the first of them, which is one of those that torch may give, and the script says how often
torch gave another: such a tie is the one thing in which two runs of the references may differ from each other too.

Needs torch, transformers, and NeMo's own file ``sortformer_modules.py`` (3.0.0), whose three imports from the rest of
NeMo are stood in for by what the file needs of them. Run::

    python tests/golden/make_sortformer.py --nemo nemo/collections/asr/modules/sortformer_modules.py
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from transformers.models.nemotron3_diarization import modeling_nemotron3_diarization as modeling
from transformers.models.nemotron3_diarization.configuration_nemotron3_diarization import (
    Nemotron3DiarizationStreamingConfig,
)

HERE = Path(__file__).resolve().parent / "sortformer"
sys.path.insert(0, str(HERE))

import inputs  # noqa: E402 - found through the line above


class FirstOfEqual:
    """In the place of `torch.topk`: of equal scores the first ones; counts where torch took others."""

    def __init__(self) -> None:
        self.calls = self.ties = 0
        self._topk = torch.topk

    def __call__(self, scores: torch.Tensor, count: int, dim: int, **given: bool) -> tuple[torch.Tensor, torch.Tensor]:
        values, indices = (
            part.narrow(dim, 0, count) for part in torch.sort(scores, dim=dim, descending=True, stable=True)
        )
        theirs = self._topk(scores, count, dim=dim, **given)
        assert torch.equal(theirs.values.sort(dim=dim, descending=True).values, values)
        chosen = values > -torch.inf
        self.calls += 1
        ours = torch.where(chosen, indices, -1).sort(dim=dim).values
        others = torch.where(theirs.values > -torch.inf, theirs.indices, -1).sort(dim=dim).values
        self.ties += not torch.equal(ours, others)
        return values, indices


def nemo_modules(path: Path) -> ModuleType:
    """NeMo's file, with its base classes stood in for by torch's."""
    for name in ("nemo", "nemo.core", "nemo.core.classes", "nemo.core.classes.exportable", "nemo.core.classes.module"):
        sys.modules[name] = ModuleType(name)
    sys.modules["nemo.core.classes.exportable"].Exportable = type("Exportable", (), {})
    sys.modules["nemo.core.classes.module"].NeuralModule = torch.nn.Module
    sys.modules["nemo.utils"] = ModuleType("nemo.utils")
    sys.modules["nemo.utils"].logging = logging.getLogger("nemo")
    spec = importlib.util.spec_from_file_location("sortformer_modules", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def with_nemo(modules: ModuleType, case: str) -> np.ndarray:
    (speakers, cache, silent), (chunk, left, right, fifo, period) = inputs.CASES[case]
    keeper = modules.SortformerModules(
        num_spks=speakers,
        fc_d_model=inputs.DIMENSION,
        spkcache_len=cache,
        fifo_len=fifo,
        chunk_len=chunk,
        spkcache_update_period=period,
        chunk_left_context=left,
        chunk_right_context=right,
        spkcache_sil_frames_per_spk=silent,
    ).eval()
    state = keeper.init_streaming_state()
    frames, marks = inputs.conversation(speakers), []
    for step, (start, end, before, behind) in enumerate(inputs.chunks(case)):
        piece = torch.from_numpy(frames[start:end])[None]
        heard = torch.cat([state.spkcache, state.fifo, piece], dim=1)
        said = torch.from_numpy(inputs.said(heard[0].numpy(), speakers, step))[None]
        state, _ = keeper.streaming_update(state, piece, said, lc=before, rc=behind)
        kept = None if state.spkcache_preds is None else state.spkcache_preds[0].numpy()
        marks.append(inputs.mark(state.spkcache[0].numpy(), kept, state.fifo[0].numpy(), state.mean_sil_emb[0].numpy()))
    return np.array(marks, np.uint32)


def with_transformers(case: str) -> np.ndarray:
    (speakers, cache, silent), (_, _, _, fifo, period) = inputs.CASES[case]
    config = Nemotron3DiarizationStreamingConfig(
        fifo_length=fifo,
        speaker_cache_update_period=period,
        speaker_cache_length=cache,
        speaker_cache_silence_frames_per_speaker=silent,
        num_speakers=speakers,
    )
    keeper = modeling.Nemotron3DiarizationSpeakerCache(config)
    keeper._pool_probs = lambda said, _: said  # what is said is of whole frames already
    learnt = torch.from_numpy(inputs.silence())
    frames, marks = inputs.conversation(speakers), []
    for step, (start, end, before, behind) in enumerate(inputs.chunks(case)):
        piece = torch.from_numpy(frames[start:end])[None]
        heard = torch.cat([keeper.get_embeds(piece), piece], dim=1)
        said = torch.from_numpy(inputs.said(heard[0].numpy(), speakers, step))[None]
        keeper.update(heard, said, learnt, end - start - before - behind, num_lookback_frames=before)
        held = keeper.embeds[0, : keeper.num_cache_frames].numpy()
        kept = keeper.probs[0, : keeper.num_cache_frames].numpy() if keeper.is_compressed else None
        marks.append(inputs.mark(held, kept, keeper.fifo[0, : keeper.num_fifo_frames].numpy(), inputs.silence()))
    return np.array(marks, np.uint32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nemo", type=Path, required=True)
    modules = nemo_modules(parser.parse_args().nemo)
    marks = {}
    with torch.inference_mode():
        for case in inputs.CASES:
            torch.topk = topk = FirstOfEqual()
            marks[case] = with_transformers(case) if case.startswith("nemotron") else with_nemo(modules, case)
            torch.topk = topk._topk
            sys.stdout.write(f"{case}: {len(marks[case])} pieces, {topk.calls} choices, {topk.ties} with a tie\n")
    np.savez_compressed(HERE / "memory.npz", **marks)


if __name__ == "__main__":
    main()
