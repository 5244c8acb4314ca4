"""Making the tensors of a child version: one function for each kind of change, and what its origin says of it."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from dashboard.engine.hidden_layers import hidden_layers
from dashboard.engine.mixing import average, interpolate
from dashboard.engine.pruning import prune, prune_units
from dashboard.engine.rounding import round_once, to_grid
from dashboard.engine.unit_matching import match_units
from dashboard.errors import Conflict, Invalid
from dashboard.records.change import GRID_BITS, Average, Change, Edit, Interpolate, Prune, PutBack, Round, change_json
from dashboard.records.tensor import TensorInfo
from dashboard.services.changes.cell_values import cell_before_and_after, parse_cell
from dashboard.services.changes.made import Made
from dashboard.services.changes.putting_back import put_back, require_parts
from dashboard.services.changes.sources import Sources, load_sources, share_ancestor
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import FLOATS, Array, numpy_dtype

MOST_SCALES = 10_000
"""An origin keeps the scales of so many units; those of more follow from the parent's weights."""
BEYOND = "{} weights of {} are beyond the largest {}. Choose bfloat16."


def make(workspace: Workspace, reference: str, change: Change) -> Made:
    """Return what a change of a version makes; nothing is saved.

    Raises NotFound or Invalid naming the field, Conflict if the versions do not fit one another, NotAsSaved if one is
    damaged.
    """
    sources = load_sources(workspace, _references(reference, change))
    made = MAKERS[type(change)](sources, change)
    settings = {name: value for name, value in change_json(change).items() if name not in NOT_SETTINGS}
    how = change_json(change)["change"]
    shares = _shares(change)
    of = [
        {"version": source.version.reference, "sha256": source.version.sha256, "share": share}
        for source, share in zip(sources.versions, shares, strict=True)
    ]
    return made._replace(origin={"how": how, "of": of, "settings": settings} | made.origin)


NOT_SETTINGS = frozenset({"change", "cells", "other", "versions", "shares", "base", "units", "tensors"})
"""What of a change stands elsewhere in an origin than among its settings."""


def _references(reference: str, change: Change) -> list[tuple[str, str]]:
    """Return the versions of a change with the fields that name them, the parent first."""
    others: list[tuple[str, str]] = []
    if isinstance(change, Interpolate):
        others = [("other", change.other)]
    if isinstance(change, Average):
        others = [(f"versions.{place}", name) for place, name in enumerate(change.versions) if name != reference]
    if isinstance(change, PutBack):
        others = [("base", change.base)]
    return [("version", reference), *others]


def _shares(change: Change) -> list[float | None]:
    """Return the share of each version in a mix; None where a version is whole or in parts in the child."""
    if isinstance(change, Interpolate):
        return [1.0 - change.t, change.t]
    if isinstance(change, PutBack):
        return [None, None]
    return list(change.shares) if isinstance(change, Average) else [1.0]


def require_fits(workspace: Workspace, reference: str, change: Change) -> None:
    """Raise what `make` raises for versions and cells that are not there or do not fit; no weight is read."""
    sources = load_sources(workspace, _references(reference, change))
    if isinstance(change, Edit):
        _values(sources, change)
    if isinstance(change, PutBack):
        require_parts(sources, change)


def _edit(sources: Sources, change: Edit) -> Made:
    values = _values(sources, change)
    tables: dict[str, Array] = {}
    cells: list[dict[str, Any]] = []
    for cell, value in zip(change.cells, values, strict=True):
        info = sources.base.tensors[cell.tensor]
        if info.name not in tables:
            tables[info.name] = np.array(sources.read(0, info.name)).reshape(info.rows, info.columns)
        before = tables[info.name][cell.row, cell.column]
        about = {"tensor": info.name, "row": cell.row, "column": cell.column}
        cells.append(about | cell_before_and_after(before, value[()]))
        tables[info.name][cell.row, cell.column] = value
    tensors = {name: table.reshape(sources.base.tensors[name].shape) for name, table in tables.items()}
    return Made(sources, tensors, {"cells": cells})


def _values(sources: Sources, change: Edit) -> list[Array]:
    """Return the new value of each cell as its tensor's type; raises Invalid with each that cannot be."""
    values: list[Array] = []
    wrong: dict[str, str] = {}
    for place, cell in enumerate(change.cells):
        info = sources.base.tensors.get(cell.tensor)
        problem = _problem(info, cell.row, cell.column)
        if info is None or problem:
            wrong[f"cells.{place}.{'tensor' if info is None else 'row'}"] = problem
            continue
        try:
            values.append(parse_cell(cell.value, info.dtype))
        except ValueError as error:
            wrong[f"cells.{place}.value"] = str(error)
    if wrong:
        raise Invalid(wrong)
    return values


def _problem(info: TensorInfo | None, row: int, column: int) -> str:
    if info is None:
        return "The version has no tensor of this name."
    if row < info.rows and column < info.columns:
        return ""
    return f"{info.name} has rows 0 to {info.rows - 1:,} and columns 0 to {info.columns - 1:,}."


def _interpolate(sources: Sources, change: Interpolate) -> Made:
    matched = _matched(sources, change.match_units)

    def mix(name: str, arrays: list[Array]) -> Array:
        return interpolate(arrays[0], arrays[1], change.t)

    return _mixed(sources, matched, mix)


