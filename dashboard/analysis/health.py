"""Layer health: units that are dead, duplicate or saturated, from stored tables and from what the units did on records.

A layer is its weight table (inputs, units) with the bias (units,) if it has one, and the weight table of the next
layer (units, outputs) if there is one. Units are named by their numbers. Tables alone prove few things; what a unit
does depends on the records it meets, so without them it is None: unknown.
"""

import hashlib
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from dashboard.analysis.activity import Activity
from dashboard.analysis.cells import Array, Cells, cells_of, finite_or_zero

MEANINGS = {
    "no_input": "All weights into the unit are zero: its output never changes.",
    "no_output": "All weights out of the unit are zero: its output is never used.",
    "never_active": "Its input is above zero on no record: a ReLU unit is dead then, a leaky ReLU or ELU unit is not.",
    "unvarying": "The unit answers every record with the same number, so that it says no more than a bias.",
    "undefined": "A weight of the unit or its answer to a record is NaN or infinite: its health is unknown.",
    "duplicates": "These units have the same weights and bias, bit for bit: all but one are wasted.",
    "constant": "All weights into the unit are equal: it sees only the sum of its inputs.",
    "saturating": "On 95 % of the records the unit's sum is beyond ±4, where sigmoid and tanh are flat.",
}
"""What each finding means, in one sentence."""


class LayerHealth(NamedTuple):
    """The units of each finding (see `MEANINGS`); `duplicates` are groups of two or more.

    `dead` are the units that contribute nothing: without weights in or out, cut off below zero by every record, or with
    the same answer to every record. Without `records`, `unvarying` and `saturating` are None, `never_active` has the
    units that no inputs of the known range can lift, and `dead` those that are dead by the tables alone: there may be
    more.
    """

    units: int
    records: int
    dead: tuple[int, ...]
    no_input: tuple[int, ...]
    no_output: tuple[int, ...]
    never_active: tuple[int, ...]
    unvarying: tuple[int, ...] | None
    undefined: tuple[int, ...]
    constant: tuple[int, ...]
    saturating: tuple[int, ...] | None
    duplicates: tuple[tuple[int, ...], ...]


class Cut(NamedTuple):
    """Of an activation that cuts off: the range (low, high) of the layer's inputs, None where it is not known."""

    inputs: tuple[float, float] | None = None


def layer_health(
    weight: Array | Cells,
    bias: Array | None = None,
    after: Array | None = None,
    cut: Cut | None = None,
    activity: Activity | None = None,
) -> LayerHealth:
    """Return the findings about one layer, from its tables and, where there are records, from what it did on them.

    `weight` is (inputs, units), `bias` (units,), `after` (units, outputs); `cut` is given for an activation that cuts
    off. A unit with a cell that is not finite is `undefined` and has no other finding from the tables.
    """
    lows, highs = unit_ranges(weight)
    odd = odd_units(weight, bias) if activity is None else odd_units(weight, bias) | activity.is_odd
    no_input = (lows == 0) & (highs == 0) & ~odd
    no_output = np.zeros(lows.size, dtype=bool) if after is None else ~_rows_in_use(after) & ~odd
    never = _never_active(weight, bias, cut, activity) & ~odd
    unvarying = activity.is_unvarying & ~odd if activity is not None else np.zeros(lows.size, dtype=bool)
    dead = no_input | no_output | unvarying | (never if cut is not None else False)
    return LayerHealth(
        units=lows.size,
        records=0 if activity is None else activity.records,
        dead=_numbers(dead),
        no_input=_numbers(no_input),
        no_output=_numbers(no_output),
        never_active=_numbers(never),
        unvarying=None if activity is None else _numbers(unvarying),
        undefined=_numbers(odd),
        constant=_numbers((lows == highs) & ~no_input & ~odd) if cells_of(weight).rows > 1 else (),
        saturating=None if activity is None else _numbers(activity.is_saturated & ~odd),
        duplicates=duplicate_units(weight, bias, odd),
    )


def _never_active(weight: Array | Cells, bias: Array | None, cut: Cut | None, activity: Activity | None) -> Array:
    """Return which units no record lifts above zero or, without records, no inputs of the known range can."""
    if activity is not None:
        return activity.is_never_active
    if cut is None or cut.inputs is None:
        return np.zeros(cells_of(weight).columns, dtype=bool)
    never: Array = largest_sums(weight, bias, cut.inputs) <= 0
    return never


def unit_ranges(weight: Array | Cells) -> tuple[Array, Array]:
    """Return the smallest and the largest finite weight into each unit: two arrays (units,)."""
    cells = cells_of(weight)
    lows, highs = np.full(cells.columns, np.inf), np.full(cells.columns, -np.inf)
    for _, band in cells.bands():
        values = finite_or_zero(band)
        np.minimum(lows, values.min(axis=0, initial=np.inf), out=lows)
        np.maximum(highs, values.max(axis=0, initial=-np.inf), out=highs)
    return (lows, highs) if cells.rows else (np.zeros(cells.columns), np.zeros(cells.columns))


def odd_units(weight: Array | Cells, bias: Array | None = None) -> Array:
    """Return which units have a weight or a bias that is NaN or infinite: (units,) of bool."""
    cells = cells_of(weight)
    odd = np.zeros(cells.columns, dtype=bool)
    for _, band in cells.bands():
        odd |= ~np.isfinite(band).all(axis=0)
    return odd if bias is None else odd | ~np.isfinite(np.asarray(bias, dtype=np.float64))


def largest_sums(weight: Array | Cells, bias: Array | None, inputs: tuple[float, float]) -> Array:
    """Return the largest sum that inputs between (low, high) can give each unit: (units,)."""
    cells = cells_of(weight)
    sums = np.zeros(cells.columns) if bias is None else finite_or_zero(np.asarray(bias, dtype=np.float64))
    low, high = inputs
    for _, band in cells.bands():
        values = finite_or_zero(band)
        sums = sums + np.maximum(values * low, values * high).sum(axis=0)
    return sums


def duplicate_units(
    weight: Array | Cells, bias: Array | None = None, odd: Array | None = None
) -> tuple[tuple[int, ...], ...]:
    """Return groups of units whose weights and bias have the same bits, in the order of their first units.

    Those that are `odd` (units,) are left out.
    """
    cells = cells_of(weight)
    groups: dict[bytes, list[int]] = defaultdict(list)
    for unit in range(cells.columns if cells.rows else 0):
        if odd is not None and odd[unit]:
            continue
        # A digest takes less memory than the column.
        content = hashlib.blake2b(cells.table[:, unit].tobytes(), digest_size=20)
        content.update(b"" if bias is None else bias[unit].tobytes())
        groups[content.digest()].append(unit)
    return tuple(tuple(units) for units in groups.values() if len(units) > 1)


def _rows_in_use(table: Array) -> Array:
    cells = cells_of(table)
    used = [(band != 0).any(axis=1) for _, band in cells.bands()]  # NaN is not 0, and spoils what it meets
    return np.concatenate(used) if used else np.zeros(0, dtype=bool)


def _numbers(flags: Array) -> tuple[int, ...]:
    return tuple(np.flatnonzero(flags).tolist())
