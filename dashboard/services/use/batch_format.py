"""How a CSV of records for use is written, and which of its columns are which."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dashboard.data.csv_format import DECIMALS, FORMAT_SETTINGS, HEADERS, CsvFormat, settled
from dashboard.data.csv_format import DELIMITER_WORDS as DELIMITERS
from dashboard.data.detection import detect
from dashboard.data.matching import GENERATED, difference
from dashboard.data.record_files import RecordFile, is_encoded, open_records
from dashboard.errors import Invalid
from dashboard.parsing import Fields
from dashboard.services.use.loaded import Loaded

__all__ = ["DECIMALS", "DELIMITERS", "FORMAT_SETTINGS", "HEADERS"]  # for those who may not import data


def open_record_file(loaded: Loaded, path: Path, given: Mapping[str, Any]) -> RecordFile:
    """Return a file with its columns named as the version calls them.

    `given` are fields of the format that a person has settled; what is not given is as in the version's dataset if the
    header has all columns so, else it is guessed. Raises Invalid for other fields, and for columns that are missing.
    """
    fields = Fields(given)
    fields.known(FORMAT_SETTINGS)
    chosen = settled(fields)
    fields.done()
    header = chosen.pop("header", "auto")
    file = _as_the_dataset(loaded, path, chosen) if header != "no" else None
    if file is None:
        file = open_records(path, detect(path, chosen | {"header": header}).format)
        if header == "auto":
            file = _with_header(loaded, path, file)
    return replace(file, names=_own_names(loaded, file))


def _as_the_dataset(loaded: Loaded, path: Path, chosen: Mapping[str, Any]) -> RecordFile | None:
    """Return the file read as the dataset was, if its header then has all columns that the version reads."""
    own = loaded.format or CsvFormat()
    encoding = next((name for name in ("utf-8-sig", own.encoding) if is_encoded(path, name)), None)
    if not own.is_plain or encoding is None or "encoding" in chosen:
        return None
    plain = replace(own, header=True, skip=0, skip_after=0, encoding=encoding)
    try:
        file = open_records(path, replace(plain, **chosen))
    except Invalid:  # the guess will say what is wrong
        return None
    return file if _has_all(loaded, file.names) else None


def _with_header(loaded: Loaded, path: Path, file: RecordFile) -> RecordFile:
    """Return a file whose first line is its header if that has all names, whatever was guessed of it."""
    if file.format.header:
        return file
    other = open_records(path, replace(file.format, header=True))
    return other if _has_all(loaded, other.names) else file


def _has_all(loaded: Loaded, names: Sequence[str]) -> bool:
    return set(loaded.reader.columns) <= set(names)


def _own_names(loaded: Loaded, file: RecordFile) -> list[str]:
    """Return the names of the columns as the version calls them: by their places where the file or it has no names."""
    wanted, width = loaded.reader.columns, len(file.names)
    if _has_all(loaded, file.names):
        return file.names
    if not file.format.header or all(GENERATED.fullmatch(name) for name in wanted):
        own = loaded.dataset.description.get("first_columns", []) if loaded.dataset else []
        inputs = [name for name in own if name not in loaded.targets]
        for names in (own, inputs, wanted):
            if len(names) == width and set(wanted) <= set(names):
                return list(names)
        if not file.format.header:
            text = f"The file has {width:,} columns without names, and {loaded.version.reference} reads {len(wanted):,}"
            raise Invalid({"file": f"{text}. Send a header with their names."})
    missing = [name for name in wanted if name not in file.names]
    reads = f"The file has not all columns that {loaded.version.reference} reads: {difference(missing, [])}."
    raise Invalid({"file": f"{reads} Send them with these names, or say how the file is written (delimiter, header)."})
