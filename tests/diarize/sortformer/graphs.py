"""Graphs with the inputs and outputs that others export, put together of our own networks' graphs."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper, numpy_helper

INT = TensorProto.INT64
FLOAT = TensorProto.FLOAT


def value(name, kind, *sizes):
    return helper.make_tensor_value_info(name, kind, list(sizes))


def finished(model, nodes, inputs, outputs, metadata=()):
    """`model`'s weights under other nodes, inputs and outputs."""
    graph = helper.make_graph(nodes, "exported", inputs, outputs, list(model.graph.initializer))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, text in dict(metadata).items():
        made.metadata_props.add(key=key, value=str(text))
    onnx.checker.check_model(made, full_check=True)
    return made


def without_shares(step):
    """The nodes of a step graph that gives logits, as `logits`."""
    *nodes, shares, last = step.graph.node
    assert (shares.op_type, last.op_type) == ("Sigmoid", "Identity")
    return [*nodes, helper.make_node("Identity", [shares.input[0]], ["logits"])]


def joined(embed, step, before, mel):
    """The nodes of both graphs, `before` the embeddings of `mel` in the step's input; all their weights; one model."""
    first = onnx.compose.add_prefix(embed, "a/")
    last = onnx.compose.add_prefix(step, "b/")
    nodes = [helper.make_node("Identity", [mel], ["a/mel"]), *first.graph.node]
    nodes += [helper.make_node("Concat", [*before, "a/embeddings"], ["b/embeddings"], axis=1), *last.graph.node]
    last.graph.initializer.extend(first.graph.initializer)
    return last, nodes


def two(graphs):
    """As NealCaren's: embed.onnx, step.onnx."""
    speakers, width = sizes(graphs)
    step = finished(
        graphs["step"],
        without_shares(graphs["step"]),
        [value("embeddings", FLOAT, 1, "T", width)],
        [value("logits", FLOAT, 1, "rows", speakers)],
    )
    return {"embed.onnx": graphs["embed"], "step.onnx": step}


def cached(graphs, features="input_features", extra="attention_mask", metadata=(), silence=None):
    """As onnx-community's (logits, a mask, silence) or sherpa-onnx's (probs, a count)."""
    speakers, width = sizes(graphs)
    model, nodes = joined(graphs["embed"], graphs["step"], ["cached_embeds"], features)
    inputs = [value(features, FLOAT, 1, "T", 128), value("cached_embeds", FLOAT, 1, "C", width)]
    inputs.append(value(extra, INT, 1, "all") if extra == "attention_mask" else value(extra, INT))
    logits = extra == "attention_mask"
    if logits:
        *nodes, shares, _ = nodes
        nodes += [helper.make_node("Identity", [shares.input[0]], ["logits"])]
    else:
        nodes.append(helper.make_node("Identity", ["b/speech"], ["probs"]))
    nodes.append(helper.make_node("Identity", ["a/embeddings"], ["chunk_embeds"]))
    outputs = [value("logits" if logits else "probs", FLOAT, 1, "rows", speakers)]
    outputs.append(value("chunk_embeds", FLOAT, 1, "frames", width))
    if silence is not None:
        model.graph.initializer.append(numpy_helper.from_array(silence, "silence"))
        nodes.append(helper.make_node("Identity", ["silence"], ["silence_embeds"]))
        outputs.append(value("silence_embeds", FLOAT, width))
    return finished(model, nodes, inputs, outputs, metadata)


def with_lengths(graphs, fine, metadata=()):
    """As NeMo's own (and parakeet-rs's, with `fine` rows too): what lies beyond the lengths is not heard."""
    speakers, width = sizes(graphs)
    nodes, inputs = [], []
    model, heard = joined(graphs["embed"], graphs["step"], ["heard cache", "heard fifo"], "heard mel")
    for name, inside, size in (("chunk", "mel", 128), ("spkcache", "cache", width), ("fifo", "fifo", width)):
        inputs += [value(name, FLOAT, "batch", name, size), value(f"{name}_lengths", INT, 1)]
        length = f"{name}_lengths"
        if fine and name == "chunk":  # heard in whole frames
            nodes += [
                helper.make_node("Add", [length, "seven"], ["more"]),
                helper.make_node("Div", ["more", "eight"], ["frames"]),
                helper.make_node("Mul", ["frames", "eight"], ["whole"]),
            ]
            length = "whole"
        nodes.append(helper.make_node("Slice", [name, "zero", length, "one"], [f"heard {inside}"]))
    nodes += [*heard, helper.make_node("Identity", ["a/embeddings"], ["chunk_pre_encode_embs"])]
    outputs = [value("chunk_pre_encode_embs", FLOAT, "batch", "frames", width)]
    numbers = {"zero": 0, "one": 1, "seven": 7, "eight": 8}
    model.graph.initializer.extend(helper.make_tensor(name, INT, [1], [number]) for name, number in numbers.items())
    if fine:
        nodes.append(helper.make_node("Identity", ["b/speech"], ["preds_hires"]))
        outputs.append(value("preds_hires", FLOAT, "batch", "rows", speakers))
    else:
        nodes.append(helper.make_node("Identity", ["b/speech"], ["spkcache_fifo_chunk_preds"]))
        outputs.append(value("spkcache_fifo_chunk_preds", FLOAT, "batch", "rows", speakers))
    return finished(model, nodes, inputs, outputs, metadata)


def sizes(graphs):
    """Speakers, and numbers in an embedding."""
    return tuple(graphs[name].graph.output[0].type.tensor_type.shape.dim[2].dim_value for name in ("step", "embed"))
