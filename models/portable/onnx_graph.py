"""A head as an ONNX graph: the computation of `predict`, written down instead of carried out.

`predict` computes with the operators of Python and a few named operations. Given a `Node` in place of an array, the
same functions leave a graph behind: one definition of each head serves numpy and ONNX.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from models.portable.files import HeadFile
from models.portable.predict import LEAST_SHARE, Values, logits_of

OPSET, IR_VERSION = 17, 8
"""Old enough for what is in use, and what the operations here need."""


class Node:
    """A value in a graph that is being written; arrays and numbers beside it become constants."""

    __array_ufunc__ = None
    """numpy leaves `array @ node` to the node."""

    def __init__(self, graph: Graph, name: str) -> None:
        """Remember where it belongs.

        Args:
            graph: the graph.
            name: its name there.
        """
        self.graph, self.name = graph, name

    def __add__(self, other: Values) -> Node:
        return self.graph.add("Add", self, other)

    def __sub__(self, other: Values) -> Node:
        return self.graph.add("Sub", self, other)

    def __rsub__(self, other: Values) -> Node:
        return self.graph.add("Sub", other, self)

    def __mul__(self, other: Values) -> Node:
        return self.graph.add("Mul", self, other)

    def __rmul__(self, other: Values) -> Node:
        return self.graph.add("Mul", other, self)

    def __truediv__(self, other: Values) -> Node:
        return self.graph.add("Div", self, other)

    def __rtruediv__(self, other: Values) -> Node:
        return self.graph.add("Div", other, self)

    def __matmul__(self, other: Values) -> Node:
        return self.graph.add("MatMul", self, other)


class Graph:
    """Nodes and constants in the order they were asked for; the operations of `predict.Operations` on nodes."""

    def __init__(self) -> None:
        """Start empty."""
        from onnx import helper, numpy_helper  # an extra, and slow to import

        self._helper, self._numpy_helper = helper, numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, *inputs: Values, **settings: Values) -> Node:
        """Add an operator of ONNX and return its result.

        Args:
            kind: the operator.
            inputs: nodes, arrays or numbers.
            settings: the operator's attributes.
        """
        name = f"value{len(self.nodes)}"
        names = [self._name(each) for each in inputs]
        self.nodes.append(self._helper.make_node(kind, names, [name], **settings))
        return Node(self, name)

    def exp(self, values: Node) -> Node:
        """Return e to the values."""
        return self.add("Exp", values)

    def log(self, values: Node) -> Node:
        """Return the natural logarithm."""
        return self.add("Log", values)

    def sigmoid(self, values: Node) -> Node:
        """Return 1 / (1 + exp(-values))."""
        return self.add("Sigmoid", values)

    def softplus(self, values: Node) -> Node:
        """Return log(1 + exp(values)), without overflow: max(values, 0) + log(1 + exp(-|values|))."""
        small = self.add("Log", self.add("Exp", self.add("Neg", self.add("Abs", values))) + 1.0)
        return self.add("Relu", values) + small

    def clip(self, values: Node, least: float | None, most: float | None) -> Node:
        """Return the values within bounds; None for no bound."""
        if least is not None:
            values = self.add("Max", values, least)
        return values if most is None else self.add("Min", values, most)

    def add_up(self, values: Node) -> Node:
        """Return the sums over the last axis, which stays with length 1."""
        return self.add("ReduceSum", values, np.asarray([-1], dtype=np.int64), keepdims=1)

    def part(self, values: Node, start: int, stop: int) -> Node:
        """Return a stretch of the last axis; a negative stop counts from its end, 0 is the end itself."""
        end = stop or np.iinfo(np.int64).max
        bounds = (np.asarray([each], dtype=np.int64) for each in (start, end, -1))
        return self.add("Slice", values, *bounds)

    def join(self, parts: list[Node]) -> Node:
        """Return nodes behind each other along the last axis."""
        return self.add("Concat", *parts, axis=-1)

    def _name(self, value: Values) -> str:
        if isinstance(value, Node):
            return value.name
        array = np.asarray(value)
        array = array if array.dtype == np.int64 else array.astype(np.float32)
        self.constants.append(self._numpy_helper.from_array(array, f"constant{len(self.constants)}"))
        return str(self.constants[-1].name)


def write_onnx(head: HeadFile, path: Path, *, description: str) -> Path:
    """Write a head as ONNX: `vectors` (b, d) float32 → `probabilities` (b, k) float32, under the pool's class shares.

    The metadata hold `class_names` as JSON.

    Args:
        head: what to write.
        path: the file.
        description: where the model comes from, for its documentation.

    Returns:
        The path.

    Raises:
        ImportError: the package onnx is not installed.
        WeightsError: the head's file cannot be read.
        OSError: the file cannot be written.
    """
    from onnx import TensorProto, checker, helper

    graph = Graph()
    result = _probabilities(graph, head)
    graph.nodes.append(helper.make_node("Identity", [result.name], ["probabilities"]))
    given = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["b", head.dimensions])
    told = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["b", len(head.class_names)])
    made = helper.make_graph(graph.nodes, "head", [given], [told], graph.constants)
    model = helper.make_model(
        made, producer_name="goldpan", doc_string=description, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    model.ir_version = IR_VERSION
    helper.set_model_props(model, {"class_names": json.dumps(head.class_names), "head": head.head})
    checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
    return path


def _probabilities(graph: Graph, head: HeadFile) -> Node:
    """Return the members' mean probabilities under the pool's class shares, as `predict.Model` computes them."""
    logits = logits_of(head.head, head.tensors(), Node(graph, "vectors"), graph) / head.temperature
    chance = graph.add("Softmax", logits, axis=-1)
    mean = graph.add("ReduceMean", chance, axes=[0], keepdims=0)
    joint = mean * np.maximum(np.asarray(head.prior, dtype=np.float32), np.float32(LEAST_SHARE))
    return joint / graph.add_up(joint)
