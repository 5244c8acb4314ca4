"""The number types that a table can hold, and the bits behind their values.

Everything exact is done on bits: an unsigned integer as wide as the value compares, sums and travels without a
surprise from NaN, −0.0 or rounding.
"""

from typing import Any

import numpy as np

from dashboard.errors import Invalid

Array = np.ndarray[Any, Any]

FLOATS = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}
"""The floating types, each with the bits of its fraction (IEEE 754; bfloat16: the upper half of a float32)."""

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = (*FLOATS, *INTEGERS, "bool")


def numpy_dtype(name: str) -> np.dtype[Any]:
    """Return the little-endian numpy type of this name; raises Invalid for one that tables cannot hold."""
    if name not in DTYPES:
        raise Invalid({"dtype": f"Tables cannot hold {name!r}; they hold {', '.join(DTYPES)}."})
    if name == "bfloat16":
        import ml_dtypes  # noqa: PLC0415 - most processes never meet a bfloat16

        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(name).newbyteorder("<")


def bits_dtype(name: str) -> np.dtype[Any]:
    """Return the unsigned integer type that is as wide as this type."""
    return np.dtype(f"<u{numpy_dtype(name).itemsize}")


def bits_of(array: Array) -> Array:
    """Return the cells' bits, flat in C order, as unsigned little-endian integers of the same width.

    Raises Invalid for a type that tables cannot hold.
    """
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.dtype.byteorder == ">":
        flat = flat.astype(flat.dtype.newbyteorder("<"))
    return flat.view(bits_dtype(flat.dtype.name))


def from_bits(bits: Array, name: str, shape: tuple[int, ...]) -> Array:
    """Return the array of this type and shape whose cells have these bits (the inverse of `bits_of`)."""
    return bits.view(numpy_dtype(name)).reshape(shape)


def plain_nan_bits(name: str) -> int:
    """Return the bits of the NaN of the text ``nan``: positive, quiet, no payload."""
    fraction = FLOATS[name]
    width = 8 * numpy_dtype(name).itemsize
    return (1 << (width - 1)) - (1 << (fraction - 1))


def is_nan_bits(bits: Array, name: str) -> Array:
    """Return for each cell's bits whether they are a NaN of the floating type `name`, signalling ones included."""
    width = 8 * bits.dtype.itemsize
    infinity = (1 << (width - 1)) - (1 << FLOATS[name])
    without_sign = bits & bits.dtype.type((1 << (width - 1)) - 1)
    return np.asarray(without_sign > bits.dtype.type(infinity))
