"""An ONNX graph that somebody else made, looked at before anything of it is run.

It may hold standard operators only, and no data outside its own folder; what it
holds is bounded. What it says of itself is read as sherpa-onnx's exports carry
it: ``framework``, ``sample_rate``, ``output_dim``, ``feature_normalize_type`` and
for NeMo ``window_size_ms``, ``window_stride_ms``, ``window_type``, ``feat_dim``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import onnx.numpy_helper
from onnx import TensorProto
from onnx.external_data_helper import load_external_data_for_model, uses_external_data

from ...fusion.errors import CorruptModelError, ModelNotFoundError, OptionError, UnsafeModelError
from ...fusion.given import whole_number
from .packs import FrontEndName

MAX_BYTES = 1 << 30
BANDS = 80
STANDARD = ("", "ai.onnx", "ai.onnx.ml")
_MOST_DIMENSIONS = 16
_PACKED = re.compile(r"(?:U?INT|FLOAT)[246](?!\d)")
"""Kinds of numbers of which a byte may hold several."""
_WIDEST = 64
"""Bits of a number, or of several packed ones, in a list of its own."""
_SIZE_INPUT: Mapping[str, int] = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1}
"""Operators that make more than they are given -> which of their inputs says how much."""
_EMBEDDINGS = ("embs", "embedding", "embeddings", "emb")
"""What exporters call the output that is the embedding, where there are several."""
_FRAMEWORKS: Mapping[str, FrontEndName] = {
    "wespeaker": "kaldi",
    "3d-speaker": "3d-speaker",
    "nemo": "nemo",
    "speechbrain": "speechbrain",
}
_EXPECTED: Mapping[FrontEndName, Mapping[str, tuple[str, ...]]] = {
    # WeSpeaker's own inference removes the mean whether its metadata says so or not.
    "kaldi": {"feature_normalize_type": ("", "global-mean"), "normalize_samples": ("0",)},
    "3d-speaker": {"feature_normalize_type": ("global-mean",), "normalize_samples": ("1",)},
    "nemo": {
        "feature_normalize_type": ("per_feature",),
        "window_size_ms": ("25",),
        "window_stride_ms": ("10",),
        "window_type": ("hann",),
        "feat_dim": ("80",),
    },
    "speechbrain": {},
}
"""What the metadata of each front end's networks may say; a key that is not there says nothing against it."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A graph and what was found about it.

    bands_first: whether its input is [batch, 80, frames]; None where the graph does not say.
    output: the name of the embedding.
    metadata: what the graph says of itself.
    """

    model: onnx.ModelProto
    bands_first: bool | None
    output: str
    metadata: Mapping[str, str]

    def front_end(self, named: FrontEndName | None = None) -> FrontEndName:
        """The front end that was named, or else the one that the metadata tells; never guessed from the shape.

        Raises:
            OptionError: neither; or the metadata tells one whose settings are not those computed here.
        """
        if named is not None:
            return named
        framework = self.metadata.get("framework", "")
        if framework not in _FRAMEWORKS:
            raise OptionError(
                f"The graph does not say which features it eats (framework={framework!r} in its metadata): "
                "name them with --front-end (kaldi, 3d-speaker, nemo or speechbrain)."
            )
        found = _FRAMEWORKS[framework]
        for key, usual in _EXPECTED[found].items():
            value = self.metadata.get(key)
            if value is not None and value not in usual:
                raise OptionError(
                    f"The graph says framework={framework!r} and {key}={value!r}, and the features computed here "
                    f"for that have {' or '.join(map(repr, usual))}: use another export, or name a front end "
                    "with --front-end."
                )
        return found

    @property
    def dimension(self) -> int | None:
        """Numbers in an embedding, where the metadata says so."""
        return whole_number(self.metadata.get("output_dim", ""))


def inspect(path: Path, *, join: bool = False) -> Foreign:
    """Look at the graph in `path`.

    Args:
        path: an ONNX file.
        join: take weights that lie in other files of its folder into the graph; otherwise these are refused.

    Raises:
        ModelNotFoundError: no such file.
        CorruptModelError: no ONNX, or no network that makes one vector of 80 bands.
        UnsafeModelError: it has custom operators, data outside its folder, or too many bytes.
        OptionError: it wants another sample rate.
    """
    model = parse(path, "a speaker embedding")
    refuse_foreign_operators(path, model)
    check_external(path, model, join=join)
    if join:
        load_external_data_for_model(model, str(path.parent))
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise CorruptModelError(f"{path} is no valid ONNX graph ({_first_line(error)}): export it again.") from error
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    rate = metadata.get("sample_rate", "16000")
    if rate != "16000":
        raise OptionError(f"{path} wants audio at {rate[:20]} Hz: take a network for 16000 Hz.")
    return Foreign(model, _layout(path, model.graph), _embedding(path, model.graph, metadata), metadata)


def parse(path: Path, what: str) -> onnx.ModelProto:
    """The graph of `what`, without the weights that lie in other files.

    Raises:
        ModelNotFoundError, CorruptModelError, UnsafeModelError: see `inspect`.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"There is no file {path}: give the ONNX file of {what}.")
    if path.stat().st_size > MAX_BYTES:
        raise UnsafeModelError(f"{path} has more than {MAX_BYTES >> 20} MB: {what} does not need that.")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf's DecodeError, whose package is onnx's business
        raise CorruptModelError(
            f"{path} is no ONNX file ({_first_line(error)}): export or download it again."
        ) from error
    if not model.graph.node:
        raise CorruptModelError(f"{path} is no ONNX graph with anything in it: export or download it again.")
    return model


