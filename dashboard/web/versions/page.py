"""What a version's page shows of its tensors and units, made of what the services found."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from dashboard.charts.images import mosaic_size
from dashboard.metrics import best_version, metric_name
from dashboard.records.network import Network, Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.history.units import DeadUnit, dead_units
from dashboard.services.versions import analyses, reading
from dashboard.services.versions.reading import VersionDetail
from dashboard.web.kit.formats import number as written
from dashboard.web.kit.formats import plural
from dashboard.web.kit.query import query_number, workspace
from dashboard.web.kit.tables import exports
from dashboard.web.kit.urls import address, api_address
from dashboard.web.kit.words import version_sentence

UNITS_SHOWN, UNITS_ACROSS = 40, 10
MOST_CHARTS = 8
UNITS_NAMED = 4
FAR_OUT = 3.0
OUTLIERS_NAMED = 3


def sentence(network: Network, detail: VersionDetail) -> str:
    """Say how good the version is, and by how much another one is better."""
    version = detail.version
    history = reading.metric_history(workspace(), network)
    metric, best = metric_name(network.task, version.metrics), best_version(network.task, history)
    value = version.metrics.get(metric or "")
    behind = None
    if best not in {None, version.number} and value is not None and history[best or 0].get(metric or "") is not None:
        behind = value - history[best or 0][metric or ""]
    weights = sum(tensor.cells for tensor in detail.tensors)
    return version_sentence(len(detail.tensors), weights, metric, value, best, behind)


def dead(detail: VersionDetail, draws_all: bool) -> list[DeadUnit]:
    """Return the dead units; of a version with very many weights only if a person asks for it."""
    cells = sum(tensor.cells for tensor in detail.tensors)
    if cells > analyses.EXPENSIVE_CELLS and not draws_all:
        return []
    return dead_units(workspace(), detail.version, detail.tensors)


def chips(detail: VersionDetail, dead_ones: Sequence[DeadUnit]) -> list[tuple[str, str, str]]:
    """Return what is wrong or odd: cells that are no numbers, tensors that are all zero, dead units."""
    odd = [tensor for tensor in detail.tensors if tensor.statistics["not_finite"]]
    there = tensor_address(detail.version, odd[0]) if odd else ""
    found = [("bad", f"{plural(len(odd), 'tensor')} with NaN or Inf", there)] if odd else []
    zeros = [tensor.name for tensor in detail.tensors if tensor.statistics["zeros"] == 1]
    found += [("warn", f"{name} is all zero", "") for name in zeros]
    far = [(tensor, value) for tensor in detail.tensors if (value := far_out(tensor.statistics)) is not None]
    found += [
        ("warn", f"{tensor.name} has an outlier: {written(value)}", tensor_address(detail.version, tensor))
        for tensor, value in far[:OUTLIERS_NAMED]
    ]
    if len(far) > OUTLIERS_NAMED:
        found.append(("warn", f"{plural(len(far) - OUTLIERS_NAMED, 'more tensor')} with outliers", ""))
    found += [("warn", words, "#dead") for _, words in dead_layers(dead_ones)]
    return found


def dead_layers(dead_ones: Sequence[DeadUnit]) -> list[tuple[str, str]]:
    """Return (table, words) for each layer with dead units, a few of them named."""
    found = []
    for (layer, tensor), units in groupby(dead_ones, key=lambda unit: (unit.layer, unit.tensor)):
        numbers = [unit.unit for unit in units]
        found.append((tensor, f"{plural(len(numbers), 'unit')} dead in layer {layer}{_named(numbers)}"))
    return found


def far_out(statistics: Mapping[str, Any]) -> float | None:
    """Return the farthest weight if it lies beyond three times the limit of the heat map; from stored numbers."""
    if statistics["min"] is None:
        return None
    farthest = max(statistics["min"], statistics["max"], key=abs)
    return float(farthest) if abs(farthest) > FAR_OUT * statistics["limit"] else None


def tensor_row(version: Version, tensor: TensorInfo, draws_all: bool) -> dict[str, Any]:
    """Return a tensor's line, with the addresses of its table, chart and files; a very large one has no chart."""
    place = {"name": version.network, "number": version.number, "tensor": tensor.name}
    path = ("networks", version.network, "versions", version.number, "tensors")
    return {
        "info": tensor,
        "statistics": tensor.statistics,
        "address": tensor_address(version, tensor),
        "cells": tensor.cells,
        "drawn": draws_all or tensor.cells <= analyses.EXPENSIVE_CELLS,
        "figure": address("versions.distribution_of", v=tensor.sha256[:12], **place),
        "exports": exports("versions.distribution", **place),
        "csv": api_address(*path, f"{tensor.name}.csv"),
    }


def tensor_numbers(tensor: TensorInfo, names: Sequence[str]) -> list[Any]:
    """Return a tensor's line as the CSV has it; `names` are those of its statistics."""
    shape = " x ".join(map(str, tensor.shape))
    numbers = [tensor.statistics.get(name) for name in names]
    return [tensor.name, shape, tensor.dtype, *numbers, tensor.bytes, tensor.sha256, tensor.table_name]


def tensor_address(version: Version, tensor: TensorInfo) -> str:
    """Return the address of a tensor's page."""
    return address("tensors.show", name=version.network, number=version.number, tensor=tensor.name)


def mosaic(version: Version, tensors: Sequence[TensorInfo]) -> dict[str, Any] | None:
    """Return where the pictures of the first layer's units are, if its inputs are pixels."""
    first = next((tensor for tensor in tensors if tensor.name == "layer_01.weight"), None)
    shape = analyses.image_shape(workspace(), version) if first is not None else None
    if first is None or shape is None:
        return None
    unit, total = query_number("unit", 0, 0, max(first.shape[1] - 1, 0)), first.shape[1]
    count = min(UNITS_SHOWN, total - unit)
    width, height = mosaic_size(shape, count, UNITS_ACROSS)
    place = {"name": version.network, "number": version.number, "unit": unit, "units": count}
    here = {"name": version.network, "number": version.number, "_anchor": "units"}
    return {
        "tensor": first.name,
        "light": address("versions.units", theme="light", v=first.sha256[:12], **place),
        "dark": address("versions.units", theme="dark", v=first.sha256[:12], **place),
        "width": width,
        "height": height,
        "words": f"units {unit} to {unit + count - 1} of {total:,}",
        "previous": address("versions.show", unit=max(unit - UNITS_SHOWN, 0), **here) if unit else "",
        "next": address("versions.show", unit=unit + UNITS_SHOWN, **here) if unit + count < total else "",
    }


def _named(units: Sequence[int]) -> str:
    """Name a few units; of more only how many there are is said."""
    return f": {', '.join(map(str, units))}" if len(units) <= UNITS_NAMED else ""
