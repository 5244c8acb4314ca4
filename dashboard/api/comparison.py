"""The comparison of two versions, of one network or of two."""

from flask import Blueprint, Response, request

from dashboard.api.answers import is_known, json_answer, mark_of, marked, unchanged
from dashboard.api.asked import query, workspace
from dashboard.api.shapes import diff_json
from dashboard.services import comparison as service

blueprint = Blueprint("compare", __name__)


@blueprint.get("/compare")
def compare() -> Response:
    """Answer the metrics and settings of two versions side by side, and how far each tensor has moved."""
    fields = query("base", "other", "pair")
    asked = service.Asked(fields.text("base"), fields.text("other"), tuple(request.args.getlist("pair")))
    fields.done()
    mark = mark_of(*((side.version.id, side.version.sha256) for side in service.sides(workspace(), asked)))
    if is_known(mark):
        return unchanged(mark)
    return marked(json_answer(diff_json(service.compare(workspace(), asked))), mark)