def refuse_foreign_operators(path: Path, model: onnx.ModelProto, known: Sequence[str] = STANDARD) -> None:
    """Refuse operators of other domains than the `known`, for which somebody's library would have to be loaded.

    Raises:
        UnsafeModelError: there is one.
    """
    local = {(function.domain, function.name) for function in model.functions}
    for node in _nodes(model):
        if node.domain not in known and (node.domain, node.op_type) not in local:
            raise UnsafeModelError(
                f"{path} uses the operator {node.domain[:60]}.{node.op_type[:60]}, which is not ONNX's own: "
                "export it without custom operators."
            )


def check_external(path: Path, model: onnx.ModelProto, *, join: bool) -> list[Path]:
    """Weights beside the graph: only plain files of its own folder, and only where they are to be joined.

    Raises:
        UnsafeModelError: they lie elsewhere, or are too large.
        CorruptModelError, UnsafeModelError: see `check_sizes`.
    """
    home, total = path.parent.resolve(), path.stat().st_size
    files: set[Path] = set()
    for tensor in _tensors(model):
        if not uses_external_data(tensor):
            continue
        location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        file = (home / location).resolve()
        if not join or not location or file.parent != home or not file.is_file():
            raise UnsafeModelError(
                f"{path} keeps weights in {location[:100]!r}: they must lie in the graph itself, or, when it is added, "
                "in a file beside it."
            )
        files.add(file)
    if total + sum(file.stat().st_size for file in files) > MAX_BYTES:
        raise UnsafeModelError(f"{path} and its weights have more than {MAX_BYTES >> 20} MB.")
    check_sizes(path, model)
    return sorted(files)


