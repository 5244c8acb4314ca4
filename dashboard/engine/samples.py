"""What a network is trained or measured on: arrays that are never copied, and an index of rows into them."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from dashboard.engine.arrays import Array


@dataclass(frozen=True, eq=False)
class Samples:
    """Records with their targets; a selection shares the arrays and keeps only the numbers of its rows.

    `inputs` is (rows, inputs) of any numeric dtype, possibly a read-only memory map; an input x reaches the network
    as x · scale + offset, batch by batch (scalars, or one number an input). `targets` is (rows,) integer codes of
    classes, or (rows, outputs) numbers for a regression. With `groups`, how many classes each of several targets has,
    it is (rows, groups) codes. `low` and `high` are what a class output should say for
    "no" and "yes" (0.01 and 0.99 in the book). `units` (a scalar, or one number an output) is what an error of 1 is in
    the unit in which errors are measured. `rows` selects: (selected,) indices, or None for all rows in order.
    """

    inputs: Array
    targets: Array
    scale: Array | float = 1.0
    offset: Array | float = 0.0
    low: float = 0.0
    high: float = 1.0
    rows: Array | None = None
    units: Array | float = 1.0
    groups: tuple[int, ...] = ()

    def __len__(self) -> int:
        """Return how many rows are selected."""
        return len(self.inputs) if self.rows is None else len(self.rows)

    def take(self, rows: Array) -> "Samples":
        """Select by indices into this selection, copying nothing but them."""
        chosen = np.asarray(rows, dtype=np.intp)
        return dataclasses.replace(self, rows=chosen if self.rows is None else self.rows[chosen])

    def selected_targets(self) -> Array:
        """Return the targets of the selected rows."""
        return np.asarray(self.targets) if self.rows is None else np.asarray(self.targets)[self.rows]
