"""pyannote.audio's community-1 pipeline on the CPU, built offline from local files.

Options: segmentation (checkpoint), plda (folder), embedding (a torch state of
`WeSpeakerResNet34`, or an ONNX / ORT graph fbank, weights -> embedding to put
in its place).
"""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # before the import that reads it: nothing is reported anywhere

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torchcodec is not installed, and not needed: files are read here
    import torch
    from pyannote.audio import Model
    from pyannote.audio.models.embedding import WeSpeakerResNet34
    from pyannote.audio.pipelines import SpeakerDiarization
    from pyannote.audio.pipelines.speaker_verification import PyannoteAudioPretrainedSpeakerEmbedding

from benchmarks.rivals.runner import Engine, main, read
from diarfuse.fusion.types import SAMPLE_RATE, Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.rivals.runner import Answer

BATCH = 32  # the published configuration of community-1, as are the values in PARAMETERS
PARAMETERS = {"segmentation": {"min_duration_off": 0.0}, "clustering": {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8}}


class GraphEmbedding(PyannoteAudioPretrainedSpeakerEmbedding):  # type: ignore[misc]  # pyannote ships no types
    """An ONNX graph where pyannote has its torch network; the fbank stays pyannote's own."""

    def __init__(self, model: Any, graph: Path, threads: int) -> None:
        import onnxruntime

        super().__init__(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        if graph.suffix == ".ort":
            options.add_session_config_entry("session.load_model_format", "ORT")
        # outside the attributes that BaseInference watches
        self.__dict__["session"] = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])

    def __call__(self, waveforms: Any, masks: Any = None) -> Any:
        """Embeddings float32 (batch, 256) of waveforms (batch, 1, samples) under masks (batch, 589)."""
        fbank = self.model_.compute_fbank(waveforms).numpy()
        fbank_name, weights_name = (each.name for each in self.session.get_inputs())
        return self.session.run(None, {fbank_name: fbank, weights_name: masks.numpy()})[0]


def build(segmentation: Path, plda: Path, embedding: Path, threads: int) -> Any:
    """The community-1 pipeline with these files in place of the published ones."""
    graph = embedding.suffix in (".onnx", ".ort")
    network = WeSpeakerResNet34()
    if not graph:
        network.load_state_dict(_state(embedding), strict=False)
    network.eval()
    pipeline = SpeakerDiarization(
        segmentation=Model.from_pretrained(str(segmentation)),
        embedding=network,
        embedding_exclude_overlap=True,
        plda=str(plda),
        clustering="VBxClustering",
        embedding_batch_size=BATCH,
        segmentation_batch_size=BATCH,
    )
    if graph:
        pipeline._embedding = GraphEmbedding(network, embedding, threads)  # noqa: SLF001  # the only way in
    return pipeline.instantiate(PARAMETERS)


def _state(path: Path) -> Any:
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    return loaded.get("state_dict", loaded)


def load(options: Mapping[str, str], threads: int) -> Engine:
    """The pipeline and, by way of its hook, the seconds each stage took."""
    torch.set_num_threads(threads)
    pipeline = build(Path(options["segmentation"]), Path(options["plda"]), Path(options["embedding"]), threads)

    def diarize(audio: Path) -> Answer:
        stages: dict[str, float] = {}
        last = time.perf_counter()

        def hook(step: str, *_: object, **__: object) -> None:
            nonlocal last
            now = time.perf_counter()
            stages[step] = stages.get(step, 0.0) + now - last
            last = now

        waveform = torch.from_numpy(read(audio))[None]
        found = pipeline({"waveform": waveform, "sample_rate": SAMPLE_RATE, "uri": audio.stem}, hook=hook)
        tracks = found.speaker_diarization.itertracks(yield_label=True)
        return [Turn(segment.start, segment.end, label) for segment, _, label in tracks], stages

    return diarize


if __name__ == "__main__":
    main(load, ["pyannote.audio", "torch", "numpy"])
