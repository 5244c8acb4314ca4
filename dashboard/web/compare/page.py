"""What the comparison's page shows, made of what the services found: lines of tables, chips, addresses of pictures."""

from collections.abc import Callable, Sequence
from typing import Any

from dashboard.charts.palette import THEMES
from dashboard.errors import Invalid
from dashboard.metrics import metric_name, metric_words
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo, cell_name
from dashboard.services.compare.detail import ChangeDetail
from dashboard.services.compare.pictures import SIDES
from dashboard.services.compare.versions import PAIRED, Fact, TensorDiff, TensorPair, VersionDiff
from dashboard.web.compare.query import here
from dashboard.web.compare.words import score_sentence
from dashboard.web.kit.formats import plural
from dashboard.web.kit.urls import address

NUMBERS = (
    "relative", "max_abs", "mean_abs", "rms", "cosine", "correlation", "changed", "count", "sign_flips",
    "not_comparable", "ulp_median", "ulp_max", "wasserstein", "kl",
)  # fmt: skip
TENSOR_HEADS = (
    "tensor", "status", *NUMBERS, "max_row", "max_column", "first_row", "first_column", "other_tensor",
)  # fmt: skip
SORTS = ("tensor", "status", "changed_share", *NUMBERS)
CELLS_SHOWN = 10


def shown_tensors(found: VersionDiff, sort: str, hides_equal: bool) -> list[TensorDiff]:
    """Return the tensors of a comparison in the order `sort` (one of SORTS, reversed with a minus).

    Numbers begin with the largest, texts with A; tensors without the number come last. Without an order they stand as
    in the base. Raises Invalid for another order.
    """
    name = sort.removeprefix("-")
    if sort and name not in SORTS:
        raise Invalid({"sort": f"Sort by one of: {', '.join(SORTS)}; a minus turns the order round."})
    shown = [tensor for tensor in found.tensors if not (hides_equal and tensor.status == "equal")]
    if not sort:
        return shown
    is_text = name in {"tensor", "status"}
    value = (lambda tensor: tensor.name if name == "tensor" else tensor.status) if is_text else _number(name)
    known = [tensor for tensor in shown if value(tensor) is not None]
    known.sort(key=value, reverse=is_text == sort.startswith("-"))
    return known + [tensor for tensor in shown if value(tensor) is None]


def _number(name: str) -> Callable[[TensorDiff], Any]:
    return lambda tensor: getattr(tensor.numbers, name) if tensor.numbers is not None else None


def neighbours(shown: Sequence[TensorDiff], name: str) -> tuple[str, str]:
    """Return the addresses of the changed tensors before and after this one on the page, empty where there is none."""
    names = [tensor.name for tensor in shown if tensor.numbers is not None and tensor.status == "changed"]
    if name not in names:
        return "", ""
    at = names.index(name)
    before, after = names[at - 1 : at] if at else [], names[at + 1 : at + 2]
    one, two = (here(tensor=other[0], unit="", places="", inputs="") if other else "" for other in (before, after))
    return one, two


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
    metric = metric_name(None, one)
    if metric is None or two.get(metric) is None:
        return ""
    return score_sentence(metric, one[metric], two[metric])


def chips(found: VersionDiff) -> list[tuple[str, str, str]]:
    """Return what is worth knowing beside the sentence: settings that differ, signs that flipped."""
    names = [metric_words(fact.name) for fact in found.settings if not fact.equal and fact.name not in {"epoch", "run"}]
    flips = sum(tensor.numbers.sign_flips for tensor in found.tensors if tensor.numbers is not None)
    odd = sum(tensor.numbers.not_comparable for tensor in found.tensors if tensor.numbers is not None)
    said = [("", f"{len(names)} settings differ", "#side")] if names else []
    said += [("", f"{flips:,} signs flipped", "")] if flips else []
    return said + ([("bad", f"{plural(odd, 'cell')} NaN or Inf", "")] if odd else [])


def fact_line(fact: Fact, words: str, is_metric: bool) -> dict[str, Any]:
    """Return a metric or setting side by side."""
    numeric = is_metric and fact.base is not None and fact.other is not None and not fact.equal
    change = fact.other - fact.base if numeric else None
    return {"name": words, "base": fact.base, "other": fact.other, "change": change, "same": fact.equal}


def tensor_line(tensor: TensorDiff) -> dict[str, Any]:
    """Return a tensor's line; its address shows what changed in it."""
    both = tensor.base is not None and tensor.other is not None and tensor.base.shape == tensor.other.shape
    return {
        "name": tensor.name,
        "other_name": tensor.other.name if tensor.other is not None else None,
        "status": tensor.status,
        "difference": tensor.numbers,
        "at": _farthest_cell(tensor),
        "too_large": both and tensor.numbers is None,
        "cells": tensor.base.cells if tensor.base is not None else 0,
        "address": here(tensor=tensor.name, unit="", places="", inputs="") if tensor.numbers is not None else "",
    }


