"""One table in a folder: the CSV file and its side files, named by a common stem."""

import os
from collections.abc import Iterator
from io import BytesIO
from itertools import accumulate
from pathlib import Path

import numpy as np

from dashboard.files import ONE_HEADER, open_regular
from dashboard.records.tensor import TensorKey
from dashboard.weights.cell_sums import cell_sums
from dashboard.weights.csv_marks import Marks, Stamp
from dashboard.weights.dtypes import Array, bits_of
from dashboard.weights.files import file_blocks, write_file
from dashboard.weights.special_cells import Run, from_csv, put_back, special_runs, to_csv
from dashboard.weights.table_reading import read_table
from dashboard.weights.table_text import Cut, header, piece_texts

TABLE = ".csv"
SPECIAL = ".special.csv"
CHECKS = ".checks.npy"
SIDES = (SPECIAL, CHECKS)


def named(stem: Path, ending: str) -> Path:
    """Return the file of a table at `stem` with this ending (a stem may hold points)."""
    return stem.parent / (stem.name + ending)


def cut_of(key: TensorKey) -> Cut:
    """Return how the tensor's table is cut into pieces."""
    return Cut(key.rows, key.columns)


def write_table(stem: Path, key: TensorKey, array: Array) -> Marks:
    """Write a table and its side files, or nothing; return where its pieces begin."""
    table = np.ascontiguousarray(array).reshape(key.rows, key.columns)
    lengths: list[int] = [sum(map(len, header(key.columns)))]
    runs = special_runs(table, key.dtype, key.columns)
    try:
        write_file(named(stem, TABLE), _noting_lengths(table, lengths))
        write_file(named(stem, CHECKS), [_npy(cell_sums(bits_of(table)))])
        if runs:
            write_file(named(stem, SPECIAL), [to_csv(runs)])
    except BaseException:
        remove_table(stem)
        raise
    return Marks(np.fromiter(accumulate(lengths), np.int64, len(lengths)))


def _noting_lengths(table: Array, lengths: list[int]) -> Iterator[bytes]:
    yield from header(table.shape[1])
    for text in piece_texts(table):
        lengths.append(len(text))
        yield text


def _npy(array: Array) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def stamp_of(stem: Path, descriptor: int | None = None) -> Stamp:
    """Return the stamp of a table's files, of the open file if there is one; raises FileNotFoundError."""
    table = named(stem, TABLE).stat() if descriptor is None else os.fstat(descriptor)
    try:
        special = named(stem, SPECIAL).stat()
    except FileNotFoundError:
        return Stamp(table.st_size, table.st_mtime_ns, -1, -1)
    return Stamp(table.st_size, table.st_mtime_ns, special.st_size, special.st_mtime_ns)


def read_whole(stem: Path, key: TensorKey, name: str) -> Array:
    """Return the tensor from its files; raises TensorDamaged under this name, FileNotFoundError."""
    table = read_table(lambda: file_blocks(named(stem, TABLE)), cut_of(key), key.dtype, name)
    put_back(table, key.dtype, read_special(stem, name), range(key.rows), range(key.columns))
    return table.reshape(key.shape)


def read_special(stem: Path, name: str) -> list[Run]:
    """Return the runs of special cells; most tables have none, and no file for them."""
    try:
        with open_regular(named(stem, SPECIAL)) as file:
            return from_csv(file.read(), name)
    except FileNotFoundError:
        return []


def read_sums(stem: Path) -> Array | None:
    """Return the sums stored with the table, None if they are lost or torn."""
    try:
        with ONE_HEADER, open_regular(named(stem, CHECKS)) as file:
            sums: Array = np.load(file)
    except (FileNotFoundError, EOFError, ValueError):
        return None
    return sums if sums.dtype == np.uint64 and sums.ndim == 1 else None


def remove_table(stem: Path) -> None:
    """Remove a table and its side files."""
    for ending in (TABLE, *SIDES):
        named(stem, ending).unlink(missing_ok=True)
