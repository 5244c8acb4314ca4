"""Answers that several nouns give: a page or a redirect, and the confirmation before something is deleted."""

from collections.abc import Callable, Sequence

from flask import Response, abort, make_response, redirect, render_template, request

from dashboard.charts.palette import THEMES
from dashboard.errors import UserError
from dashboard.http import etag_of, own_path
from dashboard.web.kit.forms import ConfirmForm

Answer = str | Response | tuple[str, int]


def redirect_to(address: str) -> Response:
    """Send the browser to another page after a form was done (303), so that going back sends nothing twice."""
    answer = redirect(address, 303)
    assert isinstance(answer, Response)
    return answer


def confirm_by_name(name: str, title: str, what: Sequence[str], back: str, verb: str = "Delete") -> None:
    """Answer with the page that requires the name of what is to be deleted, until it has been typed and sent."""
    form, is_sent = ConfirmForm(request.form), request.method == "POST"
    if not (is_sent and form.confirms(name)):
        page = render_template(
            "confirm.html", title=title, what=what, name=name, form=form, address=own_path(), back=back, verb=verb
        )
        abort(make_response(page, 422 if is_sent else 200))


def png_answer(draw: Callable[[str], bytes], tag: str) -> Response:
    """Return the picture that `draw` makes in the requested theme; raises UserError for another theme."""
    theme = request.args.get("theme", "light")
    if theme not in THEMES:
        raise UserError("The theme is light or dark.", "theme")
    if etag_of(tag) in request.if_none_match:
        return cached_until_changed(Response(status=304), tag)
    return cached_until_changed(Response(draw(theme), mimetype="image/png"), tag)


def same_as_before(page: str) -> Response:
    """Return a page, or only that it is the same as the one that the browser has."""
    answer = make_response(page)
    answer.set_etag(etag_of(page), weak=True)
    answer.make_conditional(request)
    return answer


def cached_until_changed(answer: Response, tag: str) -> Response:
    """Let a browser cache an answer about the content `tag`, for ever where the address names it (v=)."""
    answer.set_etag(etag_of(tag))
    answer.headers["Cache-Control"] = (
        "private, max-age=31536000, immutable" if "v" in request.args else "private, no-cache"
    )
    return answer
