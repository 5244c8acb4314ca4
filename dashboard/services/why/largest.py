"""The cells with the largest shares, found block by block: a tensor may have many millions of cells."""

import numpy as np
from numpy.typing import NDArray

from dashboard.weights.dtypes import Array

BLOCK = 1 << 20


def largest(shares: Array, count: int, block: int = BLOCK) -> NDArray[np.intp]:
    """Return the places of the shares (cells,) that are largest in size, at most `count`, the largest first.

    Shares of 0 are left out; of equal ones the first in the tensor come first.
    """
    best = np.empty(0, np.intp)
    for start in range(0, len(shares), block):
        places = np.concatenate([best, np.flatnonzero(shares[start : start + block]) + start])
        best = places[np.argsort(-np.abs(shares[places]), kind="stable")[:count]]
    return best
