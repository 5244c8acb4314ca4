"""Answers that several nouns give: a page or a redirect, and the question before something is destroyed."""

from collections.abc import Sequence

from flask import Response, redirect, render_template, request

from dashboard.web.forms import ConfirmForm

Answer = str | Response | tuple[str, int]


def see(address: str) -> Response:
    """Send the browser to another page after a form was done (303), so that going back sends nothing twice."""
    answer = redirect(address, 303)
    assert isinstance(answer, Response)
    return answer


def confirmed(name: str, title: str, what: Sequence[str], back: str, verb: str = "Delete") -> Answer | None:
    """Return the page that asks for the name of what is about to go; None once it has been typed and sent."""
    form = ConfirmForm(request.form)
    if request.method == "POST" and form.confirms(name):
        return None
    page = render_template(
        "confirm.html", title=title, what=what, name=name, form=form, address=request.path, back=back, verb=verb
    )
    return (page, 422) if request.method == "POST" else page
