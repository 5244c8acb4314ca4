"""How a CSV file is written: delimiter, header, encoding and decimal sign, detected from its beginning.

The result is shown to the person, who may correct it (`parse_format`).
"""

import codecs
import csv
import dataclasses
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.data.cells import is_missing, number
from dashboard.declarations import declared, setting
from dashboard.errors import Invalid
from dashboard.kinds import Choice
from dashboard.parsing import Fields

DETECTED_DELIMITERS = "\t|;,"
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a byte-order mark",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}
HEADERS = {"auto": "detect", "yes": "holds the names", "no": "is data already"}
DECIMALS = {".": "point .", ",": "comma ,"}
SAMPLE_BYTES = 2_000_000
SAMPLE_RECORDS = 200
SAMPLE_CELLS = 200_000
CHUNK = 1 << 20

SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
)
TEXT_STARTS = (
    ("<!doctype", "an HTML page"),
    ("<html", "an HTML page"),
    ("<?xml", "an XML file"),
    ("<svg", "an SVG image"),
    ('{"', "a JSON file"),
    ("[{", "a JSON file"),
    ("[[", "a JSON file"),
)
REMEDY = "Unpack it or save it as CSV (UTF-8), then upload that file."


class DelimiterChoice(Choice):
    """One of the characters in DELIMITERS, or its name."""

    def __init__(self) -> None:
        super().__init__({sign: f"{name} {sign}".strip() for name, sign in DELIMITERS.items()})
        self.schema = {"type": "string", "enum": [*DELIMITERS, *DELIMITERS.values()]}

    def read(self, fields: Fields, name: str, default: str) -> str:
        """Return the character in a field."""
        given = str(fields.data.get(name) or default)
        delimiter = DELIMITERS.get(given, given)
        if delimiter not in self.words:
            fields.refuse(name, f"Choose one of: {', '.join(DELIMITERS)}.")
        return delimiter


