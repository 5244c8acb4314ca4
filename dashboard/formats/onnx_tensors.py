"""The tensors of an ONNX model, wherever they are in it; those in other files are named and never fetched.

The fields of a tensor and what may stand in each: `onnx/onnx.proto`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dashboard.errors import UnreadableFile
from dashboard.formats.sink import Sink, shown, type_reason

if TYPE_CHECKING:
    import onnx

MOST_NESTED = 32
SIZES = {
    **{"FLOAT": 4, "DOUBLE": 8, "FLOAT16": 2, "BFLOAT16": 2, "INT64": 8, "UINT64": 8, "INT32": 4, "UINT32": 4},
    **{"INT16": 2, "UINT16": 2, "INT8": 1, "UINT8": 1, "BOOL": 1},
    **{"FLOAT8E4M3FN": 1, "FLOAT8E5M2": 1, "FLOAT8E4M3FNUZ": 1, "FLOAT8E5M2FNUZ": 1},
}
"""The types that are read -> bytes of a number as raw data."""
SINGLE = (1, 6, 7, 10, 11)
"""TensorProto's numbers of the types of constants in formulas: float, int32, int64, float16 and double."""
FIELDS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")
LISTS = {
    "value_float": ("f", "f4"),
    "value_floats": ("floats", "f4"),
    "value_int": ("i", "i8"),
    "value_ints": ("ints", "i8"),
}
"""Attributes of a Constant that are numbers and no tensor -> their field and type."""
SKIPPED_NODES = ("ConstantOfShape",)
"""Nodes whose tensor is no weight but what fills one."""


class Part(NamedTuple):
    """A tensor, or numbers of an attribute, with the name under which it is imported."""

    name: str
    value: Any


INSIDE = "torch.onnx.export(..., external_data=False), or onnx.save(model, path)"
"""How a model is saved with its data: newer releases of PyTorch write large tensors next to it by themselves."""


def as_text(value: str | bytes) -> str:
    """Return a text of a model; the parser gives bytes for one that is no sound text."""
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


def parts_of(model: "onnx.ModelProto") -> Iterator[Part]:
    """Yield every tensor of a model: of its graph, of the graphs within it, and of its functions.

    Raises UnreadableFile for graphs that are nested too deep.
    """
    yield from _parts_of_graph(model.graph, "", 0)
    for function in model.functions:
        domain, name = as_text(function.domain), as_text(function.name)
        prefix = f"{domain}.{name}/" if domain else f"{name}/"
        yield from _parts_of_nodes(function.node, prefix, 0)


def _parts_of_graph(graph: "onnx.GraphProto", prefix: str, depth: int) -> Iterator[Part]:
    if depth > MOST_NESTED:
        raise UnreadableFile(f"The graphs of the model are nested more than {MOST_NESTED} deep.")
    for place, tensor in enumerate(graph.initializer):
        yield Part(prefix + (as_text(tensor.name) or f"initializer_{place}"), tensor)
    for tensor in graph.sparse_initializer:
        yield Part(prefix + as_text(tensor.values.name), tensor)
    yield from _parts_of_nodes(graph.node, prefix, depth)


def _parts_of_nodes(nodes: Any, prefix: str, depth: int) -> Iterator[Part]:  # noqa: ANN401 - protobuf is untyped
    used: set[str] = set()
    for place, node in enumerate(nodes):
        name = as_text(node.name)
        own = name if name and name not in used else f"{name or as_text(node.op_type)}_{place}"
        used.add(own)
        for attribute in node.attribute:
            yield from _parts_of_attribute(node, attribute, prefix, own, depth)


