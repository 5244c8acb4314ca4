"""An array as NumPy writes it (.npy): a short header, which is data to us, and the numbers.

The header is parsed as a literal of at most 64 kB; NumPy's own function would read more than the format has
(https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
"""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dashboard.errors import UnreadableFile
from dashboard.formats.sink import Sink, shown, type_reason
from dashboard.formats.types import TYPES, numpy_type

MAGIC = b"\x93NUMPY"
MOST_HEADER = 64 * 2**10
LENGTH_BYTES = {1: 2, 2: 4, 3: 4}
"""How many bytes the header's length has in each version of the format."""
KEYS = {"descr", "fortran_order", "shape"}
FLOAT8 = "float8_e5m2"
"""What a float of one byte is: of all types that NumPy does not have itself, ml_dtypes writes only this one so."""
KINDS = {"f": "float", "i": "int", "u": "uint", "c": "complex"}


class Header(NamedTuple):
    """What an array's header says. `dtype` is NumPy's name of the type, or what it is; `bytes` is its own length."""

    dtype: str
    is_big: bool
    is_fortran: bool
    shape: tuple[int, ...]
    bytes: int


def add_npy(sink: Sink, name: str, pieces: Iterator[bytes], size: int, is_optimizer: bool | None = None) -> None:
    """Take the array of a file of `size` bytes, which come in pieces; one of a type that tables lack is skipped.

    Raises UnreadableFile, TooLarge.
    """
    start = b""
    for piece in pieces:
        start += piece
        if len(start) > MOST_HEADER + 12:
            break
    header = parse_header(start, name)
    if header.dtype not in TYPES and header.dtype != FLOAT8:
        sink.skip(name, type_reason(header.dtype))
        return
    dtype = numpy_type(header.dtype).newbyteorder(">" if header.is_big else "<")
    wanted, there = sink.reserve(name, header.shape, dtype.itemsize), size - header.bytes
    if wanted != there:
        raise UnreadableFile(
            f"The array {shown(name)} should have {wanted:,} bytes by its header, but has {there:,}: the file is "
            "damaged or cut. Save it again."
        )
    numbers = _chained(start[header.bytes :], pieces)
    if header.is_fortran or header.is_big or header.dtype == FLOAT8:
        flat = np.frombuffer(b"".join(numbers), dtype)
        array = flat.reshape(header.shape[::-1]).T if header.is_fortran else flat.reshape(header.shape)
        sink.add(name, array, is_optimizer=is_optimizer)
    else:
        sink.add_bytes(name, header.dtype, header.shape, numbers, is_optimizer=is_optimizer)


def parse_header(start: bytes, name: str) -> Header:
    """Return the header of the array whose file begins so; raises UnreadableFile."""
    try:
        version = start[len(MAGIC)]
        digits = LENGTH_BYTES[version]
        begin = len(MAGIC) + 2 + digits
        length = int.from_bytes(start[begin - digits : begin], "little")
        if not start.startswith(MAGIC) or length > min(MOST_HEADER, len(start) - begin):
            raise ValueError("its length is wrong")
        fields = ast.literal_eval(start[begin : begin + length].decode("utf-8" if version == 3 else "latin-1").strip())
        return _header(fields, begin + length)
    except (ValueError, TypeError, KeyError, IndexError, SyntaxError, RecursionError, MemoryError) as error:
        raise UnreadableFile(
            f"The array {shown(name)} has no sound .npy header ({str(error)[:80]}): save it again with numpy.save."
        ) from error


def _header(fields: object, length: int) -> Header:
    if not isinstance(fields, dict) or set(fields) != KEYS or not isinstance(fields["shape"], tuple):
        raise ValueError("it does not have the three fields that it must have")
    description = fields["descr"]
    match = (
        re.fullmatch(r"([<>|=])?([a-zA-Z])(\d{0,6})(\[\w+\])?", description) if isinstance(description, str) else None
    )
    if match is None:
        return Header("records", False, False, (), length)
    order, kind, digits, _ = match.groups()
    size = int(digits or 0)
    return Header(
        _type(kind, size), order == ">" and size > 1, fields["fortran_order"] is True, fields["shape"], length
    )


def _type(kind: str, size: int) -> str:
    """Return the name of NumPy's type of this letter and so many bytes, such as float32 for f and 4."""
    if kind == "b":
        return "bool" if size == 1 else f"b{size}"
    if kind == "f" and size == 1:
        return FLOAT8
    others = {"O": "object", "U": "str", "S": "bytes", "V": f"void{8 * size}", "M": "dates", "m": "durations"}
    return f"{KINDS[kind]}{8 * size}" if kind in KINDS else others.get(kind, kind)


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
