"""What changed between two tensors of one shape, in a few numbers.

A cell is *changed* when its bits differ: NaN equals a NaN of the same bits, and +0.0 and −0.0 differ. (Two tensors
of different dtypes are compared by the bits of the float64 that their cells equal.) The other numbers are about the
*comparable* cells, those that are finite on both sides; the rest are counted in `not_comparable`. Everything is read
in blocks, so that memory maps of any size are compared in bounded memory.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dashboard.analysis.cells import BLOCK_CELLS, Array, Change, same_bits
from dashboard.analysis.divergences import distribution_distances
from dashboard.analysis.moments import Moments, safe_scale
from dashboard.analysis.ulps import ulp_distance


@dataclass(frozen=True)
class TensorDifference:
    """The change from `base` to `other`, d = other − base, in float64.

    `max_cell` is the (row, column) in the table of the largest |d|, the first of them if there are several, None if
    no cell is comparable. `relative` is ‖d‖/‖base‖, None where the base is all zero or the
    number beyond the largest float64; `cosine` that of the angle between
    the two tensors as vectors, None where one is all zero; `correlation` is Pearson's, None where one is constant.
    `sign_flips` counts cells that are positive on one side and negative on the other (zero has no sign). `ulp_median`
    and `ulp_max` count the floating-point numbers between two cells (see `ulps`), `wasserstein` and `kl` are how
    far the distributions of all finite cells are apart (see `divergences`), None without a cell. `first_cell` is the
    first changed cell in the order of the table, comparable or not. Without a comparable cell the averages are 0.
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
    ulp_median: float | None
    ulp_max: float | None
    wasserstein: float | None
    kl: float | None
    first_cell: tuple[int, int] | None

    @property
    def identical(self) -> bool:
        """Whether every cell has the same bits."""
        return self.changed == 0

    def to_json(self) -> dict[str, Any]:
        """Return the numbers by name, `identical` among them; one beyond the largest float64 is None."""
        numbers = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in vars(self).items()
        }
        cells = {name: list(cell) if cell else None for name, cell in numbers.items() if name.endswith("_cell")}
        return numbers | cells | {"identical": self.identical}


def tensor_difference(base: Array, other: Array) -> TensorDifference:
    """Return what changed from `base` to `other`; raises ValueError if their shapes differ."""
    change = Change(base, other)
    facts = _facts(change)
    n = facts.comparable
    sums = _sums(change, facts) if n else _Sums(0.0, 0.0, None, None, None)
    at = change.sides(facts.cell, facts.cell + 1)[:, 0] if n else None
    ulps, apart = ulp_distance(base, other), distribution_distances(base, other)
    return TensorDifference(
        count=change.size,
        changed=facts.changed,
        changed_share=facts.changed / change.size if change.size else 0.0,
        not_comparable=change.size - n,
        max_abs=0.0 if at is None else float(abs(at[2])),
        max_cell=None if at is None else change.place(facts.cell),
        base_value=None if at is None else float(at[0]),
        other_value=None if at is None else float(at[1]),
        mean_abs=sums.mean_abs,
        rms=sums.rms,
        relative=_bounded(sums.relative),
        cosine=sums.cosine,
        correlation=sums.correlation,
        sign_flips=facts.sign_flips,
        ulp_median=ulps.median,
        ulp_max=ulps.max,
        wasserstein=_bounded(apart.wasserstein),
        kl=apart.kl,
        first_cell=None if facts.first is None else change.place(facts.first),
    )


def relative_change(base: Array, other: Array) -> float | None:
    """Return `TensorDifference.relative` alone; raises ValueError if the shapes differ."""
    change = Change(base, other)
    facts = _facts(change)
    return _bounded(_sums(change, facts).relative) if facts.comparable else None


def _bounded(number: float | None) -> float | None:
    """Return a number, None beyond the largest float64: the same on pages, in CSV and in JSON."""
    return number if number is not None and math.isfinite(number) else None


