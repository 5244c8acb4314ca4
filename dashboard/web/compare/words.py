"""Sentences that say what changed: between two versions, in a tensor, in a unit, in one cell."""

from collections.abc import Sequence
from typing import Any

from dashboard.metrics import metric_words
from dashboard.records.tensor import TensorInfo, cell_name
from dashboard.web.kit.formats import change, full, number, percent, plural

Cell = Any  # a CellChange of the analysis
LINES = {"column": ("unit", "input"), "row": ("input", "unit")}
"""What a column and a row of a table are, and what its cells are counted by."""


def comparison_sentence(statuses: Sequence[str], largest: tuple[str, float | None] | None, score: str) -> str:
    """Say whether two versions differ, where most, and what that did to the score."""
    changed = sum(status == "changed" for status in statuses)
    if all(status == "equal" for status in statuses):
        return f"Identical: every tensor is equal, bit for bit.{' ' + score if score else ''}"
    text = f"{changed} of {plural(len(statuses), 'tensor')} changed"
    if largest and largest[1] is not None:
        text += f", {largest[0]} most ({percent(largest[1])} of its norm)"
    unpaired = sum(status in {"added", "removed", "reshaped"} for status in statuses)
    if unpaired:
        text += f"; {unpaired} without a counterpart"
    return f"{text}.{' ' + score if score else ''}"


def one_cell_sentence(tensor: TensorInfo, cell: Cell) -> str:
    """Say which one cell of all is another one, with all the digits: the change may be in the last of them."""
    return f"Only one weight differs: {tensor.name} {cell_name(tensor.shape, cell.row, cell.column)}, {became(cell)}."


def became(cell: Cell) -> str:
    """Say what a cell became, with all the digits."""
    return f"{full(cell.base)} became {full(cell.other)}"


def score_sentence(metric: str, base: float, other: float) -> str:
    """Say what became of the score."""
    if base == other:
        return f"The {metric_words(metric)} stayed at {number(base)}."
    verb = "rose" if other > base else "fell"
    return f"The {metric_words(metric)} {verb} from {number(base)} to {number(other)}."


def change_sentence(
    numbers: Any,  # noqa: ANN401 - a TensorDifference
    units: Sequence[int],
    unchanged_rows: int,
    shape: Sequence[int] = (),
    first: Cell | None = None,
) -> str:
    """Say what changed in one tensor; of one cell that is the only one (`first`), what became of it."""
    if numbers.identical:
        return "Equal, bit for bit."
    if numbers.changed == 1 and first is not None:
        name = cell_name(shape, first.row, first.column)
        return f"1 of {plural(numbers.count, 'weight')} changed: {name}, {became(first)}."
    text = f"{numbers.changed:,} of {plural(numbers.count, 'weight')} changed ({percent(numbers.changed_share)})"
    if numbers.relative is not None:
        text += f"; the change is {percent(numbers.relative)} of the tensor's norm"
    text += f"; mean |Δ| {number(numbers.mean_abs)}, largest {number(numbers.max_abs)}."
    if units:
        text += f" Most moved: units {', '.join(map(str, units))}."
    if unchanged_rows:
        text += f" {plural(unchanged_rows, 'input')} never changed."
    return text


def unit_sentence(found: Any, axis: str) -> str:  # noqa: ANN401 - a UnitDetail of the services
    """Say how far one unit has moved, among how many."""
    unit, length = found.unit, found.cells.shape[1]
    name, along = LINES[axis]
    if not unit.changed:
        return f"Equal, bit for bit: none of its {plural(length, 'weight')} changed."
    text = f"{unit.changed:,} of {plural(length, 'weight')} changed; L2 of Δ {number(unit.norm)}, "
    text += f"place {found.place:,} of {plural(found.units, name)}"
    if not unit.norm:
        return f"{text}."
    largest = found.largest[0]
    return f"{text}; largest {change(largest.change)} at {along} {largest.row if axis == 'column' else largest.column}."


def cell_sentence(found: Any) -> str:  # noqa: ANN401 - a CellDetail of the services
    """Say what became of one cell."""
    cell, rank = found.cell, found.rank
    if found.bits[0] == found.bits[1]:
        return f"Equal, bit for bit: {full(cell.base)} on both sides."
    text = f"{became(cell)}: "
    if rank.place is None:
        return f"{text}a change of bits that no number measures."
    largest = "the largest change" if rank.place == 1 else f"the change at place {rank.place:,}"
    return f"{text}{change(cell.change)}, {largest} of {plural(found.pair.difference().count, 'weight')}."
