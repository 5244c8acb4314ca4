"""A table of numbers as text: CSV with commas, semicolons, tabs or spaces, to the last bit or not at all.

pandas reads the numbers; its conversion gives the nearest double (since 3.1, where the option ``round_trip`` ended).
What pandas would pass over (lines of other lengths, empty cells) is refused before, by line and column.
"""

import io
import re
from typing import NamedTuple

import numpy as np

from dashboard.errors import UnreadableFile
from dashboard.formats.sink import shown
from dashboard.formats.types import Array, numpy_type

NUMBER = re.compile(rb"[+-]?(nan|inf(inity)?|([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,9})?)", re.IGNORECASE)
WHOLE = re.compile(rb"[+-]?[0-9]{1,30}")
BEGINS_LIKE_A_NUMBER = re.compile(rb"[0-9+.-]")
OURS = re.compile(rb"row(,c[0-9]+)+")
"""The header of a part of a table that was downloaded here: the first column numbers the rows."""
DELIMITERS = (b";", b"\t", b",")
NANS = [sign + text for sign in ("", "+", "-") for text in ("nan", "NaN", "NAN", "Nan")]
"""Which texts are NaN: pandas' own list has words, such as None, and the empty text."""
LONGEST_CELL = 40
REMEDY = "Send a table of numbers only (in pandas: to_csv(index=False, header=False))."


class Lines(NamedTuple):
    """The lines that have numbers, the number of each in the file, and what is between cells (None: spaces)."""

    lines: list[bytes]
    numbers: list[int]
    delimiter: bytes | None

    def cells(self, line: bytes) -> list[bytes]:
        """Return the cells of a line without spaces and quotes around them."""
        return [cell.strip().strip(b'"').strip() for cell in line.split(self.delimiter)]


def read_table(text: bytes, name: str, dtype: str = "float64") -> Array:
    """Return the numbers of a text as an array (rows, columns) of this type; raises UnreadableFile by line and column.

    A first line is a header if none of its cells is a number, or begins with a digit, a sign or a point.
    """
    lines = _without_header(_lines(text, name), name)
    width = _check_widths(lines, name)
    wide = dtype if dtype in {"int64", "uint64"} else "float64" if dtype in _FLOATS else "int64"
    try:
        numbers = _parse(lines, wide)
    except (ValueError, OverflowError) as error:
        raise _bad_cell(lines, name, wide) from error
    if numbers.shape != (len(lines.lines), width):
        raise _bad_cell(lines, name, wide)
    return _narrowed(numbers, dtype, name)


_FLOATS = ("float16", "bfloat16", "float32", "float64")


def _lines(text: bytes, name: str) -> Lines:
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(f"{shown(name)} is text in UTF-16: save it as UTF-8.")
    if b"\0" in text:
        raise UnreadableFile(f"{shown(name)} is no text: it has zero bytes in it.")
    plain = text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    numbered = [(number, line) for number, line in enumerate(plain, start=1) if line.strip()]
    numbered = [(number, line) for number, line in numbered if not line.startswith(b"#")]  # as numpy.savetxt writes
    if not numbered:
        raise UnreadableFile(f"{shown(name)} has no rows.")
    first = numbered[0][1]
    delimiter = next((one for one in DELIMITERS if one in first), None)
    return Lines([line for _, line in numbered], [number for number, _ in numbered], delimiter)


def _without_header(lines: Lines, name: str) -> Lines:
    header = lines.cells(lines.lines[0])
    if any(NUMBER.fullmatch(cell) or BEGINS_LIKE_A_NUMBER.match(cell) for cell in header):
        return lines
    if len(header) > 1 and header[0] == b"":
        raise UnreadableFile(f"The first column of {shown(name)} has no name, so it numbers the rows. {REMEDY}")
    rest = lines._replace(lines=lines.lines[1:], numbers=lines.numbers[1:])
    if not rest.lines:
        raise UnreadableFile(f"{shown(name)} has a header and no rows.")
    if len(rest.cells(rest.lines[0])) != len(header):
        raise UnreadableFile(
            f"Line {rest.numbers[0]} of {shown(name)} has {len(rest.cells(rest.lines[0])):,} cells, its header "
            f"{len(header):,}. {REMEDY}"
        )
    if OURS.fullmatch(lines.lines[0].strip()):
        return rest._replace(lines=[line.partition(b",")[2] for line in rest.lines])
    return rest


def _check_widths(lines: Lines, name: str) -> int:
    """Return how many cells every line has; raises UnreadableFile naming the first line that has another number."""
    delimiter = lines.delimiter
    if delimiter is None:
        widths = [len(line.split()) for line in lines.lines]
    else:
        widths = [line.count(delimiter) + 1 for line in lines.lines]
    other = next((index for index, width in enumerate(widths) if width != widths[0]), None)
    if other is not None:
        raise UnreadableFile(
            f"Line {lines.numbers[other]} of {shown(name)} has {widths[other]:,} cells, the lines before have "
            f"{widths[0]:,}: every row of a table has as many."
        )
    return widths[0]


def _parse(lines: Lines, dtype: str) -> Array:
    """Return the numbers; raises ValueError where a cell is none."""
    import pandas as pd  # noqa: PLC0415 - only the process that reads loads it

    frame = pd.read_csv(
        io.BytesIO(b"\n".join(lines.lines)),
        sep=r"\s+" if lines.delimiter is None else lines.delimiter.decode(),
        header=None,
        dtype=dtype,
        keep_default_na=False,  # an empty cell is no number
        na_values=NANS,
        engine="c",
        skipinitialspace=True,
    )
    return np.asarray(frame.to_numpy(dtype))


def _bad_cell(lines: Lines, name: str, dtype: str) -> UnreadableFile:
    """Return the error that names the first cell that is no number of this type."""
    pattern = NUMBER if dtype == "float64" else WHOLE
    for number, line in zip(lines.numbers, lines.lines, strict=True):
        for column, cell in enumerate(lines.cells(line), start=1):
            if not pattern.fullmatch(cell):
                what = f"holds {shown(cell[:LONGEST_CELL].decode('utf-8', 'replace'))}, not" if cell else "is empty:"
                hint = " Write decimals with a point." if re.fullmatch(rb"[+-]?[0-9]+,[0-9]+", cell) else ""
                return UnreadableFile(
                    f"Line {number}, column {column} of {shown(name)} {what} a "
                    f"{'number' if dtype == 'float64' else 'whole number'}.{hint} {REMEDY}"
                )
    return UnreadableFile(
        f"{shown(name)} holds a number that is too large for its type, {dtype}, or is quoted wrongly."
    )


def _narrowed(numbers: Array, dtype: str, name: str) -> Array:
    """Return the numbers in their type; raises UnreadableFile for a whole number that it does not hold."""
    target = numpy_type(dtype)
    if numbers.dtype.kind in "iu" and numbers.size:
        low, high = (0, 1) if dtype == "bool" else (np.iinfo(target).min, np.iinfo(target).max)
        if int(numbers.min()) < low or int(numbers.max()) > high:
            raise UnreadableFile(f"{shown(name)} holds a number outside of its type, {dtype}: {low} to {high}.")
    with np.errstate(over="ignore"):  # a float that is too large for its type is infinite in it
        return numbers.astype(target)
