"""Names for what the engine computes with: arrays of any shape, and the fixed numbers of its formulas."""

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

# As 0-d arrays a ufunc takes them without the conversion that a Python number costs at every call (a third of
# a small network's step); all are exact in float32, so that they serve float64 just as well.
ZERO = np.zeros((), np.float32)
HALF = np.full((), 0.5, np.float32)
ONE = np.ones((), np.float32)


def columns(rows: int, width: int, dtype: np.dtype[np.generic]) -> Array:
    """Return an array (rows, width) that is stored column by column.

    The output layer's values are stored this way: a softmax over ten outputs runs along the batch, 2 to 4 times
    quicker.
    """
    return np.zeros((width, rows), dtype).T
