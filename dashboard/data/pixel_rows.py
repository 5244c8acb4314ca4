"""Rows whose numbers are whole and from 0 to 255, as those of pictures: parsed as bytes, three times as quick as texts.

They are the numbers that `number_blocks` gives; where a cell is anything else the rows are left to it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboard.data.blocks import Bools, Reading
from dashboard.data.csv_format import CsvFormat
from dashboard.data.number_blocks import are_plain
from dashboard.data.table_lines import plain_delimiter

HEXADECIMAL = re.compile(b"0[xX]")
"""What pyarrow takes for a number and we do not."""


class Pixels(NamedTuple):
    """Numbers from 0 to 255, uint8 of shape (rows, columns), and which are missing, None where none is."""

    values: NDArray[np.uint8]
    missing: Bools | None


class PixelParser:
    """Parses some columns of rows in memory, UTF-8 and without quotes, until one holds something else."""

    def __init__(self, csv_format: CsvFormat, width: int, places: Sequence[int], readings: Sequence[Reading]) -> None:
        self.delimiter, self.width = plain_delimiter(csv_format), width
        self.names = [str(place) for place in places]
        self.may_be = bool(places) and all(one.is_plain and are_plain(one.words) for one in readings)

    def parse(self, content: bytes) -> Pixels | None:
        """Return the columns of rows that all have as many cells; None if a cell is another number or none."""
        from dashboard.arrow import csv, pa  # noqa: PLC0415 - see `blocks`

        if not self.may_be or _has_hexadecimal(content):
            return None
        names = [str(place) for place in range(self.width)]
        read = csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=names)
        types = dict.fromkeys(self.names, pa.uint8())
        convert = csv.ConvertOptions(column_types=types, include_columns=self.names, null_values=[""])
        parse = csv.ParseOptions(delimiter=self.delimiter, quote_char=False)
        try:
            table = csv.read_csv(pa.BufferReader(content), read, parse, convert)
        except pa.ArrowInvalid:
            self.may_be = False  # what one block of a file has, the next ones probably have, too
            return None
        values = np.empty((table.num_rows, len(self.names)), np.uint8)
        missing = np.zeros(values.shape, bool) if any(one.null_count for one in table.columns) else None
        for place, column in enumerate(table.columns):
            cells = column.chunk(0)
            if missing is not None and cells.null_count:
                missing[:, place] = cells.is_null()
                cells = cells.fill_null(0)
            values[:, place] = cells.to_numpy()
        return Pixels(values, missing)


def _has_hexadecimal(content: bytes) -> bool:
    has_letter = b"x" in content or b"X" in content  # which is looked for much more quickly
    return has_letter and HEXADECIMAL.search(content) is not None
