"""The comparison of two versions, of one network or of two: down to a tensor's units and cells."""

from typing import Any

from flask import Blueprint, Response

from dashboard.api.answers import is_known, json_answer, tagged, unchanged
from dashboard.api.query import read_query
from dashboard.api.shapes import cell_detail_json, change_json, diff_json, page_json
from dashboard.http import etag_of, workspace
from dashboard.records.page import Page
from dashboard.services.compare import detail as details
from dashboard.services.compare import versions as service
from dashboard.services.compare.pairs import TensorPair

blueprint = Blueprint("compare", __name__)

SIDES = ("base", "other", "pair")
MOST_RANKED = 10_000


@blueprint.get("/compare")
def compare() -> Response:
    """Answer the metrics and settings of two versions side by side, and how far each tensor has moved."""
    versions = service.load_versions(workspace(), _diff_request(*read_query(*SIDES)))
    etag = etag_of(*((side.version.id, side.version.sha256) for side in (versions.base, versions.other)))
    if is_known(etag):
        return unchanged(etag)
    return tagged(json_answer(diff_json(service.compare(versions))), etag)


@blueprint.get("/compare/units")
def list_changed_units() -> Response:
    """Answer how far each unit of a tensor (or with axis=input each input) has moved, the farthest first."""
    *sides, tensor, axis, limit, offset = read_query(*SIDES, "tensor", "axis", "limit", "offset")
    ranked = details.unit_changes(_pair(sides, tensor), axis).ranked(offset + limit + 1)
    page = Page(ranked[offset : offset + limit], offset + limit if len(ranked) > offset + limit else None)
    return json_answer(page_json(page, [change_json(unit) for unit in page.items]))


@blueprint.get("/compare/cells")
def list_changed_cells() -> Response:
    """Answer which cells of a tensor changed most, the largest change first; at most 10,000 of them."""
    *sides, tensor, limit, offset = read_query(*SIDES, "tensor", "limit", "offset")
    wanted = min(offset + limit + 1, MOST_RANKED)
    ranked = details.top_cells(_pair(sides, tensor), wanted)
    page = Page(ranked[offset : offset + limit], offset + limit if len(ranked) > offset + limit else None)
    return json_answer(page_json(page, [change_json(cell) for cell in page.items]))


@blueprint.get("/compare/cell")
def get_changed_cell() -> Response:
    """Answer all about the change of one cell, down to its bits."""
    *sides, tensor, row, column = read_query(*SIDES, "tensor", "row", "column")
    return json_answer(cell_detail_json(details.cell_detail(_pair(sides, tensor), row, column)))


def _diff_request(base: str, other: str, pairs: list[str]) -> service.DiffRequest:
    return service.DiffRequest(base, other, tuple(pairs))


def _pair(sides: list[Any], tensor: str) -> TensorPair:
    return service.tensor_pair(service.load_versions(workspace(), _diff_request(*sides)), tensor)
