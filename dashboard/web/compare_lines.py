"""What the comparison's page shows, made of what the services found: lines of tables, chips, addresses of pictures."""

from collections.abc import Callable, Sequence
from typing import Any

from dashboard.services import pictures
from dashboard.services.change_detail import SIDES, ChangeDetail
from dashboard.services.comparison import Fact, TensorDiff, VersionDiff
from dashboard.services.versions import metric_name
from dashboard.web.common import address
from dashboard.web.words import metric_words, score_sentence

NUMBERS = ("relative", "max_abs", "mean_abs", "rms", "cosine", "correlation", "changed", "count", "sign_flips")
CELLS_SHOWN = 10


def most_changed(found: VersionDiff) -> list[TensorDiff]:
    """Return the changed tensors that were counted, the most changed first.

    Matrices stand before biases, whose first values are often 0.
    """
    changed = [tensor for tensor in found.tensors if tensor.status == "changed" and tensor.numbers is not None]
    return sorted(changed, key=lambda tensor: (is_vector(tensor), -(relative(tensor) or 0.0)))


def is_vector(tensor: TensorDiff) -> bool:
    """Tell whether a tensor has one number a unit."""
    return tensor.base is None or len(tensor.base.shape) < 2


def relative(tensor: TensorDiff) -> float | None:
    """Return a tensor's relative change, None where there is none."""
    return tensor.numbers.relative if tensor.numbers is not None else None


def score(found: VersionDiff) -> str:
    """Say what became of the score; empty if it cannot be said."""
    one, two = found.base.metrics, found.other.metrics
    task = "classification" if "accuracy" in one or "val_accuracy" in one else "regression"
    metric = metric_name(task, one)
    if metric is None or two.get(metric) is None:
        return ""
    return score_sentence(metric, one[metric], two[metric])


def chips(found: VersionDiff) -> list[tuple[str, str, str]]:
    """Return what is worth knowing beside the sentence: settings that differ, signs that flipped."""
    names = [metric_words(fact.name) for fact in found.settings if not fact.equal and fact.name not in {"epoch", "run"}]
    flips = sum(tensor.numbers.sign_flips for tensor in found.tensors if tensor.numbers is not None)
    said = [("", f"{len(names)} settings differ", "#side")] if names else []
    return said + ([("", f"{flips:,} signs flipped", "")] if flips else [])


def fact_line(fact: Fact, words: str, is_metric: bool) -> dict[str, Any]:
    """Return a metric or setting side by side."""
    numeric = is_metric and fact.base is not None and fact.other is not None and not fact.equal
    change = fact.other - fact.base if numeric else None
    return {"name": words, "base": fact.base, "other": fact.other, "change": change, "same": fact.equal}


def tensor_line(tensor: TensorDiff, at: Callable[..., str]) -> dict[str, Any]:
    """Return a tensor's line; `at` gives this page's address with other values in its query."""
    both = tensor.base is not None and tensor.other is not None and tensor.base.shape == tensor.other.shape
    return {
        "name": tensor.name,
        "other_name": tensor.other.name if tensor.other is not None else None,
        "status": tensor.status,
        "difference": tensor.numbers,
        "too_large": both and tensor.numbers is None,
        "cells": pictures.cells_of_shape(tensor.base.shape) if tensor.base is not None else 0,
        "address": at(tensor=tensor.name, unit="") if tensor.numbers is not None else "",
    }


def tensor_numbers(tensor: TensorDiff) -> list[Any]:
    """Return a tensor's numbers, as the CSV has them."""
    if tensor.numbers is None:
        return [tensor.name, tensor.status] + [None] * (len(NUMBERS) + 2)
    numbers = [getattr(tensor.numbers, name) for name in NUMBERS]
    return [tensor.name, tensor.status, *numbers, *(tensor.numbers.max_cell or (None, None))]


def change_map(detail: ChangeDetail, keys: dict[str, str], order: str) -> dict[str, Any]:
    """Return where the picture of the whole change is, how large it is drawn, and what its rows are."""
    found = detail.heat_map
    size = pictures.drawn_size(found.rows, found.columns)
    about = keys | {"order": order}
    return {
        "light": address("compare.heat_map", theme="light", **about),
        "dark": address("compare.heat_map", theme="dark", **about),
        "size": size,
        "limit": found.limit,
        "clipped": found.clipped,
        "pooled": found.pooled,
        "units": found.rows,
        "inputs": found.columns,
        "row_units": detail.map_units,
    }


def unit_lines(detail: ChangeDetail, tensor: TensorDiff, units: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the units that moved most, each with the address of its column in the table."""
    largest = units[0].norm if units else 0.0
    return [
        {
            "number": unit.unit,
            "norm": unit.norm,
            "largest": unit.max_abs,
            "share": unit.norm / largest if largest else 0.0,
            "column": _table(detail, tensor, column=unit.unit),
        }
        for unit in units
    ]


def cell_line(detail: ChangeDetail, tensor: TensorDiff, cell: Any) -> dict[str, Any]:  # noqa: ANN401 - a CellChange
    """Return a changed cell with its address in the table of the other version."""
    return {
        "row": cell.row,
        "column": cell.column,
        "base": cell.base,
        "other": cell.other,
        "delta": cell.change,
        "address": _table(detail, tensor, row=cell.row, column=cell.column),
    }


def unit_pictures(detail: ChangeDetail, keys: dict[str, str], unit: int) -> dict[str, Any] | None:
    """Return the pictures of a unit before, after, and of its change; None where weights are no pictures."""
    if detail.image_shape is None or not detail.units:
        return None
    height, width = detail.image_shape
    items = {
        side: {theme: address("compare.unit", side=side, unit=unit, theme=theme, **keys) for theme in pictures.THEMES}
        for side in SIDES
    }
    return {"width": width, "height": height, "sides": items}


def _table(detail: ChangeDetail, tensor: TensorDiff, **cell: int) -> str:
    version = detail.other.version
    assert tensor.other is not None  # it has a counterpart, or there would be no detail
    place = {"name": version.network, "number": version.number, "tensor": tensor.other.name}
    return address("tensors.show", **place, **cell)
