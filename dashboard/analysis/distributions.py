"""How weights are spread: counts in equal bins, shared by all the tensors that are looked at together."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Distribution(NamedTuple):
    """Counts of finite cells in equal bins.

    `edges` has one number more than there are bins; `counts`, `below`, `above` (cells outside the edges) and
    `not_finite` have one member for each tensor. The last bin holds its right edge.
    """

    edges: Array
    counts: tuple[Array, ...]
    below: tuple[int, ...]
    above: tuple[int, ...]
    not_finite: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and numbers by name."""
        return {
            "edges": self.edges.tolist(),
            "counts": [counts.tolist() for counts in self.counts],
            "below": list(self.below),
            "above": list(self.above),
            "not_finite": list(self.not_finite),
        }


def distribution(arrays: Sequence[Array], bins: int, limits: str = "robust") -> Distribution:
    """Return the distribution of each tensor over shared bins.

    With the limits `robust` the bins span the 0.5th to the 99.5th percentile of all tensors together, with
    `full` the smallest to the largest value. A constant tensor gets bins of a width around its value.
    """
    flats = [np.asarray(array).reshape(-1).astype(np.float64) for array in arrays]
    finite = [flat[np.isfinite(flat)] for flat in flats]
    low, high = _limits(finite, limits)
    edges = np.linspace(low, high, bins + 1)
    return Distribution(
        edges=edges,
        counts=tuple(np.histogram(values, bins=edges)[0] for values in finite),
        below=tuple(int(np.count_nonzero(values < low)) for values in finite),
        above=tuple(int(np.count_nonzero(values > high)) for values in finite),
        not_finite=tuple(flat.size - values.size for flat, values in zip(flats, finite, strict=True)),
    )


def _limits(finite: Sequence[Array], limits: str) -> tuple[float, float]:
    present = [values for values in finite if values.size]
    if not present:
        return -1.0, 1.0
    if limits == "full":
        low = min(float(values.min()) for values in present)
        high = max(float(values.max()) for values in present)
    else:
        together = np.concatenate(present)
        low, high = (float(value) for value in np.percentile(together, (0.5, 99.5)))
    if not high > low:
        margin = abs(low) * 1e-3 or 1e-3
        return low - margin, low + margin
    return low, high
