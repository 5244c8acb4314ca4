"""Layer health from the stored tables alone: units that are dead, duplicate or saturating.

A layer is its weight table (inputs, units) with the bias (units,) if it has one, and the weight table of the next
layer (units, outputs) if there is one. Units are named by their numbers.
"""

import hashlib
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, cells_of, finite_or_zero
from dashboard.analysis.statistics import unit_norms

MEANINGS = {
    "deaf": "All weights into the unit are zero: its output never changes.",
    "unheard": "All weights out of the unit are zero: its output is never used.",
    "silent": "No input within the stated range can lift the unit above zero: behind a ReLU it is never active.",
    "duplicates": "These units have the same weights and bias, bit for bit: all but one are wasted.",
    "constant": "All weights into the unit are equal: it sees only the sum of its inputs.",
    "saturating": "With inputs of unit size the unit's sum is typically beyond ±4, where sigmoid and tanh are flat.",
}
"""What each finding means, in one sentence."""

FLAT_FROM = 4.0
"""The sigmoid of 4 is 0.982: its slope there is 7 % of that at 0."""


class LayerHealth(NamedTuple):
    """The units of each finding (see `MEANINGS`); `duplicates` are groups of two or more."""

    units: int
    deaf: tuple[int, ...]
    unheard: tuple[int, ...]
    silent: tuple[int, ...]
    constant: tuple[int, ...]
    saturating: tuple[int, ...]
    duplicates: tuple[tuple[int, ...], ...]

    @property
    def dead(self) -> tuple[int, ...]:
        """The units that contribute nothing: without input weights, without output weights, or never active."""
        return tuple(sorted({*self.deaf, *self.unheard, *self.silent}))


def layer_health(
    weight: Array, bias: Array | None = None, after: Array | None = None, inputs: tuple[float, float] | None = None
) -> LayerHealth:
    """Return the findings about one layer; `silent` only where the range (low, high) of its inputs is known.

    `weight` is (inputs, units), `bias` (units,), `after` (units, outputs); cells that are not finite count as 0.
    """
    lows, highs = unit_ranges(weight)
    no_input = (lows == 0) & (highs == 0)
    above_zero = None if inputs is None else largest_sums(weight, bias, inputs) > 0
    return LayerHealth(
        units=lows.size,
        deaf=_numbers(no_input),
        unheard=() if after is None else _numbers(~_rows_in_use(after)),
        silent=() if above_zero is None else _numbers(~above_zero),
        constant=_numbers((lows == highs) & ~no_input) if weight.shape[0] > 1 else (),
        saturating=_numbers(unit_norms(weight) > FLAT_FROM),
        duplicates=duplicate_units(weight, bias),
    )


def unit_ranges(weight: Array) -> tuple[Array, Array]:
    """Return the smallest and the largest weight into each unit: two arrays (units,)."""
    cells = cells_of(weight)
    lows, highs = np.full(cells.columns, np.inf), np.full(cells.columns, -np.inf)
    for _, band in cells.bands():
        values = finite_or_zero(band)
        np.minimum(lows, values.min(axis=0, initial=np.inf), out=lows)
        np.maximum(highs, values.max(axis=0, initial=-np.inf), out=highs)
    return (lows, highs) if cells.rows else (np.zeros(cells.columns), np.zeros(cells.columns))


def largest_sums(weight: Array, bias: Array | None, inputs: tuple[float, float]) -> Array:
    """Return the largest sum that inputs between (low, high) can give each unit: (units,)."""
    cells = cells_of(weight)
    sums = np.zeros(cells.columns) if bias is None else finite_or_zero(np.asarray(bias, dtype=np.float64))
    low, high = inputs
    for _, band in cells.bands():
        values = finite_or_zero(band)
        sums = sums + np.maximum(values * low, values * high).sum(axis=0)
    return sums


def duplicate_units(weight: Array, bias: Array | None = None) -> tuple[tuple[int, ...], ...]:
    """Return groups of units whose weights and bias have the same bits, in the order of their first units."""
    cells = cells_of(weight)
    table = cells.flat.reshape(cells.rows, cells.columns)
    groups: dict[bytes, list[int]] = defaultdict(list)
    for unit in range(cells.columns if cells.rows else 0):
        # A digest takes less memory than the column.
        content = hashlib.blake2b(table[:, unit].tobytes(), digest_size=20)
        content.update(b"" if bias is None else bias[unit].tobytes())
        groups[content.digest()].append(unit)
    return tuple(tuple(units) for units in groups.values() if len(units) > 1)


def _rows_in_use(table: Array) -> Array:
    cells = cells_of(table)
    used = [finite_or_zero(band).any(axis=1) for _, band in cells.bands()]
    return np.concatenate(used) if used else np.zeros(0, dtype=bool)


def _numbers(flags: Array) -> tuple[int, ...]:
    return tuple(np.flatnonzero(flags).tolist())
