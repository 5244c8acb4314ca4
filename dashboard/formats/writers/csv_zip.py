"""The tables of a version as CSV files in a ZIP, with version.json, which says type, shape and SHA-256 of each."""

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson

from dashboard.formats.description import Description, chain_of, own_facts
from dashboard.formats.odd_nans import odd_nans
from dashboard.formats.table_files import file_names
from dashboard.formats.types import Array
from dashboard.formats.writer import Writer
from dashboard.formats.zip_writing import EARLIEST, READABLE, UNIX

BLOCK_CELLS = 65_536
MOST_CELLS = 5_000_000
"""Of one table: its text, of about 100 MB, is read back in one piece, in a process of bounded memory."""
ABOUT = "version.json"


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write a table a tensor: rows are its first axis, columns all others; every number reads back as the same bits."""
    files = file_names([tensor.name for tensor in description.tensors])
    stated = []
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for tensor, array in zip(description.tensors, arrays, strict=True):
            with archive.open(_member(files[tensor.name]), "w", force_zip64=True) as file:
                for piece in table_text(array):
                    file.write(piece)
            facts = tensor._asdict() | {"file": files[tensor.name], "nans": odd_nans(array)}
            stated.append({name: value for name, value in facts.items() if name != "nans" or value})
        facts_text = own_facts(description, WRITER.name, chain_of(description), tensors=stated, files=files)
        archive.writestr(_member(ABOUT), facts_text)


def table_text(array: Array) -> Iterator[bytes]:
    """Yield the header and the rows: a float as the shortest decimal that reads back as the same double."""
    rows, columns = array.shape[0] if array.ndim else 1, math.prod(array.shape[1:])
    table = array.reshape(rows, columns)
    yield ",".join(f"c{column}" for column in range(columns)).encode() + b"\n"
    height = max(1, BLOCK_CELLS // max(1, columns))
    for top in range(0, rows if columns else 0, height):
        yield _rows_text(_writable(table[top : top + height]))


def _writable(part: Array) -> Array:
    """Return cells as a type whose text is exact: every float as a double, yes and no as 1 and 0."""
    if part.dtype.kind in "iu":
        return np.ascontiguousarray(part)
    if part.dtype.kind == "b":
        return part.astype(np.uint8)
    with np.errstate(invalid="ignore"):  # some processors signal a NaN that is widened; its bits are stated
        return np.ascontiguousarray(part, dtype=np.float64)


def _rows_text(numbers: Array) -> bytes:
    text = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].replace(b"],[", b"\n") + b"\n"
    if np.isfinite(numbers).all():
        return text
    odd = [str(value).encode() for value in numbers[~np.isfinite(numbers)].tolist()]  # which JSON calls null
    return b"".join(part + word for part, word in zip(text.split(b"null"), [*odd, b""], strict=True))


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, EARLIEST)
    info.create_system, info.external_attr, info.compress_type = UNIX, READABLE, zipfile.ZIP_DEFLATED
    return info


def _why_not(description: Description) -> str:
    large = [tensor.name for tensor in description.tensors if math.prod(tensor.shape) > MOST_CELLS]
    if not large:
        return ""
    return (
        f"{large[0][:60]!r} has more than {MOST_CELLS:,} weights, whose text is too large to be read back: take the "
        "ZIP of CSVs, which is not compared, or another format."
    )


WRITER = Writer(
    "csv",
    "CSV tables",
    ".csv.zip",
    "Every table as CSV, one cell one weight; version.json has the types, shapes, SHA-256 and the definition.",
    "It computes nothing: it has weights only. Text is several times as large as the numbers.",
    write,
    _why_not,
)
