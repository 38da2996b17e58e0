"""A CTranslate2 Whisper model with random weights: as slow as a real one of its shape, and with nothing to say.

    python -m benchmarks.random_whisper FOLDER
    python -m benchmarks.together AUDIO --option=--asr=faster-whisper --option=--model=FOLDER --option=--language=en \
        --option=--batch-size=4 --option=--asr-option=beam_size=1 --option=--asr-option=temperature=0 \
        --option=--asr-option=max_new_tokens=100

That of `small` (12 layers of width 768) is 1.1 GB. Random weights end no text and
tell random times, hence the options: in batches every 30 s are heard once, and
100 tokens are what 30 s of talk have. A wider beam (`beam_size=10`) is slower.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

MELS, FRAMES, LENGTH = 80, 1500, 448
WORDS = ["a", "b", "hello", "there", ".", ","]
TIMESTAMPS = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
SPECIAL = [
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>",
    "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes: width, heads and number of layers, how much wider they are inside, words; and the spread of weights."""

    width: int
    heads: int
    layers: int
    inner: int
    words: int
    spread: float

    @property
    def tokens(self) -> list[str]:
        """The vocabulary: words, marks, times."""
        more = (f" w{number}" for number in range(self.words - len(WORDS)))
        return [f" {word}" for word in WORDS] + [*more, *SPECIAL, *TIMESTAMPS]


TINY = Shape(width=16, heads=2, layers=1, inner=2, words=len(WORDS), spread=0.2)
"""Small enough to be made in every test run."""
SMALL = Shape(width=768, heads=12, layers=12, inner=4, words=50_354, spread=0.02)
"""Whisper's `small`."""


def main() -> None:
    """Write the model of `small`'s shape."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.random_whisper", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    print(make(folder, SMALL))


def make(folder: Path, shape: Shape = TINY) -> Path:
    """Write the model, its vocabulary and its tokenizer into `folder`."""
    from ctranslate2.specs import whisper_spec

    tokens = shape.tokens
    ids = {token: number for number, token in enumerate(tokens)}
    spec = whisper_spec.WhisperSpec(shape.layers, shape.heads, shape.layers, shape.heads)
    _Filling(shape).whole(spec)
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], []
    last = [shape.layers - 1, 0], [shape.layers - 1, 1]
    spec.config.lang_ids, spec.config.alignment_heads = [ids["<|en|>"], ids["<|de|>"]], list(last)
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.save(str(folder))
    _tokenizer(ids).save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    return folder


def _tokenizer(ids: dict[str, int]) -> Any:
    import tokenizers
    from tokenizers.models import WordLevel

    found = tokenizers.Tokenizer(WordLevel(ids, unk_token=SPECIAL[0]))
    found.decoder = tokenizers.decoders.Fuse()
    found.add_special_tokens([*SPECIAL, *TIMESTAMPS])
    return found


@dataclass(slots=True)
class _Filling:
    """Puts random numbers into every weight of a specification, the same ones every time."""

    shape: Shape
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def whole(self, spec: Any) -> None:
        self._encoder(spec.encoder)
        self._decoder(spec.decoder)

    def _encoder(self, spec: Any) -> None:
        width = self.shape.width
        for conv, channels in ((spec.conv1, MELS), (spec.conv2, width)):
            conv.weight, conv.bias = self._noise(0.2, width, channels, 3), np.zeros(width, np.float32)
        spec.position_encodings.encodings = self._noise(0.2, FRAMES, width)
        self._norm(spec.layer_norm)
        for layer in spec.layer:
            self._attention(layer.self_attention, _own(width))
            self._feed_forward(layer.ffn)

    def _decoder(self, spec: Any) -> None:
        width = self.shape.width
        spec.embeddings.weight = self._noise(1, len(self.shape.tokens), width)
        spec.position_encodings.encodings = self._noise(1, LENGTH, width)
        spec.projection.weight = spec.embeddings.weight
        self._norm(spec.layer_norm)
        for layer in spec.layer:
            self._attention(layer.self_attention, _own(width))
            self._attention(layer.attention, iter((width, 2 * width, width)))
            self._feed_forward(layer.ffn)

    def _attention(self, spec: Any, sizes: Iterator[int]) -> None:
        self._norm(spec.layer_norm)
        for linear, size in zip(spec.linear, sizes, strict=True):
            self._linear(linear, size, self.shape.width)

    def _feed_forward(self, spec: Any) -> None:
        width, inner = self.shape.width, self.shape.inner * self.shape.width
        self._norm(spec.layer_norm)
        self._linear(spec.linear_0, inner, width)
        self._linear(spec.linear_1, width, inner)

    def _linear(self, spec: Any, size: int, width: int) -> None:
        spec.weight, spec.bias = self._noise(self.shape.spread, size, width), np.zeros(size, np.float32)

    def _norm(self, spec: Any) -> None:
        width = self.shape.width
        spec.gamma, spec.beta = np.ones(width, np.float32), np.zeros(width, np.float32)

    def _noise(self, spread: float, *sizes: int) -> Any:
        return self.rng.normal(0, spread, sizes).astype(np.float32)


def _own(width: int) -> Iterator[int]:
    """Sizes of what attends to itself."""
    return iter((3 * width, width))


if __name__ == "__main__":
    main()
