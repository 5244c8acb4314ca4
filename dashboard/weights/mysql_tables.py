"""A tensor's physical tables: one wide table, or strips of up to 1,000 columns side by side; and their views."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dashboard.errors import TensorDamaged
from dashboard.weights.dtypes import Array
from dashboard.weights.mysql_cells import SQL_TYPES, cell_dtype
from dashboard.weights.mysql_connections import Session, translated

MOST_COLUMNS = 1000
BATCH_CELLS = 4_000_000


@dataclass(frozen=True)
class Layout:
    """How a table of `rows` × `columns` is stored in the database under `name`, in strips of `strip` columns."""

    name: str
    rows: int
    columns: int
    strip: int
    dtype: str

    @property
    def strips(self) -> list[tuple[str, range]]:
        """The physical tables: (name, columns of the whole); a suffix __s01, ... only if there are several."""
        starts = range(0, max(1, self.columns), self.strip)
        suffixes = strip_suffixes(self.columns, self.strip)
        return [
            (self.name + suffix, range(start, min(start + self.strip, self.columns)))
            for suffix, start in zip(suffixes, starts, strict=True)
        ]

    def renamed(self, name: str) -> "Layout":
        """Return the same layout under another name."""
        return Layout(name, self.rows, self.columns, self.strip, self.dtype)


def strip_suffixes(columns: int, strip: int) -> list[str]:
    """Return what is added to a table's name for each of its strips."""
    count = max(1, -(-columns // strip))
    return [""] if count == 1 else [f"__s{number:02d}" for number in range(1, count + 1)]


def strip_width(page_size: int) -> int:
    """Return how many columns of 8 bytes a table may have: a row must fit half an InnoDB page."""
    return min(MOST_COLUMNS, (page_size // 2 - 132) // 8)


def create_tables(session: Session, layout: Layout) -> None:
    """Create the empty tables of a layout."""
    kind = SQL_TYPES[layout.dtype][0]
    for name, columns in layout.strips:
        cells = "".join(f", c{column} {kind} NOT NULL" for column in columns)
        session.run(f"CREATE TABLE `{name}` (r INT UNSIGNED NOT NULL PRIMARY KEY{cells}) ENGINE=InnoDB")


def fill_tables(session: Session, layout: Layout, cells: Array) -> None:
    """Insert all cells, shape (rows, columns), each strip in one transaction."""
    for name, columns in layout.strips:
        with session.transaction(), translated(session.address):
            session.channel.insert(name, cells[:, columns.start : columns.stop])


def read_cells(session: Session, layout: Layout, rows: range, columns: range) -> Array:
    """Return the cells of `rows` × `columns` by ranges of the row key; raises TensorDamaged for a missing row."""
    cells = np.empty((len(rows), len(columns)), cell_dtype(layout.dtype))
    for name, strip in layout.strips:
        wanted = range(max(strip.start, columns.start), min(strip.stop, columns.stop))
        if wanted or not layout.columns:
            target = cells[:, wanted.start - columns.start : wanted.stop - columns.start] if wanted else cells
            for batch in _batches(rows, max(1, len(wanted))):
                start = batch.start - rows.start
                target[start : start + len(batch)] = _read_strip(session, name, layout, batch, wanted)
    return cells


def _batches(rows: range, columns: int) -> Iterator[range]:
    height = max(1, BATCH_CELLS // columns)
    for start in range(rows.start, rows.stop, height):
        yield range(start, min(start + height, rows.stop))


def _read_strip(session: Session, name: str, layout: Layout, rows: range, columns: range) -> Array:
    names = "".join(f", c{column}" for column in columns)
    sql = f"SELECT r{names} FROM `{name}` WHERE r >= {rows.start} AND r < {rows.stop} ORDER BY r"  # noqa: S608
    with translated(session.address):
        keys, cells = session.channel.select(sql, cell_dtype(layout.dtype), len(columns), len(rows))
    if len(keys) != len(rows):
        missing = np.setdiff1d(np.arange(rows.start, rows.stop), keys)
        raise TensorDamaged(f"{name}: row {missing[0]} is missing ({len(missing):,} in all).")
    return cells


def count_rows(session: Session, layout: Layout) -> None:
    """Raise TensorDamaged if a strip has rows beyond the last one."""
    for name, _ in layout.strips:
        extra = session.run(f"SELECT r FROM `{name}` WHERE r >= %s LIMIT 1", (layout.rows,))  # noqa: S608
        if extra:
            raise TensorDamaged(f"{name} has more than its {layout.rows:,} rows: there is a row {extra[0][0]}.")


def drop_tables(session: Session, layout: Layout) -> None:
    """Drop the tables of a layout, those that are there."""
    names = ", ".join(f"`{name}`" for name, _ in layout.strips)
    session.run(f"DROP TABLE IF EXISTS {names}")


def create_views(session: Session, layout: Layout, name: str) -> None:
    """Make views called `name` (with the strips' suffixes) of a layout's tables."""
    for (view, _), (table, _) in zip(layout.renamed(name).strips, layout.strips, strict=True):
        session.run(f"CREATE OR REPLACE SQL SECURITY INVOKER VIEW `{view}` AS SELECT * FROM `{table}`")  # noqa: S608


def drop_views(session: Session, layout: Layout, name: str) -> None:
    """Drop the views called `name`, those that are there."""
    names = ", ".join(f"`{view}`" for view, _ in layout.renamed(name).strips)
    session.run(f"DROP VIEW IF EXISTS {names}")


def rename_tables(session: Session, layout: Layout, name: str) -> None:
    """Give a layout's tables another name, all at once; nothing happens if they have it already."""
    if layout.name == name:
        return
    pairs = zip(layout.strips, layout.renamed(name).strips, strict=True)
    moves = ", ".join(f"`{old}` TO `{new}`" for (old, _), (new, _) in pairs)
    if table_exists(session, layout.strips[0][0]):
        session.run(f"RENAME TABLE {moves}")


def table_exists(session: Session, name: str) -> bool:
    """Return whether there is a table (not a view) of this name."""
    sql = (
        "SELECT COUNT(*) FROM information_schema.tables "
        "WHERE table_schema = DATABASE() AND table_name = %s AND table_type = 'BASE TABLE'"
    )
    return session.run(sql, (name,)) == [(1,)]
