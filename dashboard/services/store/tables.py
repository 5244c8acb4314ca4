"""The store's tables as a person looks at them, and the disk space that they take."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from dashboard.catalogue import stored_tables
from dashboard.catalogue.stored_tables import Totals
from dashboard.records.page import Page
from dashboard.records.store import split_password
from dashboard.services.cache.numbers import clear_numbers, size_of_numbers
from dashboard.services.exports.stored import clear_exports, size_of_exports
from dashboard.services.workspace import Workspace

__all__ = ["Totals"]  # for those who may not enter the catalogue


@dataclass(frozen=True)
class StoredTable:
    """A table: the bytes of its weights, those it takes in the store, and the versions (the first few of `uses`)."""

    name: str
    tensor: str
    dtype: str
    rows: int
    columns: int
    weights: int
    bytes: int | None
    uses: int
    versions: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Space:
    """The space on the disk of the store's folder (None: a server's) and in the decoded cache."""

    disk_used: int | None
    disk_free: int | None
    cache: int
    cache_limit: int


def list_tables(workspace: Workspace, prefix: str = "", limit: int = 50, offset: int = 0) -> Page[StoredTable]:
    """Return a page of the tables whose names begin with `prefix`, in the order of names; raises StoreUnavailable."""
    with workspace.catalogue.reading() as connection:
        rows = stored_tables.list_tables(connection, limit + 1, offset, prefix)
    shown = rows[:limit]
    sizes = workspace.store.bytes_of([table.key for table in shown])
    tables = [
        StoredTable(
            name=table.name,
            tensor=table.key.tensor,
            dtype=table.key.dtype,
            rows=table.key.rows,
            columns=table.key.columns,
            weights=table.bytes,
            bytes=size,
            uses=table.uses,
            versions=table.users,
        )
        for table, size in zip(shown, sizes, strict=True)
    ]
    return Page(tables, offset + limit if len(rows) > limit else None)


def count_tables(workspace: Workspace, prefix: str = "") -> Totals:
    """Return how many tables there are, how many are shared, and the bytes of their weights."""
    with workspace.catalogue.reading() as connection:
        return stored_tables.count_tables(connection, prefix)


def disk_space(workspace: Workspace) -> Space:
    """Return how full the store's disk and the cache are; a server's disk is unknown."""
    used = free = None
    if folder := workspace.settings.store_folder:
        disk = shutil.disk_usage(_existing(folder))
        used, free = disk.used, disk.free
    return Space(used, free, _size_of_caches(workspace), workspace.decoded.limit_bytes)


def _size_of_caches(workspace: Workspace) -> int:
    return workspace.decoded.size() + size_of_numbers(workspace) + size_of_exports(workspace)


def clear_cache(workspace: Workspace) -> None:
    """Remove all decoded arrays and all that was counted from them; it is made again. Raises StoreUnavailable."""
    workspace.decoded.clear()
    clear_exports(workspace)
    clear_numbers(workspace)


def location(workspace: Workspace) -> str:
    """Return where the store is: a folder, or an address without its password."""
    return str(workspace.settings.store_folder or split_password(workspace.settings.store)[0])


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())
