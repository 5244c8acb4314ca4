"""The same as `mysql_binary` by public interfaces only: exact, a third as quick to read, a fifth to write.

Written as text, floats as the shortest decimal of the equal double, in INSERTs of about a megabyte. Read by a prepared
statement, because the text that a server makes of a FLOAT has six digits. (Never write by one: the C extension stores
DOUBLE parameters in single precision.)
"""

from collections.abc import Iterator, Sequence
from typing import Any

import mysql.connector
import numpy as np
import orjson
from mysql.connector import MySQLConnection
from mysql.connector.constants import FieldType
from mysql.connector.errors import get_mysql_exception

from dashboard.weights.dtypes import Array
from dashboard.weights.mysql_wire import NotNumbers, number_type

CHUNK_CELLS = 40_000


class TextChannel:
    """Sends and receives rows of numbers over any connection of the connector."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - the connector's connections have no common type
        self._connection = connection

    def abandon(self) -> None:
        """Do nothing: the connection of the process that we were forked from is left as it is."""

    def insert(self, table: str, cells: Array, _: np.dtype[Any] | None = None, first_row: int = 0) -> None:
        """Insert the rows of a 2-d array under the keys `first_row` and on; raises the connector's errors."""
        height = max(1, CHUNK_CELLS // max(1, cells.shape[1]))
        cursor = self._connection.cursor()
        for top in range(0, len(cells), height):
            block = cells[top : top + height]
            cursor.execute(f"INSERT INTO `{table}` VALUES " + rows_text(block, first_row + top))  # noqa: S608
        cursor.close()

    def select(self, sql: str, rows: int) -> tuple[Array, Array]:
        """Run a SELECT of the row key and cells; see `BinaryChannel.select`."""
        lines = self._rows(sql)
        key, *kinds = _types(next(lines))
        cell = np.result_type(*kinds) if kinds else np.dtype(np.uint8)
        # The C extension takes the upper half of BIGINT UNSIGNED for negative numbers.
        wraps = cell == np.uint64
        keys, cells = np.empty(rows, key), np.empty((rows, len(kinds)), cell)
        count = 0
        for row in lines:
            if None in row:
                raise NotNumbers(f"a cell is NULL in row {row[0]}")
            if count < rows:
                keys[count] = row[0]
                cells[count] = [number % (1 << 64) for number in row[1:]] if wraps else row[1:]
            count += 1
        if count > rows:
            raise NotNumbers(f"there are {count - rows:,} rows too many")
        return keys[:count], cells[:count]

    def _rows(self, sql: str) -> Iterator[Sequence[Any]]:
        """Yield the columns' descriptions, then the rows as the binary protocol brings them.

        Raises the connector's errors.
        """
        connection = self._connection
        if not mysql.connector.HAVE_CEXT or isinstance(connection, MySQLConnection):
            cursor = connection.cursor(prepared=True)
            cursor.execute(sql)
            yield cursor.description
            yield from cursor
            cursor.close()
            return
        from _mysql_connector import MySQLInterfaceError  # noqa: PLC0415 - not there without the C extension

        # Without a cursor: a cursor processes each cell again in Python, which takes longer than all the rest.
        statement = connection.cmd_stmt_prepare(sql.encode())
        yield connection.cmd_stmt_execute(statement)["columns"]
        try:
            yield from iter(statement.fetch_row, None)
        except MySQLInterfaceError as error:
            raise get_mysql_exception(error.errno, error.msg, error.sqlstate) from error
        connection.get_rows(prep_stmt=statement)  # there are none, which marks all as read
        connection.cmd_stmt_close(statement)


class PlainChannel(TextChannel):
    """The same without prepared statements, for servers that allow none (max_prepared_stmt_count=0).

    The text of a DOUBLE is exact; a FLOAT, whose text has six digits, is cast to one.
    """

    def _rows(self, sql: str) -> Iterator[Sequence[Any]]:
        columns, _, rest = sql.removeprefix("SELECT ").partition(" FROM ")
        cursor = self._connection.cursor()
        cursor.execute(f"SELECT {columns} FROM {rest} LIMIT 0")  # noqa: S608 - our own statement
        floats = {column[0] for column in cursor.description if column[1] == FieldType.FLOAT}
        cursor.fetchall()
        names = (f"CAST({name} AS DOUBLE) AS {name}" if name in floats else name for name in columns.split(", "))
        cursor.execute(f"SELECT {', '.join(names)} FROM {rest}")  # noqa: S608 - as above
        yield cursor.description
        yield from cursor
        cursor.close()


def _types(columns: Sequence[Any]) -> list[np.dtype[Any]]:
    """Return the numpy types of a result's columns from their descriptions; raises NotNumbers."""
    return [number_type(str(column[0]), column[1], column[7]) for column in columns]


def rows_text(block: Array, first_row: int) -> str:
    """Return (0,0.5,...),(1,...) for the rows of a block, floats as the shortest decimal of the equal double."""
    if block.shape[1] == 0:
        return ",".join(f"({first_row + row})" for row in range(len(block)))
    numbers = np.ascontiguousarray(block, dtype=np.float64 if block.dtype.kind == "f" else None)
    lines = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].decode().split("],[")
    return ",".join(f"({row},{line})" for row, line in enumerate(lines, start=first_row))