class _Facts(NamedTuple):
    """What the first pass finds: counts, the first changed cell and that of the largest |d|, the ends of all three."""

    changed: int
    first: int | None
    comparable: int
    sign_flips: int
    cell: int
    lows: Array
    highs: Array


def _facts(change: Change) -> _Facts:
    changed = comparable = flips = cell = 0
    first = None
    largest, lows, highs = -1.0, np.full(3, np.inf), np.full(3, -np.inf)
    for start in range(0, change.size, BLOCK_CELLS):
        same = same_bits(change, start, start + BLOCK_CELLS)
        changed += int(same.size - np.count_nonzero(same))
        if first is None and changed:
            first = start + int(np.argmin(same))
        sides, places = _comparable(change, start)
        if not places.size:
            continue
        a, b, d = sides
        comparable += places.size
        flips += int(np.count_nonzero(((a > 0) & (b < 0)) | ((a < 0) & (b > 0))))
        np.minimum(lows, sides.min(axis=1), out=lows)
        np.maximum(highs, sides.max(axis=1), out=highs)
        if max(-lows[2], highs[2]) > largest:
            largest = float(max(-lows[2], highs[2]))
            cell = int(places[np.argmax(np.abs(d))])
    return _Facts(changed, first, comparable, flips, cell, lows, highs)


class _Sums(NamedTuple):
    mean_abs: float
    rms: float
    relative: float | None
    cosine: float | None
    correlation: float | None


def _sums(change: Change, facts: _Facts) -> _Sums:
    """Return the averages, summed at scales at which no square leaves the range of float64."""
    scales = np.array([safe_scale(size) for size in np.maximum(-facts.lows, facts.highs)])
    moments, total = Moments(3), 0.0
    for start in range(0, change.size, BLOCK_CELLS):
        sides, _ = _comparable(change, start)
        if np.any(scales != 1.0):
            _scale(sides, scales)
        total += float(np.abs(sides[2]).sum())
        moments.add(sides)
    raw, n = moments.raw_products, facts.comparable
    constant = bool(np.any(facts.lows[:2] == facts.highs[:2]))
    with np.errstate(over="ignore"):
        return _Sums(
            mean_abs=float(total / n / scales[2]),
            rms=float(np.sqrt(raw[2, 2] / n) / scales[2]),
            relative=float(np.sqrt(raw[2, 2] / raw[0, 0]) * (scales[0] / scales[2])) if raw[0, 0] else None,
            cosine=_cosine(raw) if raw[0, 0] and raw[1, 1] else None,
            correlation=None if constant else _cosine(moments.products),
        )


def _scale(sides: Array, scales: Array) -> None:
    """Multiply the rows base, other and change by their scales; huge changes are recomputed, as they may be cut."""
    if scales[2] < 1.0:
        sides[2] = sides[1] * scales[2] - sides[0] * scales[2]
        sides[:2] *= scales[:2, None]
    else:
        sides *= scales[:, None]


def _cosine(products: Array) -> float:
    cosine = products[0, 1] / np.sqrt(products[0, 0] * products[1, 1])
    return float(np.clip(cosine, -1.0, 1.0))


def _comparable(change: Change, start: int) -> tuple[Array, Array]:
    """Return (base, other, change) of a block's comparable cells as rows, and the numbers of these cells."""
    sides = change.sides(start, start + BLOCK_CELLS)
    places = np.arange(start, start + sides.shape[1])
    finite = np.isfinite(sides[2])
    return (sides, places) if finite.all() else (sides[:, finite], places[finite])


def count_changed(base: Array, other: Array) -> int:
    """Return how many cells have other bits; raises ValueError if the shapes differ."""
    change = Change(base, other)
    blocks = (same_bits(change, start, start + BLOCK_CELLS) for start in range(0, change.size, BLOCK_CELLS))
    return sum(int(same.size - np.count_nonzero(same)) for same in blocks)
