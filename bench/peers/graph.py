"""The shipped weights as an ONNX graph, built node by node. Input: `models/base`. Output: `fp32.onnx` and `int8.onnx` (dynamic quantisation, per channel).

Inputs `ids` and `mask`, i64 `[rows, tokens]`; output `logits` `[rows, classes]`: encoder, mean over the real tokens, sentiment head.
"""

import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save_model
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "train"))
from export import restore  # noqa: E402

HEADS, EPS = 12, 1e-12


class Graph:
    """Nodes and constants so far."""

    def __init__(self, tensors):
        self.tensors, self.nodes, self.constants, self.count = tensors, [], {}, 0

    def constant(self, name, value):
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(self, kind, *inputs, **attributes):
        self.count += 1
        out = f"{kind}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def linear(self, x, name):
        weight = self.constant(f"{name}.weight", self.tensors[f"{name}.weight"].T.astype(np.float32))
        return self.node("Add", self.node("MatMul", x, weight), self.constant(f"{name}.bias", self.tensors[f"{name}.bias"]))

    def norm(self, x, name):
        parts = [self.constant(f"{name}.{part}", self.tensors[f"{name}.{part}"]) for part in ("weight", "bias")]
        return self.node("LayerNormalization", x, *parts, axis=-1, epsilon=EPS)

    def heads(self, x, order):
        shaped = self.node("Reshape", x, self.constant("per_head", np.array([0, 0, HEADS, -1], np.int64)))
        return self.node("Transpose", shaped, perm=order)

    def layer(self, x, bias, at, width):
        query, key, value = (self.linear(x, f"{at}.attention.self.{part}") for part in ("query", "key", "value"))
        scores = self.node("MatMul", self.heads(query, [0, 2, 1, 3]), self.heads(key, [0, 2, 3, 1]))
        scaled = self.node("Mul", scores, self.constant("scale", np.float32((width // HEADS) ** -0.5)))
        weights = self.node("Softmax", self.node("Add", scaled, bias), axis=-1)
        mixed = self.node("Transpose", self.node("MatMul", weights, self.heads(value, [0, 2, 1, 3])), perm=[0, 2, 1, 3])
        flat = self.node("Reshape", mixed, self.constant("flat", np.array([0, 0, width], np.int64)))
        x = self.norm(self.node("Add", x, self.linear(flat, f"{at}.attention.output.dense")), f"{at}.attention.output.LayerNorm")
        inner = self.linear(x, f"{at}.intermediate.dense")
        erf = self.node("Erf", self.node("Div", inner, self.constant("root", np.float32(2**0.5))))
        gate = self.node("Mul", inner, self.node("Add", erf, self.constant("one", np.float32(1))))
        gelu = self.node("Mul", gate, self.constant("half", np.float32(0.5)))
        return self.norm(self.node("Add", x, self.linear(gelu, f"{at}.output.dense")), f"{at}.output.LayerNorm")


def build(tensors):
    """The whole graph."""
    graph = Graph(tensors)
    words = tensors["embeddings.word_embeddings.weight"]
    places = tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][:1]
    layers = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("encoder.layer."))
    length = graph.node("Slice", graph.node("Shape", "ids"), *(graph.constant(f"at{n}", np.array([n], np.int64)) for n in (1, 2)))
    first = graph.node("Slice", graph.constant("places", places), graph.constant("zero", np.array([0], np.int64)), length, graph.constant("axis", np.array([0], np.int64)))
    x = graph.norm(graph.node("Add", graph.node("Gather", graph.constant("words", words), "ids"), first), "embeddings.LayerNorm")
    mask = graph.node("Cast", "mask", to=TensorProto.FLOAT)
    absent = graph.node("Sub", graph.constant("present", np.float32(1)), mask)
    bias = graph.node("Mul", graph.node("Unsqueeze", absent, graph.constant("axes", np.array([1, 2], np.int64))), graph.constant("low", np.float32(-1e4)))
    for number in range(layers):
        x = graph.layer(x, bias, f"encoder.layer.{number}", words.shape[1])
    last = graph.constant("last", np.array([2], np.int64))
    total = graph.node("ReduceSum", graph.node("Mul", x, graph.node("Unsqueeze", mask, last)), graph.constant("tokens", np.array([1], np.int64)), keepdims=0)
    mean = graph.node("Div", total, graph.node("ReduceSum", mask, "tokens", keepdims=1))
    logits = graph.linear(mean, "heads.sentiment")
    graph.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    whole = helper.make_graph(
        graph.nodes,
        "sentiment",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", "tokens"]) for name in ("ids", "mask")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", "classes"])],
        list(graph.constants.values()),
    )
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def prepare(model_dir, out_dir):
    """Writes both graphs, and the f32 weights with a configuration for rust-bert, unless they are there and newer than the model."""
    model, fp32, int8 = Path(model_dir) / "model.safetensors", out_dir / "fp32.onnx", out_dir / "int8.onnx"
    if int8.exists() and int8.stat().st_mtime > model.stat().st_mtime:
        return
    tensors = restore(model_dir)
    words, layers = tensors["embeddings.word_embeddings.weight"], 1 + max(int(n.split(".")[2]) for n in tensors if n.startswith("encoder.layer."))
    config = {
        "hidden_act": "gelu", "attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0, "initializer_range": 0.02,
        "hidden_size": words.shape[1], "intermediate_size": len(tensors["encoder.layer.0.intermediate.dense.bias"]), "num_attention_heads": HEADS,
        "num_hidden_layers": layers, "max_position_embeddings": len(tensors["embeddings.position_embeddings.weight"]), "type_vocab_size": 2,
        "vocab_size": words.shape[0],
    }  # fmt: skip
    (out_dir / "config.json").write_text(json.dumps(config))
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, out_dir / "weights.safetensors")
    save_model(build(tensors), fp32)
    quantize_dynamic(fp32, int8, weight_type=QuantType.QInt8, per_channel=True)
