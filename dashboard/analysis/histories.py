"""One cell's or one unit's value over the versions of a tensor, and where its bits last changed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, Cells
from dashboard.analysis.differences import count_changed
from dashboard.analysis.statistics import l2_norm


class Timeline(NamedTuple):
    """A value over versions: `values` (versions,) float64, `changed` whether the bits differ from the version before.

    `last_changed` is the place of the last version that changed it, `died` that of the first of the versions at the
    end in which its value is 0; each None if there is no such version. The first version changes nothing.
    """

    values: Array
    changed: Array
    last_changed: int | None
    died: int | None


def cell_timeline(versions: Sequence[Array], row: int, column: int) -> Timeline:
    """Return one cell's value over versions of one shape; raises IndexError for a cell outside the table."""
    cells = [_table(array)[row, column].reshape(1) for array in versions]
    return _timeline(cells, [float(cell[0]) for cell in cells])


def unit_timeline(versions: Sequence[Array], unit: int) -> Timeline:
    """Return the L2 norm of one unit's (column's) weights over versions of one shape; raises IndexError."""
    units = [np.ascontiguousarray(_table(array)[:, unit]) for array in versions]
    return _timeline(units, [l2_norm(weights) for weights in units])


def _timeline(parts: Sequence[Array], values: Sequence[float]) -> Timeline:
    """Return the time-line of the same part of each version."""
    return timeline(
        values, [place > 0 and count_changed(*parts[place - 1 : place + 1]) > 0 for place in range(len(parts))]
    )


def timeline(values: Sequence[float], changed: Sequence[bool]) -> Timeline:
    """Return the time-line of these values, where it is known already in which versions the bits changed."""
    changes = np.array(changed, dtype=bool)
    places = np.flatnonzero(changes)
    return Timeline(
        values=np.array(values, dtype=np.float64),
        changed=changes,
        last_changed=int(places[-1]) if places.size else None,
        died=ever_since([value == 0 for value in values]),
    )


def ever_since(holds: Sequence[bool]) -> int | None:
    """Return the place from which on something holds to the end; None if it does not hold at the end."""
    start = len(holds)
    while start and holds[start - 1]:
        start -= 1
    return start if start < len(holds) else None


def _table(array: Array) -> Array:
    cells = Cells(array)
    return cells.flat.reshape(cells.rows, cells.columns)
