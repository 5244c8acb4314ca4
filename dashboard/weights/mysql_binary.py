"""MySQL's binary protocol on the socket of a connection: a table's numbers travel as their own bytes, both ways.

mysql-connector's public interfaces make a Python object of each cell; here a block of rows is one numpy array, sent
and received as it is in memory. All that is used of the connector beyond its public interface is the socket and the
negotiated flags of its pure-Python connection; `is_available` says whether they are there, and a test pins them to
the version in requirements.txt. Where they are not, `mysql_text` does the same, exact and slower.

The packets are those of the MySQL client/server protocol: COM_STMT_PREPARE, COM_STMT_EXECUTE and binary result rows
(dev.mysql.com/doc/dev/mysql-server, "Prepared Statements").
"""

import socket
import struct
from typing import Any

import numpy as np
from mysql.connector import errors
from mysql.connector.constants import ClientFlag
from mysql.connector.errors import get_exception
from numpy.lib.recfunctions import structured_to_unstructured

from dashboard.weights.dtypes import Array
from dashboard.weights.mysql_wire import ROW_KEY, NotNumbers, described, execute_head, is_row, record_of

PREPARE, EXECUTE, CLOSE = 0x16, 0x17, 0x19
ERROR, END, TWO_BYTES_FOLLOW = 0xFF, 0xFE, 0xFC
MOST_PARAMETERS = 4_000
LOST = 2013
"""The connector's number for a connection that was lost."""


def is_available(connection: Any) -> bool:  # noqa: ANN401 - any kind of connection of the connector
    """Return whether this connection has what this module uses: a plain socket, and result sets that end with EOF."""
    flags = getattr(connection, "_client_flags", None)
    wrapper = getattr(connection, "_socket", None)
    if not isinstance(flags, int) or not hasattr(getattr(wrapper, "sock", None), "recv_into"):
        return False
    return not flags & (ClientFlag.DEPRECATE_EOF | ClientFlag.COMPRESS)


