"""The first steps on the list of networks, until they are done or put away; that a browser remembers."""

from flask import Response, request, url_for

from dashboard.http import workspace
from dashboard.services.first_steps import FirstSteps, get_first_steps
from dashboard.web.kit.answers import redirect_to
from dashboard.web.networks.views import blueprint

__all__ = ["blueprint"]  # that of the networks, to whose list these belong

COOKIE, YEAR = "weightbase-first-steps", 365 * 24 * 3600


def first_steps() -> FirstSteps | None:
    """Return the steps to show; None where they are done or put away, or nothing can be changed."""
    if is_put_away() or workspace().catalogue.read_only:
        return None
    steps = get_first_steps(workspace())
    return None if steps.are_done else steps


def is_put_away() -> bool:
    """Return whether this browser wants to see the first steps no more."""
    return request.cookies.get(COOKIE) == "put-away"


@blueprint.post("/first-steps")
def put_away() -> Response:
    """Put the first steps away in this browser, or show them again (`show`)."""
    answer = redirect_to(url_for("networks.index"))
    if request.form.get("show"):
        answer.delete_cookie(COOKIE, httponly=True, samesite="Lax")
    else:
        answer.set_cookie(COOKIE, "put-away", max_age=10 * YEAR, httponly=True, samesite="Lax")
    return answer
