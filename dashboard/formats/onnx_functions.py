"""Which of the engine's activations a piece of an ONNX graph is, found by what it gives and not by how it is written.

Exporters write what their set of operators lacks as several nodes: silu as x·Sigmoid(x), gelu from Tanh and Pow or
from Mul alone, softplus with a threshold and Where. There are many ways to write each, and each gives the same
numbers: so the piece is computed at points from -30 to 30, and compared with every activation there.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from dashboard.formats.types import Array

MOST_NODES = 64
MOST_INPUTS = 8
CLOSE = 1e-6
"""So far apart, or this part of the larger number, values may be: constants in a file are rounded to float32."""
SMALL = np.geomspace(1e-8, 0.1, 150)
POINTS: Array = np.concatenate([np.linspace(-30.0, 30.0, 2001), SMALL, -SMALL])

ONLY: dict[str, Callable[..., Any]] = {
    **{"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Pow": np.power, "Neg": np.negative},
    **{"Abs": np.abs, "Exp": np.exp, "Log": np.log, "Sqrt": np.sqrt, "Reciprocal": np.reciprocal, "Where": np.where},
    **{"Greater": np.greater, "GreaterOrEqual": np.greater_equal, "Less": np.less, "LessOrEqual": np.less_equal},
    "Max": lambda *values: np.max(np.broadcast_arrays(*values), axis=0),
    "Min": lambda *values: np.min(np.broadcast_arrays(*values), axis=0),
    "Clip": lambda x, low=-math.inf, high=math.inf: np.minimum(np.maximum(x, low), high),
    "Erf": np.vectorize(math.erf, otypes=[float]),
}
"""Operators that are part of a formula, and never a whole activation."""
OPERATORS: dict[str, Callable[..., Any]] = {
    **ONLY,
    **{"Identity": np.asarray, "Cast": np.asarray, "Tanh": np.tanh, "Relu": lambda x: np.maximum(x, 0.0)},
    **{"Sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)), "Softplus": lambda x: np.logaddexp(x, 0.0)},
}

FORMULAS: dict[str, Callable[[Array], Array]] = {
    "identity": np.asarray,
    "relu": lambda x: np.maximum(x, 0.0),
    "leaky_relu": lambda x: np.where(x > 0.0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0))),
    "gelu": lambda x: 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x / (1.0 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "tanh": np.tanh,
}
"""The engine's activations of one number (a test compares them with the engine)."""


class Function(NamedTuple):
    """A piece of a graph: the activation that it is (None: none of ours), of which tensor, with which constants."""

    activation: str | None
    source: str
    constants: tuple[str, ...]


class Graph(NamedTuple):
    """What is known of a graph's names: the node that makes each, those that are tensors, and their single numbers."""

    makers: Mapping[str, Any]
    weights: frozenset[str]
    numbers: Mapping[str, float]

    def is_formula(self, node: Any) -> bool:  # noqa: ANN401 - protobuf is untyped
        """Return whether a node computes from each number by itself: with no bias, and with no settings."""
        known = [name for name in node.input if name in self.weights]
        has_settings = node.attribute and node.op_type != "Cast"
        if node.op_type not in OPERATORS or has_settings or len(node.input) > MOST_INPUTS:
            return False
        makers = (self.makers.get(name) for name in node.input)
        is_bias = node.op_type == "Add" and any(one is not None and one.op_type == "MatMul" for one in makers)
        return all(name in self.numbers for name in known) and not (known and is_bias)


def function_of(name: str, graph: Graph) -> Function | None:
    """Return what the piece of a graph that ends with this name computes; None if not from one tensor alone."""
    piece = _Piece(graph)
    piece.take(name)
    if len(piece.sources) != 1 or len(piece.nodes) > MOST_NODES:
        return None
    return Function(_recognised(piece), piece.sources[0], tuple(piece.constants))


class _Piece:
    """The nodes of a formula in the order in which they compute, what they start from, and their constants."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.seen: set[str] = set()
        self.nodes: list[Any] = []
        self.sources: list[str] = []
        self.constants: list[str] = []

    def take(self, name: str) -> None:
        """Take in what leads to a name; beyond the most nodes it stops, and there are too many."""
        if name in self.seen or len(self.seen) > 4 * MOST_NODES:
            return
        self.seen.add(name)
        node = self.graph.makers.get(name)
        if name in self.graph.numbers:
            self.constants.append(name)
        elif node is None or not self.graph.is_formula(node):
            self.sources.append(name)
        else:
            for one in filter(None, node.input):
                self.take(one)
            self.nodes.append(node)

    def values(self) -> Array | None:
        """Return what the formula gives at the points; None if it gives no such numbers."""
        known: dict[str, Any] = {name: self.graph.numbers[name] for name in self.constants}
        known[self.sources[0]] = POINTS
        try:
            with np.errstate(all="ignore"):
                for node in self.nodes:
                    known[node.output[0]] = OPERATORS[node.op_type](*_arguments(node, known))
                return np.asarray(known[self.nodes[-1].output[0]], np.float64)
        except (TypeError, ValueError, KeyError):  # too few inputs, or of a kind that the operator does not take
            return None


def _arguments(node: Any, known: Mapping[str, Any]) -> list[Any]:  # noqa: ANN401
    """Return the values of a node's inputs; one that is left out is the least number, as Clip means it."""
    return [known[name] if name else -math.inf for name in node.input]


def _recognised(piece: _Piece) -> str | None:
    values = piece.values()
    if values is None or values.shape != POINTS.shape:
        return None
    with np.errstate(all="ignore"):
        for name, formula in FORMULAS.items():
            if np.allclose(values, formula(POINTS), CLOSE, CLOSE):
                return name
    return None
