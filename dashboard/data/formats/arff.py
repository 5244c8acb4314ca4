"""ARFF, the format of Weka and OpenML: names of attributes, then rows with commas between their values.

The types are left out, as the columns of every file are looked at for themselves (https://waikato.github.io/weka-wiki).
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dashboard.data.cells import MOST_COLUMNS
from dashboard.data.formats.output import Output, refuse

ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\S+)\s+(\S.*)", re.IGNORECASE)
WORD = r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^,{}\s][^,{}]*?)\s*"
VALUE = re.compile(rf"\s*{WORD}(?=[,}}])")
ENTRY = re.compile(rf"\s*([0-9]+)\s+{WORD}(?:,|$)")
NUMBERS = ("numeric", "real", "integer")
LONGEST_LINE = 4 << 20
UNPACKED = 1 << 16
"""So many characters of the CSV are gathered before they are written."""


def recognises(start: bytes) -> bool:
    """Return whether a file is one, by its first bytes: its first line but for comments says @relation."""
    lines = (line.strip() for line in start.splitlines())
    first = next((line for line in lines if line and not line.startswith(b"%")), b"")
    return first[:9].lower() == b"@relation"


def convert(path: Path, output: Output) -> None:
    """Write the rows with the attributes' names as header; raises Invalid, naming the line, for what is none."""
    with path.open("rb") as file:
        lines = _lines(file)
        names, zeros = _attributes(lines)
        text = io.StringIO()
        write = csv.writer(text, lineterminator="\n").writerow
        write(names)
        for number, line in lines:
            write(_sparse(number, line, zeros) if line.startswith("{") else _values(number, line))
            if text.tell() > UNPACKED:
                _flush(text, output)
        _flush(text, output)


def _flush(text: io.StringIO, output: Output) -> None:
    output.write(text.getvalue().encode())
    text.seek(0)
    text.truncate()


def _lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line) of the lines that are neither empty nor comments."""
    number = 0
    while raw := file.readline(LONGEST_LINE):
        number += 1
        if len(raw) == LONGEST_LINE:
            raise refuse(f"Line {number:,} of the ARFF file is longer than {LONGEST_LINE >> 20} MB.")
        try:
            line = raw.decode().strip()
        except UnicodeDecodeError:
            line = raw.decode("latin-1").strip()
        if line and not line.startswith("%"):
            yield number, line


def _attributes(lines: Iterator[tuple[int, str]]) -> tuple[list[str], list[str]]:
    """Return the names of the attributes, whose lines stand before that of @data, and what sparse rows leave out."""
    names: list[str] = []
    zeros: list[str] = []
    for number, line in lines:
        if line.lower().startswith("@data"):
            return names, zeros
        match = ATTRIBUTE.fullmatch(line)
        if line.lower().startswith("@attribute") and match is None:
            raise refuse(f"Line {number:,} of the ARFF file has no name and type of an attribute: {line[:60]!r}.")
        if match and match[2].lower().startswith("relational"):
            raise refuse(f"Line {number:,}: relational attributes, which hold a table in a cell, cannot be read.")
        if match:
            names.append(_bare(match[1]))
            zeros.append(_zero(match[2]))
        if len(names) > MOST_COLUMNS:
            raise refuse(f"The ARFF file has more than {MOST_COLUMNS:,} attributes, the most that are possible.")
    raise refuse("The ARFF file has no line @data, below which its rows stand.")


def _zero(kind: str) -> str:
    """Return the value that a sparse row leaves out: 0 of numbers, the first of named values, else nothing."""
    if kind.startswith("{"):
        first = VALUE.match(kind, 1)
        return _bare(first[1]) if first else ""
    return "0" if kind.split(maxsplit=1)[0].lower() in NUMBERS else ""


def _sparse(number: int, line: str, zeros: list[str]) -> list[str]:
    """Return all values of a row that has only some, as (place from 0, value) in braces; raises Invalid."""
    values, before = list(zeros), -1
    place = 1 if line[1:-1].strip() else len(line)
    while place < len(line) - 1:
        entry = ENTRY.match(line, place, len(line) - 1)
        if entry is None or not before < int(entry[1]) < len(zeros):
            raise refuse(f"Line {number:,} of the ARFF file is no sparse row of {len(zeros):,} attributes.")
        before = int(entry[1])
        values[before] = _bare(entry[2])
        place = entry.end()
    if not line.endswith("}"):
        raise refuse(f"Line {number:,} of the ARFF file does not end with its braces: weights of rows are not read.")
    return values


def _bare(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name[0] in "'\"" else name


def _values(number: int, line: str) -> list[str]:
    """Return the values of a row: in single or double quotes, a backslash before a quote within them."""
    quote = "'" if "'" in line and (line.find("'") < line.find('"') or '"' not in line) else '"'
    delimiter = "," if "," in line else "\t"
    try:
        (fields,) = csv.reader([line], quotechar=quote, escapechar="\\", delimiter=delimiter, skipinitialspace=True)
    except (csv.Error, ValueError) as error:
        raise refuse(f"Line {number:,} of the ARFF file cannot be read: look at its quotes.") from error
    return [field.strip() for field in fields]
