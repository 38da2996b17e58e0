"""Seeded weights and inputs of the three networks, the same for the script and for the tests.

Plain numpy: names and shapes are the checkpoints' own, values come from
``numpy.random.default_rng`` (PCG64, whose streams numpy keeps stable).
"""

from __future__ import annotations

import numpy as np

SAMPLE_RATE = 16_000


def noise(seed: int, *shape: int) -> np.ndarray:
    """Standard normal values, float32."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def waveforms(seed: int, count: int, samples: int) -> np.ndarray:
    """Bursts of gliding tones in noise, float32 (count, 1, samples)."""
    rng = np.random.default_rng(seed)
    time = np.arange(samples) / SAMPLE_RATE
    tones = [np.sin(2 * np.pi * (rng.uniform(90, 300) * k * time + 20 * k * np.sin(time))) / k for k in range(1, 9)]
    bursts = np.stack([np.sin(2 * np.pi * time / rng.uniform(1, 3) + rng.uniform(0, 6)) > 0 for _ in range(count)])
    signal = 0.05 * bursts * np.sum(tones, axis=0) + 0.003 * rng.standard_normal((count, samples))
    return signal[:, None].astype(np.float32)


def fbanks(seed: int, count: int, frames: int) -> np.ndarray:
    """Features whose mean over time is removed, float32 (count, frames, 80)."""
    features = 3 * noise(seed, count, frames, 80)
    return features - features.mean(axis=1, keepdims=True)


def masks(seed: int, count: int, frames: int) -> np.ndarray:
    """All zero, one frame, full, half at random: float32 (count, 4, frames)."""
    weights = np.zeros((count, 4, frames), dtype=np.float32)
    weights[:, 1, frames // 3] = 1
    weights[:, 2] = 1
    weights[:, 3] = np.random.default_rng(seed).random((count, frames)) < 0.5
    return weights


def pyannet_weights(seed: int = 0) -> dict[str, np.ndarray]:
    """PyanNet as segmentation-3.0 has it, scaled so that each class wins somewhere."""
    shapes = _instance_norm("sincnet.wav_norm1d", 1)
    for layer, channels in enumerate((80, 60, 60)):
        shapes |= _instance_norm(f"sincnet.norm1d.{layer}", channels)
    for layer, channels in ((1, 80), (2, 60)):
        shapes |= {f"sincnet.conv1d.{layer}.weight": (60, channels, 5), f"sincnet.conv1d.{layer}.bias": (60,)}
    for layer in range(4):
        for end in (f"_l{layer}", f"_l{layer}_reverse"):
            shapes |= {f"lstm.weight_ih{end}": (512, 256 if layer else 60), f"lstm.weight_hh{end}": (512, 128)}
            shapes |= {f"lstm.bias_ih{end}": (512,), f"lstm.bias_hh{end}": (512,)}
    for name, size in (("linear.0", (128, 256)), ("linear.1", (128, 128)), ("classifier", (7, 128))):
        shapes |= {f"{name}.weight": size, f"{name}.bias": size[:1]}
    weights = _random(shapes, seed)
    weights["classifier.weight"] *= 16
    weights["classifier.bias"][:] = (0.2, 0.8, 4.5, 2.5, 4.1, -7.5, 4.0)  # found by trial
    return weights | _sinc()


def resnet34_weights(seed: int = 0) -> dict[str, np.ndarray]:
    """WeSpeakerResNet34 with 256 outputs, scaled so that they are around one."""
    shapes = _conv_norm("resnet.conv1", "resnet.bn1", (32, 1, 3, 3))
    before = 32
    for layer, (blocks, channels) in enumerate(((3, 32), (4, 64), (6, 128), (3, 256)), start=1):
        for block in range(blocks):
            shapes |= _residual(f"resnet.layer{layer}.{block}", before, channels, shortcut=before != channels)
            before = channels
    weights = _random(shapes | {"resnet.seg_1.weight": (256, 5120), "resnet.seg_1.bias": (256,)}, seed)
    for name in weights:
        if name.endswith("bn2.weight"):  # or else each of the 16 blocks doubles the variance
            weights[name] *= 0.3
    weights["resnet.seg_1.weight"] /= 12
    return weights


def campplus_weights(seed: int = 0) -> dict[str, np.ndarray]:
    """CAM++ with 192 outputs, scaled so that they are around one."""
    shapes = _conv_norm("head.conv1", "head.bn1", (32, 1, 3, 3)) | _conv_norm("head.conv2", "head.bn2", (32, 32, 3, 3))
    for layer in (1, 2):
        for block in (0, 1):
            shapes |= _residual(f"head.layer{layer}.{block}", 32, 32, shortcut=block == 0)
    shapes |= _conv_norm("xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm", (128, 320, 5))
    channels = 128
    for number, layers in enumerate((12, 24, 16), start=1):
        for layer in range(1, layers + 1):
            shapes |= _dense_layer(f"xvector.block{number}.tdnnd{layer}", channels)
            channels += 32
        name = f"xvector.transit{number}"
        shapes |= _batch_norm(f"{name}.nonlinear.batchnorm", channels)
        channels //= 2
        shapes[f"{name}.linear.weight"] = (channels, 2 * channels, 1)
    shapes |= _batch_norm("xvector.out_nonlinear.batchnorm", 512)
    shapes |= {"xvector.dense.linear.weight": (192, 1024, 1)}
    shapes |= {f"xvector.dense.nonlinear.batchnorm.running_{what}": (192,) for what in ("mean", "var")}
    weights = _random(shapes, seed)
    for name in weights:
        if name.endswith(("cam_layer.linear1.weight", "cam_layer.linear2.weight")):  # or else masks jump from 0 to 1
            weights[name] *= 0.2
    weights["xvector.dense.linear.weight"] /= 24
    return weights


def _dense_layer(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    shapes = _batch_norm(f"{name}.nonlinear1.batchnorm", channels)
    shapes |= _conv_norm(f"{name}.linear1", f"{name}.nonlinear2.batchnorm", (128, channels, 1))
    cam = f"{name}.cam_layer"
    shapes |= {f"{cam}.linear_local.weight": (32, 128, 3), f"{cam}.linear1.weight": (64, 128, 1)}
    return shapes | {f"{cam}.linear1.bias": (64,), f"{cam}.linear2.weight": (32, 64, 1), f"{cam}.linear2.bias": (32,)}


def _residual(name: str, before: int, channels: int, *, shortcut: bool) -> dict[str, tuple[int, ...]]:
    shapes = _conv_norm(f"{name}.conv1", f"{name}.bn1", (channels, before, 3, 3))
    shapes |= _conv_norm(f"{name}.conv2", f"{name}.bn2", (channels, channels, 3, 3))
    if shortcut:
        shapes |= _conv_norm(f"{name}.shortcut.0", f"{name}.shortcut.1", (channels, before, 1, 1))
    return shapes


def _conv_norm(conv: str, norm: str, kernel: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {f"{conv}.weight": kernel} | _batch_norm(norm, kernel[0])


def _batch_norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{what}": (channels,) for what in ("weight", "bias", "running_mean", "running_var")}


def _instance_norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{what}": (channels,) for what in ("weight", "bias")}


def _sinc() -> dict[str, np.ndarray]:
    """Filters evenly spread on the mel scale, as asteroid-filterbanks starts them."""
    edges = 700 * (10 ** (np.linspace(np.log10(1 + 30 / 700), np.log10(1 + 7900 / 700), 41)) - 1)
    values = {
        "low_hz_": edges[:-1, None],
        "band_hz_": np.diff(edges)[:, None],
        "window_": np.hamming(251)[:125],
        "n_": 2 * np.pi * np.arange(-125, 0)[None] / SAMPLE_RATE,
    }
    return {f"sincnet.conv1d.0.filterbank.{name}": value.astype(np.float32) for name, value in values.items()}


def _random(shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: _values(rng, name, shapes[name]).astype(np.float32) for name in sorted(shapes)}


def _values(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Values that keep activations near one: He for kernels, around one for scales and variances."""
    if len(shape) > 1:
        return rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
    if name.endswith(("running_var", "weight")):
        # A few scales are negative in trained networks too.
        return rng.uniform(0.5, 1.5, shape) * np.where(rng.random(shape) < 0.05, 1 if "var" in name else -1, 1)
    return 0.1 * rng.standard_normal(shape)
