"""What changed in one tensor between two versions: which units and cells moved most, and how it looks as a picture."""

from dataclasses import dataclass

from dashboard.analysis.differences import CellChange, UnitChange, top_changes, unchanged_rows, unit_differences
from dashboard.analysis.images import HeatMap, heat_map
from dashboard.services.comparison import Side, paired_arrays
from dashboard.services.pictures import HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH, change, image_shape
from dashboard.services.workspace import Workspace


@dataclass(frozen=True)
class ChangeDetail:
    """The change of one tensor: `units` and `cells` are those that moved most, the largest first.

    `image_shape` is (height, width) where a unit's weights are a picture, else None.
    """

    base: Side
    other: Side
    units: list[UnitChange]
    cells: list[CellChange]
    unchanged_rows: int
    heat_map: HeatMap
    image_shape: tuple[int, int] | None


def change_detail(
    workspace: Workspace, base: str, other: str, tensor: str, units: int = 12, cells: int = 10
) -> ChangeDetail:
    """Return what changed in a tensor (named as in `base`) that both versions have; raises NotFound or StoreError."""
    one_side, other_side, one, two = paired_arrays(workspace, base, other, tensor)
    difference = change(one, two)
    table = difference.reshape(difference.shape[0] if difference.ndim else 1, -1)
    shape = image_shape(workspace, one_side.version) if tensor == "layer_01.weight" else None
    return ChangeDetail(
        base=one_side,
        other=other_side,
        units=unit_differences(one, two)[:units],
        cells=top_changes(one, two, cells),
        unchanged_rows=unchanged_rows(one, two),
        heat_map=heat_map(table, HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH),
        image_shape=shape,
    )
