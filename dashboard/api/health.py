"""Whether the dashboard works, for monitoring and start scripts."""

from flask import Blueprint, Response

from dashboard.api.answers import json_answer
from dashboard.api.errors import error_shape
from dashboard.http import workspace
from dashboard.services.status import check_health

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthy")
def healthy() -> Response:
    """Answer 200, or 503 with all that is wrong."""
    health = check_health(workspace())
    body = {
        "ok": health.ok,
        "version": health.version,
        "store": health.store,
        "catalogue": health.catalogue,
        "coordinator": health.coordinator,
        "problems": health.problems,
    }
    if not health.ok:
        body |= error_shape("store_unavailable", " ".join(health.problems), None)
    return json_answer(body, 200 if health.ok else 503, {"Cache-Control": "no-store"})