class BinaryChannel:
    """Sends and receives rows of numbers over a connection for which `is_available` holds."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - the connector's connections have no common type
        self._socket = connection._socket.sock
        self._names_parameters = bool(connection._client_flags & ClientFlag.CLIENT_QUERY_ATTRIBUTES)
        self._received = bytearray()
        if self._socket.family != socket.AF_UNIX:  # else a small packet waits for the receipt of the one before
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def abandon(self) -> None:
        """Let go of a socket that belongs to the process that we were forked from; there, it lives on."""
        self._socket.close()

    def insert(self, table: str, cells: Array, wire: np.dtype[Any] | None = None, first_row: int = 0) -> None:
        """Insert the rows of a 2-d array under the keys `first_row` and on; raises the connector's errors.

        The numbers travel as `wire`, to which they are widened block by block (None: as they are).
        """
        rows, columns = cells.shape
        height = max(1, MOST_PARAMETERS // (columns + 1))
        whole = rows // height * height
        wire = wire or cells.dtype
        self._insert_blocks(table, cells[:whole], wire, first_row, height)
        self._insert_blocks(table, cells[whole:], wire, first_row + whole, rows - whole)

    def _insert_blocks(self, table: str, cells: Array, wire: np.dtype[Any], first_row: int, height: int) -> None:
        """Insert blocks of `height` rows each by one prepared statement."""
        rows, columns = cells.shape
        if rows == 0:
            return
        row = "(" + ",".join("?" * (columns + 1)) + ")"
        statement = self._prepare(f"INSERT INTO `{table}` VALUES " + ",".join([row] * height))  # noqa: S608
        block = np.empty(height, [("r", ROW_KEY), ("cells", wire, (columns,))])
        kinds = [ROW_KEY, *[wire] * columns] * height
        for top in range(0, rows, height):
            block["r"] = np.arange(first_row + top, first_row + top + height)
            block["cells"] = cells[top : top + height]
            self._execute(statement, block, kinds, is_first=top == 0)
            self._packet()
        self._send(CLOSE, struct.pack("<I", statement))

    def select(self, sql: str, rows: int) -> tuple[Array, Array]:
        """Run a SELECT of the row key and cells; return keys (n,) and cells (n, columns) of n <= `rows` rows.

        The cells have the type that the server's columns have; of several types, one that holds them all. Raises
        NotNumbers for a column of another kind, a NULL, or more rows than `rows`.
        """
        statement = self._prepare(sql)
        self._execute(statement, np.empty(0, np.uint8), [], is_first=False)
        try:
            record = self._described()
        except NotNumbers:
            self._count_to_end()
            raise
        records, more = self._fetch(record, rows)
        self._send(CLOSE, struct.pack("<I", statement))
        if more:
            raise NotNumbers(f"there are {more:,} rows too many" if len(records) == rows else _null_after(records))
        cells = records["cells"]
        return records["r"].copy(), structured_to_unstructured(cells) if cells.dtype.names else cells

    def _described(self) -> np.dtype[Any]:
        """Read the description of a result and return what a row of it looks like; raises NotNumbers."""
        columns = _length(self._packet())
        packets = [self._packet() for _ in range(columns)]
        self._packet()  # which ends them
        return record_of([described(packet) for packet in packets])

    def _prepare(self, sql: str) -> int:
        """Prepare a statement and return its number; descriptions of its parameters and columns are passed over."""
        self._send(PREPARE, sql.encode())
        statement, columns, parameters = struct.unpack_from("<xIHH", self._packet())
        self._skip_descriptions(parameters)
        self._skip_descriptions(columns)
        return int(statement)

    def _skip_descriptions(self, count: int) -> None:
        for _ in range(count + 1 if count else 0):  # one more: the packet that ends them
            self._packet()

    def _execute(self, statement: int, block: Array, kinds: list[np.dtype[Any]], is_first: bool) -> None:
        """Send COM_STMT_EXECUTE with the block's bytes as values; types are sent the first time only."""
        self._send(EXECUTE, execute_head(statement, kinds, is_first, self._names_parameters), block)

    def _send(self, command: int, payload: bytes, block: Array | None = None) -> None:
        """Send one packet: the command, its payload and the bytes of `block`."""
        content = payload if block is None else payload + block.tobytes()
        try:
            self._socket.sendall(struct.pack("<IB", 1 + len(content), command) + content)  # the packet's number is 0
        except OSError as error:
            raise errors.OperationalError(msg=f"the connection was lost: {error}", errno=LOST) from error

    def _packet(self) -> bytes:
        """Return the next packet's payload; raises the connector's exception for an error packet."""
        self._receive(4)
        size = int.from_bytes(self._received[:3], "little")
        self._receive(4 + size)
        packet = bytes(self._received[: 4 + size])
        del self._received[: 4 + size]
        if packet[4] == ERROR:
            raise get_exception(packet)
        return packet[4:]

    def _receive(self, size: int) -> None:
        """Return once at least `size` bytes are at hand."""
        while len(self._received) < size:
            buffer = bytearray(max(size - len(self._received), 1 << 16))
            count = self._receive_into(memoryview(buffer))
            self._received += memoryview(buffer)[:count]

    def _receive_into(self, view: memoryview) -> int:
        try:
            count = int(self._socket.recv_into(view))
        except OSError as error:
            raise errors.OperationalError(msg=f"the connection was lost: {error}", errno=LOST) from error
        if count == 0:
            raise errors.OperationalError(msg="the server has closed the connection", errno=LOST)
        return count

    def _fetch(self, record: np.dtype[Any], rows: int) -> tuple[Array, int]:
        """Return the rows that come, at most `rows`, and how many more there were."""
        records = np.zeros(rows, record)
        view = records.view(np.uint8).data
        filled = min(len(self._received), len(view))
        view[:filled] = self._received[:filled]
        del self._received[:filled]
        whole = 0
        while True:
            arrived, started = divmod(filled, record.itemsize)
            strangers = np.flatnonzero(~is_row(records[whole : arrived + (started > 4)]))
            if strangers.size:  # the rows have ended: this is the packet that says why
                whole += int(strangers[0])
                break
            whole = arrived
            if filled == len(view):
                break
            filled += self._receive_into(view[filled:])
        self._received[:0] = view[whole * record.itemsize : filled]
        return records[:whole], self._count_to_end()

    def _count_to_end(self) -> int:
        """Read the packets up to the one that ends the result; return how many rows were among them."""
        more = 0
        while not ((packet := self._packet())[0] == END and len(packet) < 9):
            more += 1
        return more


def _length(packet: bytes) -> int:
    """Return the number of columns that a result begins with (Protocol::LengthEncodedInteger)."""
    return packet[0] if packet[0] < TWO_BYTES_FOLLOW else int.from_bytes(packet[1:3], "little")


def _null_after(records: Array) -> str:
    """Say where the first NULL is: after the rows that were read."""
    return (
        f"a cell is NULL in the row after row {records['r'][-1]}" if len(records) else "a cell is NULL in the first row"
    )
