"""Changing the weights of a version: choose, measure, save as a child version, look at the diff."""

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for

from dashboard.errors import NotFound, UserError
from dashboard.http import sender, workspace
from dashboard.records.change import CHANGES, parse_change
from dashboard.records.network import Version
from dashboard.services.changes.between import get_between
from dashboard.services.changes.children import MEASURED_CELLS, Preview, preview_child, save_child
from dashboard.services.changes.measured import Between
from dashboard.services.versions.reading import get_detail, references
from dashboard.web.changes import page, words
from dashboard.web.changes.forms import FIELDS, ChangeForm
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.forms import attach_errors, problems
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Numbers, exports, numbers_at
from dashboard.web.kit.urls import address

blueprint = Blueprint("children", __name__, url_prefix="/networks/<name>/versions/<int:number>/change")


@blueprint.get("")
def show(name: str, number: int) -> str:
    """Show the form of one kind of change."""
    change = query().word("change", CHANGES, "edit")
    names = ("other", "versions", "share", "base", "units", "tensors")
    known = {key: query().text(key) for key in names if query().text(key)}
    cell = {key: query().text(key) for key in ("tensor", "row", "column", "value") if query().text(key)}
    form = ChangeForm(data=known | ({"cells": [cell]} if cell else {}))
    return _page(name, number, change, form)


@blueprint.post("")
def change(name: str, number: int) -> Answer:
    """Measure what a change would do, or save it and go on to the diff with its parent."""
    kind = query().word("change", CHANGES, "edit")
    form, action = ChangeForm(request.form), request.form.get("action")
    if action == "add":
        form.cells.append_entry()
        return _page(name, number, kind, form)
    try:
        if action == "measure":
            return _page(name, number, kind, form, _preview(name, number, form, kind))
        child = save_child(workspace(), name, number, form.choices(kind), sender("page"))
    except UserError as error:
        if isinstance(error, NotFound) and error.field in (None, "version"):
            raise
        attach_errors(form, error)
        return _page(name, number, kind, form), error.status
    if child.version is None:
        return redirect_to(url_for("runs.show", run_id=child.run_id))
    flash(f"Saved as {child.version.reference}. This is what has changed.")
    base = f"{name}:{number}"
    return redirect_to(url_for("compare.show", base=base, other=child.version.reference))


@numbers_at(blueprint, "/between")
def between(name: str, number: int) -> Numbers:
    """Return the score of the mixes of this version and the version `other`."""
    return page.between_numbers(*_between(name, number))


@blueprint.get("/between.figure")
def between_of(name: str, number: int) -> Response:
    """Send these scores as a figure."""
    return jsonify(page.between_figure(_between(name, number)[1]))


def _between(name: str, number: int) -> tuple[Version, Between | None]:
    version = get_detail(workspace(), name, number).version
    return version, get_between(workspace(), version, query().text("other"))


def _preview(name: str, number: int, form: ChangeForm, kind: str) -> Preview:
    return preview_child(workspace(), name, number, parse_change(form.choices(kind), f"{name}:{number}"))


def _page(name: str, number: int, kind: str, form: ChangeForm, preview: Preview | None = None) -> str:
    detail = get_detail(workspace(), name, number)
    form.offer([tensor.name for tensor in detail.tensors])
    place = {"name": name, "number": number, "other": form.other.data}
    drawn = _between_drawn(detail.version, form) if kind == "interpolate" else None
    return render_template(
        "changes/show.html",
        version=detail.version,
        kind=kind,
        title=words.TITLES[kind],
        explanation=words.EXPLANATIONS[kind],
        kinds=[
            (words.TITLES[one], address("children.show", name=name, number=number, change=one), one) for one in CHANGES
        ],
        form=form,
        fields=FIELDS[kind],
        problems=problems(form),
        references=references(workspace()) if kind in {"interpolate", "average", "put_back"} else [],
        preview=preview,
        sentence=words.preview_sentence(preview) if preview else words.UNCHANGED,
        notes=words.preview_notes(preview) if preview else [],
        scores=page.scores_table(preview) if preview else None,
        edits=page.edits_table(preview) if preview else None,
        between=drawn and words.between_words(drawn),
        figure=address("children.between_of", **place),
        files=exports("children.between", **place),
        is_measured=sum(tensor.cells for tensor in detail.tensors) <= MEASURED_CELLS,
    )


def _between_drawn(version: Version, form: ChangeForm) -> Between | None:
    """Return the scores between two versions, None while no other version is named that fits."""
    if not form.other.data or form.other.errors:
        return None
    try:
        return get_between(workspace(), version, form.other.data)
    except UserError as error:
        attach_errors(form, error)
        return None
