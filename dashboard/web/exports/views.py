"""Exports: the formats in which a version can be exported, and the proof of a file."""

from flask import Blueprint, flash, render_template, request

from dashboard.errors import Conflict, Invalid
from dashboard.http import workspace
from dashboard.services.exports.making import prove_export
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
    return render_template(
        "exports/show.html",
        version=version,
        sentence=offers_sentence(listed),
        table=offers_table(version, listed),
        archive=file_address(version, ".zip"),
    )


@blueprint.post("/prove")
def prove(name: str, number: int) -> Answer:
    """Make the file of a format, prove it, and show the result."""
    try:
        proof = prove_export(workspace(), name, number, request.form.get("format", ""))
    except (Conflict, Invalid) as error:
        flash(error.message)
    else:
        flash(f"{proof.format}: {proof_words(proof)}")
    return redirect_to(address("exports.show", name=name, number=number))


@numbers_at(blueprint, "/formats")
def formats(name: str, number: int) -> Table:
    """Return the table of formats."""
    return offers_table(get_version(workspace(), name, number), offers(workspace(), name, number))
