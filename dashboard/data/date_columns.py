"""Columns of dates as numbers: year, month, day, weekday, hour, and the days since the first date."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.data.block_reader import read_blocks
from dashboard.data.blocks import MISSING, NUMBER, WORD, ColumnBlock, Reading, TextBlock
from dashboard.data.csv_format import CsvFormat
from dashboard.data.dates import ORDERS, PARTS, moment

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DateColumn:
    """How a column of dates becomes numbers: the order of its dates, the first date in days, and the chosen parts."""

    name: str
    order: str
    first: float
    parts: tuple[str, ...]

    @property
    def inputs(self) -> list[str]:
        """The names of its numbers: when.year, when.days."""
        return [f"{self.name}.{part}" for part in self.parts]

    @property
    def first_day(self) -> str:
        """The first date, from which days are counted, as 2024-12-31."""
        return date.fromordinal(int(self.first)).isoformat() if 1 <= self.first <= date.max.toordinal() else ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `from_json` reads them back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "DateColumn":
        """Return the column that `to_json` wrote."""
        return cls(**{**data, "parts": tuple(data["parts"])})

    def blocks(self, column: ColumnBlock) -> dict[str, ColumnBlock]:
        """Return the numbers of a block, by their names; what is no date in this order is a word in each of them."""
        numbers = _numbers(column, self.order)
        is_date = ~np.isnan(numbers[:, 0])
        kinds = np.where(column.by_text.kinds == MISSING, MISSING, np.where(is_date, NUMBER, WORD)).astype(np.int8)
        numbers[:, PARTS.index("days")] -= self.first
        return {
            f"{self.name}.{part}": TextBlock(
                column.by_text._replace(kinds=kinds, numbers=numbers[:, PARTS.index(part)])
            )
            for part in self.parts
        }


def date_columns(
    path: Path,
    csv_format: CsvFormat,
    names: Sequence[str],
    orders: Mapping[str, str],
    readings: Mapping[str, Reading],
    every_part: bool = False,
) -> list[DateColumn]:
    """Return how columns of dates, name -> order, become numbers: with the parts that vary, and always the days.

    The file is read for it once more, these columns alone. With `every_part` parts that are the same in all rows count.
    """
    dates = [name for name in names if name in orders]
    if not dates:
        return []
    ranges = {name: _Ranges(orders[name]) for name in dates}
    places = [names.index(name) for name in dates]
    for block in read_blocks(path, csv_format, len(names), places, [readings[name] for name in dates]):
        for name, column in zip(dates, block, strict=True):
            ranges[name].add(column)
    return [ranges[name].column(name, every_part) for name in dates]


class _Ranges:
    """The lowest and highest number of each part of a column's dates so far."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.low, self.high = np.full(len(PARTS), np.inf), np.full(len(PARTS), -np.inf)

    def add(self, column: ColumnBlock) -> None:
        numbers = _numbers(column, self.order)
        self.low = np.minimum(self.low, np.fmin.reduce(numbers, axis=0, initial=np.inf))
        self.high = np.maximum(self.high, np.fmax.reduce(numbers, axis=0, initial=-np.inf))

    def column(self, name: str, every_part: bool) -> DateColumn:
        varies = dict(zip(PARTS, (self.low < self.high).tolist(), strict=True))
        parts = tuple(part for part in PARTS if every_part or varies[part] or part == "days")
        low = float(self.low[PARTS.index("days")])
        return DateColumn(name, self.order, float(np.floor(low)) if np.isfinite(low) else 0.0, parts)


def _numbers(column: ColumnBlock, order: str) -> Floats:
    """Return the numbers of each distinct text, (texts, PARTS); NaN where it is missing or no date."""
    kinds = column.by_text.kinds.tolist()
    numbers = np.full((len(kinds), len(PARTS)), np.nan)
    for place, (kind, text) in enumerate(zip(kinds, column.names(), strict=True)):
        own = moment(text, order) if kind != MISSING else None
        if own is not None:
            numbers[place] = own
    return numbers


def as_written(
    path: Path, csv_format: CsvFormat, names: Sequence[str], dates: Sequence[DateColumn], readings: Sequence[Reading]
) -> list[DateColumn]:
    """Return columns of dates, each with the order that a file has them in: its own, else the only one that fits."""
    if not dates:
        return []
    left = [list(ORDERS) for _ in dates]
    for block in read_blocks(path, csv_format, len(names), [names.index(one.name) for one in dates], readings):
        for orders, column in zip(left, block, strict=True):
            for order in list(orders):
                known = column.by_text.kinds != MISSING
                if np.isnan(_numbers(column, order)[known, 0]).any():
                    orders.remove(order)
    return [
        one if one.order in orders or len(orders) != 1 else replace(one, order=orders[0])
        for one, orders in zip(dates, left, strict=True)
    ]
