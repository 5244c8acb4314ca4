"""What changed between two versions as numbers, figures and pictures, at the addresses where the pages show them."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from dashboard.charts.figures import change_figure, distribution_figure
from dashboard.charts.joint import joint_figure
from dashboard.services.compare import detail as details
from dashboard.services.compare import pictures
from dashboard.services.compare.pictures import Points
from dashboard.services.compare.versions import sides
from dashboard.web.compare import page as lines
from dashboard.web.compare.query import asked, asked_axis, asked_map, asked_pair, chosen, compared, hides_equal
from dashboard.web.kit.answers import cached_until_changed, png_answer
from dashboard.web.kit.query import asked_bins, query_number, workspace
from dashboard.web.kit.tables import Numbers, numbers_at

blueprint = Blueprint("changes", __name__, url_prefix="/compare")

MOST_CELLS = 10_000
GRID = 80
"""Of a scatter with too many points: bins to a side."""


@numbers_at(blueprint, "/tensors")
def tensors() -> Numbers:
    """Say how far each tensor has moved, in the order of the page."""
    shown = lines.shown_tensors(compared(), request.args.get("sort", ""), hides_equal())
    return Numbers(lines.TENSOR_HEADS, map(lines.tensor_numbers, shown), _file_name("tensors"))


@numbers_at(blueprint, "/metrics")
def metrics() -> Numbers:
    """Say the metrics side by side."""
    rows = [[fact.name, fact.base, fact.other, fact.equal] for fact in compared(0).metrics]
    return Numbers(["metric", "base", "other", "equal"], rows, _file_name("metrics"))


@numbers_at(blueprint, "/settings")
def settings() -> Numbers:
    """Say the settings side by side."""
    rows = [[fact.name, fact.base, fact.other, fact.equal] for fact in compared(0).settings]
    return Numbers(["setting", "base", "other", "equal"], rows, _file_name("settings"))


@numbers_at(blueprint, "/units")
def units() -> Numbers:
    """Say how far each unit (or with axis=row each input) of the tensor has moved, the farthest first."""
    changes = details.unit_changes(asked_pair(), asked_axis())
    return Numbers(["unit", "norm", "max_abs", "changed"], changes.ranked(), _file_name("units"))


@numbers_at(blueprint, "/cells")
def cells() -> Numbers:
    """Say which cells of the tensor changed most."""
    found = details.top_cells(asked_pair(), query_number("count", lines.CELLS_SHOWN, 1, MOST_CELLS))
    return Numbers(["row", "column", "base", "other", "change"], found, _file_name("cells"))


@numbers_at(blueprint, "/unit")
def unit_numbers() -> Numbers:
    """Say both sides of every cell of one unit."""
    axis, number = asked_axis(), query_number("unit", 0)
    found = details.unit_detail(asked_pair(), axis, number)
    rows = ([cell, *sides] for cell, sides in enumerate(found.cells.T.tolist()))
    along = "row" if axis == "column" else "column"
    return Numbers([along, "base", "other", "change"], rows, _file_name(f"{axis}_{number}"))


@numbers_at(blueprint, "/cell")
def cell_numbers() -> Numbers:
    """Say all that is known about the change of one cell."""
    row, column = query_number("row", 0), query_number("column", 0)
    found = details.cell_detail(asked_pair(), row, column)
    heads = ["row", "column", "base", "other", "change", "ulps", "base_bits", "other_bits", "place"]
    return Numbers(heads, [[*found.cell, found.ulps, *found.bits, found.rank.place]], _file_name("cell"))


@numbers_at(blueprint, "/map")
def map_numbers() -> Numbers:
    """Say what the map shows: a line for each unit, its change from each input."""
    found = pictures.map_numbers(asked_pair(), asked_map())
    rows = ([unit, *changes] for unit, changes in zip(found.units, found.changes.tolist(), strict=True))
    return Numbers(["unit", *(f"input_{number}" for number in found.inputs)], rows, _file_name("map"))


@numbers_at(blueprint, "/distributions")
def distributions() -> Numbers:
    """Say how many weights of each side lie in each bin."""
    bins, limits, _ = asked_bins()
    found = pictures.sides_distribution(asked_pair(), bins, limits)
    edges, (base, other) = found.edges.tolist(), (counts.tolist() for counts in found.counts)
    rows = zip(edges[:-1], edges[1:], base, other, strict=True)
    return Numbers(["from", "to", "base", "other"], rows, _file_name("distributions"))


@numbers_at(blueprint, "/changes")
def changes() -> Numbers:
    """Say how many weights changed by how much."""
    bins, limits, _ = asked_bins()
    found = pictures.change_distribution(asked_pair(), bins, limits)
    edges = found.edges.tolist()
    rows = zip(edges[:-1], edges[1:], found.counts[0].tolist(), strict=True)
    return Numbers(["from", "to", "cells"], rows, _file_name("changes"))


@numbers_at(blueprint, "/scatter")
def scatter() -> Numbers:
    """Say which value of the base goes with which of the other: cell by cell, or counted on a grid."""
    found = _against()
    if isinstance(found, Points):
        rows: Iterable[Any] = zip(*(part.tolist() for part in found), strict=True)
        return Numbers(["row", "column", "base", "other"], rows, _file_name("scatter"))
    edges, (first, second) = found.edges, found.counts.nonzero()
    parts = (edges[first], edges[first + 1], edges[second], edges[second + 1], found.counts[first, second])
    rows = zip(*(part.tolist() for part in parts), strict=True)
    return Numbers(["base_from", "base_to", "other_from", "other_to", "cells"], rows, _file_name("scatter"))


@blueprint.get("/distributions.figure")
def distributions_figure() -> Response:
    """Send the weights of both sides on shared bins as a figure."""
    bins, limits, log = asked_bins()
    found = pictures.sides_distribution(asked_pair(), bins, limits)
    return cached_until_changed(jsonify(distribution_figure(found, list(asked()[:2]), log)), _mark())


@blueprint.get("/changes.figure")
def changes_figure() -> Response:
    """Send the distribution of the change as a figure."""
    bins, limits, log = asked_bins()
    found = pictures.change_distribution(asked_pair(), bins, limits)
    return cached_until_changed(jsonify(change_figure(found, log)), _mark())


@blueprint.get("/scatter.figure")
def scatter_figure() -> Response:
    """Send base against other as a figure."""
    return cached_until_changed(jsonify(joint_figure(_against(), *asked()[:2])), _mark())


@blueprint.get("/heat-map.png")
def heat_map() -> Response:
    """Send the change of a tensor, or a part of it, as a picture, units as rows."""
    part = asked_map()
    return png_answer(lambda theme: pictures.change_map_png(asked_pair(), part, theme), _mark())


@blueprint.get("/unit.png")
def unit_picture() -> Response:
    """Send one unit's weights before or after, or their change, as a picture."""
    number, side = query_number("unit", 0), chosen("side", pictures.SIDES)
    return png_answer(lambda theme: pictures.unit_change_png(asked_pair(), number, side, theme), _mark())


def _against() -> Any:  # noqa: ANN401 - JointCounts of the analysis, or Points
    _, limits, _ = asked_bins()
    return pictures.base_against_other(asked_pair(), GRID, limits)


def _mark() -> str:
    """Return what the answer depends on beside its address: the content of both versions."""
    return " ".join(side.version.sha256 for side in sides(workspace(), asked()))


def _file_name(what: str) -> str:
    base, other, _ = asked()
    return f"{base}_to_{other}_{what}"
