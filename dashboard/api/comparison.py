"""The comparison of two versions, of one network or of two: down to a tensor's units and cells."""

from flask import Blueprint, Response, request

from dashboard.api.answers import is_known, json_answer, tagged, unchanged
from dashboard.api.query import page_of, query
from dashboard.api.shapes import cell_change_json, cell_detail_json, diff_json, page_json, unit_change_json
from dashboard.http import etag_of, workspace
from dashboard.parsing import Fields
from dashboard.records.page import Page
from dashboard.services.compare import detail as details
from dashboard.services.compare import versions as service

blueprint = Blueprint("compare", __name__)

SIDES = ("base", "other", "pair")
MOST_RANKED = 10_000
FARTHEST = 10**18 - 1


@blueprint.get("/compare")
def compare() -> Response:
    """Answer the metrics and settings of two versions side by side, and how far each tensor has moved."""
    fields = query(*SIDES)
    compared = _diff_request(fields)
    fields.done()
    versions = service.load_versions(workspace(), compared)
    etag = etag_of(*((side.version.id, side.version.sha256) for side in (versions.base, versions.other)))
    if is_known(etag):
        return unchanged(etag)
    return tagged(json_answer(diff_json(service.compare(versions))), etag)


@blueprint.get("/compare/units")
def list_changed_units() -> Response:
    """Answer how far each unit of a tensor (or with axis=row each input) has moved, the farthest first."""
    fields = query(*SIDES, "tensor", "axis", "limit", "offset")
    compared, tensor = _diff_request(fields), fields.text("tensor")
    axis = fields.choice("axis", details.AXES[0], details.AXES)
    limit, offset = page_of(fields)
    fields.done()
    ranked = details.unit_changes(_pair(compared, tensor), axis).ranked(offset + limit + 1)
    page = Page(ranked[offset : offset + limit], offset + limit if len(ranked) > offset + limit else None)
    return json_answer(page_json(page, [unit_change_json(unit) for unit in page.items]))


@blueprint.get("/compare/cells")
def list_changed_cells() -> Response:
    """Answer which cells of a tensor changed most, the largest change first; at most 10,000 of them."""
    fields = query(*SIDES, "tensor", "limit", "offset")
    compared, tensor = _diff_request(fields), fields.text("tensor")
    limit, offset = page_of(fields)
    fields.done()
    wanted = min(offset + limit + 1, MOST_RANKED)
    ranked = details.top_cells(_pair(compared, tensor), wanted)
    page = Page(ranked[offset : offset + limit], offset + limit if len(ranked) > offset + limit else None)
    return json_answer(page_json(page, [cell_change_json(cell) for cell in page.items]))


@blueprint.get("/compare/cell")
def get_changed_cell() -> Response:
    """Answer all about the change of one cell, down to its bits."""
    fields = query(*SIDES, "tensor", "row", "column")
    compared, tensor = _diff_request(fields), fields.text("tensor")
    row, column = (fields.integer(name, 0, 0, FARTHEST) for name in ("row", "column"))
    fields.done()
    pair = _pair(compared, tensor)
    return json_answer(cell_detail_json(details.cell_detail(pair, row, column)))


def _diff_request(fields: Fields) -> service.DiffRequest:
    return service.DiffRequest(fields.text("base"), fields.text("other"), tuple(request.args.getlist("pair")))


def _pair(compared: service.DiffRequest, tensor: str) -> service.TensorPair:
    return service.tensor_pair(service.load_versions(workspace(), compared), tensor)
