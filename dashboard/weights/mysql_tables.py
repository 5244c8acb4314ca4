"""A tensor's physical tables, created, filled and read."""

from collections.abc import Iterator

import numpy as np

from dashboard.errors import TensorDamaged
from dashboard.weights.dtypes import Array, numpy_dtype
from dashboard.weights.mysql_cells import first_other, numbers_in, wire_type
from dashboard.weights.mysql_connections import NameInUse, Session, TableChanged, translated
from dashboard.weights.mysql_layout import Layout
from dashboard.weights.mysql_names import comment, taken
from dashboard.weights.mysql_text import rows_text
from dashboard.weights.mysql_wire import NotNumbers
from dashboard.weights.table_reading import DamagedCell

BATCH_CELLS = 4_000_000
MOST_COUNTED = 2_000_000
SMALL_CELLS = 4_000
"""Up to here one INSERT of text is quicker than a prepared statement, which takes one question more."""


def create_tables(session: Session, layout: Layout, kind: str, mark: str) -> None:
    """Create the empty tables of a layout, with cells of the column type `kind`, and our mark in their comments.

    Raises NumberTaken for a name that something else has.
    """
    for name, columns in layout.strips:
        cells = "".join(f", c{column} {kind} NOT NULL" for column in columns)
        how = f"ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='{comment(mark)}'"
        try:
            session.run(f"CREATE TABLE `{name}` (r INT UNSIGNED NOT NULL PRIMARY KEY{cells}) {how}")
        except NameInUse as error:
            raise taken(name) from error


def fill_tables(session: Session, layout: Layout, cells: Array, kind: str) -> None:
    """Insert all cells, shape (rows, columns), into columns of the type `kind`, each strip in one transaction."""
    wire = wire_type(layout.dtype, kind)
    for name, columns in layout.strips:
        with session.transaction(), translated(session.address):
            session.channel.insert(name, cells[:, columns.start : columns.stop], wire)


def fill_small(session: Session, layout: Layout, cells: Array) -> None:
    """Insert all cells, shape (rows, columns), of a small table, within a transaction of the caller's."""
    for name, columns in layout.strips:
        if layout.rows:
            session.run(f"INSERT INTO `{name}` VALUES {rows_text(cells[:, columns.start : columns.stop], 0)}")  # noqa: S608


def read_cells(session: Session, layout: Layout, rows: range, columns: range) -> Array:
    """Return the numbers in `rows` × `columns` by ranges of the row key; special cells are 0.

    Raises TensorDamaged for a missing row, or a cell that holds no number of the table's type.
    """
    numbers = np.empty((len(rows), len(columns)), numpy_dtype(layout.dtype))
    for name, strip in layout.strips:
        wanted = range(max(strip.start, columns.start), min(strip.stop, columns.stop))
        if wanted or not layout.columns:
            target = numbers[:, wanted.start - columns.start : wanted.stop - columns.start] if wanted else numbers
            for batch in _batches(rows, max(1, len(wanted))):
                start = batch.start - rows.start
                target[start : start + len(batch)] = _read_strip(session, name, layout.dtype, batch, wanted)
    return numbers


def _batches(rows: range, columns: int) -> Iterator[range]:
    height = max(1, BATCH_CELLS // columns)
    for start in range(rows.start, rows.stop, height):
        yield range(start, min(start + height, rows.stop))


def _read_strip(session: Session, name: str, dtype: str, rows: range, columns: range) -> Array:
    names = "".join(f", c{column}" for column in columns)
    sql = f"SELECT r{names} FROM `{name}` WHERE r >= {rows.start} AND r < {rows.stop} ORDER BY r"  # noqa: S608
    try:
        with translated(session.address):
            keys, cells = session.channel.select(sql, len(rows))
    except (NotNumbers, TableChanged) as error:
        raise TensorDamaged(f"{name} is not as it was written: {error}") from error
    if len(keys) != len(rows):
        missing = np.setdiff1d(np.arange(rows.start, rows.stop), keys)
        raise TensorDamaged(f"{name}: row {missing[0]} is missing ({len(missing):,} in all).")
    numbers = numbers_in(cells, dtype)
    place = first_other(cells, numbers)
    if place is not None:
        row, column, content = rows[place[0]], columns[place[1]], str(cells[place])
        raise DamagedCell(f"{name}: row {row}, column c{column} holds {content}, no {dtype}.", row, column, content)
    return numbers


def widen_cells(session: Session, layout: Layout) -> None:
    """Change the cells of a layout's tables to DOUBLE; the server changes a strip wholly or not at all."""
    for name, columns in layout.strips:
        changes = ", ".join(f"MODIFY c{column} DOUBLE NOT NULL" for column in columns)
        if changes:
            session.run(f"ALTER TABLE `{name}` {changes}")


def count_rows(session: Session, layout: Layout) -> None:
    """Raise TensorDamaged if a strip has rows beyond the last one."""
    for name, _ in layout.strips:
        try:
            extra = session.run(f"SELECT r FROM `{name}` WHERE r >= %s LIMIT 1", (layout.rows,))  # noqa: S608
        except TableChanged as error:
            raise TensorDamaged(f"{name} is not as it was written: {error}") from error
        if extra:
            raise TensorDamaged(f"{name} has more than its {layout.rows:,} rows: there is a row {extra[0][0]}.")


def require_rows(session: Session, layout: Layout) -> None:
    """Raise TensorDamaged unless each strip has its number of rows (counted if it has up to MOST_COUNTED cells)."""
    count_rows(session, layout)
    for name, columns in layout.strips:
        if layout.rows * max(1, len(columns)) <= MOST_COUNTED:
            ((count,),) = session.run(f"SELECT COUNT(*) FROM `{name}`")  # noqa: S608
            if count != layout.rows:
                raise TensorDamaged(f"{name} has {count:,} rows of {layout.rows:,}.")
