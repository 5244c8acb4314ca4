"""The cells of a MySQL table: native numbers; and which cells need the side table.

Floats of every width are in DOUBLE cells, because a server shows and dumps a FLOAT with six digits only: with DOUBLE
every program reads the number that was saved. FLOAT cells (of an address with cells=float, or made by an older
Weightbase) are read as well; which a table has, the server says with each result.

A cell holds every finite number but −0.0 (MariaDB drops its sign). NaN, ±Inf and −0.0 are *special*: the cell holds 0
and the side table the bits. An overwritten cell, no longer 0, counts as it is.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from dashboard.errors import TensorDamaged
from dashboard.weights.dtypes import FLOATS, Array, bits_dtype, bits_of, numpy_dtype
from dashboard.weights.special_cells import Run, runs_of

INTEGER_TYPES = {
    "bool": "TINYINT UNSIGNED",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INT",
    "int64": "BIGINT",
    "uint8": "TINYINT UNSIGNED",
    "uint16": "SMALLINT UNSIGNED",
    "uint32": "INT UNSIGNED",
    "uint64": "BIGINT UNSIGNED",
}
WIRE: dict[str, np.dtype[Any]] = {"FLOAT": np.dtype("<f4"), "DOUBLE": np.dtype("<f8")}


def column_type(dtype: str, floats: str = "DOUBLE") -> str:
    """Return the column type of a number type; floats of up to 32 bits are stored as `floats`, FLOAT or DOUBLE."""
    if dtype not in FLOATS:
        return INTEGER_TYPES[dtype]
    return "DOUBLE" if dtype == "float64" else floats


def wire_type(dtype: str, kind: str) -> np.dtype[Any]:
    """Return the numpy type in which the cells of a column type travel."""
    return WIRE.get(kind) or bits_or_number(dtype)


def bits_or_number(dtype: str) -> np.dtype[Any]:
    """Return the numpy type in which cells are in memory before they travel."""
    if dtype in {"float16", "bfloat16"}:
        return np.dtype("<f4")
    return np.dtype(np.uint8) if dtype == "bool" else numpy_dtype(dtype)


def to_cells(table: Array, dtype: str) -> tuple[Array, list[Run]]:
    """Return (cells as MySQL stores them, runs of special cells) of a 2-d table."""
    if dtype not in FLOATS:
        return table.view(bits_or_number(dtype)), []
    bits = bits_of(table)
    special = np.flatnonzero(_is_special(bits, dtype))
    runs = list(runs_of(special, bits[special], table.shape[1]))
    if len(special):
        bits = bits.copy()
        bits[special] = 0
    return bits.view(numpy_dtype(dtype)).reshape(table.shape).astype(bits_or_number(dtype), copy=False), runs


def _is_special(bits: Array, dtype: str) -> Array:
    """Return which bits are NaN, an infinity or −0.0."""
    width = 8 * bits.dtype.itemsize
    sign = bits.dtype.type(1 << (width - 1))
    infinity = bits.dtype.type((1 << (width - 1)) - (1 << FLOATS[dtype]))
    return np.asarray(((bits & ~sign) >= infinity) | (bits == sign))


def numbers_in(cells: Array, dtype: str) -> Array:
    """Return the numbers of a table of this type that cells (2-d) hold, rounded where a cell holds another number."""
    target = numpy_dtype(dtype)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return cells.astype(target, copy=False)


def first_other(cells: Array, numbers: Array) -> tuple[int, int] | None:
    """Return the place of the first cell that holds no number of the table's type, but one that was rounded to it.

    FLOAT cells of a narrower type are not looked at: their six digits in a dump are rounded to what they were.
    """
    if cells.dtype == numbers.dtype or (cells.dtype == WIRE["FLOAT"] and numbers.dtype.itemsize == 2):
        return None
    other = cells != numbers.astype(cells.dtype)
    return divmod(int(other.argmax()), cells.shape[1]) if other.any() else None


def put_special(numbers: Array, dtype: str, runs: Iterable[Run], rows: range, columns: range) -> None:
    """Put the bits of special cells into the part `rows` × `columns` of a table, where the cells still hold 0."""
    bits = numbers.view(bits_dtype(dtype))
    for run in runs:
        if run.bits > np.iinfo(bits.dtype).max:
            raise TensorDamaged(f"A special cell in row {run.row} has more bits than a {dtype}.")
        left, right = max(run.first, columns.start), min(run.last + 1, columns.stop)
        if run.row in rows and left < right:
            part = bits[run.row - rows.start, left - columns.start : right - columns.start]
            part[part == 0] = run.bits
