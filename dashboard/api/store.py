"""The store: its tables and disk space, its trash, and the long operations on it, which are runs."""

from dataclasses import asdict

from flask import Blueprint, Response, url_for

from dashboard.api.answers import json_answer
from dashboard.api.query import json_object, read_query
from dashboard.api.shapes import backup_json, page_json, run_json, table_json, trash_item_json
from dashboard.http import sender, workspace
from dashboard.records.page import Page
from dashboard.records.run import Run
from dashboard.services.backup import actions as backups
from dashboard.services.store import actions, tables, trash

blueprint = Blueprint("store", __name__)


@blueprint.get("/store")
def get_store() -> Response:
    """Answer where the store is, how many tables it holds, and the space that they take."""
    about = {"kind": workspace().store.kind, "place": tables.location(workspace())}
    body = about | tables.count_tables(workspace())._asdict() | asdict(tables.disk_space(workspace()))
    return json_answer(body, headers={"Cache-Control": "no-store"})


@blueprint.get("/store/tables")
def list_tables() -> Response:
    """Answer a page of the store's tables in the order of their names, each once, with those that use it."""
    limit, offset, prefix = read_query("limit", "offset", "prefix")
    page = tables.list_tables(workspace(), prefix, limit, offset)
    return json_answer(page_json(page, [table_json(table) for table in page.items]))


@blueprint.post("/store/verify")
def verify_store() -> Response:
    """Queue the verification of every version; the run's result holds every difference."""
    return _accepted(actions.start_verify(workspace(), sender("API")))


@blueprint.post("/store/exact")
def make_store_exact() -> Response:
    """Queue the conversion of tables with FLOAT cells, which other programs read with six digits, to DOUBLE."""
    return _accepted(actions.start_once(workspace(), "exact", sender("API")))


@blueprint.post("/store/reindex")
def reindex_store() -> Response:
    """Queue reading versions and datasets that only the store and the home have into the catalogue."""
    return _accepted(actions.start_once(workspace(), "reindex", sender("API")))


@blueprint.post("/store/copy")
def copy_store() -> Response:
    """Queue a copy of everything to another store; a password is kept out of the run and of every answer."""
    return _accepted(actions.start_copy(workspace(), json_object(), sender("API")))


@blueprint.post("/store/backup")
def back_up_store() -> Response:
    """Queue a backup of everything to a folder or a FILE.zip, where the settings let visitors write."""
    return _accepted(backups.start_backup(workspace(), json_object(), sender("API")))


@blueprint.get("/store/backups")
def list_backups() -> Response:
    """Answer a page of the backups that are where visitors may have made them, the newest first."""
    limit, offset = read_query("limit", "offset")
    items = backups.list_backups(workspace().settings)
    end = offset + limit
    page = Page(items[offset:end], end if end < len(items) else None)
    return json_answer(page_json(page, [backup_json(item) for item in page.items]))


@blueprint.get("/store/trash")
def list_trash() -> Response:
    """Answer a page of what was deleted, the newest first."""
    limit, offset = read_query("limit", "offset")
    items = trash.list_trash(workspace())
    end = offset + limit
    page = Page(items[offset:end], end if end < len(items) else None)
    return json_answer(page_json(page, [trash_item_json(item) for item in page.items]))


@blueprint.delete("/store/trash")
def empty_trash() -> Response:
    """Delete everything in the trash permanently, and queue the removal of its tables."""
    return _accepted(actions.start_empty(workspace(), sender("API")))


@blueprint.post("/store/trash/<item>/restore")
def restore(item: str) -> Response:
    """Restore a version, or a network with all that was deleted with it."""
    return json_answer(trash_item_json(trash.restore(workspace(), item)))


@blueprint.delete("/store/trash/<item>")
def delete_for_good(item: str) -> Response:
    """Delete an item of the trash permanently, with its tables; this cannot be undone."""
    trash.delete_permanently(workspace(), item)
    return Response(status=204)


def _accepted(run: Run) -> Response:
    return json_answer(run_json(run), 202, {"Location": url_for("api.runs.get_run", run_id=run.id)})
