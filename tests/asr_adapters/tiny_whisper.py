"""Make a CTranslate2 Whisper model with random weights, small enough to build in every test run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tokenizers
from ctranslate2.specs import whisper_spec
from tokenizers.models import WordLevel

WIDTH, HEADS, MELS, FRAMES, LENGTH = 16, 2, 80, 1500, 448
WORDS = ["a", "b", "hello", "there", ".", ","]
TIMESTAMPS = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
SPECIAL = [
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>",
    "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
]  # fmt: skip
TOKENS = [f" {word}" for word in WORDS] + SPECIAL + TIMESTAMPS


def _fill(spec, size, rng, *, width_in=WIDTH):
    spec.weight = rng.normal(0, 0.2, (size, width_in)).astype(np.float32)
    spec.bias = np.zeros(size, np.float32)


def _norm(spec):
    spec.gamma, spec.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)


def _attention(spec, rng, *, cross=False):
    _norm(spec.layer_norm)
    sizes = (WIDTH, 2 * WIDTH, WIDTH) if cross else (3 * WIDTH, WIDTH)
    for linear, size in zip(spec.linear, sizes, strict=True):
        _fill(linear, size, rng)


def _feed_forward(spec, rng):
    _norm(spec.layer_norm)
    _fill(spec.linear_0, 2 * WIDTH, rng)
    _fill(spec.linear_1, WIDTH, rng, width_in=2 * WIDTH)


def _encoder(spec, rng):
    for conv, channels in ((spec.conv1, MELS), (spec.conv2, WIDTH)):
        conv.weight = rng.normal(0, 0.2, (WIDTH, channels, 3)).astype(np.float32)
        conv.bias = np.zeros(WIDTH, np.float32)
    spec.position_encodings.encodings = rng.normal(0, 0.2, (FRAMES, WIDTH)).astype(np.float32)
    _norm(spec.layer_norm)
    for layer in spec.layer:
        _attention(layer.self_attention, rng)
        _feed_forward(layer.ffn, rng)


def _decoder(spec, rng):
    spec.embeddings.weight = rng.normal(0, 1, (len(TOKENS), WIDTH)).astype(np.float32)
    spec.position_encodings.encodings = rng.normal(0, 1, (LENGTH, WIDTH)).astype(np.float32)
    spec.projection.weight = spec.embeddings.weight
    _norm(spec.layer_norm)
    for layer in spec.layer:
        _attention(layer.self_attention, rng)
        _attention(layer.attention, rng, cross=True)
        _feed_forward(layer.ffn, rng)


def make(folder: Path) -> Path:
    """Write the model, its vocabulary and its tokenizer into `folder`."""
    rng = np.random.default_rng(0)
    spec = whisper_spec.WhisperSpec(1, HEADS, 1, HEADS)
    _encoder(spec.encoder, rng)
    _decoder(spec.decoder, rng)
    ids = {token: number for number, token in enumerate(TOKENS)}
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], []
    spec.config.lang_ids, spec.config.alignment_heads = [ids["<|en|>"], ids["<|de|>"]], [[0, 0], [0, 1]]
    spec.register_vocabulary(TOKENS)
    spec.validate()
    spec.save(str(folder))
    tokenizer = tokenizers.Tokenizer(WordLevel(ids, unk_token=SPECIAL[0]))
    tokenizer.decoder = tokenizers.decoders.Fuse()
    tokenizer.add_special_tokens([*SPECIAL, *TIMESTAMPS])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    return folder
