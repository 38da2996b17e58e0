"""PyanNet (segmentation-3.0 and the segmentation of community-1): torch weights to ONNX.

Instance norm, sinc filters, two convolutions, four bidirectional LSTM layers,
two linear layers, a classifier over the powerset. The sinc filters depend on
no input, so they are computed here, once, and become a plain convolution.
Source: pyannote.audio 4, ``models/segmentation/PyanNet.py`` and
``models/blocks/sincnet.py``; asteroid-filterbanks, ``param_sinc_fb.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import AnyArray, Float32
from .graph import Graph, Weights, weight
from .int8 import with_integer_recurrences

if TYPE_CHECKING:
    import onnx

VERSION = 6
"""Raised whenever `build` or `with_integers` would give another graph for the same weights."""
GRAPHS = ("segmentation",)
"""What `build` returns."""

CLASSES = 7
_HIDDEN = 128
_LAYERS = 4
_FILTERS, _TAPS, _STRIDE = 80, 251, 10
_LEAK = 0.01


def build(weights: Weights) -> dict[str, onnx.ModelProto]:
    """The graph ``segmentation``, float32, with free batch and length.

    samples [batch, 1, samples] -> log-probabilities [batch, frames, 7] of the
    powerset classes; 160 000 samples give 589 frames. Needs at least 991 samples.

    Raises:
        CorruptModelError: a tensor is missing or has the wrong shape.
    """
    graph = Graph("pyannet")
    samples = graph.input("samples", ("batch", 1, "samples"))
    x = _wave_norm(graph, samples, weights)
    # Images of height one: ONNX Runtime's 2-d kernels are faster than its 1-d ones.
    x = graph.op("Unsqueeze", x, graph.shape(2))
    x = graph.op("Conv", x, graph.constant(sinc_filters(weights)[:, :, None]), strides=[1, _STRIDE])
    x = graph.op("LeakyRelu", x, alpha=-1.0)  # the absolute value, in the one form that fuses with a convolution
    x = _pool_norm(graph, x, weights, 0, _FILTERS)
    for layer, channels in ((1, _FILTERS), (2, 60)):
        x = _pool_norm(graph, _conv(graph, x, weights, f"sincnet.conv1d.{layer}", channels), weights, layer, 60)
    x = graph.op("Transpose", graph.op("Squeeze", x, graph.shape(2)), perm=[2, 0, 1])  # [frames, batch, 60] for LSTM
    for layer in range(_LAYERS):
        x = _lstm(graph, x, weights, layer)
    for name in ("linear.0", "linear.1"):
        x = graph.op("LeakyRelu", _linear(graph, x, weights, name, _HIDDEN), alpha=_LEAK)
    x = graph.op("LogSoftmax", _linear(graph, x, weights, "classifier", CLASSES), axis=-1)
    x = graph.op("Transpose", x, perm=[1, 0, 2])
    return {"segmentation": graph.model(x, "log_probabilities", ("batch", "frames", CLASSES))}


def with_integers(segmentation: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with 8-bit LSTMs, but for the first."""
    return with_integer_recurrences(segmentation)


def sinc_filters(weights: Weights) -> Float32:
    """The 40 cosine and then 40 sine band-pass filters, float32 (80, 1, 251).

    Each is the difference of two windowed sinc functions, from ``50 + |low|``
    to ``50 + |low| + 50 + |band|`` Hz (at most 8 kHz), made from its left half.
    float32 throughout, as upstream: the difference of two sines near the middle
    loses digits, and the network was trained with what is left.
    """
    name = "sincnet.conv1d.0.filterbank"
    low, high, window, time = (values.astype(np.float32) for values in _sinc_parameters(weights, name))
    band = high - low
    even = (_rounded(np.sin, high * time) - _rounded(np.sin, low * time)) / (time / 2) * window
    odd = (_rounded(np.cos, low * time) - _rounded(np.cos, high * time)) / (time / 2) * window
    cosine = np.concatenate([even, 2 * band, even[:, ::-1]], axis=1)
    sine = np.concatenate([odd, np.zeros_like(band), -odd[:, ::-1]], axis=1)
    return np.concatenate([cosine / (2 * band), sine / (2 * band)])[:, None]


