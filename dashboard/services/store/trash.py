"""The trash: what was deleted is in it as a whole, until it is restored or deleted permanently."""

from collections.abc import Callable

from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import trash as trash_rows
from dashboard.catalogue import versions as version_rows
from dashboard.errors import Conflict, NotFound
from dashboard.files import keep_reserve, make_space
from dashboard.jobs.job import Progress
from dashboard.records.run import Freed, TrashItem
from dashboard.services.store.trash_notes import note_trash
from dashboard.services.workspace import Workspace, drop_deleted_networks, sweep_version


def list_trash(workspace: Workspace) -> list[TrashItem]:
    """Return what is in the trash, the latest first."""
    with workspace.catalogue.reading() as connection:
        return trash_rows.list_trash(connection)


def get_item(workspace: Workspace, key: str) -> TrashItem:
    """Return one thing in the trash by its key, such as version-12; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        return trash_rows.get_trashed(connection, *_split(key))


def restore(workspace: Workspace, key: str) -> TrashItem:
    """Bring a version back, or a network with all that went with it.

    Raises NotFound, or Conflict if another network has the name now.
    """
    try:
        with workspace.catalogue.writing() as connection:
            item = trash_rows.get_trashed(connection, *_split(key))
            bring_back = trash_rows.restore_version if item.kind == "version" else trash_rows.restore_network
            bring_back(connection, item.id)
    except Conflict as error:
        message = f"Another network has the name {item.name!r} now. Delete that one first, then restore this one."
        raise Conflict(message, "name") from error
    note_trash(workspace)
    return item


def delete_permanently(workspace: Workspace, key: str) -> TrashItem:
    """Remove one thing in the trash; what a crash interrupts, a sweep finishes. Raises NotFound."""
    make_space(workspace.settings.home_folder)
    with workspace.catalogue.writing() as connection:
        item = trash_rows.get_trashed(connection, *_split(key))
        give_up = trash_rows.start_deleting_version if item.kind == "version" else trash_rows.start_deleting_network
        give_up(connection, item.id)
    remove_deleted(workspace)
    return item


def remove_deleted(workspace: Workspace, report: Callable[[Progress], None] | None = None) -> int:
    """Remove the tables and rows of all versions that were given up; return how many there were."""
    make_space(workspace.settings.home_folder)
    with workspace.catalogue.reading() as connection:
        deleted = trash_rows.deleting_versions(connection)
    removed = 0
    for done, (version_id, slug, number) in enumerate(deleted):
        if report is not None:
            note = f"removing {slug} v{number}, version {done + 1:,} of {len(deleted):,}"
            report(Progress(done, len(deleted), note, {"removed": removed}))
        removed += len(sweep_version(workspace, version_id, slug, number))
    drop_deleted_networks(workspace)
    note_trash(workspace)
    if report is not None:
        report(Progress(len(deleted), len(deleted), "", {"removed": removed}))
    keep_reserve(workspace.settings.home_folder)
    return removed


def freed_by_version(workspace: Workspace, network_name: str, number: int) -> Freed:
    """Return what deleting a version permanently would free; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        return trash_rows.freed_by_version(connection, version_rows.get_version(connection, network_name, number).id)


def freed_by_network(workspace: Workspace, name: str) -> Freed:
    """Return what deleting a network permanently, with all its versions, would free; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        return trash_rows.freed_by_network(connection, network_rows.get_network(connection, name).id)


def freed_by_item(workspace: Workspace, item: TrashItem) -> Freed:
    """Return what deleting one thing in the trash would free."""
    count = trash_rows.freed_by_version if item.kind == "version" else trash_rows.freed_by_network
    with workspace.catalogue.reading() as connection:
        return count(connection, item.id)


def freed_by_trash(workspace: Workspace) -> Freed:
    """Return what emptying the trash would free."""
    with workspace.catalogue.reading() as connection:
        return trash_rows.freed_by_trash(connection)


def _split(key: str) -> tuple[str, int]:
    kind, _, number = key.partition("-")
    if kind not in {"version", "network"} or not number.isdecimal() or len(number) > 18:
        raise NotFound("There is no such thing in the trash.", "item")
    return kind, int(number)
