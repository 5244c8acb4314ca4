"""The chain of dense layers in the graph of an ONNX model, found from its output back to its input.

The operators and what their attributes mean: `docs/Operators.md` of ONNX.
"""

from typing import TYPE_CHECKING, Any

from dashboard.formats.chains import Chain, Link
from dashboard.formats.onnx_functions import ONLY, Graph, function_of
from dashboard.formats.onnx_tensors import as_text, numbers_of

if TYPE_CHECKING:
    import onnx

MOST_STEPS = 10_000
SIMPLE = {"Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus"}
WITH_SETTINGS = ("Softmax", "Elu", "LeakyRelu", "Gelu", "Swish")
PASSED = ("Identity", "Dropout")
RESHAPING = ("Reshape", "Squeeze", "Unsqueeze")
"""They may stand before the first layer only: behind it they could mix rows."""
FLOATS = {1, 10, 11, 16}
"""TensorProto's numbers of float, float16, double and bfloat16."""
OUR_SLOPE = 0.01


class _NoChain(Exception):
    """Why a graph is no chain of dense layers."""


def onnx_chain(model: "onnx.ModelProto") -> Chain:
    """Return the dense layers of a model from its input to its output, or why it is not a chain of them."""
    graph = model.graph
    try:
        walk = _Walk(graph)
        walk.back_from(_only_output(graph))
    except _NoChain as reason:
        return Chain((), str(reason))
    if not walk.links:
        return Chain((), "its graph has no dense layer")
    return Chain(tuple(reversed(walk.links)), constants=tuple(as_text(name) for name in walk.constants))


def _only_output(graph: "onnx.GraphProto") -> str:
    if len(graph.output) != 1:
        raise _NoChain(f"its graph has {len(graph.output)} outputs")
    return str(graph.output[0].name)


