"""An Excel workbook (.xlsx): one of its sheets as a CSV, row by row, with the values that were last calculated.

Dates are written in ISO's form, truth values as true and false, and errors (#N/A, #DIV/0!) as missing. Lines before
the first one of two cells or more (titles) keep their one cell; all others get the width of the widest.
"""

import csv
import io
import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast
from xml.etree.ElementTree import ParseError
from zipfile import ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from dashboard.data.formats.options import Taken
from dashboard.data.formats.output import Output, refuse
from dashboard.data.formats.workbook_parts import REMEDY, check_parts
from dashboard.errors import Invalid, TooLarge

MOST_ROWS = 2**20
MOST_CELLS = 100_000_000
"""Also of empty ones: a row has all up to its last."""
ERROR, ERROR_WORD = "e", "#N/A"
DAMAGED = (ParseError, InvalidFileException, KeyError, ValueError, TypeError, AttributeError, IndexError)
"""What openpyxl raises for parts that contradict each other, or are no XML."""

Row = Sequence[str]


def convert_workbook(path: Path, archive: ZipFile, output: Output) -> None:
    """Write the chosen sheet; raises Invalid if it is damaged, has no such sheet or no rows, TooLarge beyond limits."""
    check_parts(archive, output.most)
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is left out of a workbook, such as its pictures, is no news
        try:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            sheet = _chosen(book, output)
            _write(_texts(sheet), path.parent, output)
        except DAMAGED as error:
            raise refuse(f"The workbook is damaged ({str(error).splitlines()[0][:100]}). {REMEDY}") from error


def _chosen(book: Any, output: Output) -> Any:  # noqa: ANN401 - openpyxl's read-only classes have no types
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if not sheets:
        raise refuse("The workbook has no sheet of cells.")
    names, wanted = list(sheets), output.options.sheet
    first = next((name for name in names if sheets[name].sheet_state == "visible"), names[0])
    place = int(wanted) if wanted not in sheets and wanted.isascii() and wanted.isdigit() else 0
    name = names[place - 1] if 1 <= place <= len(names) else wanted or first
    if name not in sheets:
        raise Invalid({"sheet": f"There is no sheet {wanted[:64]!r}. Choose one of: {', '.join(names[:20])}."})
    output.taken = Taken(frozenset({"sheet"}), tuple(names), name)
    return sheets[name]


def _texts(sheet: Any) -> Iterator[Row]:  # noqa: ANN401 - as above
    """Yield the rows that are not empty, without their empty cells at the end."""
    sheet.reset_dimensions()  # what the file says of its size is often wrong
    cells = 0
    for number, row in enumerate(sheet.iter_rows()):
        cells += len(row)
        if number >= MOST_ROWS or cells > MOST_CELLS:
            message = f"The sheet has more than {MOST_ROWS:,} rows, or {MOST_CELLS:,} cells with its empty ones."
            raise TooLarge(f"{message} Remove what is empty, or save it as CSV.", "file")
        texts = [_text(cell) for cell in row]
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            yield texts


def _text(cell: Any) -> str:  # noqa: ANN401 - as above
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == ERROR:
        return ERROR_WORD
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    return repr(value) if isinstance(value, float) else " ".join(str(value).splitlines())


def _write(rows: Iterator[Row], folder: Path, output: Output) -> None:
    """Write the rows, all as wide as the widest, which is known at the end: they wait in a file in a folder."""
    with TemporaryFile(dir=folder) as spooled:
        draft = _Lines(Output(spooled, output.most))
        width = 0
        for texts in rows:
            draft.write(texts)
            width = max(width, len(texts))
        if not width:
            raise refuse("The sheet is empty: choose another one, or a workbook with rows.")
        spooled.seek(0)
        lines, is_table = _Lines(output), False
        for texts in csv.reader(io.TextIOWrapper(cast(IO[bytes], spooled), encoding="utf-8", newline="")):
            is_table = is_table or sum(bool(text.strip()) for text in texts) > 1
            lines.write([*texts, *[""] * (width - len(texts))] if is_table else [text for text in texts if text])


class _Lines:
    """Rows written as CSV into an output of bytes."""

    def __init__(self, output: Output) -> None:
        self.output, self.text = output, io.StringIO()
        self.writer = csv.writer(self.text, lineterminator="\n")

    def write(self, texts: Row) -> None:
        self.writer.writerow(texts)
        self.output.write(self.text.getvalue().encode())
        self.text.seek(0)
        self.text.truncate()