def check_sizes(path: Path, model: onnx.ModelProto) -> None:
    """Refuse what a few bytes of a file make ONNX Runtime take gigabytes for while it loads, or begins to run.

    What is only computed while it runs may be of any size; that is not known here.

    Raises:
        CorruptModelError: a tensor holds less than it says.
        UnsafeModelError: what is made of a size alone is too large.
    """
    for tensor in _tensors(model):
        told, held = _told_bits(path, tensor), _held_bits(path, tensor)
        if told > held:
            raise CorruptModelError(
                f"{path} says that {_name(tensor)} has {_shown(tensor.dims)} numbers, and holds fewer: export or "
                "download it again."
            )
    for what, sizes in _made_of_sizes(model):
        if math.prod(sizes) > MAX_BYTES // 4:
            raise UnsafeModelError(
                f"{path} makes {_shown(sizes)} numbers of nothing ({what}), more than {MAX_BYTES >> 20} MB: what hears "
                "speakers does not need that."
            )


def _told_bits(path: Path, tensor: TensorProto) -> int:
    """What a tensor's numbers take at least; a text is one bit here, and what has no kind is no tensor."""
    kind = tensor.data_type
    if kind not in TensorProto.DataType.values() or any(size < 0 for size in tensor.dims):
        raise CorruptModelError(
            f"{path} says that {_name(tensor)} has {_shown(tensor.dims)} numbers of the kind {kind}: export or "
            "download it again."
        )
    if kind in (TensorProto.UNDEFINED, TensorProto.STRING):
        return math.prod(map(int, tensor.dims)) if kind else 0
    packed = _PACKED.match(TensorProto.DataType.Name(kind))
    bits = 2 if packed else 8 * int(onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize)
    return math.prod(map(int, tensor.dims)) * bits


def _held_bits(path: Path, tensor: TensorProto) -> int:
    """What the file has for a tensor's numbers at most."""
    if uses_external_data(tensor):
        told = {entry.key: entry.value for entry in tensor.external_data}
        size = (path.parent / told["location"]).stat().st_size
        offset, length = whole_number(told.get("offset", "0")), whole_number(told.get("length", str(size)))
        if offset is None or length is None:
            raise CorruptModelError(f"{path} does not say where {_name(tensor)} lies: export or download it again.")
        return int(8 * max(0, min(length, size - offset)))
    if tensor.HasField("raw_data"):
        return 8 * len(tensor.raw_data)
    if tensor.data_type == TensorProto.STRING:
        return len(tensor.string_data)
    fields = (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data, tensor.uint64_data)
    return _WIDEST * max(map(len, fields))


def _made_of_sizes(model: onnx.ModelProto) -> Iterator[tuple[str, list[int]]]:
    """What the graph makes of a size that is a constant: by which operator, and the size."""
    constants = dict(_constants(model))
    for node in _nodes(model):
        at = _SIZE_INPUT.get(node.op_type, len(node.input))
        if at < len(node.input) and node.input[at] in constants:
            yield node.op_type, constants[node.input[at]]
        elif node.op_type in ("RandomNormal", "RandomUniform"):
            yield from ((node.op_type, list(one.ints)) for one in node.attribute if one.name == "shape")
    for sparse in _sparse(model):
        yield "a sparse tensor", list(sparse.dims)


def _constants(model: onnx.ModelProto) -> Iterator[tuple[str, list[int]]]:
    """Name -> numbers, of the small constants that may be a size."""
    named = [(tensor.name, tensor) for tensor in _tensors(model)]
    for node in _nodes(model):
        if node.op_type == "Constant" and node.output:
            named += [(node.output[0], one.t) for one in node.attribute if one.name == "value"]
            yield from ((node.output[0], list(one.ints)) for one in node.attribute if one.name == "value_ints")
    for name, tensor in named:
        small = len(tensor.dims) <= 1 and math.prod(tensor.dims) <= _MOST_DIMENSIONS
        if name and small and tensor.data_type == TensorProto.INT64 and not uses_external_data(tensor):
            yield name, onnx.numpy_helper.to_array(tensor).reshape(-1).tolist()


def _name(tensor: TensorProto) -> str:
    return f"the tensor {tensor.name[:60]!r}" if tensor.name else "a tensor"


def _shown(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes[:_MOST_DIMENSIONS])) or "1"


