"""The store: which tables lie where, and the proof of all versions."""

from typing import Any

from flask import Blueprint, render_template, request

from dashboard.services import tables as service
from dashboard.services.overview import count_versions
from dashboard.services.verification import verify_all
from dashboard.web.common import LIST_LENGTH, neighbour_pages, query_number, workspace
from dashboard.web.filters import file_size, plural

blueprint = Blueprint("store", __name__, url_prefix="/store")


@blueprint.get("")
def show() -> str:
    """Show the tables."""
    return _page(None)


@blueprint.post("/verify")
def verify() -> str:
    """Read every version back from the store and show which are what was saved."""
    checked, bad = 0, []
    for proof in verify_all(workspace()):
        checked += 1
        problem = next((tensor.problem for tensor in proof.tensors if not tensor.identical), None)
        if not proof.identical:
            bad.append((proof.version.reference, problem or "It differs."))
    return _page({"checked": checked, "bad": bad})


def _page(verification: dict[str, Any] | None) -> str:
    search = request.args.get("search", "")[:200]
    offset = query_number("offset", 0, 0, 10**9)
    tables = service.list_tables(workspace(), search)
    following = offset + LIST_LENGTH if offset + LIST_LENGTH < len(tables) else None
    shared = sum(len(table.versions) > 1 for table in tables)
    size = file_size(sum(table.bytes for table in tables))
    sentence = f"{plural(len(tables), 'table')} of {plural(count_versions(workspace()), 'version')} take {size}"
    return render_template(
        "store/show.html",
        kind=workspace().store.kind,
        place=service.place(workspace()),
        sentence=f"{sentence}; {shared:,} shared by several versions." if shared else f"{sentence}.",
        chip_list=[],
        search=search,
        tables=tables[offset : offset + LIST_LENGTH],
        verification=verification,
        **neighbour_pages(following),
    )
