"""The activations as nodes of ONNX; for float64 of those that onnxruntime has in both types."""

from collections.abc import Callable

from dashboard.formats.onnx_graph import Graph

LEAK = 0.01
GELU_SCALE, GELU_CUBE = 0.7978845608028654, 0.044715


def activate(graph: Graph, activation: str, name: str) -> str:
    """Add an activation of the tensor `name`, and return its output."""
    return ACTIVATIONS[activation](graph, name)


def _identity(graph: Graph, name: str) -> str:
    return name


def _tanh(graph: Graph, name: str) -> str:
    return graph.add("Tanh", name)


def _softmax(graph: Graph, name: str) -> str:
    return graph.add("Softmax", name, axis=1)


def _sigmoid(graph: Graph, name: str) -> str:
    if not graph.is_double:
        return graph.add("Sigmoid", name)
    half = graph.number(0.5)
    bend = graph.add("Tanh", graph.add("Mul", name, half))
    return graph.add("Add", graph.add("Mul", bend, half), half)


def _relu(graph: Graph, name: str) -> str:
    return _above(graph, name) if graph.is_double else graph.add("Relu", name)


def _above(graph: Graph, name: str) -> str:
    return graph.add("Max", name, graph.number(0.0))


def _leaky_relu(graph: Graph, name: str) -> str:
    return graph.add("Max", name, graph.add("Mul", name, graph.number(LEAK)))


def _elu(graph: Graph, name: str) -> str:
    if not graph.is_double:
        return graph.add("Elu", name, alpha=1.0)
    below = graph.add("Exp", graph.add("Min", name, graph.number(0.0)))
    return graph.add("Add", _above(graph, name), graph.add("Sub", below, graph.number(1.0)))


def _gelu(graph: Graph, name: str) -> str:
    cube = graph.add("Mul", name, graph.add("Mul", name, name))
    inner = graph.add("Add", name, graph.add("Mul", cube, graph.number(GELU_CUBE)))
    bend = graph.add("Tanh", graph.add("Mul", inner, graph.number(GELU_SCALE)))
    gate = graph.add("Mul", graph.add("Add", bend, graph.number(1.0)), graph.number(0.5))
    return graph.add("Mul", name, gate)


def _silu(graph: Graph, name: str) -> str:
    return graph.add("Mul", name, _sigmoid(graph, name))


def _softplus(graph: Graph, name: str) -> str:
    if not graph.is_double:
        return graph.add("Softplus", name)
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", name)))
    return graph.add("Add", _above(graph, name), graph.add("Log", graph.add("Add", small, graph.number(1.0))))


ACTIVATIONS: dict[str, Callable[[Graph, str], str]] = {
    **{"identity": _identity, "sigmoid": _sigmoid, "tanh": _tanh, "relu": _relu, "leaky_relu": _leaky_relu},
    **{"elu": _elu, "gelu": _gelu, "silu": _silu, "softplus": _softplus, "softmax": _softmax},
}