def _sinc_parameters(weights: Weights, name: str) -> tuple[AnyArray, ...]:
    """Lower and upper edges in Hz (40, 1), half a window (125,), 2 pi t before the middle (1, 125)."""
    low = 50 + np.abs(weight(weights, f"{name}.low_hz_", _FILTERS // 2, 1))
    high = np.clip(low + 50 + np.abs(weight(weights, f"{name}.band_hz_", _FILTERS // 2, 1)), 50, 8000)
    return low, high, weight(weights, f"{name}.window_", _TAPS // 2), weight(weights, f"{name}.n_", 1, _TAPS // 2)


def _rounded(function: np.ufunc, angle: Float32) -> Float32:
    return np.asarray(function(angle.astype(np.float64)), dtype=np.float32)


def _instance_norm(graph: Graph, x: str, weights: Weights, name: str, channels: int) -> str:
    scale, bias = weight(weights, f"{name}.weight", channels), weight(weights, f"{name}.bias", channels)
    return graph.op("InstanceNormalization", x, graph.constant(scale), graph.constant(bias), epsilon=1e-5)


def _wave_norm(graph: Graph, samples: str, weights: Weights) -> str:
    """The instance norm of the waveform, in two passes.

    Over 160 000 samples ONNX Runtime's own is off by 3e-6 of its result, twenty
    times more than these few nodes or torch; in a window of little sound the LSTM
    makes that 3e-4 of a probability. The later norms, over fewer values, gain nothing.
    """
    scale, bias = (weight(weights, f"sincnet.wav_norm1d.{name}", 1) for name in ("weight", "bias"))
    centred = graph.op("Sub", samples, graph.op("ReduceMean", samples, axes=[2], keepdims=1))
    variance = graph.op("ReduceMean", graph.op("Mul", centred, centred), axes=[2], keepdims=1)
    deviation = graph.op("Sqrt", graph.op("Add", variance, graph.constant(1e-5)))
    normed = graph.op("Mul", centred, graph.op("Div", graph.constant(scale), deviation))
    return graph.op("Add", normed, graph.constant(bias))


def _conv(graph: Graph, x: str, weights: Weights, name: str, channels: int) -> str:
    kernel, bias = weight(weights, f"{name}.weight", 60, channels, 5), weight(weights, f"{name}.bias", 60)
    return graph.op("Conv", x, graph.constant(kernel[:, :, None]), graph.constant(bias))


def _pool_norm(graph: Graph, x: str, weights: Weights, layer: int, channels: int) -> str:
    pooled = graph.op("MaxPool", x, kernel_shape=[1, 3], strides=[1, 3])
    normed = _instance_norm(graph, pooled, weights, f"sincnet.norm1d.{layer}", channels)
    return graph.op("LeakyRelu", normed, alpha=_LEAK)


def _linear(graph: Graph, x: str, weights: Weights, name: str, size: int) -> str:
    product = graph.op("MatMul", x, graph.constant(weight(weights, f"{name}.weight", size, None).T))
    return graph.op("Add", product, graph.constant(weight(weights, f"{name}.bias", size)))


def _gates(array: AnyArray) -> AnyArray:
    """Rows from torch's gate order (input, forget, cell, output) to ONNX's (input, output, forget, cell)."""
    first, forget, cell, output = np.split(array, 4)
    return np.concatenate([first, output, forget, cell])


def _lstm(graph: Graph, x: str, weights: Weights, layer: int) -> str:
    """One bidirectional layer, [frames, batch, features] -> [frames, batch, 256]."""
    size = 60 if layer == 0 else 2 * _HIDDEN
    inputs, recurrent, biases = [], [], []
    for direction in ("", "_reverse"):
        end = f"_l{layer}{direction}"
        inputs.append(_gates(weight(weights, f"lstm.weight_ih{end}", 4 * _HIDDEN, size)))
        recurrent.append(_gates(weight(weights, f"lstm.weight_hh{end}", 4 * _HIDDEN, _HIDDEN)))
        parts = [_gates(weight(weights, f"lstm.bias_{part}{end}", 4 * _HIDDEN)) for part in ("ih", "hh")]
        biases.append(np.concatenate(parts))
    constants = (graph.constant(np.stack(arrays)) for arrays in (inputs, recurrent, biases))
    y = graph.op("LSTM", x, *constants, hidden_size=_HIDDEN, direction="bidirectional")
    y = graph.op("Transpose", y, perm=[0, 2, 1, 3])  # [frames, batch, direction, 128]
    return graph.op("Reshape", y, graph.shape(0, 0, 2 * _HIDDEN))
