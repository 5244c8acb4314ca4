"""Putting a version to use: one record by a form."""

from flask import Blueprint, render_template, request, url_for

from dashboard.http import workspace
from dashboard.services.compare.versions import parse_reference
from dashboard.services.use.answers import score_words
from dashboard.services.use.inputs import random_record
from dashboard.services.use.loaded import Loaded, load_version, why_not_used
from dashboard.services.versions.reading import get_version
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.forms import problems
from dashboard.web.kit.query import Query, query
from dashboard.web.use.page import use_page
from dashboard.web.use.words import answer_sentence

blueprint = Blueprint("use", __name__, url_prefix="/use")


@blueprint.get("/<reference>")
def show(reference: str) -> Answer:
    """Show the form of a record, and the answer to what the address holds."""
    return _record_page(reference, query())


@blueprint.post("/<reference>")
def answer(reference: str) -> Answer:
    """Show the answer to a record that is too long for an address."""
    return _record_page(reference, Query(request.form))


@blueprint.get("/<reference>/random")
def choose_random(reference: str) -> Answer:
    """Go on to a record of the dataset that is chosen at random."""
    number = random_record(workspace(), _loaded(reference))
    return redirect_to(url_for("use.show", reference=reference, record=number, also=query().args.getlist("also")))


def _loaded(reference: str) -> Loaded:
    return load_version(workspace(), *parse_reference(reference, "used"))


def _record_page(reference: str, sent: Query) -> Answer:
    name, number = parse_reference(reference, "used")
    version = get_version(workspace(), name, number)
    if unused := why_not_used(version):
        return render_template("use/not_used.html", version=version, reason=unused)
    page = use_page(_loaded(reference), sent)
    html = render_template(
        "use/show.html",
        version=version,
        page=page,
        form=page.form,
        problems=problems(page.form),
        sentence=answer_sentence(page.answer) if page.answer else f"Give a record; {version.reference} answers.",
        score_words=score_words(version.spec) if page.inputs.classes else "",
    )
    return html, page.status
