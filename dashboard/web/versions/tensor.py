"""The page of a tensor: its table, in windows of cells that each have an address, a heat map and its distribution."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from flask import Blueprint, render_template

from dashboard.charts.images import HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH, Size, drawn_size
from dashboard.http import workspace
from dashboard.records.network import Version
from dashboard.records.tensor import BINS, TensorInfo, cell_name
from dashboard.records.units import counted_axis, unit_word
from dashboard.services.versions import analyses
from dashboard.services.versions import tensors as service
from dashboard.services.versions.reading import get_detail
from dashboard.services.versions.tensors import WINDOW_ROWS, Window
from dashboard.web.kit.formats import aligned, decimals_for, exact, plural, shade
from dashboard.web.kit.formats import number as written
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Exports, exports
from dashboard.web.kit.urls import address, api_address
from dashboard.web.versions.page import Chip, far_out
from dashboard.web.versions.snippets import snippets
from dashboard.web.versions.words import tensor_sentence

blueprint = Blueprint("tensors", __name__)

OUTLIERS_NAMED = 4
COLUMNS_SHOWN, VECTOR_ROWS = 16, 200
"""So many columns stand next to the heat map at 1440 pixels; of a table of one column so many rows are a window."""
MOST_SEARCHED = 10**6


@blueprint.get("/networks/<name>/versions/<int:number>/tensors/<tensor_name:tensor>")
def show(name: str, number: int, tensor: str) -> str:
    """Show a window of a tensor's table."""
    detail = get_detail(workspace(), name, number)
    version = detail.version
    info = next((info for info in detail.tensors if info.name == tensor), None)
    if info is None:
        _, info = service.find_tensor(workspace(), name, number, tensor)  # raises NotFound with the nearest names
    place = {"name": version.network, "number": version.number, "tensor": info.name}
    path = ("networks", version.network, "versions", version.number, "tensors")
    return render_template(
        "tensors/show.html",
        version=version,
        info=info,
        sentence=tensor_sentence(info.shape, info.statistics),
        chip_list=_chips(info) + _outliers(version, info),
        previous=_in_version(detail.before),
        next=_in_version(detail.after),
        window=_window(version, info),
        unit=(unit_word(info, version.kind).capitalize(), counted_axis(info, version.kind)),
        map=_map(version, info),
        is_drawn=query().draws(info.cells),
        anyway=query().address(draw=1),
        bins=BINS,
        figure=address("versions.distribution_of", v=info.sha256[:12], **place),
        exports=exports("versions.distribution", **place),
        csv=(csv := api_address(*path, f"{info.name}.csv")),
        snippets=snippets(version, info, csv),
        reference=f"{version.reference} {info.name}",
        cell_json=api_address(*path, f"{info.name}.json"),
        npy=api_address(*path, f"{info.name}.npy"),
    )


class Cell(NamedTuple):
    """A cell as it is shown: its number in short and with all its digits, the class that shades it, and its length.

    That is its share of the weight that is shaded most, for a bar.
    """

    written: str
    full: str
    css: str
    share: float