def _parts_of_attribute(node: Any, attribute: Any, prefix: str, own: str, depth: int) -> Iterator[Part]:  # noqa: ANN401
    is_constant = node.op_type == "Constant" and len(node.output) > 0
    field = as_text(attribute.name)
    name = as_text(node.output[0]) if is_constant else f"{own}.{field}"
    if attribute.HasField("t") and node.op_type not in SKIPPED_NODES:
        yield Part(prefix + name, attribute.t)
    if attribute.HasField("sparse_tensor"):
        yield Part(prefix + name, attribute.sparse_tensor)
    if is_constant and field in LISTS:
        numbers, kind = LISTS[field]
        yield Part(prefix + name, np.array(getattr(attribute, numbers), kind))
    if attribute.HasField("g"):
        yield from _parts_of_graph(attribute.g, f"{prefix}{own}/{field}/", depth + 1)
    for place, graph in enumerate(attribute.graphs):
        yield from _parts_of_graph(graph, f"{prefix}{own}/{field}_{place}/", depth + 1)


def numbers_of(graph: "onnx.GraphProto") -> dict[str, float]:
    """Return the single numbers among the tensors and constants of a graph itself, by their names."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    numbers: dict[str, float] = {}
    for node in graph.node:
        if node.op_type == "Constant" and node.output and len(node.attribute) == 1:
            (attribute,) = node.attribute
            if attribute.HasField("t"):
                tensors[node.output[0]] = attribute.t
            elif attribute.name in {"value_float", "value_int"}:
                numbers[node.output[0]] = float(attribute.f if attribute.name == "value_float" else attribute.i)
    return numbers | {name: float(value) for name, one in tensors.items() if (value := _number_of(one)) is not None}


def _number_of(tensor: "onnx.TensorProto") -> float | None:
    """Return the number of a tensor that has one, of a type of C; None for any other, or one in another file."""
    import onnx  # noqa: PLC0415

    is_here = tensor.data_location != onnx.TensorProto.EXTERNAL and not tensor.external_data
    if not is_here or list(tensor.dims) not in ([], [1], [1, 1]) or tensor.data_type not in SINGLE:
        return None
    return float(onnx.numpy_helper.to_array(tensor).reshape(())[()])


def add_part(sink: Sink, part: Part) -> None:
    """Put a tensor into the sink, or skip it and say why; raises UnreadableFile, TooLarge."""
    import onnx  # noqa: PLC0415 - only the process that reads loads it

    name, value = part
    if isinstance(value, np.ndarray):
        sink.add(name, value)
    elif isinstance(value, onnx.SparseTensorProto):
        sink.skip(name, "it is sparse")
    else:
        _add_tensor(sink, name, value)


def _add_tensor(sink: Sink, name: str, tensor: "onnx.TensorProto") -> None:
    import onnx  # noqa: PLC0415

    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        sink.skip(name, f"its numbers are in another file; save the model with its data inside: {INSIDE}")
        return
    try:
        kind = onnx.TensorProto.DataType.Name(tensor.data_type)
    except ValueError as error:
        raise UnreadableFile(f"The tensor {shown(name)} is of an unknown type: the file is damaged.") from error
    if kind not in SIZES:
        sink.skip(name, type_reason("str" if kind == "STRING" else kind.lower()))
        return
    shape = [int(length) for length in tensor.dims]
    _check_length(name, tensor, sink.reserve(name, shape, SIZES[kind]), SIZES[kind])
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except (ValueError, TypeError, OverflowError) as error:
        raise UnreadableFile(
            f"The tensor {shown(name)} is damaged ({str(error)[:100]}): save the file again."
        ) from error
    sink.add(name, np.asarray(array).reshape(shape))


def _check_length(name: str, tensor: "onnx.TensorProto", size: int, item: int) -> None:
    """Raise UnreadableFile unless the numbers are in one field, and are as many as the shape says."""
    counts = [len(getattr(tensor, field)) * item for field in FIELDS if len(getattr(tensor, field))]
    if tensor.HasField("raw_data"):
        counts.append(len(tensor.raw_data))
    if (counts or [0]) != [size] or tensor.HasField("segment"):
        raise UnreadableFile(
            f"The tensor {shown(name)} should have {size:,} bytes by its shape and type, "
            f"and has {sum(counts):,}: the file is damaged or cut."
        )
