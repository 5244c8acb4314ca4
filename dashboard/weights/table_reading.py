"""Reading a table's text back into exact numbers, and saying which row is wrong if it is not one.

The text below the header is taken in blocks that end at a separator. What stands between separators are the cells;
the separators themselves, in their order, must be the skeleton of a table of this shape. Numbers are parsed in
bulk, by threads, as one long column.
"""

import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import orjson

from dashboard.errors import TensorDamaged
from dashboard.weights.dtypes import FLOATS, Array, numpy_dtype
from dashboard.weights.table_text import Cut

COMMA, LINE_END = ord(","), ord("\n")
PYTHON_CELLS = 20_000
"""Up to here Python's own float() and int() are quick enough, and pyarrow (40 MB) is no quicker."""
UNLOADED_CELLS = 250_000
"""Up to here they do in a process that has not loaded pyarrow: 0.1 s each time, for 0.2 s once and 40 MB for good."""

JSON_SIGNS = b"0123456789+-.eE,\n"
"""What JSON's numbers and our separators are made of."""

THREADS = min(4, os.cpu_count() or 1)


class DamagedCell(TensorDamaged):
    """A cell that is not a number of the table's type."""

    def __init__(self, message: str, row: int, column: int, content: str) -> None:
        super().__init__(message)
        self.row, self.column, self.content = row, column, content


class Misshapen(TensorDamaged):
    """The text is not a table of the right shape; the reader looks for the row that is to blame."""


class Block(NamedTuple):
    """A block of text below the header: uint8, its byte offset, and the places of the separators in it."""

    text: Array
    offset: int
    places: Array


def separated_blocks(chunks: Iterator[bytes]) -> Iterator[Block]:
    """Yield the text below the first line in blocks that end with a separator; raises Misshapen at a torn end."""
    rest, offset, in_header = b"", 0, True
    for chunk in chunks:
        data = rest + chunk
        start = data.find(b"\n") + 1 if in_header else 0
        in_header = in_header and start == 0
        end = start if in_header else max(data.rfind(b","), data.rfind(b"\n")) + 1
        if end > start:
            text = np.frombuffer(data, np.uint8, end - start, start)
            yield Block(text, offset + start, np.flatnonzero((text == COMMA) | (text == LINE_END)))
        rest, offset = data[max(start, end) :], offset + max(start, end)
    if rest or in_header:
        raise Misshapen("The text ends within a line.")


def check_skeleton(block: Block, first: int, cut: Cut) -> None:
    """Raise Misshapen unless the block's separators are those behind the cells from flat position `first` on."""
    separators = block.text[block.places]
    if first + len(separators) > cut.cells:
        raise Misshapen("There are more cells than belong to the table.")
    columns = max(1, cut.columns)
    expected = np.full(len(separators), COMMA, np.uint8)
    expected[(columns - 1 - first) % columns :: columns] = LINE_END
    if not np.array_equal(separators, expected):
        raise Misshapen("A row has too many or too few cells.")


def read_table(open_chunks: Callable[[], Iterator[bytes]], cut: Cut, dtype: str, name: str) -> Array:
    """Return the table's cells, shape (rows, columns); raises TensorDamaged naming the table and the row.

    `open_chunks` gives the text from its beginning; it is called again to find what is wrong with it.
    """
    try:
        return _read_cells(open_chunks(), cut, dtype).reshape(cut.rows, cut.columns)
    except (Misshapen, ValueError, OverflowError) as error:
        blame(open_chunks(), cut, dtype, name)
        raise TensorDamaged(f"{name} cannot be read: {error}") from error


def _read_cells(chunks: Iterator[bytes], cut: Cut, dtype: str) -> Array:
    cells = np.empty(cut.cells, numpy_dtype(dtype))
    first = 0
    for block, numbers in _parsed(separated_blocks(chunks), cut, dtype):
        check_skeleton(block, first, cut)
        if len(numbers) != len(block.places):
            raise Misshapen("A cell is empty.")
        cells[first : first + len(numbers)] = numbers
        first += len(numbers)
    if first != cut.cells:
        raise Misshapen("There are fewer cells than belong to the table.")
    return cells if cut.columns else cells[:0]


def _parsed(blocks: Iterator[Block], cut: Cut, dtype: str) -> Iterator[tuple[Block, Array]]:
    """Yield each block with its numbers, in order; a few blocks ahead are parsed by threads if there are many."""
    if cut.columns == 0:
        yield from ((block, _no_cells(block, dtype)) for block in blocks)
    elif cut.cells <= (PYTHON_CELLS if "pyarrow" in sys.modules else UNLOADED_CELLS):
        yield from ((block, _parse_here(block, dtype)) for block in blocks)
    else:
        yield from _parsed_by_threads(blocks, dtype)


