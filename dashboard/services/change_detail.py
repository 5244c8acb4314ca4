"""What changed in one tensor between two versions: which units and cells moved most, and how it looks as a picture."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.analysis.cells import Change
from dashboard.analysis.differences import CellChange, UnitChange, top_changes, unchanged_rows, unit_differences
from dashboard.analysis.images import HeatMap, heat_map, robust_limit, unit_picture
from dashboard.analysis.turning import first_units, units_as_rows
from dashboard.charts import images
from dashboard.errors import NotFound
from dashboard.services.comparison import Side, paired_arrays
from dashboard.services.pictures import HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH, check_theme, image_shape
from dashboard.services.workspace import Workspace

Array = np.ndarray[Any, Any]

ORDERS = ("moved", "raw")
SIDES = ("before", "after", "change")
UNIT_PICTURE_ZOOM = 4


@dataclass(frozen=True)
class ChangeDetail:
    """The change of one tensor: `units` and `cells` are those that moved most, the largest first.

    `heat_map` has units as rows and inputs across; `map_units` is the (first) unit of each of its rows. `image_shape`
    is (height, width) where a unit's weights are a picture, else None.
    """

    base: Side
    other: Side
    units: list[UnitChange]
    cells: list[CellChange]
    unchanged_rows: int
    heat_map: HeatMap
    map_units: list[int]
    image_shape: tuple[int, int] | None


def change_detail(
    workspace: Workspace, base: str, other: str, tensor: str, order: str = "moved", units: int = 12, cells: int = 10
) -> ChangeDetail:
    """Return what changed in a tensor (named as in `base`) that both versions have; raises NotFound or StoreError.

    The heat map has the most changed unit on top, or with the order `raw` unit 0.
    """
    base_side, other_side, one, two = paired_arrays(workspace, base, other, tensor)
    changes = unit_differences(one, two)
    places = _places(changes, order)
    return ChangeDetail(
        base=base_side,
        other=other_side,
        units=changes[:units],
        cells=top_changes(one, two, cells),
        unchanged_rows=unchanged_rows(one, two),
        heat_map=_heat_map(one, two, places),
        map_units=places[first_units(len(places), HEAT_MAP_HEIGHT)].tolist(),
        image_shape=image_shape(workspace, base_side.version) if tensor == "layer_01.weight" else None,
    )


def moved_units(workspace: Workspace, base: str, other: str, tensor: str) -> list[UnitChange]:
    """Return how far every unit of a tensor has moved, the farthest first."""
    _, _, one, two = paired_arrays(workspace, base, other, tensor)
    return unit_differences(one, two)


def changed_cells(workspace: Workspace, base: str, other: str, tensor: str, count: int) -> list[CellChange]:
    """Return the cells of a tensor that changed most, the largest change first."""
    _, _, one, two = paired_arrays(workspace, base, other, tensor)
    return top_changes(one, two, count)


def change_map_png(workspace: Workspace, base: str, other: str, tensor: str, order: str, theme: str) -> bytes:
    """Return the change of a tensor as a picture, a pixel a cell: units as rows, inputs across, centred on zero."""
    _, _, one, two = paired_arrays(workspace, base, other, tensor)
    places = _places(unit_differences(one, two), order)
    return images.png(_heat_map(one, two, places), check_theme(theme))


def unit_change_png(
    workspace: Workspace, base: str, other: str, tensor: str, unit: int, side: str, theme: str
) -> bytes:
    """Return one first-layer unit's weights before or after, on one scale of colours, or their change, as a picture.

    Raises NotFound if the tensor has no such unit or its inputs are no pixels.
    """
    base_side, _, one, two = paired_arrays(workspace, base, other, tensor)
    shape = image_shape(workspace, base_side.version) if tensor == "layer_01.weight" else None
    if shape is None or not 0 <= unit < one.shape[1]:
        raise NotFound(f"{tensor} has no picture of a unit {unit}.", "unit")
    before, after = (unit_picture(weights, unit, shape).astype(np.float64) for weights in (one, two))
    limit = None if side == "change" else robust_limit(np.concatenate([before, after]))
    picture = {"before": before, "after": after, "change": after - before}[side]
    return images.png(heat_map(picture, *shape, limit), check_theme(theme), UNIT_PICTURE_ZOOM)


def _places(changes: list[UnitChange], order: str) -> Array:
    units = np.array([change.unit for change in changes], dtype=np.intp)
    return np.sort(units) if order == "raw" else units


def _heat_map(base: Array, other: Array, places: Array) -> HeatMap:
    change = Change(base, other)
    return units_as_rows(heat_map(change, HEAT_MAP_WIDTH, change.columns), places, HEAT_MAP_HEIGHT)
