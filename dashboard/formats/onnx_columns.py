"""What is done to a record before and after a network, as nodes of ONNX: from columns to inputs, and to answers."""

from typing import Any

import numpy as np

from dashboard.formats.onnx_graph import Graph

NUMBERS, CATEGORIES, INPUTS = "numbers", "categories", "inputs"
ML = "ai.onnx.ml"

Preprocessing = dict[str, Any]


def add_columns(graph: Graph, preprocessing: Preprocessing) -> str:
    """Add what turns the columns of a file into inputs, and return their name."""
    kinds = graph.onnx.TensorProto
    parts, gaps = [], {}
    if preprocessing["numeric"]:
        numbers = graph.take(NUMBERS, kinds.DOUBLE, "rows", len(preprocessing["numeric"]))
        parts.append(_scaled(graph, numbers, preprocessing["numeric"]))
    if preprocessing["categorical"]:
        count = len(preprocessing["categorical"])
        whole = graph.take(CATEGORIES, kinds.STRING, "rows", count)
        columns = [whole]
        if count > 1:
            names = [f"category_{place}" for place in range(count)]
            sizes = graph.constant(np.ones(count, np.int64))
            columns = graph.add_several("Split", (whole, sizes), names, axis=1)
        for column, name in zip(preprocessing["categorical"], columns, strict=True):
            parts.append(_one_hot(graph, name, column))
            gaps[column["name"]] = name
    parts += [_indicator(graph, name, preprocessing, gaps) for name in preprocessing["indicators"]]
    return graph.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]


def _scaled(graph: Graph, numbers: str, columns: list[dict[str, Any]]) -> str:
    """Fill what is missing where it may be, scale, and turn into the type of the network; else NaN stays NaN."""
    if any(column["may_miss"] for column in columns):
        fills = np.array([column["fill"] if column["may_miss"] else np.nan for column in columns])
        numbers = graph.add("Where", graph.add("IsNaN", numbers), graph.constant(fills), numbers)
    scale, offset = (graph.constant(np.array([column[name] for column in columns])) for name in ("scale", "offset"))
    scaled = graph.add("Add", graph.add("Mul", numbers, scale), offset)
    return scaled if graph.is_double else graph.cast(scaled)


def _one_hot(graph: Graph, name: str, column: dict[str, Any]) -> str:
    """Return an input of 0 or 1 for each level; a text that is none of them gives zeros."""
    keys, codes = list(column["levels"]), list(range(len(column["levels"])))
    if column["may_miss"] and "" not in keys:
        keys.append("")
        codes.append(column["levels"].index(column["fill"]))
    code = graph.add("LabelEncoder", name, domain=ML, keys_strings=keys, values_int64s=codes, default_int64=-1)
    places = graph.constant(np.arange(len(column["levels"]), dtype=np.int64)[np.newaxis])
    return graph.cast(graph.add("Equal", code, places))


def _indicator(graph: Graph, name: str, preprocessing: Preprocessing, categories: dict[str, str]) -> str:
    """Return an input of 1 where the value of a column is missing."""
    if name in categories:
        is_gap: dict[str, Any] = {"keys_strings": [""], "values_int64s": [1], "default_int64": 0}
        return graph.cast(graph.add("LabelEncoder", categories[name], domain=ML, **is_gap))
    parts = [f"{one['name']}.{one['parts'][0]}" for one in preprocessing["dates"] if one["name"] == name]
    names = [column["name"] for column in preprocessing["numeric"]]
    place = graph.constant(np.array([names.index(parts[0] if parts else name)], np.int64))
    return graph.cast(graph.add("Gather", graph.add("IsNaN", NUMBERS), place, axis=1))


def add_answers(graph: Graph, preprocessing: Preprocessing, outputs: int) -> None:
    """Add what turns outputs into a class with its scores, or into numbers in their own unit."""
    kinds = graph.onnx.TensorProto
    wide = graph.cast("outputs", kinds.DOUBLE)
    if preprocessing["task"] == "regression":
        single = [{"scale": preprocessing["target_scale"], "offset": preprocessing["target_offset"]}]
        targets = preprocessing["targets"] or single
        scale, offset = (graph.constant(np.array([one[name] for one in targets])) for name in ("scale", "offset"))
        graph.add("Div", graph.add("Sub", wide, offset), scale, output="value")
        graph.give("value", kinds.DOUBLE, "rows", outputs)
        return
    low, high = float(preprocessing["low"]), float(preprocessing["high"])
    classes = list(preprocessing["classes"])
    if outputs == 1:
        above = graph.add("Greater", wide, graph.constant(np.array((low + high) / 2.0)))
        code = graph.add("ReduceMax", graph.cast(above, kinds.INT64), axes=[1], keepdims=0)
        share = graph.add("Sub", wide, graph.constant(np.array(low)))
        share = graph.add("Div", share, graph.constant(np.array(high - low)))
        share = graph.add("Min", graph.add("Max", share, graph.constant(np.array(0.0))), graph.constant(np.array(1.0)))
        graph.add("Concat", graph.add("Sub", graph.constant(np.array(1.0)), share), share, output="scores", axis=1)
    else:
        graph.add("Identity", wide, output="scores")
        if groups := preprocessing.get("groups"):
            graph.give("scores", kinds.DOUBLE, "rows", len(classes))
            _add_labels(graph, groups)
            return
        code = graph.add("ArgMax", "outputs", axis=1, keepdims=0)
    numbers = list(range(len(classes)))
    graph.add("LabelEncoder", code, output="label", domain=ML, keys_int64s=numbers, values_strings=classes)
    graph.give("label", kinds.STRING, "rows")
    graph.give("scores", kinds.DOUBLE, "rows", len(classes))


def _add_labels(graph: Graph, groups: list[dict[str, Any]]) -> None:
    """Add what turns the outputs of several targets into their classes: label (rows, targets), a column for each."""
    labels, start = [], 0
    for one in groups:
        end = start + len(one["classes"])
        bounds = (graph.constant(np.array([number], np.int64)) for number in (start, end, 1))
        code = graph.add("ArgMax", graph.add("Slice", "outputs", *bounds), axis=1, keepdims=1)
        numbers = list(range(end - start))
        labels.append(graph.add("LabelEncoder", code, domain=ML, keys_int64s=numbers, values_strings=one["classes"]))
        start = end
    graph.add("Concat", *labels, output="label", axis=1)
    graph.give("label", graph.onnx.TensorProto.STRING, "rows", len(groups))
