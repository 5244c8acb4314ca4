"""ONNX from the columns of a file to class names: opset 13, IR 7, ai.onnx.ml 2, as of 2020."""

import json
from collections.abc import Iterator
from pathlib import Path

from dashboard.formats.description import OWN, Description, chain_of, layer_names, own_facts
from dashboard.formats.onnx_activations import activate
from dashboard.formats.onnx_columns import CATEGORIES, INPUTS, ML, NUMBERS, add_answers, add_columns
from dashboard.formats.onnx_graph import Graph
from dashboard.formats.types import Array
from dashboard.formats.writer import Writer
from dashboard.formats.writers.keras_weights import why_not_dense

OPSET, ML_OPSET, IR = 13, 2, 7
MOST_BYTES = 1_500_000_000
"""Messages of protobuf end at 2 GB."""
RUNS = "onnx"


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write the model of a version; its weights are there under our names, to the bit."""
    graph = Graph(next(iter(description.dtypes)))
    preprocessing = description.preprocessing
    inputs = description.spec["inputs"] if description.spec else 0
    name = add_columns(graph, preprocessing) if preprocessing else graph.take(INPUTS, graph.kind, "rows", inputs)
    for number, layer in enumerate(description.layers, start=1):
        weight, bias = layer_names(number)
        own = [name, graph.constant(next(arrays), weight)]
        if layer["bias"]:
            own.append(graph.constant(next(arrays), bias))
        name = activate(graph, layer["activation"], graph.add("Gemm" if layer["bias"] else "MatMul", *own))
    outputs = description.layers[-1]["units"]
    graph.add("Identity", name, output="outputs")
    graph.give("outputs", graph.kind, "rows", outputs)
    if preprocessing:
        add_answers(graph, preprocessing, outputs)
    path.write_bytes(_model(graph, description))


def _model(graph: Graph, description: Description) -> bytes:
    helper = graph.onnx.helper
    whole = helper.make_graph(graph.nodes, description.slug, graph.inputs, graph.outputs, graph.initializers)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
    model = helper.make_model(whole, opset_imports=opsets, producer_name=OWN, ir_version=IR)
    facts = {OWN: own_facts(description, WRITER.name, chain_of(description)._replace(constants=graph.constants))}
    for kind, key in ((NUMBERS, "numeric"), (CATEGORIES, "categorical")):
        facts[kind] = json.dumps([column["name"] for column in description.preprocessing.get(key, ())])
    helper.set_model_props(model, facts)
    graph.onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _why_not(description: Description) -> str:
    if reason := why_not_dense(description):
        return reason
    if description.bytes > MOST_BYTES:
        return "Its weights have more than 1.5 GB, and a file of ONNX can have no more than 2."
    return ""


WRITER = Writer(
    "onnx",
    "ONNX",
    ".onnx",
    "The whole way from the columns of a file (numbers, categories) to outputs, scores and class names.",
    "A category has to be written as it is listed; yes and no are 1 and 0; dates are given as their parts. A text that "
    "is no category gives zeros, and a missing number where none may be gives NaN.",
    write,
    _why_not,
    libraries=("onnx",),
    runs=RUNS,
)
