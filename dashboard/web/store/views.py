"""The store: its tables and who uses them, the space they take, the trash, and the actions on all of it."""

from flask import Blueprint, Response, flash, render_template, request, url_for

from dashboard.errors import Conflict, Invalid
from dashboard.http import sender, workspace
from dashboard.parsing import LONGEST_SEARCH
from dashboard.records.store import LONGEST_ADDRESS, public_address
from dashboard.services.store import actions, targets, trash
from dashboard.services.store import tables as service
from dashboard.services.store.exactness import count_inexact
from dashboard.services.versions.reading import count_versions
from dashboard.web.kit.answers import Answer, confirm_by_name, redirect_to
from dashboard.web.kit.formats import plural
from dashboard.web.kit.forms import attach_errors, problems
from dashboard.web.kit.paging import LIST_LENGTH, Pager, pager
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Table, numbers_at
from dashboard.web.store.forms import CopyForm
from dashboard.web.store.page import stored_table, trash_table
from dashboard.web.store.words import freed_sentences, store_sentence, trash_sentences

blueprint = Blueprint("store", __name__, url_prefix="/store")

EVERYTHING = 10**9
TRASH_SHOWN = 50


@blueprint.get("")
def show() -> Answer:
    """Show the tables, the trash and the disk space."""
    totals = service.count_tables(workspace(), _search())
    pages = pager(totals.tables)
    typed = {"to": public_address(query().text("to", LONGEST_ADDRESS)), "home": query().text("home", LONGEST_ADDRESS)}
    return _page(CopyForm(data=typed), totals, pages)


@numbers_at(blueprint, "/tables")
def tables() -> Table:
    """Return the tables, how large they are, and who uses them (the first few versions)."""
    return stored_table(service.list_tables(workspace(), _search(), EVERYTHING).items, _search())


@blueprint.post("/<any(verify, exact, reindex):kind>")
def start(kind: str) -> Response:
    """Start reading every version back, making all tables exact or indexing what only the store has; show its run."""
    return redirect_to(url_for("runs.show", run_id=actions.start_once(workspace(), kind, sender("page")).id))


@blueprint.post("/copy")
def copy() -> Answer:
    """Start copying everything to another store, and show how far it is."""
    form = CopyForm(request.form)
    try:
        run = actions.start_copy(workspace(), form.typed(), sender("page"))
    except Invalid as error:
        attach_errors(form, error)
        form.to.data = public_address(form.to.data or "")
        totals = service.count_tables(workspace(), _search())
        return _page(form, totals, pager(totals.tables)), error.status
    return redirect_to(url_for("runs.show", run_id=run.id))


@blueprint.post("/cache/clear")
def clear_cache() -> Response:
    """Remove the decoded arrays."""
    service.clear_cache(workspace())
    flash("The cache is empty; what is viewed is decoded again.")
    return redirect_to(url_for("store.show"))


@numbers_at(blueprint, "/trash")
def trash_items() -> Table:
    """Return what is in the trash."""
    return trash_table(trash.list_trash(workspace()))


@blueprint.post("/trash/<key>/restore")
def restore(key: str) -> Response:
    """Bring a version or a network back."""
    item = trash.restore(workspace(), key)
    flash(f"{item.name} is back.")
    name, _, number = item.name.rpartition(":")
    if item.kind == "network":
        return redirect_to(url_for("networks.show", name=item.name))
    return redirect_to(url_for("versions.show", name=name, number=number))


@blueprint.route("/trash/<key>", methods=["GET", "POST"])
def delete_permanently(key: str) -> Answer:
    """Confirm by name, then delete an item of the trash permanently."""
    item = trash.get_item(workspace(), key)
    what = [*freed_sentences(trash.freed_by_item(workspace(), item)), "This cannot be undone."]
    title, verb = f"Delete {item.name} permanently", "Delete permanently"
    confirm_by_name(item.name, title, what, url_for("store.show"), verb)
    trash.delete_permanently(workspace(), key)
    flash(f"{item.name} is deleted permanently.")
    return redirect_to(url_for("store.show"))


@blueprint.route("/trash/empty", methods=["GET", "POST"])
def empty() -> Answer:
    """Confirm by a word, then delete all items of the trash permanently."""
    items = trash.list_trash(workspace())
    if not items:
        raise Conflict("The trash is empty already.", "trash")
    count = (
        f"{plural(len(items), 'item')} with {plural(sum(item.versions for item in items), 'version')} will be deleted."
    )
    what = [count, *freed_sentences(trash.freed_by_trash(workspace())), "This cannot be undone."]
    confirm_by_name("trash", "Empty the trash", what, url_for("store.show"), "Empty the trash")
    return redirect_to(url_for("runs.show", run_id=actions.start_empty(workspace(), sender("page")).id))


def _search() -> str:
    return query().text("search", LONGEST_SEARCH)


def _page(form: CopyForm, totals: service.Totals, pages: Pager) -> str:
    items = trash.list_trash(workspace())
    tables = service.list_tables(workspace(), _search(), LIST_LENGTH, pages.offset).items
    return render_template(
        "store/show.html",
        kind=workspace().store.kind,
        location=service.location(workspace()),
        sentence=store_sentence(totals, count_versions(workspace()), _search()),
        search=_search(),
        table=stored_table(tables, _search()),
        pages=pages,
        trash=trash_table(items[:TRASH_SHOWN]),
        trash_sentences=trash_sentences(items, trash.freed_by_trash(workspace()), TRASH_SHOWN),
        space=service.disk_space(workspace()),
        inexact=count_inexact(workspace()),
        form=form,
        targets=targets.suggestions(workspace().settings),
        problems=problems(form),
    )
