"""Tensors: the table itself, in windows, each cell with an address."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request
from markupsafe import Markup

from dashboard.charts.images import HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH, drawn_size
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo, cell_name
from dashboard.services.versions import analyses
from dashboard.services.versions import tensors as service
from dashboard.services.versions.reading import VersionDetail, get_detail
from dashboard.services.versions.tensors import Window
from dashboard.web.kit.formats import full, plural, shade
from dashboard.web.kit.formats import number as written
from dashboard.web.kit.query import BINS, query_number, wants_all, workspace
from dashboard.web.kit.tables import Exports, exports
from dashboard.web.kit.urls import address, api_address
from dashboard.web.kit.words import tensor_sentence
from dashboard.web.versions.page import far_out

blueprint = Blueprint("tensors", __name__)

OUTLIERS_NAMED = 4
MOST_SEARCHED = 10**6


@blueprint.get("/networks/<name>/versions/<int:number>/tensors/<path:tensor>")
def show(name: str, number: int, tensor: str) -> str:
    """Show a window of a tensor's table."""
    detail = get_detail(workspace(), name, number)
    version = detail.version
    info = next((found for found in detail.tensors if found.name == tensor), None)
    if info is None:
        _, info = service.find_tensor(workspace(), name, number, tensor)  # raises NotFound with the nearest names
    key = info.key(version.slug, version.number)
    found = None
    if key.rows and key.columns:
        found = service.window(workspace(), version, info, query_number("row", 0), query_number("column", 0))
    return render_template("tensors/show.html", **_about(detail, info), **_window(info, found))


def _about(detail: VersionDetail, info: TensorInfo) -> dict[str, Any]:
    version = detail.version
    path = ("networks", version.network, "versions", version.number, "tensors")
    place = {"name": version.network, "number": version.number, "tensor": info.name}
    drawn = info.statistics["count"] <= analyses.EXPENSIVE_CELLS or wants_all()
    return {
        "version": version,
        "info": info,
        "statistics": info.statistics,
        "sentence": tensor_sentence(info.shape, info.statistics),
        "chip_list": _chips(info) + _outliers(version, info),
        "previous": _neighbour(version, info, detail.before),
        "next": _neighbour(version, info, detail.after),
        "map": _map(version, info),
        "drawn": drawn,
        "anyway": address("tensors.show", **place, **(request.args.to_dict() | {"draw": "1"})),
        "bins": BINS,
        "figure": address("versions.distribution_of", v=info.sha256[:12], **place),
        "exports": exports("versions.distribution", **place),
        "csv": api_address(*path, f"{info.name}.csv"),
        "npy": api_address(*path, f"{info.name}.npy"),
        "table_name": info.table_name,
    }


def _window(info: TensorInfo, found: Window | None) -> dict[str, Any]:
    version_path = {**(request.view_args or {})}

    def at(row: int | None = None, column: int | None = None) -> str:
        return address("tensors.show", row=row, column=column, **version_path)

    if found is None:
        return {"rows": 0, "columns": 0, "heads": [], "cells": [], "first_row": 0, "first_column": 0, "here": None,
                "at": at, "page_rows": 0, "page_columns": 0, "limit": 1.0, "window_at": None}  # fmt: skip
    limit = shade_limit(info.statistics)
    first_row, first_column = found.rows.start, found.columns.start
    asked = "row" in request.args or "column" in request.args
    path = ("networks", found.version.network, "versions", found.version.number, "tensors")
    size = {"row": first_row, "column": first_column, "rows": len(found.rows), "columns": len(found.columns)}
    return {
        "rows": found.rows_total,
        "columns": found.columns_total,
        "heads": list(found.columns),
        "cells": [
            _line(row, cells, limit, asked and row == first_row)
            for row, cells in zip(found.rows, found.cells, strict=True)
        ],
        "first_row": first_row,
        "first_column": first_column,
        "here": (first_row, first_column) if asked else None,
        "at": at,
        "page_rows": service.WINDOW_ROWS,
        "page_columns": service.WINDOW_COLUMNS,
        "limit": limit,
        "window_at": Exports(*(api_address(*path, f"{info.name}.{kind}", **size) for kind in Exports._fields)),
    }


def _line(row: int, cells: Any, limit: float, marked: bool) -> dict[str, Any]:  # noqa: ANN401 - a row of an array
    """Return a row of cells, ready to be shown; made here, since a thousand cells take a template 10 ms."""
    values = [cell.item() if cell.dtype.kind in "iubf" else float(cell) for cell in cells]
    html = "".join(
        f'<td class="{shade(value, limit)}{" here" if marked and not place else ""}" title="{full(value)}">'
        f"{written(value)}</td>"
        for place, value in enumerate(values)
    )
    return {"row": row, "first": full(values[0]), "cells": Markup(html)}  # noqa: S704 - made of numbers alone


def shade_limit(statistics: Mapping[str, Any]) -> float:
    """Return the weight at which the shading of cells is strongest: that of the heat map, stored with the tensor."""
    return float(statistics["limit"] or 1.0)


def _chips(info: TensorInfo) -> list[tuple[str, str, str]]:
    odd, zeros = info.statistics["not_finite"], info.statistics["zeros"]
    chips = [("bad", f"{plural(odd, 'cell')} NaN or Inf", "")] if odd else []
    chips += [("warn", "all zero", "")] if zeros == 1 else []
    return chips


def _outliers(version: Version, info: TensorInfo) -> list[tuple[str, str, str]]:
    """Return chips that name the farthest outliers in Tukey's sense; of a large tensor what its stored numbers tell."""
    if info.statistics["count"] > MOST_SEARCHED or info.statistics["min"] is None:
        value = far_out(info.statistics)
        return [] if value is None else [("warn", f"an outlier: {written(value)}", "")]
    found = analyses.tensor_outliers(workspace(), version, info, OUTLIERS_NAMED)
    place = {"name": version.network, "number": version.number, "tensor": info.name}
    named = [
        (
            "",
            f"{written(value)} at {cell_name(info.shape, row, column)}",
            address("tensors.show", row=row, column=column, **place),
        )
        for row, column, value in found.cells
    ]
    beyond = f"{plural(found.count, 'outlier')} beyond {written(found.low)} and {written(found.high)}"
    return [("warn", beyond, ""), *named] if named else []


def _map(version: Version, info: TensorInfo) -> dict[str, Any]:
    """Return the addresses and the size of the picture of the whole table."""
    key = info.key(version.slug, version.number)
    place = {"name": version.network, "number": version.number, "tensor": info.name, "v": info.sha256[:12]}
    return {
        "light": address("versions.heat_map", theme="light", **place),
        "dark": address("versions.heat_map", theme="dark", **place),
        "size": drawn_size(key.rows, key.columns),
        "pooled": key.rows > HEAT_MAP_HEIGHT or key.columns > HEAT_MAP_WIDTH,
    }


def _neighbour(version: Version, info: TensorInfo, number: int | None) -> str:
    """Return the address of the same window in another version."""
    if number is None:
        return ""
    at = {"row": request.args.get("row"), "column": request.args.get("column")}
    return address("tensors.show", name=version.network, number=number, tensor=info.name, **at)