def _farthest_cell(tensor: TensorDiff) -> str:
    """Name the cell that changed most, or the first that changed where no number says how much."""
    numbers = tensor.numbers
    if numbers is None or numbers.identical or tensor.base is None:
        return ""
    cell = numbers.max_cell if numbers.max_abs else numbers.first_cell
    return cell_name(tensor.base.shape, *cell) if cell else ""


def tensor_numbers(tensor: TensorDiff) -> list[Any]:
    """Return a tensor's numbers, as the CSV has them."""
    other = tensor.other.name if tensor.other is not None else None
    if tensor.numbers is None:
        return [tensor.name, tensor.status, *[None] * (len(TENSOR_HEADS) - 3), other]
    numbers = [getattr(tensor.numbers, name) for name in NUMBERS]
    cells = [*(tensor.numbers.max_cell or (None, None)), *(tensor.numbers.first_cell or (None, None))]
    return [tensor.name, tensor.status, *numbers, *cells, other]


def unmatched(found: VersionDiff) -> dict[str, Any]:
    """Return the tensors without a counterpart on either side, those of another shape, and what a person paired."""

    def words(tensor: TensorDiff) -> tuple[str, str]:
        info = tensor.base or tensor.other
        assert info is not None  # one of them is there
        return tensor.name, " × ".join(f"{length:,}" for length in info.shape) or "one number"

    states = {state: [words(t) for t in found.tensors if t.status == state] for state in ("removed", "added")}
    paired = [tensor for tensor in found.tensors if tensor.by_hand]
    reshaped = [tensor for tensor in found.tensors if tensor.status == "reshaped"]
    return states | {
        "reshaped": [words(tensor) for tensor in reshaped],
        "bases": [words(t) for t in found.tensors if t.base is not None and t.status in {"removed", "reshaped"}],
        "paired": [_pair_line(tensor) for tensor in paired],
    }


def _pair_line(tensor: TensorDiff) -> dict[str, str]:
    assert tensor.other is not None  # it was paired with it
    return {"name": tensor.name, "other": tensor.other.name, "text": f"{tensor.name}{PAIRED}{tensor.other.name}"}


def unit_lines(detail: ChangeDetail, axis: str) -> list[dict[str, Any]]:
    """Return the units that moved most, each with the addresses of its own page and of its column in the table."""
    largest = detail.units[0].norm if detail.units else 0.0
    return [
        {
            "number": unit.unit,
            "norm": unit.norm,
            "largest": unit.max_abs,
            "share": unit.norm / largest if largest else 0.0,
            "page": here("compare.unit", tensor=detail.pair.one.name, axis=axis, unit=unit.unit),
            "table": table(detail.pair, **{axis: unit.unit}),
        }
        for unit in detail.units
    ]


def cell_line(pair: TensorPair, cell: Any) -> dict[str, Any]:  # noqa: ANN401 - a CellChange
    """Return a changed cell with its address in the table of the other version, and that of its own page."""
    return {
        "name": cell_name(pair.one.shape, cell.row, cell.column),
        "row": cell.row,
        "column": cell.column,
        "base": cell.base,
        "other": cell.other,
        "delta": cell.change,
        "address": table(pair, row=cell.row, column=cell.column),
        "page": cell_page(pair, cell.row, cell.column),
    }


def cell_page(pair: TensorPair, row: int, column: int) -> str:
    """Return the address of the page of one cell's change."""
    return here("compare.cell", tensor=pair.one.name, row=row, column=column)


def unit_pictures(shape: tuple[int, int] | None, keys: dict[str, Any], unit: int) -> dict[str, Any] | None:
    """Return the pictures of a unit before, after, and of its change; None where weights are no pictures."""
    if shape is None:
        return None
    height, width = shape
    items = {
        side: {theme: address("changes.unit_picture", side=side, unit=unit, theme=theme, **keys) for theme in THEMES}
        for side in SIDES
    }
    return {"width": width, "height": height, "sides": items}


def table(pair: TensorPair, **cell: int) -> str:
    """Return the address of a cell in the table of the other version."""
    return _table(pair.other.version, pair.two, cell)


def base_table(pair: TensorPair, **cell: int) -> str:
    """Return the address of a cell in the table of the base."""
    return _table(pair.base.version, pair.one, cell)


def timelines(pair: TensorPair, **cell: int) -> list[str]:
    """Return the addresses of a cell over all versions, of the base's network and of the other's."""
    sides = ((pair.base.version, pair.one), (pair.other.version, pair.two))
    return [address("history.show", name=version.network, tensor=tensor.name, **cell) for version, tensor in sides]


def _table(version: Version, tensor: TensorInfo, cell: dict[str, int]) -> str:
    place = {"name": version.network, "number": version.number, "tensor": tensor.name}
    return address("tensors.show", **place, **cell)
