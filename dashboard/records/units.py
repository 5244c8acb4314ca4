"""Along which axis of a tensor's table its units are: the one place that decides it."""

from dashboard.records.network import DENSE
from dashboard.records.tensor import TensorInfo

COLUMN, ROW = "column", "row"
"""The two axes of a table; what is said of every unit is said of each place along one of them."""


def units_axis(info: TensorInfo, kind: str) -> str | None:
    """Return the axis of a table's units, in a network of this kind: column or row; None where it is not known.

    The tables of dense networks are ours: a column of a weight is a unit, and each cell of a bias. Of a foreign
    network it is what was said when the tensor came, if that can be so: the columns of a tensor of more than two axes
    are several axes in one, of which none is known to be that of the units.
    """
    axes = len(info.shape)
    if kind == DENSE:
        return COLUMN if axes > 1 else ROW
    if info.units_axis == 0 and axes:
        return ROW
    return COLUMN if info.units_axis == 1 and axes == 2 else None


def counted_axis(info: TensorInfo, kind: str) -> str:
    """Return the axis along which a table's numbers are counted: that of its units, else columns, of a vector rows.

    Where `units_axis` is None, pages and answers speak of columns and rows, never of units.
    """
    return units_axis(info, kind) or (COLUMN if len(info.shape) > 1 else ROW)


def unit_word(info: TensorInfo, kind: str) -> str:
    """Return what pages call one of what is counted: unit, or the axis itself where no units are known."""
    return "unit" if units_axis(info, kind) else counted_axis(info, kind)


def other_axis(axis: str) -> str:
    """Return the axis that this one is not."""
    return ROW if axis == COLUMN else COLUMN
