"""Exports: the formats in which a version can be exported, and the proof of a file."""

from flask import Blueprint, flash, render_template, request, url_for

from dashboard.errors import Conflict, Invalid
from dashboard.http import sender, workspace
from dashboard.services.exports.by_runs import is_made_by_a_run_alone, request_export
from dashboard.services.exports.offers import offers
from dashboard.services.versions.reading import get_version
from dashboard.web.exports.page import file_address, offers_table
from dashboard.web.exports.words import offers_sentence, proof_words
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.tables import Table, numbers_at
from dashboard.web.kit.urls import address

blueprint = Blueprint("exports", __name__, url_prefix="/networks/<name>/versions/<int:number>/export")


@blueprint.get("")
def show(name: str, number: int) -> str:
    """Show the formats."""
    version, listed = get_version(workspace(), name, number), offers(workspace(), name, number)
    is_large = is_made_by_a_run_alone(workspace(), name, number)
    return render_template(
        "exports/show.html",
        version=version,
        sentence=offers_sentence(listed),
        table=offers_table(version, listed, is_large),
        is_large=is_large,
        archive=file_address(version, ".zip"),
    )


@blueprint.post("/prove")
def prove(name: str, number: int) -> Answer:
    """Make the file of a format, prove it, and show the result."""
    try:
        requested = request_export(workspace(), name, number, request.form.get("format", ""), sender("page"))
    except (Conflict, Invalid) as error:
        flash(error.message)
        return redirect_to(address("exports.show", name=name, number=number))
    if requested.proof is None:
        return redirect_to(url_for("runs.show", run_id=requested.run_id))
    flash(f"{requested.proof.format}: {proof_words(requested.proof)}")
    return redirect_to(address("exports.show", name=name, number=number))


@numbers_at(blueprint, "/formats")
def formats(name: str, number: int) -> Table:
    """Return the table of formats."""
    is_large = is_made_by_a_run_alone(workspace(), name, number)
    return offers_table(get_version(workspace(), name, number), offers(workspace(), name, number), is_large)
