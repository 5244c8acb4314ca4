"""Tensors as people look at them: windows of cells, whole tables as CSV or .npy, and a version as one ZIP."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import orjson

from dashboard.catalogue import versions as version_rows
from dashboard.errors import NotFound, UserError
from dashboard.files import spooled
from dashboard.formats.table_files import file_names, safe_stem
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo, TensorKey
from dashboard.services.versions.damage import located
from dashboard.services.workspace import Workspace

WINDOW_ROWS = 50
WINDOW_COLUMNS = 20
MOST_CELLS = 250_000
READABLE = orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


@dataclass(frozen=True)
class Window:
    """A part of a tensor's table: `cells` are rows[0].. × columns[0].. of `rows_total` × `columns_total`.

    `is_proven` says whether they were compared with what was saved, and not only the table's form.
    """

    version: Version
    tensor: TensorInfo
    rows: range
    columns: range
    rows_total: int
    columns_total: int
    cells: np.ndarray[Any, Any]
    is_proven: bool = True


def find_tensor(workspace: Workspace, network_name: str, number: int, tensor_name: str) -> tuple[Version, TensorInfo]:
    """Return a version and one of its tensors; raises NotFound with the nearest names."""
    with workspace.catalogue.reading() as connection:
        version = version_rows.get_version(connection, network_name, number)
        return version, version_rows.get_tensor(connection, version, tensor_name)


def window(
    workspace: Workspace,
    version: Version,
    tensor: TensorInfo,
    row: int = 0,
    column: int = 0,
    rows: int = WINDOW_ROWS,
    columns: int = WINDOW_COLUMNS,
) -> Window:
    """Return the cells from (row, column) on, at most `rows` × `columns` of them, from the store itself.

    Raises NotFound for a cell outside the table, UserError for a window of more than 250,000 cells.
    """
    key = tensor.key(version.slug, version.number)
    if not (0 <= row < max(key.rows, 1)) or not (0 <= column < max(key.columns, 1)):
        raise NotFound(
            f"There is no cell in row {row}, column {column}: {tensor.name} has rows 0 to {key.rows - 1} "
            f"and columns 0 to {key.columns - 1}.",
            "row" if not 0 <= row < max(key.rows, 1) else "column",
        )
    wanted_rows = range(row, min(row + rows, key.rows))
    wanted_columns = range(column, min(column + columns, key.columns))
    if rows < 1 or columns < 1 or len(wanted_rows) * len(wanted_columns) > MOST_CELLS:
        raise UserError(f"A window has 1 to {MOST_CELLS:,} cells; ask for fewer rows or columns.", "rows")
    with located(workspace, version.network, version.slug, version.number, tensor):
        cells = workspace.store.window(key, wanted_rows, wanted_columns)
    is_proven = workspace.store.proves_window(key, wanted_rows)
    return Window(version, tensor, wanted_rows, wanted_columns, key.rows, key.columns, cells, is_proven)


def window_csv(window: Window, header: bool = True) -> str:
    """Return a window as CSV: a header with the column names, first column the row number; or the bare numbers."""
    lines = ["row," + ",".join(f"c{column}" for column in window.columns)] if header else []
    for row, cells in zip(window.rows, window.cells, strict=True):
        lines.append((f"{row}," if header else "") + ",".join(cell_text(cell) for cell in cells))
    return "".join(f"{line}\n" for line in lines)


def window_numbers(window: Window) -> list[list[int | float | bool | str]]:
    """Return a window as rows of numbers; "nan", "inf" and "-inf" represent what JSON has no numbers for."""
    if window.cells.dtype.kind in "iub":
        return list(window.cells.tolist())
    with np.errstate(invalid="ignore"):  # a NaN that signals becomes one that does not
        wide = window.cells.astype(np.float64)  # exact for every float that is stored, bfloat16 included
    if np.isfinite(wide).all():
        return list(wide.tolist())
    return [[cell if np.isfinite(cell) else repr(cell) for cell in row] for row in wide.tolist()]


def cell_text(cell: Any) -> str:  # noqa: ANN401 - a numpy scalar of any dtype
    """Return a cell's number in full: the shortest text that reads back as the same double (or integer)."""
    value = cell.item() if cell.dtype.kind in "iub" else float(cell)
    return str(int(value)) if isinstance(value, bool) else repr(value)


