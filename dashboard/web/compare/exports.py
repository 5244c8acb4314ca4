"""What changed between two versions as numbers, figures and pictures, at the addresses where the pages show them."""

import math
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, jsonify

from dashboard.charts.figures import change_figure, distribution_figure
from dashboard.charts.images import png
from dashboard.charts.joint import joint_figure
from dashboard.services.compare import detail as details
from dashboard.services.compare import pictures
from dashboard.services.compare.pairs import TensorPair
from dashboard.services.compare.pictures import Distribution, JointCounts, Points
from dashboard.services.compare.share_map import ShareMap
from dashboard.services.compare.versions import compare
from dashboard.web.compare.query import CompareQuery, compare_query, why_request
from dashboard.web.compare.tables import (
    TENSOR_COLUMNS,
    all_cells,
    cells_table,
    facts_table,
    tensors_table,
    unit_cells_table,
    units_table,
)
from dashboard.web.compare.words import pixel_words
from dashboard.web.kit.answers import cached_until_changed, png_answer
from dashboard.web.kit.tables import Numbers, Table, chosen_order, numbers_at

blueprint = Blueprint("changes", __name__, url_prefix="/compare")

CELLS_SHOWN, MOST_CELLS = 10, 10_000
GRID = 80
"""Bins to a side of a scatter with too many points."""
UNIT_PICTURE_ZOOM = 4


@numbers_at(blueprint, "/tensors")
def tensors() -> Table:
    """Return how far each tensor has moved, in the order of the page."""
    params = compare_query()
    return tensors_table(params, compare(params.load()), chosen_order(params.query, TENSOR_COLUMNS))


@numbers_at(blueprint, "/<any(metrics, settings):what>")
def facts(what: str) -> Table:
    """Return the metrics or settings side by side."""
    params = compare_query()
    return facts_table(params, compare(params.load(), 0), what)


@numbers_at(blueprint, "/units")
def units() -> Table:
    """Return how far each unit (or with axis=input each input) of the tensor has moved, the farthest first."""
    params, pair = _pair()
    return units_table(params, pair, details.unit_changes(pair, params.by).ranked(), None)


@numbers_at(blueprint, "/cells")
def cells() -> Table:
    """Return the cells of the tensor that changed most."""
    params, pair = _pair()
    count = params.query.number("count", CELLS_SHOWN, 1, MOST_CELLS)
    return cells_table(params, pair, details.top_cells(pair, count))


@numbers_at(blueprint, "/unit")
def unit_numbers() -> Table:
    """Return both sides of every cell of one unit."""
    params, pair = _pair()
    detail = details.unit_detail(pair, params.by, params.unit or 0)
    return unit_cells_table(params, detail, all_cells(detail, params.by))


@numbers_at(blueprint, "/cell")
def cell_numbers() -> Numbers:
    """Return all that is known about the change of one cell."""
    params, pair = _pair()
    detail = details.cell_detail(pair, params.query.number("row"), params.query.number("column"))
    heads = ["row", "column", "base", "other", "change", "ulps", "base_bits", "other_bits", "place"]
    return Numbers(heads, [[*detail.cell, detail.ulps, *detail.bits, detail.rank.place]], params.file_name("cell"))


@numbers_at(blueprint, "/map")
def map_numbers() -> Numbers:
    """Return what the map shows: a row for each unit, its change from each input."""
    params, pair = _pair()
    shown = _shares(params, pair).numbers() if params.shade == "share" else pictures.map_numbers(pair, params.map)
    rows = ([unit, *changes] for unit, changes in zip(shown.units, shown.changes.tolist(), strict=True))
    return Numbers(["unit", *(f"input_{number}" for number in shown.inputs)], rows, params.file_name("map"))


@numbers_at(blueprint, "/distributions")
def distributions() -> Numbers:
    """Return how many weights of each side are in each bin."""
    params, pair = _pair()
    rows = _sides(params, pair).rows()
    return Numbers(["from", "to", "base", "other"], rows, params.file_name("distributions"))