class _Walk:
    """Goes from an output back; what was met after a layer waits in `activation` and `bias`."""

    def __init__(self, graph: "onnx.GraphProto") -> None:
        self.makers = {output: node for node in graph.node for output in node.output if output}
        constants = (node.output[0] for node in graph.node if node.op_type == "Constant" and node.output)
        self.weights = {tensor.name for tensor in graph.initializer} | set(constants)
        inputs = [one for one in graph.input if one.name not in self.weights]
        self.input = inputs[0] if len(inputs) == 1 else None
        self.graph = Graph(self.makers, frozenset(self.weights), numbers_of(graph))
        self.links: list[Link] = []
        self.constants: list[str] = []
        self.activation: str | None = None
        self.bias: str | None = None
        self.flattened = self.reshaped = False

    def back_from(self, name: str) -> None:
        """Collect the layers; raises _NoChain for what is none of the engine's."""
        for _ in range(MOST_STEPS):
            node = self.makers.get(name)
            if node is None:
                self._end(name)
                return
            name = self._step(node)
        raise _NoChain("its graph goes round in a circle, or is very long")

    def _end(self, name: str) -> None:
        if self.input is None or name != self.input.name:
            raise _NoChain("its graph has several inputs, or none that its output depends on")
        if self.activation is not None or self.bias is not None:
            raise _NoChain("its inputs go through a function or an addition before the first layer")
        kind = self.input.type.tensor_type
        if kind.HasField("shape") and len(kind.shape.dim) != 2 and not self.flattened:
            raise _NoChain("its first layer is applied along an axis of its inputs, not to a row of numbers")

    def _step(self, node: Any) -> str:  # noqa: ANN401 - protobuf is untyped
        """Take a node in, and return the name of what it is applied to."""
        kind, settings = node.op_type, {one.name: one for one in node.attribute}
        if node.domain not in {"", "ai.onnx"} or not node.input:
            raise _NoChain(f"its graph has the operation {kind[:60]!r}, which the engine does not have")
        if kind in SIMPLE or kind in WITH_SETTINGS:
            self._activate(SIMPLE.get(kind) or _with_settings(kind, settings))
        elif kind == "Flatten" and (settings["axis"].i if "axis" in settings else 1) == 1:
            self.flattened = True
        elif kind in RESHAPING:
            self.flattened = self.reshaped = True
        elif kind in {"Gemm", "MatMul"}:
            self._add_layer(node, settings)
        elif kind in ONLY and self.graph.is_formula(node):
            return self._apply_formula(node)
        elif kind == "Add":
            return self._add_bias(node)
        elif kind not in PASSED and not (kind == "Cast" and "to" in settings and settings["to"].i in FLOATS):
            raise _NoChain(f"its graph has the operation {kind[:60]!r}, which the engine does not have")
        if kind in PASSED or kind in RESHAPING:
            self.constants += [name for name in node.input[1:] if name in self.weights]
        return str(node.input[0])

    def _apply_formula(self, node: Any) -> str:  # noqa: ANN401
        """Take in several nodes that are one activation, and return the name of what it is applied to."""
        function = function_of(node.output[0], self.graph)
        if function is None:
            raise _NoChain(f"its graph joins branches by the operation {node.op_type[:60]!r}")
        if function.activation is None:
            raise _NoChain(f"its graph has a function that ends with {node.op_type[:60]!r} and is none of the engine's")
        if function.activation != "identity":
            self._activate(function.activation)
        self.constants += function.constants
        return function.source

    def _activate(self, activation: str) -> None:
        if self.activation is not None or self.bias is not None:
            raise _NoChain("two activations follow each other in its graph, or one comes before an addition")
        self.activation = activation

    def _add_bias(self, node: Any) -> str:  # noqa: ANN401
        known = [name for name in node.input if self._weight(name)[0] is not None]
        others = [name for name in node.input if name not in known]
        if len(known) != 1 or len(others) != 1 or self.bias is not None:
            raise _NoChain("its graph has an addition that is no bias")
        self.bias = self._weight(known[0])[0]
        return str(others[0])

    def _add_layer(self, node: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401
        if self.reshaped:
            raise _NoChain("its graph reshapes what a layer gives")
        for name in ("alpha", "beta"):
            if name in settings and settings[name].f != 1.0:
                raise _NoChain(f"its graph has a Gemm with another {name} than 1")
        if "transA" in settings and settings["transA"].i:
            raise _NoChain("its graph has a Gemm that turns its inputs")
        weight, turned = self._weight(node.input[1] if len(node.input) > 1 else "")
        if weight is None:
            raise _NoChain("its graph multiplies by something that is no weight")
        bias = self.bias
        if node.op_type == "Gemm":
            turned ^= "transB" in settings and settings["transB"].i == 1
            given = self._weight(node.input[2])[0] if len(node.input) > 2 and node.input[2] else None
            if (len(node.input) > 2 and node.input[2] and given is None) or (given and bias):
                raise _NoChain("its graph adds something that is no bias")
            bias = given or bias
        self.links.append(Link(as_text(weight), as_text(bias) if bias else None, turned, self.activation or "identity"))
        self.activation = self.bias = None

    def _weight(self, name: str) -> tuple[str | None, bool]:
        """Return the tensor behind a name, and whether it is turned on the way; None if it is no tensor of the file."""
        turned = False
        for _ in range(MOST_STEPS):
            node = self.makers.get(name)
            if name in self.weights or node is None or not node.input:
                break
            if node.op_type == "Transpose":
                turned = not turned
            elif node.op_type != "Identity":
                break
            name = node.input[0]
        return (name if name in self.weights else None), turned


def _with_settings(kind: str, settings: dict[str, Any]) -> str:
    """Return the activation of a node whose attributes decide which it is; raises _NoChain for none of ours."""
    if kind == "Softmax" and (settings["axis"].i if "axis" in settings else -1) in {-1, 1}:
        return "softmax"
    alpha = settings["alpha"].f if "alpha" in settings else None
    if kind == "Elu" and (alpha is None or alpha == 1.0):
        return "elu"
    if kind == "LeakyRelu" and (alpha is None or abs(alpha - OUR_SLOPE) < 1e-7):
        return "leaky_relu"
    if kind == "Swish" and (alpha is None or alpha == 1.0):
        return "silu"
    if kind == "Gelu" and "approximate" in settings and settings["approximate"].s == b"tanh":
        return "gelu"
    raise _NoChain(f"its graph has a {kind} with settings that the engine does not have")
