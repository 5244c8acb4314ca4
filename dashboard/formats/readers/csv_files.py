"""A folder or ZIP of tables of numbers (.csv); a version.json next to them, as we write it, states types and shapes.

What version.json states is checked against the tables: it may have been changed. A table without it is float64.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from dashboard.errors import UnreadableFile
from dashboard.formats.archives import is_left_by_a_system, refuse_paths
from dashboard.formats.number_table import read_table
from dashboard.formats.odd_nans import with_odd_nans
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink, shown
from dashboard.formats.source import Source
from dashboard.formats.texts import parse_json
from dashboard.formats.types import TYPES, Array, numpy_type, plain

ABOUT = "version.json"
SUFFIXES = (".csv", ".txt", ".tsv")


class Declared(NamedTuple):
    """What version.json states about a table: the tensor's name, its type, its shape, its SHA-256 and odd NaN."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str
    nans: Sequence[Any] = ()


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether there is a table among the files of a ZIP or folder."""
    return any(name.lower().endswith(SUFFIXES) and not is_left_by_a_system(name) for name in members)


def read(source: Source, sink: Sink) -> None:
    """Read every table in the order of the files, or of version.json; raises UnreadableFile, TooLarge."""
    refuse_paths(source.members)
    files = [name for name in source.members if not is_left_by_a_system(name)]
    within = {name.removeprefix(_common_folder(files)): name for name in files}
    declared: dict[str, Declared] = {}
    if ABOUT in within:
        about = parse_json(source.member(within.pop(ABOUT), source.limits.text_bytes), "version.json")
        declared = declared_tables(about)
        sink.about["weightbase"] = about
        within = _in_order(within, declared)
    for name, member in within.items():
        if not name.lower().endswith(SUFFIXES):
            raise UnreadableFile(f"{shown(member)} is no table of numbers (.csv): leave it out.")
        if name in declared:
            _take_declared(declared[name], source.member(member), member, sink)
        else:
            sink.add(str(PurePosixPath(name).with_suffix("")), read_table(source.member(member), member))


def declared_tables(about: Any) -> dict[str, Declared]:  # noqa: ANN401 - any JSON
    """Return file -> what version.json states about it; raises UnreadableFile if it is not as we write it."""
    try:
        files = about["files"]
        tensors = [(files[one["name"]], one) for one in about["tensors"]]
        declared = {file: _declared(one) for file, one in tensors}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFile(
            "version.json does not state name, type, shape and file of each tensor as Weightbase writes them: "
            "export the version again, or leave version.json out."
        ) from error
    if len(declared) != len(tensors):
        raise UnreadableFile("version.json names one file for two tensors: export the version again.")
    return declared


def _declared(data: Mapping[str, Any]) -> Declared:
    shape, dtype = tuple(data["shape"]), data["dtype"]
    if dtype not in TYPES or not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError("type or shape")
    nans = data.get("nans", [])
    if not isinstance(nans, list):
        raise TypeError("nans")
    return Declared(str(data["name"]), dtype, shape, str(data.get("sha256", "")), nans)


def _in_order(within: dict[str, str], declared: Mapping[str, Declared]) -> dict[str, str]:
    """Return the tables in the order of version.json; raises UnreadableFile if one is missing or not in it."""
    missing = [file for file in declared if file not in within]
    if missing:
        raise UnreadableFile(f"The table {shown(missing[0])} that version.json names is missing.")
    more = [file for file in within if file not in declared]
    if more:
        raise UnreadableFile(f"The file {shown(more[0])} is not in version.json: leave one of them out.")
    return {file: within[file] for file in declared}


def _take_declared(declared: Declared, text: bytes, member: str, sink: Sink) -> None:
    """Take a table in the type and shape that version.json states, if it has as many rows and columns."""
    sink.reserve(declared.name, declared.shape, numpy_type(declared.dtype).itemsize)
    array = _table(declared, text, member)
    sink.add(declared.name, array)
    if hashlib.sha256(plain(array).tobytes()).hexdigest() != declared.sha256:
        sink.about.setdefault("changed", []).append(declared.name)


def _table(declared: Declared, text: bytes, member: str) -> Array:
    rows = declared.shape[0] if declared.shape else 1
    columns = math.prod(declared.shape[1:])
    if rows * columns == 0:
        return np.empty(declared.shape, numpy_type(declared.dtype))
    table = read_table(text, member, declared.dtype)
    if table.shape != (rows, columns):
        raise UnreadableFile(
            f"{shown(member)} has {table.shape[0]:,} × {table.shape[1]:,} numbers, but version.json states "
            f"{rows:,} × {columns:,} for {shown(declared.name)}."
        )
    return with_odd_nans(table.reshape(declared.shape), declared.nans, declared.name)


def _common_folder(names: Sequence[str]) -> str:
    """Return the folder in which all files are, with a slash; nothing if there is none."""
    folders = {name.partition("/")[0] if "/" in name else "" for name in names}
    only = folders.pop() if len(folders) == 1 else ""
    return f"{only}/" if only else ""


READER = Reader("csv-files", "tables in a ZIP or folder", (".zip",), recognises, read, ("pandas",))
