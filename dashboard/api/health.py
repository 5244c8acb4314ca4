"""Whether the dashboard can work: asked by whoever starts it, and by monitors."""

from flask import Blueprint, Response

from dashboard.api.answers import json_answer
from dashboard.api.errors import error_shape
from dashboard.http import workspace
from dashboard.services.status import check_health

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthy")
def healthy() -> Response:
    """Answer 200, or 503 with all that is wrong."""
    found = check_health(workspace())
    body = {
        "ok": found.ok,
        "version": found.version,
        "store": found.store,
        "catalogue": found.catalogue,
        "coordinator": found.coordinator,
        "problems": found.problems,
    }
    if not found.ok:
        body |= error_shape("store_unavailable", " ".join(found.problems), None)
    return json_answer(body, 200 if found.ok else 503, {"Cache-Control": "no-store"})
