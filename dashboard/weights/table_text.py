"""A table as CSV text, exactly: cut into pieces of about a thousand cells, written in bulk, and read back.

A float is written as the shortest decimal that reads back as the same *double*: whoever parses it, through a double
or straight into a float32, gets the same bits. A piece is some whole rows of a narrow table or part of one row of a
wide one; where each piece begins in the file is what makes a window cost the same anywhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import orjson

from dashboard.errors import TensorDamaged
from dashboard.weights.dtypes import FLOATS, Array, numpy_dtype

PIECE = 1024
HEADER_BATCH = 10_000
PYTHON_CELLS = 20_000
"""Up to here Python's own float() and int() are quick enough, and pyarrow (30 MB) need not be loaded."""

NUMBER_CHARACTERS = b"0123456789+-.eEinfaNIF"


class DamagedCell(TensorDamaged):
    """A cell that is not a number of the table's type."""

    def __init__(self, message: str, row: int, column: int, found: str) -> None:
        super().__init__(message)
        self.row, self.column, self.found = row, column, found


@dataclass(frozen=True)
class Cut:
    """How a table of `rows` × `columns` is cut into pieces of `height` × `width` cells, in the order of the text."""

    rows: int
    columns: int

    @property
    def height(self) -> int:
        """Rows of a piece; 1 where a row has several pieces."""
        return max(1, PIECE // max(1, self.columns))

    @property
    def width(self) -> int:
        """Columns of a piece: all of them, or an even share of about PIECE."""
        strips = max(1, -(-self.columns // PIECE))
        return max(1, -(-self.columns // strips))

    @property
    def strips(self) -> int:
        """How many pieces stand side by side."""
        return max(1, -(-self.columns // self.width))

    @property
    def cells(self) -> int:
        """How many cells end with a separator; a row without columns counts as one empty cell."""
        return self.rows * max(1, self.columns)

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return -(-self.rows // self.height) * self.strips


def header(columns: int) -> Iterator[bytes]:
    """Yield the line c0,c1,... in parts of bounded size."""
    for start in range(0, columns, HEADER_BATCH):
        stop = min(start + HEADER_BATCH, columns)
        names = ",".join(f"c{number}" for number in range(start, stop))
        yield names.encode() + (b"," if stop < columns else b"")
    yield b"\n"


def piece_texts(table: Array) -> Iterator[bytes]:
    """Yield the text of each piece of a 2-d array, its last separator included."""
    cut = Cut(*table.shape)
    for top in range(0, cut.rows, cut.height):
        for left in range(0, max(1, cut.columns), cut.width):
            right = left + cut.width
            yield _text(table[top : top + cut.height, left:right]) + (b"\n" if right >= cut.columns else b",")


def _text(piece: Array) -> bytes:
    if piece.shape[1] == 0:
        return b"\n" * (len(piece) - 1)
    numbers = writable_numbers(piece)
    text = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].replace(b"],[", b"\n")
    return _fill_nulls(text, numbers) if b"null" in text else text


def writable_numbers(piece: Array) -> Array:
    """Return the cells as a type whose text is exact: every float as a double, bool as 0 and 1."""
    if piece.dtype == np.bool_:
        return np.ascontiguousarray(piece).view(np.uint8)
    if piece.dtype.kind in "iu":
        return np.ascontiguousarray(piece)
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one here; its bits lie in the side table
        return np.ascontiguousarray(piece, dtype=np.float64)


def _fill_nulls(text: bytes, numbers: Array) -> bytes:
    """Replace the null that orjson writes for a value that JSON lacks with nan, inf or -inf."""
    odd = numbers[~np.isfinite(numbers)].tolist()
    parts = text.split(b"null")
    words = [str(value).encode() for value in odd]
    return b"".join(part + word for part, word in zip(parts, [*words, b""], strict=True))


class Part(NamedTuple):
    """Some text of a table: the cells from flat position `first` on, `cells` of them, each with its separator.

    `raw` is the text as it lies in the file from byte `offset` on; in `text` the line ends are plain.
    """

    text: bytes
    first: int
    cells: int
    raw: bytes
    offset: int


def cell_parts(blocks: Iterator[bytes], cut: Cut, name: str) -> Iterator[Part]:
    """Yield the text below the header line cut at separators; raises TensorDamaged unless rows and cells are right.

    What remains of a table's text when its numbers are taken away must be its skeleton of commas and line ends. A
    table without columns counts as one empty cell a row.
    """
    first = 0
    for raw, offset in _below_the_header(blocks):
        text = raw.replace(b"\r\n", b"\n")
        skeleton = text.translate(None, NUMBER_CHARACTERS) if cut.columns else text
        count = len(skeleton)
        if first + count > cut.cells or skeleton != expected_skeleton(first, count, max(1, cut.columns)):
            raise Misshapen(name)
        yield Part(text, first, count, raw, offset)
        first += count
    if first != cut.cells:
        raise Misshapen(name)


def _below_the_header(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield (text up to its last separator, its place in the file) for what follows the first line."""
    rest, offset, in_header = b"", 0, True
    for block in blocks:
        data = rest + block
        start = data.find(b"\n") + 1 if in_header else 0
        in_header = in_header and start == 0
        end = start if in_header else max(data.rfind(b","), data.rfind(b"\n")) + 1
        if end > start:
            yield data[start:end], offset + start
        rest, offset = data[end:], offset + end
    if rest or in_header:
        raise Misshapen("The text ends within a line.")


class Misshapen(TensorDamaged):
    """The text is not a table of the right shape; the reader looks for the row that is to blame."""


def expected_skeleton(first: int, count: int, columns: int) -> bytes:
    """Return the separators behind the cells from flat position `first` on."""
    separators = np.full(count, ord(","), np.uint8)
    separators[(columns - 1 - first) % columns :: columns] = ord("\n")
    return separators.tobytes()


def parse_numbers(text: bytes, count: int, dtype: str) -> Array:
    """Return the cells of text, each ended by a comma or a line end; raises ValueError if one is not a number."""
    lines = text.replace(b",", b"\n")
    if count <= PYTHON_CELLS:
        return convert_cells(lines.split(b"\n")[:-1], dtype)
    return _parse_bulk(lines, dtype)


def convert_cells(cells: list[bytes], dtype: str) -> Array:
    """Return the numbers that these texts stand for, exactly; raises ValueError or OverflowError if one is none."""
    target = numpy_dtype(dtype)
    if dtype in FLOATS:
        return rounded(np.array([float(cell) for cell in cells], np.float64), target)
    numbers = np.array([int(cell) for cell in cells], np.uint8 if dtype == "bool" else target)
    return _as_bool(numbers) if dtype == "bool" else numbers


def rounded(numbers: Array, target: np.dtype[Any]) -> Array:
    """Return doubles in a floating type; what was written by us is exact, an edited cell is rounded."""
    with np.errstate(over="ignore", under="ignore"):
        return numbers.astype(target, copy=False)


def _as_bool(numbers: Array) -> Array:
    if numbers.size and numbers.max() > 1:
        raise ValueError("a truth value is 0 or 1")
    return numbers.view(np.bool_)


def _parse_bulk(lines: bytes, dtype: str) -> Array:
    import pyarrow as pa  # noqa: PLC0415 - a process that shows windows only never needs it
    from pyarrow import csv  # noqa: PLC0415

    kind = {"bool": "uint8"}.get(dtype, "float64" if dtype in FLOATS else dtype)
    column = csv.read_csv(
        pa.BufferReader(lines),
        read_options=csv.ReadOptions(column_names=["c"]),
        parse_options=csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(column_types={"c": pa.type_for_alias(kind)}, null_values=[]),
    ).column(0)
    numbers = column.to_numpy()
    if dtype in FLOATS:
        return rounded(numbers, numpy_dtype(dtype))
    return _as_bool(numbers) if dtype == "bool" else numbers


def read_table(open_blocks: Callable[[], Iterator[bytes]], cut: Cut, dtype: str, name: str) -> Array:
    """Return the table's cells, shape (rows, columns); raises TensorDamaged naming the table and the row.

    `open_blocks` gives the text in blocks, from its beginning; it is called again to find what is wrong with it.
    """
    cells = np.empty(cut.rows * cut.columns, numpy_dtype(dtype))
    try:
        for part in cell_parts(open_blocks(), cut, name):
            if cut.columns:
                cells[part.first : part.first + part.cells] = parse_numbers(part.text, part.cells, dtype)
    except (Misshapen, ValueError, OverflowError) as error:
        blame(open_blocks(), cut, dtype, name)
        raise TensorDamaged(f"{name} cannot be read: {error}") from error
    return cells.reshape(cut.rows, cut.columns)


def blame(blocks: Iterator[bytes], cut: Cut, dtype: str, name: str) -> None:
    """Raise TensorDamaged naming the first row that is wrong, and the cell if it is one; return if all are right."""
    row, rest = -1, b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            if row >= 0:
                check_line(line, row, cut, dtype, name)
            row += 1
    if rest or row != cut.rows:
        ending = f", and its last line ends in the middle: {rest[-30:].decode(errors='replace')!r}" if rest else ""
        raise TensorDamaged(f"{name} has {max(row, 0):,} whole rows of {cut.rows:,}{ending}.")


def check_line(line: bytes, row: int, cut: Cut, dtype: str, name: str) -> None:
    """Raise TensorDamaged unless this line is a row of the table."""
    if row >= cut.rows:
        raise TensorDamaged(f"{name} has more than its {cut.rows:,} rows.")
    cells = line.rstrip(b"\r").split(b",")
    if len(cells) != max(1, cut.columns) or (cut.columns == 0 and cells != [b""]):
        raise TensorDamaged(f"{name}: row {row} has {len(cells):,} cells where {cut.columns:,} belong.")
    check_cells(cells[: cut.columns], row, 0, dtype, name)


def check_cells(cells: list[bytes], row: int, first: int, dtype: str, name: str) -> None:
    """Raise DamagedCell if one of a row's cells, from column `first` on, is not a number of the table's type."""
    for column, cell in enumerate(cells, start=first):
        try:
            if cell.rstrip(b"\r").translate(None, NUMBER_CHARACTERS):
                raise ValueError("characters that no number has")
            convert_cells([cell], dtype)
        except (ValueError, OverflowError) as error:
            found = cell[:40].decode(errors="replace")
            message = f"{name}: row {row}, column {column} holds {found!r}, which is not a {dtype}."
            raise DamagedCell(message, row, column, found) from error
