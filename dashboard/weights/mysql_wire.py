"""The forms in which MySQL's binary protocol carries numbers: types of columns, heads of packets, rows as records."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.weights.dtypes import Array

ROW_KEY = np.dtype("<u4")
OK = 0x00
UNSIGNED = 0x20

WIRE_TYPES = {"i1": 1, "i2": 2, "i4": 3, "i8": 8, "f4": 4, "f8": 5}
"""MYSQL_TYPE_TINY, SHORT, LONG, LONGLONG, FLOAT, DOUBLE by numpy's letters; unsigned integers carry a flag."""

LETTERS = {number: letters for letters, number in WIRE_TYPES.items()} | {9: "i4"}
"""The same the other way round; 9 is MEDIUMINT, which travels as INT."""


class NotNumbers(ValueError):
    """A result does not consist of numbers: a column has another type, or a cell is NULL."""


def number_type(name: str, number: int, flags: int) -> np.dtype[Any]:
    """Return the numpy type of a result's column from its type and flags; raises NotNumbers, naming the column."""
    letters = LETTERS.get(number)
    if letters is None:
        raise NotNumbers(f"column {name} does not hold numbers of a binary type (its type has the number {number})")
    return np.dtype("<" + (letters.replace("i", "u") if flags & UNSIGNED else letters))


def described(packet: bytes) -> np.dtype[Any]:
    """Return the numpy type that a column's description says (Protocol::ColumnDefinition41); raises NotNumbers."""
    flags = int.from_bytes(packet[-5:-3], "little")
    return number_type(_column_name(packet), packet[-6], flags)


def _column_name(packet: bytes) -> str:
    """Return the fifth of the texts that a description begins with, each preceded by its length."""
    place = 0
    for _ in range(4):
        place += 1 + packet[place]
    return packet[place + 1 : place + 1 + packet[place]].decode(errors="replace")


def execute_head(statement: int, kinds: list[np.dtype[Any]], is_first: bool, names_parameters: bool) -> bytes:
    """Return what precedes the values in COM_STMT_EXECUTE.

    Where query attributes were negotiated (MySQL 8.0.23 and later), parameters are counted again and have names.
    """
    head = struct.pack("<IBI", statement, 0, 1)
    if not kinds:
        return head
    count = struct.pack("<BH", 0xFC, len(kinds)) if names_parameters else b""
    name = b"\0" if names_parameters else b""
    types = b"".join(_wire_type(kind) + name for kind in kinds) if is_first else b""
    return head + count + bytes((len(kinds) + 7) // 8) + bytes([is_first]) + types


def record_of(kinds: Sequence[np.dtype[Any]]) -> np.dtype[Any]:
    """Return a binary result row as it comes: length, number, 0, a bit for each NULL, the key, the cells.

    `kinds` are the types of the key and the cells. Cells of one type are one array, else they are fields.
    """
    key, *cells = kinds
    nulls = (len(kinds) + 7 + 2) // 8
    size = 1 + nulls + sum(kind.itemsize for kind in kinds)
    if size >= 1 << 24:
        raise NotNumbers("a row is too long for one packet")
    alike = len(set(cells)) < 2
    fields: Any = [(f"c{number}", kind) for number, kind in enumerate(cells)]
    return np.dtype(
        [
            ("size", np.uint8, (3,)),
            ("number", np.uint8),
            ("status", np.uint8),
            ("nulls", np.uint8, (nulls,)),
            ("r", key),
            ("cells", cells[0] if cells else np.uint8, (len(cells),)) if alike else ("cells", fields),
        ]
    )


def is_row(records: Array) -> Array:
    """Return for each record whether it is a row without NULL, and not something else of another length."""
    size = np.frombuffer((records.dtype.itemsize - 4).to_bytes(3, "little"), np.uint8)
    alike = (records["size"] == size).all(axis=1) & (records["status"] == OK) & ~records["nulls"].any(axis=1)
    return np.asarray(alike)


def _wire_type(kind: np.dtype[Any]) -> bytes:
    """Return the two bytes that name a parameter's type."""
    signed = kind.str[1:].replace("u", "i")
    return bytes([WIRE_TYPES[signed], 0x80 if kind.kind == "u" else 0])
