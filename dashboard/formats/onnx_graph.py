"""An ONNX graph as it is put together: constants, nodes, and names that are the same each time."""

from typing import Any

import numpy as np

from dashboard.formats.types import Array


class Graph:
    """Collects the nodes of a graph whose numbers are float32 or float64; `constant` and `add` return names."""

    def __init__(self, dtype: str) -> None:
        import onnx  # noqa: PLC0415 - only the process that writes loads it

        self.onnx, self.dtype = onnx, np.dtype(dtype)
        kinds = onnx.TensorProto
        self.kind: int = kinds.FLOAT if dtype == "float32" else kinds.DOUBLE
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.constants: tuple[str, ...] = ()
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    @property
    def is_double(self) -> bool:
        """Whether its numbers are float64, for which onnxruntime lacks some activations."""
        return self.dtype == np.float64

    def constant(self, array: Array, name: str = "") -> str:
        """Add an array as it is, and return its name."""
        own = name or f"constant_{len(self.initializers)}"
        self.constants += () if name else (own,)
        self.initializers.append(self.onnx.numpy_helper.from_array(np.asarray(array), own))
        return own

    def number(self, value: float) -> str:
        """Add a number of the graph's own type, and return its name."""
        return self.constant(np.array(value, self.dtype))

    def add(self, kind: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any) -> str:  # noqa: ANN401 - attributes of any kind
        """Add a node with one output, and return its name."""
        return self.add_several(kind, inputs, [output or f"{kind.lower()}_{len(self.nodes)}"], domain, **attributes)[0]

    def add_several(
        self,
        kind: str,
        inputs: tuple[str, ...],
        outputs: list[str],
        domain: str = "",
        **attributes: Any,  # noqa: ANN401 - attributes of any kind
    ) -> list[str]:
        """Add a node with several outputs, and return their names."""
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), outputs, domain=domain, **attributes))
        return outputs

    def cast(self, name: str, kind: int | None = None) -> str:
        """Return the name of a tensor in another type, by default the graph's own."""
        return self.add("Cast", name, to=self.kind if kind is None else kind)

    def take(self, name: str, kind: int, *shape: str | int) -> str:
        """Declare an input, and return its name."""
        self.inputs.append(self.onnx.helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def give(self, name: str, kind: int, *shape: str | int) -> None:
        """Declare an output."""
        self.outputs.append(self.onnx.helper.make_tensor_value_info(name, kind, list(shape)))
