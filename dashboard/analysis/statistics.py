"""A tensor in a few numbers, taken once when a version is saved so that lists of tensors read no weights."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class TensorStatistics(NamedTuple):
    """What a tensor's cells are like; every number but the counts is over the finite cells, None if there are none.

    `zeros` is the share of all cells that are ±0.0, `norm` the L2 norm, `std` that of the population.
    """

    count: int
    not_finite: int
    zeros: float
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    q05: float | None
    q25: float | None
    median: float | None
    q75: float | None
    q95: float | None
    norm: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return self._asdict()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TensorStatistics":
        """Return the statistics that `to_json` wrote."""
        return cls(**data)


def tensor_statistics(array: np.ndarray[Any, Any]) -> TensorStatistics:
    """Return the statistics of a tensor of any numeric dtype and shape, accumulated in float64."""
    values = np.asarray(array).reshape(-1).astype(np.float64)
    finite = values[np.isfinite(values)]
    zeros = float(np.count_nonzero(values == 0) / values.size) if values.size else 0.0
    if not finite.size:
        return TensorStatistics(values.size, values.size, zeros, *([None] * 10))
    low, high = float(finite.min()), float(finite.max())
    quantiles = np.quantile(finite, QUANTILES)
    # Scaled by the largest value, so that squares of the largest doubles do not overflow.
    scale = max(abs(low), abs(high)) or 1.0
    scaled = finite / scale
    mean = float(scaled.mean())
    std = math.sqrt(float(np.square(scaled - mean).mean()))
    norm = math.sqrt(float(np.dot(scaled, scaled)))
    return TensorStatistics(
        values.size,
        values.size - finite.size,
        zeros,
        *(_bounded(number * scale) for number in (mean, std)),
        low,
        high,
        *(float(quantile) for quantile in quantiles),
        _bounded(norm * scale),
    )


def unit_norms(table: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the L2 norm of each unit: table (inputs, units) -> (units,) float64."""
    return np.sqrt(np.square(np.asarray(table, dtype=np.float64)).sum(axis=0))


def _bounded(number: float) -> float | None:
    """Return a number that JSON can say; beyond the largest double there is none."""
    return number if math.isfinite(number) else None
