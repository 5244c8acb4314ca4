"""What the charts of one tensor's change show: distributions, base against other, the map of all cells, units."""

from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, Change
from dashboard.analysis.changed_cells import CellChange, cell_change
from dashboard.analysis.distributions import Distribution, distribution
from dashboard.analysis.images import HeatMap, heat_map, part_starts, robust_limit, tile_size, unit_picture
from dashboard.analysis.joint import JointCounts, joint_counts
from dashboard.analysis.turning import MapPart, UnitOrder, unit_numbers, units_as_columns
from dashboard.errors import NotFound
from dashboard.records.units import COLUMN
from dashboard.services.compare.detail import INPUT, axis_of, unit_changes
from dashboard.services.compare.pairs import TensorPair
from dashboard.services.versions.analyses import image_shape

__all__ = ["Distribution", "JointCounts", "tile_size"]  # for those who may not import the analysis

ORDERS = ("moved", "raw")
SIDES = ("before", "after", "change")
MOST_POINTS = 3_000
"""Cells up to this many are points of a scatter; more are counted on a grid."""


class MapView(NamedTuple):
    """Which map: at most `height` × `width` levels, the order of the units, and (first, last) of places and inputs.

    None is all of them; a part that reaches beyond the table is cut off.
    """

    height: int
    width: int
    order: str = "moved"
    places: tuple[int, int] | None = None
    inputs: tuple[int, int] | None = None


class ChangeMap(NamedTuple):
    """The map of a change: `part` of a table of `units` × `inputs`, and the (first) unit of each column of pixels.

    `limit` is that of the whole tensor, so that a colour means the same in every part; `clipped` counts the part's
    cells beyond it.
    """

    part: MapPart
    units: int
    inputs: int
    shown_units: list[int]
    lines: int
    limit: float
    clipped: int
    pooled: bool


class MapNumbers(NamedTuple):
    """What a map shows: the (first) unit of each column, the (first) input of each row, the change of largest size."""

    units: list[int]
    inputs: list[int]
    changes: Array


class Points(NamedTuple):
    """Base against other, cell by cell: (cells,) of rows, columns, and the values of both sides."""

    rows: Array
    columns: Array
    base: Array
    other: Array


def sides_distribution(pair: TensorPair, bins: int, limits: str = "robust") -> Distribution:
    """Return the distributions of both sides' weights of one tensor of a diff, on shared bins."""
    return pair.cached(lambda one, two: distribution([one, two], bins, limits), "distributions", bins, limits)


def change_distribution(pair: TensorPair, bins: int, limits: str = "robust") -> Distribution:
    """Return the distribution of the change of one tensor of a diff."""
    return pair.cached(lambda one, two: distribution([Change(one, two)], bins, limits), "changes", bins, limits)


def base_against_other(pair: TensorPair, bins: int, limits: str = "robust") -> JointCounts | Points:
    """Return the cells of both sides against each other: few as points, many as counts on a grid of bins × bins."""
    change = Change(pair.before, pair.after)
    if change.size > MOST_POINTS:
        return joint_counts(pair.before, pair.after, bins, limits)
    base, other, change_of_both = change.sides(0, change.size)
    finite = np.flatnonzero(np.isfinite(change_of_both))
    rows, columns = np.divmod(finite, max(change.columns, 1))
    return Points(rows, columns, base[finite], other[finite])


def change_map(pair: TensorPair, view: MapView) -> ChangeMap:
    """Return what a map of the change shows; raises NotFound for a part outside the table."""
    order, part = ordered(pair, view)
    limit = _limit(pair)

    def drawn(base: Array, other: Array) -> tuple[int, bool]:
        drawing = units_as_columns(Change(base, other), order, part, view.height, view.width, limit)
        return drawing.clipped, drawing.pooled

    clipped, pooled = pair.cached(drawn, "map", order.axis, *view)
    return shape_of(pair, view, limit, clipped, pooled)


def shape_of(pair: TensorPair, view: MapView, limit: float, clipped: int, pooled: bool) -> ChangeMap:
    """Return a map of this pair and view with these facts of its drawing."""
    order, part = ordered(pair, view)
    shown, lines = _shown_units(order, part, view.width), min(len(part.inputs), view.height)
    return ChangeMap(part, len(order.units), _inputs(pair), shown, lines, limit, clipped, pooled)