def sql_tables(workspace: Workspace, version: Version, tensor: TensorInfo) -> list[tuple[str, range]]:
    """Return the tables that SQL reads a tensor from, each with its columns of the whole; none without SQL."""
    return workspace.store.sql_tables(tensor.key(version.slug, version.number))


def array(workspace: Workspace, version: Version, tensor: TensorInfo) -> np.ndarray[Any, Any]:
    """Return a tensor from the decoded cache, read-only and memory-mapped; raises StoreError."""
    with located(workspace, version.network, version.slug, version.number, tensor):
        return workspace.decoded.get(workspace.store, tensor.key(version.slug, version.number))


def read_tensors(workspace: Workspace, version: Version) -> dict[str, np.ndarray[Any, Any]]:
    """Return all tensors of a version from the store itself, in their order, each proven; raises NotAsSaved."""
    with workspace.catalogue.reading() as connection:
        infos = version_rows.list_tensors(connection, version.id)
    tensors = {}
    for info in infos:
        with located(workspace, version.network, version.slug, version.number, info):
            tensors[info.name] = workspace.store.read_proven(info.key(version.slug, version.number))
    return tensors


def tensor_csv(workspace: Workspace, version: Version, tensor: TensorInfo, header: bool = True) -> IO[bytes]:
    """Return a tensor's whole table as a CSV file, proven; without `header` its lines of numbers only.

    The caller closes it. Raises NotAsSaved.
    """
    key = tensor.key(version.slug, version.number)
    with located(workspace, version.network, version.slug, version.number, tensor):
        if header:
            return workspace.store.csv_file(key)
        return spooled(_without_first_line(workspace.store.rows_csv(key)))


def _without_first_line(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        _, newline, rest = piece.partition(b"\n")
        if newline:
            yield rest
            yield from pieces


def tensor_npy(workspace: Workspace, version: Version, tensor: TensorInfo) -> bytes:
    """Return a tensor as a .npy file; bfloat16, which .npy does not know, as float32, which holds it exactly."""
    values = array(workspace, version, tensor)
    buffer = io.BytesIO()
    np.save(buffer, values.astype(np.float32) if tensor.dtype == "bfloat16" else values, allow_pickle=False)
    return buffer.getvalue()


def version_zip(workspace: Workspace, version: Version, about: Mapping[str, Any]) -> IO[bytes]:
    """Return a ZIP of a version, proven: one CSV a tensor, and version.json with all that belongs to it.

    Each of its `tensors`, and its `files`, name the CSV of a tensor. The caller closes it. Raises NotAsSaved.
    """
    with workspace.catalogue.reading() as connection:
        infos = version_rows.list_tensors(connection, version.id)
    files = file_names([info.name for info in infos])
    named = [{**tensor, "file": files[tensor["name"]]} for tensor in about["tensors"]]
    about = {**about, "files": files, "tensors": named}
    with ExitStack() as opened:
        file = opened.enter_context(spooled(()))
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(_member("version.json", version), orjson.dumps(about, option=READABLE))
            for info in infos:
                key = info.key(version.slug, version.number)
                with (
                    located(workspace, version.network, version.slug, version.number, info),
                    archive.open(_member(files[info.name], version), "w", force_zip64=True) as member,
                ):
                    for piece in workspace.store.rows_csv(key):
                        member.write(piece)
        file.seek(0)
        opened.pop_all()
        return file


def _member(name: str, version: Version) -> zipfile.ZipInfo:
    """Return the entry of a file, dated as the version is, so that its ZIP is the same to the byte each time."""
    entry = zipfile.ZipInfo(name, version.created.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def file_name(key: TensorKey) -> str:
    """Return a safe file name for a tensor, such as layer_01_weight."""
    return safe_stem(key.tensor)