@numbers_at(blueprint, "/changes")
def changes() -> Numbers:
    """Return how many weights changed by how much."""
    params, pair = _pair()
    return Numbers(["from", "to", "cells"], _change(params, pair).rows(), params.file_name("changes"))


@numbers_at(blueprint, "/scatter")
def scatter() -> Numbers:
    """Return which value of the base goes with which of the other: cell by cell, or counted on a grid."""
    params, pair = _pair()
    cells = _against(params, pair)
    if isinstance(cells, Points):
        rows: Iterable[Any] = zip(*(part.tolist() for part in cells), strict=True)
        return Numbers(["row", "column", "base", "other"], rows, params.file_name("scatter"))
    edges, (first, second) = cells.edges, cells.counts.nonzero()
    parts = (edges[first], edges[first + 1], edges[second], edges[second + 1], cells.counts[first, second])
    rows = zip(*(part.tolist() for part in parts), strict=True)
    heads = ["base_from", "base_to", "other_from", "other_to", "cells"]
    return Numbers(heads, rows, params.file_name("scatter"))


@blueprint.get("/distributions.figure")
def distributions_figure() -> Response:
    """Send the weights of both sides on shared bins as a figure."""
    params, pair = _pair()
    labels = [params.versions.base, params.versions.other]
    figure = distribution_figure(_sides(params, pair), labels, params.bins.log)
    return cached_until_changed(jsonify(figure), pair.content)


@blueprint.get("/changes.figure")
def changes_figure() -> Response:
    """Send the distribution of the change as a figure."""
    params, pair = _pair()
    figure = change_figure(_change(params, pair), params.bins.log)
    return cached_until_changed(jsonify(figure), pair.content)


@blueprint.get("/scatter.figure")
def scatter_figure() -> Response:
    """Send base against other as a figure."""
    params, pair = _pair()
    figure = joint_figure(_against(params, pair), params.versions.base, params.versions.other, pair.one.shape)
    return cached_until_changed(jsonify(figure), pair.content)


@blueprint.get("/pixel.json")
def pixel() -> Response:
    """Send which cell a pixel of the map shows (`x`, `y`), of several the one that changed most, and what it became."""
    params, pair = _pair()
    cell = pictures.pixel_cell(pair, params.map, params.query.number("x"), params.query.number("y"))
    numbers = {name: None if math.isnan(value) else value for name, value in cell._asdict().items()}
    answer = jsonify({"words": pixel_words(pair, cell), **numbers})
    return cached_until_changed(answer, pair.content)


@blueprint.get("/heat-map.png")
def heat_map() -> Response:
    """Send the change of a tensor, or a part of it, as a picture, units as columns."""
    params, pair = _pair()
    if params.shade == "share":
        shares = _shares(params, pair)
        return png_answer(lambda theme: png(shares.drawing(), theme), f"{pair.content} {shares.content}")
    return png_answer(lambda theme: png(pictures.change_heat_map(pair, params.map), theme), pair.content)


@blueprint.get("/unit.png")
def unit_picture() -> Response:
    """Send one unit's weights before or after, or their change, as a picture."""
    params, pair = _pair()
    side = params.query.word("side", pictures.SIDES, pictures.SIDES[0])

    def draw(theme: str) -> bytes:
        return png(pictures.unit_heat_map(pair, params.unit or 0, side), theme, UNIT_PICTURE_ZOOM)

    return png_answer(draw, pair.content)


def _pair() -> tuple[CompareQuery, TensorPair]:
    params = compare_query()
    return params, params.pair()


def _shares(params: CompareQuery, pair: TensorPair) -> ShareMap:
    return ShareMap(pair, why_request(params), params.map)


def _sides(params: CompareQuery, pair: TensorPair) -> Distribution:
    bins, limits, _ = params.bins
    return pictures.sides_distribution(pair, bins, limits)


def _change(params: CompareQuery, pair: TensorPair) -> Distribution:
    bins, limits, _ = params.bins
    return pictures.change_distribution(pair, bins, limits)


def _against(params: CompareQuery, pair: TensorPair) -> JointCounts | Points:
    return pictures.base_against_other(pair, GRID, params.bins.limits)