def map_numbers(pair: TensorPair, view: MapView) -> MapNumbers:
    """Return the numbers that a map of the change shows, at most as many as it has pixels."""
    order, part = ordered(pair, view)
    return numbers_of(pair, view, unit_numbers(Change(pair.before, pair.after), order, part, view.height, view.width))


def numbers_of(pair: TensorPair, view: MapView, numbers: Array) -> MapNumbers:
    """Return the numbers of a map (units, inputs) with the units and inputs that they begin with."""
    order, part = ordered(pair, view)
    inputs = part_starts(len(part.inputs), min(len(part.inputs), view.height))[:-1] + part.inputs.start
    return MapNumbers(_shown_units(order, part, view.width), inputs.tolist(), numbers)


def pixel_cell(pair: TensorPair, view: MapView, x: int, y: int) -> CellChange:
    """Return the cell that a pixel of the map shows, of several the one that changed most; raises NotFound outside."""
    order, part = ordered(pair, view)
    across, down = min(len(part.places), view.width), min(len(part.inputs), view.height)
    if x >= across or y >= down:
        raise NotFound(f"The map has {across} × {down} pixels: there is none at {x}, {y}.", "x" if x >= across else "y")
    places, inputs = part_starts(len(part.places), across), part_starts(len(part.inputs), down)
    units = order.units[part.places.start + places[x] : part.places.start + places[x + 1]]
    lines = np.arange(inputs[y], inputs[y + 1]) + part.inputs.start
    change = Change(pair.before, pair.after)
    rows, columns = (lines, units) if order.axis == COLUMN else (units, lines)
    sizes = np.abs(change.lines(rows)[:, columns])
    row, column = np.unravel_index(int(np.nan_to_num(sizes, nan=np.inf).argmax()), sizes.shape)
    return cell_change(change, int(rows[row]) * change.columns + int(columns[column]))


def change_heat_map(pair: TensorPair, view: MapView) -> HeatMap:
    """Return the change of a tensor, a level per cell: inputs as rows, units across, centred on zero."""
    order, part = ordered(pair, view)
    return units_as_columns(Change(pair.before, pair.after), order, part, view.height, view.width, _limit(pair))


def picture_shape(pair: TensorPair) -> tuple[int, ...] | None:
    """Return the shape of the pictures whose weights a unit of the tensor holds, None where it holds no pictures."""
    return image_shape(pair.workspace, pair.base.version) if pair.one.name == "layer_01.weight" else None


def unit_heat_map(pair: TensorPair, unit: int, side: str) -> HeatMap:
    """Return one first-layer unit's weights before or after, on one scale of colours, or their change, as a picture.

    Raises NotFound if the tensor has no such unit or its inputs are no pixels.
    """
    shape = picture_shape(pair)
    if shape is None or not 0 <= unit < pair.before.shape[1]:
        raise NotFound(f"{pair.one.name} has no picture of a unit {unit}.", "unit")
    before, after = (unit_picture(weights, unit, shape).astype(np.float64) for weights in (pair.before, pair.after))
    limit = None if side == "change" else robust_limit(np.concatenate([before, after]))
    picture = {"before": before, "after": after, "change": after - before}[side]
    return heat_map(picture, *tile_size(shape), limit)


def _shown_units(order: UnitOrder, part: MapPart, width: int) -> list[int]:
    starts = part_starts(len(part.places), min(len(part.places), width))[:-1]
    units: list[int] = order.units[part.places.start + starts].tolist()
    return units


def _limit(pair: TensorPair) -> float:
    return pair.cached(lambda one, two: robust_limit(Change(one, two)), "limit")


def ordered(pair: TensorPair, view: MapView) -> tuple[UnitOrder, MapPart]:
    """Return the units in the order of the view, and the part of the map; raises NotFound for one outside."""
    units = unit_changes(pair)
    order: Array = np.arange(units.norms.size) if view.order == "raw" else units.order()
    part = MapPart(_inside(view.places, len(order), "places"), _inside(view.inputs, _inputs(pair), "inputs"))
    return UnitOrder(order, axis_of(pair)), part


def _inputs(pair: TensorPair) -> int:
    return pair.one.columns if axis_of(pair, INPUT) == COLUMN else pair.one.rows


def _inside(ends: tuple[int, int] | None, length: int, field: str) -> range:
    if ends is None:
        return range(length)
    if not 0 <= ends[0] < length:
        raise NotFound(f"The map has {field} from 0 to {length - 1}; {ends[0]}-{ends[1]} is outside.", field)
    return range(ends[0], min(ends[1] + 1, length))
