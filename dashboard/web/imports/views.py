"""Imports: files of weights are sent, looked at, and saved as versions of a network."""

from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from dashboard.errors import Conflict, UserError
from dashboard.http import sender, workspace
from dashboard.records.network import DENSE, FOREIGN
from dashboard.services.datasets import list_datasets, suggested_name
from dashboard.services.imports.file_names import without_endings
from dashboard.services.imports.plan import IMPORT_SETTINGS
from dashboard.services.imports.preview import changes_at, metric_names
from dashboard.services.imports.receiving import receive_import
from dashboard.services.imports.saving import start_import
from dashboard.services.imports.stated import Stated, stated_of
from dashboard.services.imports.waiting import Import, discard_import, get_import
from dashboard.services.networks import list_networks
from dashboard.services.upload_parts import SentFile
from dashboard.web.imports.forms import FilesForm, ImportForm, place
from dashboard.web.imports.look import Look, is_filtering, look_of
from dashboard.web.imports.page import checkpoints_table, import_address, left_out_table, tensors_table
from dashboard.web.imports.words import import_sentence, proposal_words, stated_words
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.forms import attach_errors, problems
from dashboard.web.kit.tables import Table, numbers_at

LOOKING = {"look", "leave", "keep"}
"""What buttons of the form only show or tick; nothing is saved."""

blueprint = Blueprint("imports", __name__)


@blueprint.get("/import")
def new() -> str:
    """Show where files of weights are sent."""
    return _files_page(FilesForm())


@blueprint.post("/import")
def receive() -> Answer:
    """Read the files that were sent, and go on to what they are to become."""
    files = [*request.files.getlist("file"), *request.files.getlist("folder")]
    sent = [SentFile(cast(BinaryIO, file.stream), file.filename or "") for file in files]
    try:
        waiting = receive_import(workspace(), sent)
    except UserError as error:
        form = FilesForm(request.form)
        attach_errors(form, error)
        return _files_page(form), error.status
    return redirect_to(import_address(waiting.token))


@blueprint.get("/import/<token>")
def choose(token: str) -> str:
    """Show what was read, and ask what it is to become."""
    waiting = get_import(workspace(), token)
    return _choose_page(look_of(waiting, None), _form(waiting, None))


@blueprint.post("/import/<token>")
def save(token: str) -> Answer:
    """Queue the saving, or show the layers of another reading."""
    waiting = get_import(workspace(), token)
    form, look, action = _form(waiting, request.form), look_of(waiting, request.form), request.form.get("action")
    if action in LOOKING or "turn" in request.form or (action != "discard" and is_filtering(request.form)):
        _tick_all(form, look, action)
        return _choose_page(look, form)
    if action == "discard":
        discard_import(workspace(), token)
        flash("The import is discarded. Nothing was saved.")
        return redirect_to(url_for("imports.new"))
    try:
        run = start_import(workspace(), token, form.choices(), sender("page"))
    except UserError as error:
        attach_errors(form, error)
        has_changes = isinstance(error, Conflict) and error.field == "accept_changes"
        return _choose_page(look, form, has_changes), error.status
    return redirect_to(url_for("runs.show", run_id=run.id))


@numbers_at(blueprint, '/import/<token>/<any(checkpoints, tensors, "left-out"):what>')
def numbers(token: str, what: str) -> Table:
    """Return one of the tables of an import, all of it."""
    waiting = get_import(workspace(), token)
    if what == "checkpoints":
        return checkpoints_table(waiting)
    look = look_of(waiting, None)
    return tensors_table(look, is_whole=True) if what == "tensors" else left_out_table(waiting, look.checkpoint)


def _files_page(form: FilesForm) -> str:
    limit = workspace().settings.max_upload_mb
    return render_template("imports/new.html", form=form, problems=problems(form), limit_mb=limit)


def _form(waiting: Import, data: MultiDict[str, str] | None) -> ImportForm:
    """Return the form, with what is known of the file, or what a person has filled in."""
    offered = waiting.proposals
    metrics = metric_names(waiting)
    places = [str(index) for index in range(len(waiting.checkpoints))]
    known: Mapping[str, Any] = {
        "network": suggested_name(without_endings(waiting.name)),
        "kind": DENSE if offered and not offered[0].is_ambiguous and not offered[0].left_over else FOREIGN,
        "proposal": "" if not offered or offered[0].is_ambiguous else "0",
        "checkpoints": places,
        "metrics": metrics,
        "stated": _stated(waiting).preprocessing is not None,
        **{name: IMPORT_SETTINGS[name].default for name in ("task", "scaling", "unnamed")},
    }
    form = ImportForm(data, data=known)
    names = [one.name for one in waiting.checkpoints]
    form.offer(map(proposal_words, offered), names, metrics, [one.name for one in list_datasets(workspace())])
    _set_layers(form, waiting)
    return form


def _stated(waiting: Import) -> Stated:
    return stated_of(waiting, waiting.proposals[0] if waiting.proposals else None)


def _set_layers(form: ImportForm, waiting: Import) -> None:
    """Give the form a field for the activation of each layer of the reading that is chosen."""
    offered = waiting.proposals
    chosen = place(form.proposal.data)
    layers = offered[chosen].layers if isinstance(chosen, int) and chosen < len(offered) else ()
    given = [one.data for one in form.activations] if len(form.activations) == len(layers) else []
    while len(form.activations):
        form.activations.pop_entry()
    for index, layer in enumerate(layers):
        entry = form.activations.append_entry((given[index] if given else "") or layer.activation or "")
        entry.label.text = f"Activation {index + 1}"


def _tick_all(form: ImportForm, look: Look, action: str | None) -> None:
    """Tick or untick all tensors that match the filter, those on other pages too, if that was asked for."""
    names, left_out = [one.name for one in look.matching], form.leave_out.data or []
    if action == "leave":
        form.leave_out.data = list(dict.fromkeys([*left_out, *names]))
    elif action == "keep":
        form.leave_out.data = [name for name in left_out if name not in set(names)]


def _choose_page(look: Look, form: ImportForm, has_changes: bool = False) -> str:
    waiting, changes = look.waiting, changes_at(look.waiting, look.place)
    left_out = left_out_table(waiting, look.checkpoint)
    ticked = form.leave_out.data or []
    on_page = {one.name for one in look.shown}
    return render_template(
        "imports/choose.html",
        waiting=waiting,
        form=form,
        problems=problems(form),
        sentence=import_sentence(waiting),
        checkpoints=checkpoints_table(waiting) if waiting.is_series else None,
        look=look,
        tensors=tensors_table(look, set(ticked)),
        ticked_elsewhere=[name for name in ticked if name not in on_page],
        ticked=len(set(ticked)),
        gone=list(changes.gone) if changes is not None else [],
        left_out=left_out if list(left_out.rows) else None,
        has_optimizer=any(one.is_optimizer for checkpoint in waiting.checkpoints for one in checkpoint.tensors),
        has_unnamed=any(checkpoint.place.unnamed for checkpoint in waiting.checkpoints),
        readings=waiting.proposals,
        stated=stated_words(_stated(waiting)),
        is_stated=_stated(waiting).preprocessing is not None,
        reason_foreign=waiting.why_foreign,
        networks=[one.network.name for one in list_networks(workspace()).items],
        has_changes=has_changes,
    )
