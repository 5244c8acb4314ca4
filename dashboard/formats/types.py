"""The number types of files: those that tables hold, those that are widened to one of them, and those that are not."""

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
PIECE = 2**20

TYPES = (
    *("float16", "bfloat16", "float32", "float64"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"),
)
"""The types of tables (a test compares them with the store's)."""

WIDENED = {
    "float8_e4m3fn": "float16",
    "float8_e5m2": "float16",
    "float8_e4m3fnuz": "float16",
    "float8_e5m2fnuz": "float16",
    "float8_e8m0fnu": "float32",
}
"""Types that tables do not hold -> the smallest type of tables that has all their numbers exactly."""


def numpy_type(name: str) -> np.dtype[Any]:
    """Return the little-endian NumPy type of a name in `TYPES` or `WIDENED`; raises KeyError for another."""
    if name == "bfloat16" or name in WIDENED:
        import ml_dtypes  # noqa: PLC0415 - few files have such types

        narrow: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
        return narrow
    if name not in TYPES:
        raise KeyError(name)
    return np.dtype(name).newbyteorder("<")


def widened(array: Array) -> Array:
    """Return an array of a type of tables with the same numbers; itself if it is of such a type already."""
    name = WIDENED.get(array.dtype.name)
    return array if name is None else array.astype(name)


def plain(array: Array) -> Array:
    """Return the array in C order and little-endian, its bits unchanged."""
    little = array.astype(array.dtype.newbyteorder("<")) if array.dtype.byteorder == ">" else array
    return np.ascontiguousarray(little).reshape(array.shape)  # it would make a vector of a scalar


def pieces_of(array: Array) -> Iterator[memoryview]:
    """Yield the bytes of an array in C order and little-endian, in pieces."""
    exact = plain(array)
    raw = exact.reshape(-1).view("u1").data if exact.size else memoryview(b"")
    return (raw[start : start + PIECE] for start in range(0, len(raw), PIECE))


def widened_bits(array: Array) -> Array:
    """Return bfloat16 as float32 by its bits, so that a NaN keeps all of them."""
    bits = plain(array).reshape(-1).view("<u2").astype("<u4") << np.uint32(16)
    return bits.view("<f4").reshape(array.shape)


def narrowed_bits(array: Array) -> Array | None:
    """Return float32 as bfloat16 by its bits; None if one of the numbers is none of bfloat16's."""
    bits = plain(array).reshape(-1).view("<u4")
    if (bits & np.uint32(0xFFFF)).any():
        return None
    return (bits >> np.uint32(16)).astype("<u2").view(numpy_type("bfloat16")).reshape(array.shape)
