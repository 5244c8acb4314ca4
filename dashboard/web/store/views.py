"""The store: which tables lie where and for whom, the room they take, the trash, and what is done with all of it."""

from typing import Any

from flask import Blueprint, Response, flash, render_template, request, url_for

from dashboard.errors import Conflict, Invalid
from dashboard.records.store import public_address
from dashboard.services.store import actions, trash
from dashboard.services.store import tables as service
from dashboard.services.versions.reading import count_versions
from dashboard.web.kit.answers import Answer, confirm_by_name, redirect_to
from dashboard.web.kit.formats import file_size, plural
from dashboard.web.kit.forms import attach_errors, problems
from dashboard.web.kit.paging import LIST_LENGTH, neighbour_pages
from dashboard.web.kit.query import asked_by, query_number, workspace
from dashboard.web.kit.tables import Numbers, exports, numbers_at
from dashboard.web.store.forms import CopyForm
from dashboard.web.store.words import freed_sentences

blueprint = Blueprint("store", __name__, url_prefix="/store")

EVERYTHING = 10**9
TRASH_SHOWN = 50
TABLE_HEADS = ("table", "tensor", "dtype", "rows", "columns", "weights_bytes", "bytes", "versions", "used_by")


@blueprint.get("")
def show() -> str:
    """Show the tables, the trash and the room."""
    return _page(CopyForm(data={"to": request.args.get("to", "")[:1000], "home": request.args.get("home", "")[:1000]}))


@numbers_at(blueprint, "/tables")
def tables() -> Numbers:
    """Say which tables there are, how large, and who uses them (the first few of them)."""
    found = service.list_tables(workspace(), _search(), EVERYTHING).items
    return Numbers(TABLE_HEADS, map(_numbers, found), "tables")


@blueprint.post("/verify")
def verify() -> Response:
    """Start reading every version back, and show how far it is."""
    return redirect_to(url_for("runs.show", run_id=actions.start_verify(workspace(), asked_by()).id))


@blueprint.post("/copy")
def copy() -> Answer:
    """Start copying everything to another store, and show how far it is."""
    form = CopyForm(request.form)
    try:
        run = actions.start_copy(workspace(), form.typed(), asked_by())
    except Invalid as error:
        attach_errors(form, error)
        form.to.data = public_address(form.to.data or "")
        return _page(form), error.status
    return redirect_to(url_for("runs.show", run_id=run.id))


@blueprint.post("/cache/clear")
def clear_cache() -> Response:
    """Remove the decoded arrays."""
    service.clear_cache(workspace())
    flash("The cache is empty; what is looked at is decoded anew.")
    return redirect_to(url_for("store.show"))


@numbers_at(blueprint, "/trash")
def trash_items() -> Numbers:
    """Say what lies in the trash."""
    rows = [[item.kind, item.name, item.versions, item.bytes, item.trashed] for item in trash.list_trash(workspace())]
    return Numbers(["kind", "name", "versions", "weights_bytes", "deleted"], rows, "trash")


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
def delete_for_good(key: str) -> Answer:
    """Ask for the name, then delete what lies in the trash for good."""
    item = trash.get_item(workspace(), key)
    what = [*freed_sentences(trash.freed_by_item(workspace(), item)), "This cannot be undone."]
    answer = confirm_by_name(item.name, f"Delete {item.name} for good", what, url_for("store.show"), "Delete for good")
    if answer is not None:
        return answer
    trash.delete_for_good(workspace(), key)
    flash(f"{item.name} is deleted for good.")
    return redirect_to(url_for("store.show"))


@blueprint.route("/trash/empty", methods=["GET", "POST"])
def empty() -> Answer:
    """Ask for the word, then delete all that lies in the trash for good."""
    items = trash.list_trash(workspace())
    if not items:
        raise Conflict("The trash is empty already.", "trash")
    count = plural(sum(item.versions for item in items), "version")
    freed = freed_sentences(trash.freed_by_trash(workspace()))
    what = [f"{plural(len(items), 'thing')} with {count} go.", *freed, "This cannot be undone."]
    answer = confirm_by_name("trash", "Empty the trash", what, url_for("store.show"), "Empty the trash")
    return answer or redirect_to(url_for("runs.show", run_id=actions.start_empty(workspace(), asked_by()).id))


def _numbers(table: service.StoredTable) -> list[Any]:
    users = " ".join(f"{network}:{number}" for network, number in table.versions)
    about = [table.name, table.tensor, table.dtype, table.rows, table.columns]
    return [*about, table.weights, table.bytes, table.uses, users]


def _search() -> str:
    return request.args.get("search", "")[:200]


def _page(form: CopyForm) -> str:
    search, offset = _search(), query_number("offset", 0, 0, 10**9)
    page = service.list_tables(workspace(), search, LIST_LENGTH, offset)
    totals = service.count_tables(workspace(), search)
    items = trash.list_trash(workspace())
    return render_template(
        "store/show.html",
        kind=workspace().store.kind,
        place=service.place(workspace()),
        sentence=_sentence(totals, search),
        search=search,
        tables=page.items,
        exports={name: exports(f"store.{name}", search=search or None) for name in ("tables", "trash_items")},
        trash=items[:TRASH_SHOWN],
        trash_words=_trash_words(items),
        room=service.room(workspace()),
        form=form,
        problems=problems(form),
        words=f"{offset + 1:,} to {offset + len(page.items):,} of {totals.tables:,}" if offset or page.next else "",
        **neighbour_pages(page.next),
    )


def _sentence(totals: service.Totals, search: str) -> str:
    held = f"hold {file_size(totals.bytes)} of weights"
    shared = f"; {totals.shared:,} shared by several versions" if totals.shared else ""
    if search:
        return f"{plural(totals.tables, 'table')} beginning with “{search}” {held}{shared}."
    return f"{plural(totals.tables, 'table')} of {plural(count_versions(workspace()), 'version')} {held}{shared}."


def _trash_words(items: list[Any]) -> list[str]:
    if not items:
        return ["Nothing was deleted. Versions and networks that you delete lie here until you empty the trash."]
    shown = f" The {TRASH_SHOWN} newest are shown." if len(items) > TRASH_SHOWN else ""
    first = f"{plural(len(items), 'thing')}, hidden everywhere else; their numbers stay theirs.{shown}"
    return [first, *freed_sentences(trash.freed_by_trash(workspace()))]
