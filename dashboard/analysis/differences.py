"""What changed between two arrays of one shape: in a few numbers, cell by cell, and unit by unit.

A cell is *changed* when its bits differ: NaN equals NaN of the same bits, +0.0 and −0.0 differ. The sums run over
the *comparable* cells, those that are finite on both sides; the others are counted in `not_comparable`.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
BLOCK_CELLS = 1 << 18


class TensorDifference(NamedTuple):
    """The change from `base` to `other`, d = other − base, in float64.

    `max_cell` is (row, column) in the table of the largest |d| among comparable cells, None if there is none.
    `relative` is ‖d‖/‖base‖ (None where the base is all zero), `cosine` and `correlation` those of the two arrays
    as vectors (None where one is constant zero, or constant). `sign_flips` counts cells that are positive on one side
    and negative on the other.
    """

    count: int
    changed: int
    changed_share: float
    not_comparable: int
    max_abs: float
    max_cell: tuple[int, int] | None
    base_value: float | None
    other_value: float | None
    mean_abs: float
    rms: float
    relative: float | None
    cosine: float | None
    correlation: float | None
    sign_flips: int

    @property
    def identical(self) -> bool:
        """Whether every cell has the same bits."""
        return self.changed == 0

    def to_json(self) -> dict[str, Any]:
        """Return the numbers by name, `identical` among them."""
        cell = list(self.max_cell) if self.max_cell is not None else None
        return self._asdict() | {"max_cell": cell, "identical": self.identical}


class CellChange(NamedTuple):
    """One changed cell of a table."""

    row: int
    column: int
    base: float
    other: float
    change: float


class UnitChange(NamedTuple):
    """How much one unit (column) changed: the L2 norm of its change, and the largest change of a cell of it."""

    unit: int
    norm: float
    max_abs: float


def tensor_difference(base: Array, other: Array) -> TensorDifference:
    """Return what changed; both have one shape, memory maps are read block by block in bounded memory."""
    columns = _columns(base)
    sums = np.zeros(8)
    changed = flips = comparable = 0
    largest, place, values = -1.0, None, (None, None)
    for start, one, two in _blocks(base, other):
        changed += int(np.count_nonzero(_bits(one) != _bits(two)))
        a, b = one.astype(np.float64), two.astype(np.float64)
        finite = np.isfinite(a) & np.isfinite(b)
        if not finite.all():
            a, b = np.where(finite, a, 0.0), np.where(finite, b, 0.0)
        comparable += int(np.count_nonzero(finite))
        d = b - a
        size = np.abs(d)
        flips += int(np.count_nonzero(a * b < 0))
        sums += (size.sum(), d @ d, a @ a, b @ b, a @ b, a.sum(), b.sum(), 0.0)
        index = int(np.argmax(np.where(finite, size, -1.0)))
        if finite[index] and size[index] > largest:
            largest, values = float(size[index]), (float(a[index]), float(b[index]))
            place = divmod(start + index, columns)
    total_abs, dd, aa, bb, ab, sa, sb, _ = (float(value) for value in sums)
    n = max(comparable, 1)
    count = int(base.size)
    spread = (aa - sa * sa / n) * (bb - sb * sb / n)
    return TensorDifference(
        count=count,
        changed=changed,
        changed_share=changed / count if count else 0.0,
        not_comparable=count - comparable,
        max_abs=max(largest, 0.0),
        max_cell=place,
        base_value=values[0],
        other_value=values[1],
        mean_abs=total_abs / n,
        rms=math.sqrt(dd / n),
        relative=math.sqrt(dd / aa) if aa > 0 else None,
        cosine=ab / math.sqrt(aa) / math.sqrt(bb) if aa > 0 and bb > 0 else None,
        correlation=(ab - sa * sb / n) / math.sqrt(spread) if spread > 0 else None,
        sign_flips=flips,
    )


def top_changes(base: Array, other: Array, k: int) -> list[CellChange]:
    """Return the `k` comparable cells with the largest change, the largest first; equal ones in table order."""
    columns = _columns(base)
    best: list[tuple[float, int, float, float]] = []
    for start, one, two in _blocks(base, other):
        a, b = one.astype(np.float64), two.astype(np.float64)
        with np.errstate(invalid="ignore"):
            size = np.abs(b - a)
        size[~np.isfinite(a) | ~np.isfinite(b)] = 0.0
        kept = np.argpartition(size, -k)[-k:] if size.size > k else np.arange(size.size)
        found = [(float(size[i]), start + int(i), float(a[i]), float(b[i])) for i in kept if size[i] > 0]
        best = sorted(best + found, key=lambda entry: (-entry[0], entry[1]))[:k]
    return [CellChange(*divmod(place, columns), a, b, b - a) for _, place, a, b in best]


def unit_differences(base: Array, other: Array) -> list[UnitChange]:
    """Return the change of every unit (column of the table), the most changed first; not comparable cells count 0."""
    d = _change_table(base, other)
    norms, largest = np.sqrt(np.square(d).sum(axis=0)), np.abs(d).max(axis=0, initial=0.0)
    order = np.argsort(-norms, kind="stable")
    return [UnitChange(int(unit), float(norms[unit]), float(largest[unit])) for unit in order]


def unchanged_rows(base: Array, other: Array) -> int:
    """Return how many rows of the table (inputs) have the same bits on both sides."""
    shape = (-1, _columns(base))
    same = (_bits(base.reshape(-1)) == _bits(other.reshape(-1))).reshape(shape)
    return int(np.count_nonzero(same.all(axis=1)))


def _change_table(base: Array, other: Array) -> Array:
    a, b = base.astype(np.float64), other.astype(np.float64)
    with np.errstate(invalid="ignore"):
        d = b - a
    d[~np.isfinite(d)] = 0.0
    return d.reshape(-1, _columns(base))


def _columns(array: Array) -> int:
    return max(math.prod(array.shape[1:]), 1)


def _blocks(base: Array, other: Array) -> Iterator[tuple[int, Array, Array]]:
    """Yield (first cell, base's cells, other's cells) as flat blocks of bounded size."""
    one, two = base.reshape(-1), other.reshape(-1)
    for start in range(0, one.size, BLOCK_CELLS):
        yield start, one[start : start + BLOCK_CELLS], two[start : start + BLOCK_CELLS]


def _bits(array: Array) -> Array:
    return array.view(f"u{array.dtype.itemsize}")