def _layout(path: Path, graph: onnx.GraphProto) -> bool | None:
    """Whether the graph's input has the bands first; None where both sizes are free."""
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    wanted = "it must take features, float32 [1, frames, 80] or [1, 80, frames], and perhaps their number"
    if not 1 <= len(inputs) <= 2 or inputs[0].type.tensor_type.elem_type != TensorProto.FLOAT:  # noqa: PLR2004
        raise CorruptModelError(f"{path} has inputs {described(inputs)}: {wanted}.")
    sizes = sizes_of(inputs[0])
    if len(sizes) != 3 or sizes[0] > 1:  # noqa: PLR2004 - batch, and two more
        raise CorruptModelError(f"{path} has inputs {described(inputs)}: {wanted}.")
    if len(inputs) > 1 and len(sizes_of(inputs[1])) != 1:
        raise CorruptModelError(f"{path} has inputs {described(inputs)}: {wanted}.")
    if sizes[1:] == [0, 0]:
        return None
    if sizes[1:] not in ([0, BANDS], [BANDS, 0]):
        raise CorruptModelError(f"{path} has inputs {described(inputs)}: {wanted}, with a free number of frames.")
    return sizes[1] == BANDS


def _embedding(path: Path, graph: onnx.GraphProto, metadata: Mapping[str, str]) -> str:
    """The output that is the embedding: the only one, the one as wide as the metadata says, or the one called so."""
    outputs = list(graph.output)
    wide = [output for output in outputs if str(sizes_of(output)[-1:]) == f"[{metadata.get('output_dim')}]"]
    called = [output for output in outputs if output.name in _EMBEDDINGS]
    for found in (outputs, wide, called):
        if len(found) == 1:
            return str(found[0].name)
    raise CorruptModelError(
        f"{path} has outputs {described(outputs)}: one must be all there is, be as wide as the metadata's output_dim, "
        f"or be called {' or '.join(_EMBEDDINGS)}."
    )


def sizes_of(value: Any) -> list[int]:
    """The sizes of an input or output; 0 for a free one."""
    return [dim.dim_value for dim in value.type.tensor_type.shape.dim]


def described(values: Sequence[Any]) -> str:
    """Names and shapes, for an error message."""
    kinds = TensorProto.DataType.Name
    return (
        ", ".join(
            f"{value.name[:40]} {kinds(value.type.tensor_type.elem_type).lower()} "
            f"[{', '.join(str(size or '?') for size in sizes_of(value))}]"
            for value in values[:4]
        )
        or "none"
    )


def _nodes(model: onnx.ModelProto) -> Iterator[Any]:
    """Every node, those of subgraphs and of functions too."""
    waiting = [*model.graph.node, *(node for function in model.functions for node in function.node)]
    while waiting:
        node = waiting.pop()
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                waiting.extend(graph.node)


def _attributes(model: onnx.ModelProto) -> Iterator[Any]:
    """Those of every node."""
    for node in _nodes(model):
        yield from node.attribute


def _graphs(model: onnx.ModelProto) -> Iterator[Any]:
    """The graph, and those that are attributes."""
    yield model.graph
    for attribute in _attributes(model):
        yield from (attribute.g, *attribute.graphs)


def _sparse(model: onnx.ModelProto) -> Iterator[Any]:
    """Every sparse tensor."""
    for graph in _graphs(model):
        yield from graph.sparse_initializer
    for attribute in _attributes(model):
        yield from (attribute.sparse_tensor, *attribute.sparse_tensors)


def _tensors(model: onnx.ModelProto) -> Iterator[TensorProto]:
    """Every tensor: of the graph, of subgraphs, those that are attributes, and the parts of sparse ones."""
    for graph in _graphs(model):
        yield from graph.initializer
    for attribute in _attributes(model):
        yield from (attribute.t, *attribute.tensors)
    for sparse in _sparse(model):
        yield from (sparse.values, sparse.indices)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
