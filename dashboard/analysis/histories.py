"""How a tensor went through the versions: its spread, its size and how far it moved, one point a version.

And blame: one cell's or one unit's value over the versions, and where its bits last changed.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, Cells, Change
from dashboard.analysis.differences import count_changed
from dashboard.analysis.spectra import stretch
from dashboard.analysis.statistics import TensorStatistics, l2_norm, tensor_statistics


class HistoryPoint(NamedTuple):
    """A tensor in one version.

    `from_first` and `from_previous` are the L2 norms of its change since then, None where there is none or its shape
    was another; `spectral_norm` and `stable_rank` are those of its table, None if they were not requested (they
    read a large tensor many times).
    """

    statistics: TensorStatistics
    from_first: float | None
    from_previous: float | None
    spectral_norm: float | None
    stable_rank: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the numbers by name, the statistics among them."""
        return self.statistics.to_json() | {
            name: value for name, value in self._asdict().items() if name != "statistics"
        }


def history(versions: Iterable[Array], spectra: bool = True) -> list[HistoryPoint]:
    """Return one point a version, in their order; at most three of the arrays are held at a time."""
    points: list[HistoryPoint] = []
    first: Array | None = None
    previous: Array | None = None
    for array in versions:
        first = array if first is None else first
        spread = stretch(array) if spectra else None
        points.append(
            HistoryPoint(
                tensor_statistics(array),
                _distance(first, array),
                _distance(previous, array),
                spread.spectral_norm if spread is not None else None,
                spread.stable_rank if spread is not None else None,
            )
        )
        previous = array
    return points


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


def tensor_timeline(versions: Sequence[Array]) -> Timeline:
    """Return a whole tensor's L2 norm over versions of one shape."""
    return _timeline(versions, [l2_norm(array) for array in versions])


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


def _distance(base: Array | None, other: Array) -> float | None:
    return l2_norm(Change(base, other)) if base is not None and base.shape == other.shape else None
