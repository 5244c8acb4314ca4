"""The comparison of two versions, of one network or of two."""

from flask import Blueprint, Response

from dashboard.api.answers import is_known, json_answer, mark_of, marked, unchanged
from dashboard.api.asked import query, workspace
from dashboard.api.shapes import diff_json
from dashboard.services import comparison as service

blueprint = Blueprint("compare", __name__)


@blueprint.get("/compare")
def compare() -> Response:
    """Answer the metrics and settings of two versions side by side, and how far each tensor has moved."""
    fields = query("base", "other")
    base, other = fields.text("base"), fields.text("other")
    fields.done()
    sides = service.side(workspace(), base, "base").version, service.side(workspace(), other, "other").version
    mark = mark_of(*((side.id, side.sha256) for side in sides))
    if is_known(mark):
        return unchanged(mark)
    return marked(json_answer(diff_json(service.compare(workspace(), base, other))), mark)
