"""A saved CoreML program, walked operator by operator in numpy: what it computes, on a system that cannot run it.

Source of what each operator does: coremltools 9, ``converters/mil/mil/ops/defs/iOS15``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Given = Mapping[str, Any]


class Walk:
    """The program in the folder `path`, as coremltools' own ``MLModel`` is called."""

    def __init__(self, path: str | Path) -> None:
        from coremltools.converters.mil.frontend.milproto.load import load
        from coremltools.models import MLModel

        model = MLModel(str(path), skip_model_load=True)
        self._spec = model.get_spec()
        program = load(self._spec, self._spec.specificationVersion, model.weights_dir)
        self.function = program.functions["main"]

    def get_spec(self) -> Any:
        return self._spec

    def kinds(self) -> list[str]:
        return [operation.op_type for operation in self.function.operations if operation.op_type != "const"]

    def predict(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        values: dict[str, Any] = dict(feeds)

        def value(one: Any) -> Any:
            if isinstance(one, list | tuple):
                return [value(each) for each in one]
            return values.get(one.name, one.val)

        for operation in self.function.operations:
            if operation.op_type == "const":
                continue
            given = {name: value(one) for name, one in operation.inputs.items() if one is not None}
            result = OPERATORS[operation.op_type](given)
            results = result if isinstance(result, tuple) else (result,)
            values |= {output.name: one for output, one in zip(operation.outputs, results, strict=False)}
        return {output.name: values[output.name] for output in self.function.outputs}


def conv(given: Given) -> np.ndarray:
    top, bottom, left, right = given["pad"] if given["pad_type"] == "custom" else (0, 0, 0, 0)
    x = np.pad(given["x"], ((0, 0), (0, 0), (top, bottom), (left, right)))
    weight = given["weight"]
    down, along = given["dilations"]
    extent = (down * (weight.shape[2] - 1) + 1, along * (weight.shape[3] - 1) + 1)
    strides = given["strides"]
    windows = sliding_window_view(x, extent, axis=(2, 3))[:, :, :: strides[0], :: strides[1], ::down, ::along]
    result = np.tensordot(windows, weight, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)
    return result + given.get("bias", np.zeros(len(weight), np.float32))[:, None, None]


def max_pool(given: Given) -> np.ndarray:
    (high, wide), (down, along) = given["kernel_sizes"], given["strides"]
    return sliding_window_view(given["x"], (high, wide), axis=(2, 3))[:, :, ::down, ::along].max(axis=(4, 5))


def affine(x: np.ndarray, mean: np.ndarray, variance: np.ndarray, given: Given) -> np.ndarray:
    gamma, beta = (given[name][:, None, None] for name in ("gamma", "beta"))
    return (x - mean) / np.sqrt(variance + given["epsilon"]) * gamma + beta


def instance_norm(given: Given) -> np.ndarray:
    x = given["x"]
    return affine(x, x.mean(axis=(2, 3), keepdims=True), x.var(axis=(2, 3), keepdims=True), given)


def batch_norm(given: Given) -> np.ndarray:
    return affine(given["x"], given["mean"][:, None, None], given["variance"][:, None, None], given)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def one_way(x: np.ndarray, weight: np.ndarray, recurrent: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """One direction from zeros; gates in the order input, forget, output, cell."""
    hidden = np.zeros((x.shape[1], recurrent.shape[1]), np.float32)
    cell, steps = hidden, []
    for step in x @ weight.T + bias:
        first, forget, output, new = np.split(step + hidden @ recurrent.T, 4, axis=1)
        cell = sigmoid(forget) * cell + sigmoid(first) * np.tanh(new)
        hidden = sigmoid(output) * np.tanh(cell)
        steps.append(hidden)
    return np.stack(steps)


def lstm(given: Given) -> np.ndarray:
    assert given["direction"] == "bidirectional"
    assert not np.any(given["initial_h"])
    assert not np.any(given["initial_c"])
    x = given["x"]
    there = one_way(x, *(given[name] for name in ("weight_ih", "weight_hh", "bias")))
    back = one_way(x[::-1], *(given[f"{name}_back"] for name in ("weight_ih", "weight_hh", "bias")))[::-1]
    return np.concatenate([there, back], axis=-1)


def matmul(given: Given) -> np.ndarray:
    x = np.swapaxes(given["x"], -1, -2) if given.get("transpose_x") else given["x"]
    y = np.swapaxes(given["y"], -1, -2) if given.get("transpose_y") else given["y"]
    return x @ y


def log_sum_exp(given: Given) -> np.ndarray:
    x, axes = given["x"], tuple(given["axes"])
    most = x.max(axis=axes, keepdims=True)
    return np.log(np.exp(x - most).sum(axis=axes, keepdims=True)) + most


def reduced(function: Callable[..., np.ndarray]) -> Callable[[Given], np.ndarray]:
    return lambda given: function(given["x"], axis=tuple(given["axes"]), keepdims=bool(given["keep_dims"]))


def both(function: Callable[..., np.ndarray]) -> Callable[[Given], np.ndarray]:
    return lambda given: function(given["x"], given["y"])


OPERATORS: dict[str, Callable[[Given], Any]] = {
    "abs": lambda given: np.abs(given["x"]),
    "add": both(np.add),
    "batch_norm": batch_norm,
    "cast": lambda given: np.asarray(
        given["x"], {"fp32": np.float32, "fp16": np.float16, "int32": np.int32}[given["dtype"]]
    ),
    "concat": lambda given: np.concatenate([np.asarray(each) for each in given["values"]], axis=given["axis"]),
    "conv": conv,
    "equal": both(np.equal),
    "expand_dims": lambda given: np.expand_dims(given["x"], tuple(given["axes"])),
    "fill": lambda given: np.full(given["shape"], given["value"], np.float32),
    "floor_div": both(np.floor_divide),
    "gather": lambda given: np.take(given["x"], given["indices"], axis=given["axis"]),
    "identity": lambda given: given["x"],
    "instance_norm": instance_norm,
    "leaky_relu": lambda given: np.where(given["x"] < 0, given["alpha"] * given["x"], given["x"]),
    "linear": lambda given: given["x"] @ given["weight"].T + given["bias"],
    "lstm": lstm,
    "matmul": matmul,
    "max_pool": max_pool,
    "mul": both(np.multiply),
    "range_1d": lambda given: np.arange(given["start"], given["end"], given["step"], dtype=np.int32),
    "real_div": both(np.true_divide),
    "reduce_log_sum_exp": log_sum_exp,
    "reduce_mean": reduced(np.mean),
    "reduce_sum": reduced(np.sum),
    "relu": lambda given: np.maximum(given["x"], 0),
    "reshape": lambda given: np.reshape(given["x"], given["shape"]),
    "shape": lambda given: np.array(given["x"].shape, np.int32),
    "sigmoid": lambda given: sigmoid(given["x"]),
    "sqrt": lambda given: np.sqrt(given["x"]),
    "squeeze": lambda given: np.squeeze(given["x"], tuple(given["axes"])),
    "sub": both(np.subtract),
    "transpose": lambda given: np.transpose(given["x"], given["perm"]),
}
