"""A tensor in a few numbers, taken once when a version is saved so that lists of tensors read no weights."""

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, Cells, cells_of
from dashboard.analysis.images import robust_limit
from dashboard.analysis.moments import Moments, safe_scale
from dashboard.analysis.quantiles import quantiles

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class TensorStatistics:
    """What a tensor's cells are like; every number but the counts is over the finite cells, None if there are none.

    `not_finite` counts NaN and ±Inf, `zeros` is the share of all cells that are ±0.0, `std` that of the population,
    `norm` the L2 norm, `limit` that of the heat map (`robust_limit`). A number beyond the largest float64 (the norm of
    cells near 1e308) is None.
    """

    count: int
    not_finite: int
    zeros: float
    mean: float | None = None
    std: float | None = None
    min: float | None = None
    max: float | None = None
    q05: float | None = None
    q25: float | None = None
    median: float | None = None
    q75: float | None = None
    q95: float | None = None
    norm: float | None = None
    limit: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


def tensor_statistics(source: Array | Cells) -> TensorStatistics:
    """Return the statistics of a tensor of any numeric dtype and shape, accumulated in float64, block by block."""
    cells = cells_of(source)
    scan = _scan(cells)
    zeros = scan.zeros / cells.size if cells.size else 0.0
    if not scan.finite:
        return TensorStatistics(cells.size, cells.size, zeros)
    moments, scale = _moments(cells, safe_scale(max(abs(scan.low), abs(scan.high))))
    q05, q25, median, q75, q95 = quantiles(cells, QUANTILES).tolist()
    return TensorStatistics(
        count=cells.size,
        not_finite=cells.size - scan.finite,
        zeros=zeros,
        mean=_bounded(float(moments.mean[0]), scale),
        std=_bounded(math.sqrt(moments.products[0, 0] / scan.finite), scale),
        min=scan.low,
        max=scan.high,
        q05=q05,
        q25=q25,
        median=median,
        q75=q75,
        q95=q95,
        norm=_bounded(math.sqrt(moments.raw_products[0, 0]), scale),
        limit=robust_limit(cells),
    )


def l2_norm(source: Array | Cells) -> float:
    """Return the L2 norm of the finite cells, 0 if there are none, inf beyond the largest float64."""
    cells = cells_of(source)
    scan = _scan(cells)
    if not scan.finite:
        return 0.0
    moments, scale = _moments(cells, safe_scale(max(abs(scan.low), abs(scan.high))))
    return math.sqrt(moments.raw_products[0, 0]) / scale


class _Scan(NamedTuple):
    finite: int
    zeros: int
    low: float
    high: float


def _scan(cells: Cells) -> _Scan:
    finite, zeros, low, high = 0, 0, math.inf, -math.inf
    for _, block in cells.blocks():
        values = _finite(block)
        finite += values.size
        zeros += values.size - int(np.count_nonzero(values))
        low = min(low, float(values.min(initial=math.inf)))
        high = max(high, float(values.max(initial=-math.inf)))
    return _Scan(finite, zeros, low, high)


def _moments(cells: Cells, scale: float) -> tuple[Moments, float]:
    moments = Moments(1)
    for _, block in cells.blocks():
        values = _finite(block)
        moments.add((values * scale if scale != 1.0 else values)[None, :])
    return moments, scale


def _finite(values: Array) -> Array:
    finite = np.isfinite(values)
    return values if finite.all() else values[finite]


def _bounded(number: float, scale: float) -> float | None:
    """Return a scaled number in its own unit, None beyond the largest float64."""
    number = number / scale
    return number if math.isfinite(number) else None
