"""The tables of the store's page: the tables that hold weights, and the trash."""

from collections.abc import Iterable

from flask import url_for

from dashboard.records.run import TrashItem
from dashboard.services.store.tables import StoredTable
from dashboard.web.kit.tables import Column, Table, exports


def tensor_address(table: StoredTable) -> str:
    """Return the address of the tensor that a table holds, in the first version that uses it."""
    network, number = table.versions[0]
    return url_for("tensors.show", name=network, number=number, tensor=table.tensor)


def users_words(table: StoredTable) -> str:
    """Say which versions use a table, the first few of them."""
    text = ", ".join(f"{network} v{number}" for network, number in table.versions)
    more = table.uses - len(table.versions)
    return f"{text} and {more:,} more" if more else text


TABLE_COLUMNS = (
    Column("table", "Table", "name", link=tensor_address, css="mono"),
    Column("tensor"),
    Column("dtype", "Type"),
    Column("rows", "Rows", format="count"),
    Column("columns", "Columns", format="count"),
    Column("weights_bytes", "Weights", "weights", "size"),
    Column("bytes", "In the store", format="stored_size", css="right"),
    Column("versions", value="uses"),
    Column(
        "used_by",
        "Used by",
        lambda table: " ".join(f"{network}:{number}" for network, number in table.versions),
        shown=users_words,
    ),
)
TRASH_COLUMNS = (
    Column("kind"),
    Column("name", "Deleted", link=lambda item: url_for("store.delete_permanently", key=item.key)),
    Column("type", "Kind", "kind", exported=False),
    Column("versions", "Versions", format="count"),
    Column("weights_bytes", "Weights", "bytes", "size"),
    Column("deleted", "When", "trashed", "when"),
    Column("restore", "Restore", "key", "restore", exported=False, quiet=True),
)


def stored_table(tables: Iterable[StoredTable], search: str) -> Table:
    """Return tables of the store, those whose names begin with `search`, as a table of the page."""
    files = exports("store.tables", search=search or None)
    return Table("tables", TABLE_COLUMNS, tables, "Tables", files)


def trash_table(items: Iterable[TrashItem]) -> Table:
    """Return what is in the trash."""
    return Table("trash", TRASH_COLUMNS, items, "Trash", exports("store.trash_items"))