def _no_cells(block: Block, dtype: str) -> Array:
    """Return a placeholder for each empty row of a table without columns."""
    if len(block.text.tobytes().replace(b"\r", b"")) != len(block.places):
        raise Misshapen("There are cells where none belong.")
    return np.zeros(len(block.places), numpy_dtype(dtype))


def _parsed_by_threads(blocks: Iterator[Block], dtype: str) -> Iterator[tuple[Block, Array]]:
    waiting: deque[tuple[Block, Future[Array]]] = deque()
    with ThreadPoolExecutor(THREADS) as threads:
        for block in blocks:
            waiting.append((block, threads.submit(_parse_bulk, block, dtype)))
            if len(waiting) > 2 * THREADS:
                ready, numbers = waiting.popleft()
                yield ready, numbers.result()
        for ready, numbers in waiting:
            yield ready, numbers.result()


def _parse_here(block: Block, dtype: str) -> Array:
    """Return the numbers of a block, parsed by this thread and without pyarrow.

    What is written like numbers of JSON, as all floats are that we write, is read as such: both parsers round
    correctly, and that of JSON takes a fourth of the time. JSON knows more than numbers, and has no negative zero
    without a point.
    """
    text = block.text.tobytes()
    if dtype in FLOATS and not text.translate(None, JSON_SIGNS) and b"-0," not in text and b"-0\n" not in text:
        with contextlib.suppress(orjson.JSONDecodeError):
            numbers = orjson.loads(b"[%b]" % text[:-1].replace(b"\n", b","))
            return _rounded(np.array(numbers, np.float64), numpy_dtype(dtype))
    return convert_cells(_lines(block).tobytes().split(b"\n")[:-1], dtype)


def _lines(block: Block) -> Array:
    """Return the block's text with one cell a line."""
    lines = block.text.copy()
    lines[block.places] = LINE_END
    return lines


def _parse_bulk(block: Block, dtype: str) -> Array:
    from dashboard.arrow import csv, pa  # noqa: PLC0415 - a process that shows windows only never needs it

    kind = {"bool": "uint8"}.get(dtype, "float64" if dtype in FLOATS else dtype)
    column = csv.read_csv(
        pa.BufferReader(pa.py_buffer(_lines(block))),
        read_options=csv.ReadOptions(column_names=["c"], use_threads=False, block_size=len(block.text) + 1),
        parse_options=csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(column_types={"c": pa.type_for_alias(kind)}, null_values=[]),
    ).column(0)
    numbers: Array = column.to_numpy()
    if dtype in FLOATS:
        return _rounded(numbers, numpy_dtype(dtype))
    return _as_bool(numbers) if dtype == "bool" else numbers


def convert_cells(cells: list[bytes], dtype: str) -> Array:
    """Return the numbers that these texts stand for, exactly; raises ValueError or OverflowError if one is none."""
    if b"_" in b"".join(cells):
        raise ValueError("a number contains an underscore")  # Python's own parsers would pass over it
    target = numpy_dtype(dtype)
    if dtype in FLOATS:
        return _rounded(np.array([float(cell) for cell in cells], np.float64), target)
    numbers = np.array([int(cell) for cell in cells], np.uint8 if dtype == "bool" else target)
    return _as_bool(numbers) if dtype == "bool" else numbers


def _rounded(numbers: Array, target: np.dtype[Any]) -> Array:
    """Return doubles in a floating type; what was written by us is exact, an edited cell is rounded."""
    with np.errstate(over="ignore", under="ignore"):
        return numbers.astype(target, copy=False)


def _as_bool(numbers: Array) -> Array:
    if numbers.size and numbers.max() > 1:
        raise ValueError("a truth value is 0 or 1")
    return numbers.view(np.bool_)


def blame(chunks: Iterator[bytes], cut: Cut, dtype: str, name: str) -> None:
    """Raise TensorDamaged naming the first row that is wrong, and the cell if it is one; return if all are right."""
    row, rest = -1, b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
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
            convert_cells([cell], dtype)
        except (ValueError, OverflowError) as error:
            content = cell[:40].decode(errors="replace")
            message = f"{name}: row {row}, column {column} holds {content!r}, which is not a {dtype}."
            raise DamagedCell(message, row, column, content) from error