@dataclass(frozen=True)
class ShownWindow:
    """The window of cells that the page shows; `limit` is the weight that is shaded most, `name` the selected cell."""

    cells: Window
    limit: float
    name: str

    @property
    def rows(self) -> list[tuple[int, list[Cell]]]:
        """The number and the cells of each row."""
        table = self.cells.cells
        values = (table if table.dtype.kind in "iubf" else table.astype(np.float64)).tolist()
        rows = [(row, list(map(self._cell, cells))) for row, cells in zip(self.cells.rows, values, strict=True)]
        if self.name:
            row, (first, *others) = rows[0]
            rows[0] = row, [first._replace(css=f"{first.css} here"), *others]
        return rows

    def _cell(self, value: float) -> Cell:
        share = value / self.limit if math.isfinite(value) else 0.0
        digits = exact(value, self.cells.tensor.dtype)
        return Cell(aligned(value, self.decimals), digits, shade(value, self.limit), share)

    @cached_property
    def decimals(self) -> int | None:
        """With how many decimals numbers are written, so that they are below each other."""
        return decimals_for(self.limit)

    @property
    def is_vector(self) -> bool:
        """Whether the table has one column, and is shown as rows next to each other with bars."""
        return self.cells.columns_total == 1

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The words and the addresses of the neighbouring windows; an address is empty where there is none."""
        row, column, height = self.cells.rows.start, self.cells.columns.start, window_rows(self.cells.columns_total)
        below, last = row + height < self.cells.rows_total, max(self.cells.rows_total - height, 0)
        to_the_right = column + COLUMNS_SHOWN < self.cells.columns_total
        return [
            ("⇤ left", _at(row, max(column - COLUMNS_SHOWN, 0)) if column else ""),
            ("right ⇥", _at(row, column + COLUMNS_SHOWN) if to_the_right else ""),
            ("↑ up", _at(max(row - height, 0), column) if row else ""),
            ("down ↓", _at(row + height, column) if below else ""),
            ("last row", _at(last, column) if below else ""),
        ]

    @property
    def exports(self) -> Exports:
        """The addresses of the window's numbers."""
        version, rows, columns = self.cells.version, self.cells.rows, self.cells.columns
        path = ("networks", version.network, "versions", version.number, "tensors")
        part = {"row": rows.start, "column": columns.start, "rows": len(rows), "columns": len(columns)}
        return Exports(*(api_address(*path, f"{self.cells.tensor.name}.{kind}", **part) for kind in Exports._fields))


class HeatMapPicture(NamedTuple):
    """The picture of the whole table in both themes; `is_pooled` says that a pixel stands for several cells."""

    light: str
    dark: str
    size: Size
    is_pooled: bool


def shade_limit(statistics: Mapping[str, Any]) -> float:
    """Return the weight at which the shading of cells is strongest: that of the heat map, stored with the tensor."""
    return float(statistics["limit"] or 1.0)


def window_rows(columns: int) -> int:
    """Return how many rows a window of a table with so many columns has: of one column they stand side by side."""
    return VECTOR_ROWS if columns == 1 else WINDOW_ROWS


def _window(version: Version, info: TensorInfo) -> ShownWindow | None:
    """Return the window that the address names; None for a tensor without cells."""
    if not info.cells:
        return None
    row, column = query().number("row"), query().number("column")
    size = window_rows(info.columns), COLUMNS_SHOWN
    cells = service.window(workspace(), version, info, row, column, *size)
    is_selected = not {"row", "column"}.isdisjoint(query().args)
    return ShownWindow(cells, shade_limit(info.statistics), cell_name(info.shape, row, column) if is_selected else "")


def _at(row: int, column: int) -> str:
    return query().address(row=row, column=column)


def _in_version(number: int | None) -> str:
    """Return the address of the same window in another version."""
    return query().address(number=number) if number is not None else ""


def _chips(info: TensorInfo) -> list[Chip]:
    odd, zeros = info.statistics["not_finite"], info.statistics["zeros"]
    chips = [("bad", f"{plural(odd, 'cell')} NaN or Inf", "")] if odd else []
    return [*chips, ("warn", "all zero", "")] if zeros == 1 else chips


def _outliers(version: Version, info: TensorInfo) -> list[Chip]:
    """Return chips that name the farthest outliers in Tukey's sense; of a large tensor by its stored numbers."""
    if info.cells > MOST_SEARCHED or None in {info.statistics["q25"], info.statistics["q75"]}:
        value = far_out(info.statistics)
        return [] if value is None else [("warn", f"an outlier: {written(value)}", "")]
    outliers = analyses.tensor_outliers(workspace(), version, info, OUTLIERS_NAMED)
    named = [
        ("", f"{written(value)} at {cell_name(info.shape, row, column)}", query().address(row=row, column=column))
        for row, column, value in outliers.cells
    ]
    beyond = f"{plural(outliers.count, 'outlier')} beyond {written(outliers.low)} and {written(outliers.high)}"
    return [("warn", beyond, ""), *named] if named else []


def _map(version: Version, info: TensorInfo) -> HeatMapPicture:
    place = {"name": version.network, "number": version.number, "tensor": info.name, "v": info.sha256[:12]}
    return HeatMapPicture(
        address("versions.heat_map", theme="light", **place),
        address("versions.heat_map", theme="dark", **place),
        drawn_size(info.rows, info.columns),
        info.rows > HEAT_MAP_HEIGHT or info.columns > HEAT_MAP_WIDTH,
    )