@dataclass(frozen=True)
class CsvFormat:
    """How a CSV file is written; `encoding` is a Python codec's name.

    Of the header a person says auto, yes or no, of the others what was detected is the default.
    """

    delimiter: str = setting(DelimiterChoice(), ",", "Delimiter")
    header: bool = setting(Choice(HEADERS), True, "First line")
    encoding: str = setting(Choice(ENCODINGS), "utf-8", "Encoding")
    decimal: str = setting(Choice(DECIMALS), ".", "Decimal mark")

    def to_json(self) -> dict[str, Any]:
        """Return plain texts and a boolean; `from_json` reads them back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CsvFormat":
        """Return the format that `to_json` wrote."""
        return cls(**data)


FORMAT_SETTINGS = declared(CsvFormat)


def detect_format(path: Path, header: str = "auto") -> CsvFormat:
    """Return how a file is written; `header` is auto, yes or no.

    The whole file is checked to be text, the rest is detected from its first 2 MB. Raises Invalid, under the field
    ``file`` (or ``header``), for what is empty or no CSV file.
    """
    if header not in HEADERS:
        raise Invalid({"header": f"Choose one of: {', '.join(HEADERS)}."})
    encoding = _encoding(path)
    sample = _sample(path, encoding)
    delimiter = _delimiter(sample)
    records = _records(sample, delimiter)
    decimal = _decimal(records, delimiter)
    has_header = header == "yes" or (header == "auto" and _has_header(records, decimal))
    return CsvFormat(delimiter, has_header, encoding, decimal)


def parse_format(fields: Fields, detected: CsvFormat) -> CsvFormat:
    """Read a person's corrections (delimiter, header, encoding, decimal); what is not given stays as detected.

    `delimiter` is one of the five characters or its name (comma, semicolon, tab, bar, space); `header` is auto, yes
    or no. Raises Invalid with a message for each wrong field.
    """
    delimiter = FORMAT_SETTINGS["delimiter"].kind.read(fields, "delimiter", detected.delimiter)
    header = FORMAT_SETTINGS["header"].kind.read(fields, "header", "auto")
    decimal = FORMAT_SETTINGS["decimal"].kind.read(fields, "decimal", "." if delimiter == "," else detected.decimal)
    if decimal == delimiter:
        fields.refuse("decimal", "The decimal sign and the delimiter cannot both be a comma.")
    encoding = FORMAT_SETTINGS["encoding"].kind.read(fields, "encoding", detected.encoding)
    fields.done()
    return CsvFormat(delimiter, detected.header if header == "auto" else header == "yes", encoding, decimal)


def _encoding(path: Path) -> str:
    """Return the codec that decodes the whole file; raises Invalid for what is not text."""
    with path.open("rb") as file:
        start = file.read(4096)
    _refuse_binary(start)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if not _decodes(path, "utf-16"):
            raise Invalid({"file": "The file begins like UTF-16 text but is damaged: save it again as UTF-8."})
        return "utf-16"
    for chunk in _chunks(path):
        if b"\0" in chunk:
            raise Invalid({"file": f"This is not a CSV file: it holds NUL bytes. {REMEDY}"})
    if _decodes(path, "utf-8"):
        return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"
    return "cp1252" if _decodes(path, "cp1252") else "latin-1"


def _refuse_binary(start: bytes) -> None:
    for signature, what in SIGNATURES:
        if start.startswith(signature):
            raise Invalid({"file": f"This is not a CSV file but {what}. {REMEDY}"})
    beginning = start.decode("latin-1").lstrip("ï»¿ \t\r\n").lower()
    for text, what in TEXT_STARTS:
        if beginning.startswith(text):
            raise Invalid(
                {"file": f"This is not a CSV file but {what}. Save the table as CSV (UTF-8) and upload that."}
            )
    is_utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    controls = sum(byte < 32 and byte not in b"\0\t\n\r\f" for byte in start)
    if not is_utf16 and controls > len(start) / 100:
        raise Invalid({"file": f"This is not a CSV file: it holds binary data. {REMEDY}"})


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _sample(path: Path, encoding: str) -> str:
    """Return the first whole lines of the file as text; raises Invalid if there is nothing but blanks."""
    with path.open(encoding=encoding, newline="") as file:
        text = file.read(SAMPLE_BYTES)
        is_all = not file.read(1)
    if not text.strip():
        raise Invalid({"file": "The file is empty: choose a CSV file with a header and rows."})
    if is_all:
        return text
    end = max(text.rfind("\n"), text.rfind("\r"))
    if end < 0:
        message = f"The first line is longer than {SAMPLE_BYTES:,} characters: this is not a CSV file of rows."
        raise Invalid({"file": message})
    return text[: end + 1]


def _records(sample: str, delimiter: str) -> list[list[str]]:
    """Return the first records of the sample; what the csv module cannot read ends the list."""
    records: list[list[str]] = []
    cells = 0
    try:
        for fields in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            if fields:
                records.append(fields)
                cells += len(fields)
            if len(records) >= SAMPLE_RECORDS or cells >= SAMPLE_CELLS:
                break
    except csv.Error as error:
        if not records:
            raise Invalid({"file": f"This is not a CSV file ({error})."}) from error
    return records


def _delimiter(sample: str) -> str:
    """Return the delimiter that cuts the sample into the most regular table; raises Invalid if none does."""
    # Where two do equally well the rarer character wins: text holds commas more often than tabs.
    scores = {delimiter: _regularity(_records(sample, delimiter), delimiter) for delimiter in DETECTED_DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    if scores[best] == (0.0, 0):
        message = "Only one column was detected, by comma, semicolon, tab or bar: "
        raise Invalid({"file": message + "a dataset needs a target column and at least one other."})
    return best


def _regularity(records: list[list[str]], delimiter: str) -> tuple[float, int]:
    """Return (a score, the usual number of fields) of a table; (0, 0) if it has one column only.

    The score adds twice the share of records of the usual length to the share of cells that are numbers, less the
    share of those in which another delimiter is left over.
    """
    usual, count = Counter(len(fields) for fields in records).most_common(1)[0]
    if usual < 2:
        return 0.0, 0
    cells = [text for fields in records for text in fields]
    others = set(DETECTED_DELIMITERS) - {delimiter}
    decimals = "." if delimiter == "," else ".,"
    numbers = sum(any(number(text, decimal) is not None for decimal in decimals) for text in cells)
    dirty = sum(not others.isdisjoint(text) for text in cells if number(text, decimals[-1]) is None)
    return round(2 * count / len(records) + (numbers - dirty) / len(cells), 6), usual


def _decimal(records: list[list[str]], delimiter: str) -> str:
    if delimiter == ",":
        return "."
    cells = [text for fields in records for text in fields if "," in text or "." in text]
    commas = sum(number(text, ",") is not None for text in cells)
    points = sum(number(text, ".") is not None for text in cells)
    return "," if commas > points else "."


def _has_header(records: list[list[str]], decimal: str) -> bool:
    """Return whether the first record names the columns, by comparing it with those below it."""
    first, rest = records[0], [fields for fields in records[1:] if len(fields) == len(records[0])]
    if [number(text, decimal) for text in first] == list(range(len(first))) and len(first) >= 4 and rest:
        return True  # pandas writes 0,1,2,... for columns that have no name
    if not rest:
        return not any(number(text, decimal) is not None for text in first)
    votes = [_votes(text, column, decimal) for text, column in zip(first, zip(*rest, strict=True), strict=True)]
    if any(votes):
        return sum(votes) > 0
    words = [text.strip() for text in first]
    recurs = any(text in column for text, column in zip(first, zip(*rest, strict=True), strict=True) if text.strip())
    return not recurs and len(set(words)) == len(words)


def _votes(text: str, column: Sequence[str], decimal: str) -> int:
    """Return 1 if a text is above numbers (a header), -1 if a number does, 0 if the column says nothing."""
    known = [cell for cell in column if not is_missing(cell)]
    if is_missing(text) or not known or any(number(cell, decimal) is None for cell in known):
        return 0
    return 1 if number(text, decimal) is None else -1