def _average(sources: Sources, change: Average) -> Made:
    """Average in the order of network and version, so that the result does not depend on the order asked in."""
    matched = _matched(sources, change.match_units)
    versions = [source.version for source in sources.versions]
    order = sorted(range(len(versions)), key=lambda place: (versions[place].network, versions[place].number))
    shares = _own_order(change, [version.reference for version in versions])

    def mix(name: str, arrays: list[Array]) -> Array:
        return average([arrays[place] for place in order], [shares[place] for place in order])

    return _mixed(sources, matched, mix)


def _own_order(change: Average, references: list[str]) -> list[float]:
    """Return the shares in the order in which the versions were loaded: the parent first."""
    shares = dict(zip(change.versions, change.shares, strict=True))
    return [shares[reference] for reference in references]


Mix = Callable[[str, list[Array]], Array]


def _mixed(sources: Sources, matched: list[Mapping[str, Array]], mix: Mix) -> Made:
    """Mix every tensor that differs; whole numbers that differ are taken from the first version, and named."""
    tensors: dict[str, Array] = {}
    taken: list[str] = []
    for name, info in sources.base.tensors.items():
        if sources.is_equal(name) and not matched:
            continue
        if info.dtype not in FLOATS:
            taken += [] if sources.is_equal(name) else [name]
            continue
        arrays = sources.each(name)
        if matched:
            arrays = [arrays[0], *(other.get(name, arrays[place]) for place, other in enumerate(matched, start=1))]
        tensors[name] = mix(name, arrays)
    of_one = share_ancestor(sources.workspace, [source.version for source in sources.versions])
    return Made(sources, tensors, {"taken_from_first": taken} if taken else {}, tuple(taken), of_one)


def _matched(sources: Sources, is_wanted: bool) -> list[Mapping[str, Array]]:
    """Return the tensors of each further version with its hidden units in the order of the first; [] if not wanted."""
    if not is_wanted:
        return []
    version = sources.base.version
    if not version.can_run:
        raise Conflict(f"Units can be matched in dense networks only. {version.why_not_run}", "match_units")
    layers = hidden_layers(version.spec)
    names = list(sources.base.tensors)
    base = {name: sources.read(0, name) for name in names}
    others = [{name: sources.read(place, name) for name in names} for place in range(1, len(sources.versions))]
    if not all(np.isfinite(array).all() for tensors in (base, *others) for array in tensors.values()):
        raise Conflict("Units cannot be matched where weights are NaN or Inf.", "match_units")
    return [match_units(base, other, layers) for other in others]


def _prune(sources: Sources, change: Prune) -> Made:
    base = sources.base
    if change.scope == "units":
        if not base.version.can_run:
            raise Conflict(f"Units can be pruned in dense networks only. {base.version.why_not_run}", "scope")
        tensors = {name: sources.read(0, name) for name in base.tensors}
        return Made(sources, prune_units(tensors, hidden_layers(base.version.spec), change.share), {})
    weights = _weights(sources)
    if change.scope == "all":
        return Made(sources, prune(weights, change.share), {})
    return Made(sources, {name: prune({name: array}, change.share)[name] for name, array in weights.items()}, {})


def _weights(sources: Sources) -> dict[str, Array]:
    """Return the weights of the parent: floating tensors of two axes or more; biases and scales are not among them."""
    infos = [info for info in sources.base.tensors.values() if len(info.shape) > 1 and info.dtype in FLOATS]
    if not infos:
        reference = sources.base.version.reference
        raise Conflict(f"{reference} has no tensor of floating numbers with two axes or more.", "change")
    return {info.name: sources.read(0, info.name) for info in infos}


def _round(sources: Sources, change: Round) -> Made:
    if change.to in GRID_BITS:
        return _to_grid(sources, GRID_BITS[change.to])
    tensors = {}
    dtype = numpy_dtype(change.to)
    for info in sources.base.tensors.values():
        if info.dtype not in FLOATS or info.dtype == change.to:
            continue
        exact = sources.read(0, info.name)
        tensors[info.name] = round_once(exact.astype(np.float64), dtype)
        lost = np.isfinite(exact) & ~np.isfinite(tensors[info.name])
        if lost.any():
            message = BEYOND.format(f"{np.count_nonzero(lost):,}", info.name, change.to)
            raise Invalid({"to": message})
    return Made(sources, tensors, {})


def _to_grid(sources: Sources, bits: int) -> Made:
    tensors: dict[str, Array] = {}
    scales: dict[str, Any] = {}
    for name, array in _weights(sources).items():
        if not np.isfinite(array).all():
            raise Invalid({"to": f"{name} has NaN or Inf, for which a grid has no place. Choose float16 or bfloat16."})
        axis = 1 if sources.base.version.can_run else sources.base.tensors[name].units_axis
        tensors[name], scale = to_grid(array, bits, axis)
        scales[name] = {"axis": axis, "scale": scale.tolist()}
    count = sum(len(one["scale"]) for one in scales.values())
    return Made(sources, tensors, {"scales": scales} if count <= MOST_SCALES else {})


Maker = Callable[[Sources, Any], Made]
MAKERS: dict[type[Change], Maker] = {
    Edit: cast(Maker, _edit),
    Interpolate: cast(Maker, _interpolate),
    Average: cast(Maker, _average),
    Prune: cast(Maker, _prune),
    Round: cast(Maker, _round),
    PutBack: cast(Maker, put_back),
}
