"""The trash: versions and networks that are hidden but whole, until they are restored or deleted permanently.

A version is there by itself (state `trash`), or because its network is (`with_network`). Deleting permanently begins
with one transaction that makes versions `deleting` and a network's `trash` negative: from then on a sweep finishes it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Update, case, func, select

from dashboard.catalogue.rows import now
from dashboard.catalogue.runs import delete_runs
from dashboard.catalogue.tables import networks, tensors, versions
from dashboard.errors import NotFound
from dashboard.records.run import Freed, TrashItem

MOST_NAMED = 3
GONE = "This is not in the trash any more: it was restored or deleted permanently."


def trash_version(connection: Connection, version_id: int, when: datetime | None = None) -> None:
    """Hide a version, as of a moment; its tables and its number stay its own."""
    row = versions.update().where(versions.c.id == version_id, versions.c.state == "ready")
    connection.execute(row.values(state="trash", trashed=when or now()))


def trash_network(connection: Connection, network_id: int, when: datetime | None = None) -> None:
    """Hide a network with its versions and runs, as of a moment; its name is free from now on, its slug is not."""
    moment = when or now()
    ready = versions.update().where(versions.c.network_id == network_id, versions.c.state == "ready")
    connection.execute(ready.values(state="with_network", trashed=moment))
    connection.execute(networks.update().where(networks.c.id == network_id).values(trash=network_id, trashed=moment))


def find_trashed_network(connection: Connection, slug: str) -> tuple[int, int | None] | None:
    """Return (its id, its dataset's) of a network in the trash; None if none there has this slug."""
    query = select(networks.c.id, networks.c.dataset_id).where(networks.c.slug == slug, networks.c.trash > 0)
    row = connection.execute(query).one_or_none()
    return (row.id, row.dataset_id) if row is not None else None


def trashed_keys(
    connection: Connection,
) -> tuple[dict[tuple[str, int], tuple[str, datetime]], dict[str, datetime]]:
    """Return what is in the trash or being deleted: (slug, number) -> (SHA-256, since when), and slug -> since when."""
    query = select(networks.c.slug, versions.c.number, versions.c.sha256, versions.c.trashed)
    query = query.join(networks, networks.c.id == versions.c.network_id).where(networks.c.trash == 0)
    single = connection.execute(query.where(versions.c.state.in_(("trash", "deleting"))))
    hidden = connection.execute(select(networks.c.slug, networks.c.trashed).where(networks.c.trash != 0))
    return (
        {(row.slug, row.number): (row.sha256, row.trashed) for row in single if row.trashed is not None},
        {row.slug: row.trashed for row in hidden if row.trashed is not None},
    )


def list_trash(connection: Connection) -> list[TrashItem]:
    """Return the content of the trash, the newest first."""
    items = _trashed_versions(connection, None) + _trashed_networks(connection, None)
    return sorted(items, key=lambda item: item.trashed, reverse=True)


def get_trashed(connection: Connection, kind: str, item_id: int) -> TrashItem:
    """Return one thing in the trash, a version or a network; raises NotFound."""
    find = {"version": _trashed_versions, "network": _trashed_networks}.get(kind)
    items = find(connection, item_id) if find is not None else []
    if not items:
        raise NotFound(GONE, "item")
    return items[0]


def restore_version(connection: Connection, version_id: int) -> None:
    """Let a version exist again; raises NotFound if it has just been restored or given up by someone else."""
    row = versions.update().where(versions.c.id == version_id, versions.c.state == "trash")
    _require_one(connection, row.values(state="ready", trashed=None))


def restore_network(connection: Connection, network_id: int) -> None:
    """Let a network exist again with what went with it.

    A name that was taken meanwhile leaves `Catalogue.writing` as Conflict. Raises NotFound as `restore_version` does.
    """
    row = networks.update().where(networks.c.id == network_id, networks.c.trash == network_id)
    _require_one(connection, row.values(trash=0, trashed=None))
    hidden = versions.update().where(versions.c.network_id == network_id, versions.c.state == "with_network")
    connection.execute(hidden.values(state="ready", trashed=None))


def start_deleting_version(connection: Connection, version_id: int) -> None:
    """Start the permanent deletion of a version in the trash; sweeps complete it. Raises NotFound likewise."""
    row = versions.update().where(versions.c.id == version_id, versions.c.state == "trash")
    _require_one(connection, row.values(state="deleting"))


def start_deleting_network(connection: Connection, network_id: int) -> None:
    """Start the permanent deletion of a network in the trash with all its versions. Raises NotFound likewise."""
    row = networks.update().where(networks.c.id == network_id, networks.c.trash == network_id)
    _require_one(connection, row.values(trash=-network_id))
    start_deleting_left_over(connection)


def start_deleting_left_over(connection: Connection) -> None:
    """Start deleting the remaining versions of deleted networks; those being saved follow once they are saved."""
    deleted = select(networks.c.id).where(networks.c.trash < 0)
    theirs = versions.c.network_id.in_(deleted) & versions.c.state.in_(("ready", "trash", "with_network"))
    connection.execute(versions.update().where(theirs).values(state="deleting"))


def deleting_versions(connection: Connection) -> list[tuple[int, str, int]]:
    """Return (id, slug, number) of the versions that are being deleted."""
    query = select(versions.c.id, networks.c.slug, versions.c.number).join(
        networks, networks.c.id == versions.c.network_id
    )
    return [tuple(row) for row in connection.execute(query.where(versions.c.state == "deleting"))]


def start_deleting_all(connection: Connection) -> int:
    """Start deleting everything in the trash; return the number of versions."""
    items = list_trash(connection)
    for item in items:
        (start_deleting_version if item.kind == "version" else start_deleting_network)(connection, item.id)
    return sum(item.versions for item in items)


def drop_deleted_networks(connection: Connection) -> list[str]:
    """Remove the deleted networks of which all versions are gone, with their runs; return their slugs."""
    left = select(versions.c.id).where(versions.c.network_id == networks.c.id).exists()
    empty = connection.execute(select(networks.c.id, networks.c.slug).where(networks.c.trash < 0, ~left)).all()
    for network_id, _ in empty:
        delete_runs(connection, network_id)
        connection.execute(networks.delete().where(networks.c.id == network_id))
    return [slug for _, slug in empty]


def any_deleted_network(connection: Connection) -> bool:
    """Return whether a network is being deleted permanently, or was when its process died."""
    return connection.execute(select(networks.c.id).where(networks.c.trash < 0).limit(1)).first() is not None


def freed_by_version(connection: Connection, version_id: int) -> Freed:
    """Return what deleting a version permanently would free."""
    return _freed(connection, versions.c.id == version_id)


def freed_by_network(connection: Connection, network_id: int) -> Freed:
    """Return what deleting a network permanently, with all its versions, would free."""
    return _freed(connection, versions.c.network_id == network_id)


def freed_by_trash(connection: Connection) -> Freed:
    """Return what emptying the trash would free."""
    trashed = versions.c.network_id.in_(select(networks.c.id).where(networks.c.trash > 0))
    return _freed(connection, (versions.c.state == "trash") | trashed)


def _require_one(connection: Connection, update: Update) -> None:
    if connection.execute(update).rowcount != 1:
        raise NotFound(GONE, "item")


def _freed(connection: Connection, going: ColumnElement[bool]) -> Freed:
    """Count the tables of versions that go: free are those that nothing else uses, whatever its state."""
    ours = select(tensors.c.content).join(versions, versions.c.id == tensors.c.version_id).where(going)
    inside = func.sum(case((going, 1), else_=0))
    query = (
        select(func.min(tensors.c.bytes).label("bytes"), (func.count() > inside).label("shared"))
        .join(versions, versions.c.id == tensors.c.version_id)
        .where(tensors.c.content.in_(ours))
        .group_by(tensors.c.content)
    )
    tables = connection.execute(query).all()
    free = [table.bytes for table in tables if not table.shared]
    users = connection.execute(_others(going, ours)).all() if len(free) < len(tables) else []
    return Freed(
        len(free), int(sum(free)), len(tables) - len(free), tuple(f"{name}:{number}" for name, number in users)
    )


def _others(going: ColumnElement[bool], contents: Select[Any]) -> Select[Any]:
    """Select (network, number) of the first few versions that share a table with those that go."""
    return (
        select(networks.c.name, versions.c.number)
        .join(versions, versions.c.network_id == networks.c.id)
        .join(tensors, tensors.c.version_id == versions.c.id)
        .where(tensors.c.content.in_(contents), ~going)
        .distinct()
        .order_by(networks.c.name, versions.c.number)
        .limit(MOST_NAMED)
    )


def _trashed_versions(connection: Connection, version_id: int | None) -> list[TrashItem]:
    query = (
        select(versions.c.id, networks.c.name, versions.c.number, versions.c.bytes, versions.c.trashed)
        .join(networks, networks.c.id == versions.c.network_id)
        .where(versions.c.state == "trash", networks.c.trash == 0)
    )
    rows = connection.execute(query if version_id is None else query.where(versions.c.id == version_id))
    return [TrashItem("version", row.id, f"{row.name}:{row.number}", 1, row.bytes, row.trashed) for row in rows]


def _trashed_networks(connection: Connection, network_id: int | None) -> list[TrashItem]:
    count, size = func.count(versions.c.id), func.coalesce(func.sum(versions.c.bytes), 0)
    query = (
        select(networks.c.id, networks.c.name, count.label("versions"), size.label("bytes"), networks.c.trashed)
        .outerjoin(versions, versions.c.network_id == networks.c.id)
        .where(networks.c.trash > 0)
        .group_by(networks.c.id, networks.c.name, networks.c.trashed)
    )
    rows = connection.execute(query if network_id is None else query.where(networks.c.id == network_id))
    return [TrashItem("network", row.id, row.name, int(row.versions), int(row.bytes), row.trashed) for row in rows]
