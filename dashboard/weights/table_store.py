"""The interface of every store of tables, with its guarantees.

A store keeps arrays as tables. Everything above it (versions, statistics, diffs, charts) is built once, on
these few methods; everything that differs between CSV files and MySQL is in their implementations.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import IO, Any, ClassVar

import numpy as np

from dashboard.errors import Conflict, NotFound, TensorDamaged, TensorMissing
from dashboard.files import spooled
from dashboard.holder import Holder
from dashboard.records.tensor import TableInfo, TensorKey
from dashboard.weights.checksums import tensor_sha256
from dashboard.weights.dtypes import numpy_dtype

VersionKey = tuple[str, int]
"""A version as a store knows it: (network slug, number)."""


class TableStore(ABC):
    """Keeps the tensors of versions as tables, one cell one weight.

    Obligations of every backend; `tests/contract` holds them, with no exemption:

    - **Bit-exact.** What is read equals what was written, bit for bit, for float16, float32, float64, bfloat16,
      bool and the integer dtypes of 8 to 64 bits: ±0.0, denormals, ±Inf and NaN with its payload included.
    - **Any shape.** Rank 0 to 8; empty axes; any number of rows and columns.
    - **All or nothing.** Tensors written inside `saving` are invisible to `read`, `window`, `rows_csv` and `tables`
      until `publish`; a process that dies at any moment leaves no half version behind, only left-overs for `sweep`.
    - **Checked when written.** `publish` reads back what was written and compares its SHA-256 with the key's; on a
      difference it raises TensorDamaged and publishes nothing.
    - **Checked when read.** `window`, `rows_csv`, `csv_file` and `read_proven` raise TensorDamaged for a table that
      was changed, cut or replaced since, rather than return another number. `read` alone returns what is there.
    - **Stored once.** A tensor with the same dtype, shape and SHA-256 as one already published costs no second
      table; deleting a version removes only what no other version uses.
    - **A window costs the same** at the first row and at the last one.
    - **Safe** for several processes and threads at once; returned arrays are the caller's own and writable.

    Backends raise TensorMissing for a key that is not published, TensorDamaged for a table that cannot be what was
    written, StoreUnavailable when the store cannot be reached or written (disk full, no rights); drivers' own
    errors never pass. Values of `network` and `tensor` are data: no backend uses a tensor's name as a path or an
    identifier without making it safe.
    """

    kind: ClassVar[str]

    @abstractmethod
    def saving(self, version: VersionKey) -> AbstractContextManager[None]:
        """Hold the lock of a save, so that no `sweep`, of any process, touches it.

        Raises Conflict if the version is being saved already, by anyone. On leaving, what was written inside and
        not published is removed. The holder may also `delete` the version, because nothing else writes it.
        """

    @abstractmethod
    def write(self, key: TensorKey, array: np.ndarray[Any, Any]) -> None:
        """Write a tensor of a version that is being saved; `array` has the key's shape and dtype.

        Raises Conflict if it has not, if the version is not being saved here or is published already, or if the
        tensor was written before.
        """

    @abstractmethod
    def link(self, key: TensorKey) -> bool:
        """Let a version that is being saved have a table with this content that is published and proven.

        False if there is none; the tensor is to be written then. Raises Conflict as `write` does.
        """

    def write_many(self, tensors: Sequence[tuple[TensorKey, np.ndarray[Any, Any]]]) -> None:
        """Write tensors of a version as `write` does, with less to do for each of many small ones."""
        for key, array in tensors:
            self.write(key, array)

    def link_many(self, keys: Sequence[TensorKey]) -> set[TensorKey]:
        """Link tensors as `link` does, with less to do for each; return those that are linked now."""
        return {key for key in keys if self.link(key)}

    @abstractmethod
    def publish(self, version: VersionKey, tensors: Sequence[TensorKey], manifest: Mapping[str, Any]) -> None:
        """Check what was written and make the version's tables visible and durable, all at once.

        `manifest` is what a stand-alone copy of the version needs to be indexed again (JSON-able); the store adds
        `tensors`. Raises Conflict if the version is published already, or if `tensors` is not what was written.
        """

    @abstractmethod
    def versions(self) -> list[VersionKey]:
        """Return the published versions in the order of (network, number), without reading anything of them."""

    @abstractmethod
    def newest_number(self, network: str) -> int:
        """Return the highest number of a published version of this network slug; 0 if there is none."""

    @abstractmethod
    def manifest(self, version: VersionKey) -> dict[str, Any]:
        """Return a published version's manifest, checked as far as its tensors go (`manifests.py`).

        Its `tensors` is a list of {"name", "dtype", "shape", "sha256", ...}, in the order of publishing. Raises
        TensorDamaged if it is not what was written, TensorMissing if there is none.
        """

    def manifests(self) -> Iterator[tuple[VersionKey, dict[str, Any]]]:
        """Yield every published version with its manifest, in order; raises TensorDamaged at a damaged one."""
        for version in self.versions():
            with suppress(TensorMissing):  # deleted meanwhile
                yield version, self.manifest(version)

    @abstractmethod
    def read(self, key: TensorKey) -> np.ndarray[Any, Any]:
        """Return the tensor from its table as it is there now, in the key's shape and dtype: for verification."""

    def read_proven(self, key: TensorKey) -> np.ndarray[Any, Any]:
        """Return the tensor from its table; raises TensorDamaged unless its SHA-256 is the key's."""
        array = self.read(key)
        require_content(array, key, self.table_name(key))
        return array

    @abstractmethod
    def examine(self, key: TensorKey) -> str | None:
        """Return what a quick look shows to be wrong with a table, in a sentence; None if it shows nothing.

        Sees a table that is gone, has other columns or another number of rows. Raises StoreUnavailable only.
        """

    @abstractmethod
    def window(self, key: TensorKey, rows: range, columns: range) -> np.ndarray[Any, Any]:
        """Return the cells of `rows` × `columns` (steps of 1) as a 2-d array of the key's dtype.

        Raises NotFound, naming the table's size, unless both are inside the table.
        """

    def proves_window(self, key: TensorKey, rows: range) -> bool:
        """Return whether `window` compares what it reads of these rows with what was saved, not only the table's form.

        A store whose windows may be too costly to prove says so here, and pages pass it on.
        """
        return True

    @abstractmethod
    def cell_sums(self, key: TensorKey) -> np.ndarray[Any, Any] | None:
        """Return the sums (see `cell_sums.py`) taken from memory when the tensor was written; None if they are lost.

        Verification finds a changed cell, and what it held, by them.
        """

    @abstractmethod
    def rows_csv(self, key: TensorKey) -> Iterator[bytes]:
        """Yield the table as CSV in pieces of bounded size: a header line c0,c1,... and one line a row.

        Floats are written as the shortest decimal that reads back as the same *double*; a float32 is written as
        the double it equals, so that any correct parser, through a double or not, gives the same bits. NaN is
        ``nan``, infinities ``inf`` and ``-inf``. Raises TensorDamaged, at the latest behind the last piece.
        """

    def csv_file(self, key: TensorKey) -> IO[bytes]:
        """Return what `rows_csv` yields as a file, at its beginning, once all of it is proven; the caller closes it."""
        return spooled(self.rows_csv(key))

    @abstractmethod
    def delete(self, version: VersionKey) -> None:
        """Remove a version, published or not; tables that other versions use stay. Unknown versions are no error.

        Raises Conflict if the version is being saved by someone else.
        """

    @abstractmethod
    def tables(self, prefix: str = "") -> list[TableInfo]:
        """List the published tables, in order of name, of which a name begins with `prefix`.

        A table that several versions share is listed once, under the name that its first version gives it.
        """

    @abstractmethod
    def bytes_of(self, keys: Sequence[TensorKey]) -> list[int | None]:
        """Return how many bytes each key's table takes in the store, as `tables` says it; None for what is not there.

        Costs what these keys cost, not what there is in the store.
        """

    @abstractmethod
    def table_name(self, key: TensorKey) -> str:
        """Return the name of this tensor's table in the store."""

    def sql_tables(self, key: TensorKey) -> list[tuple[str, range]]:
        """Return the tables that SQL reads a tensor from, each with its columns of the whole; none without SQL.

        Raises StoreError.
        """
        return []

    @abstractmethod
    def sweep(self) -> list[str]:
        """Remove what saves that died, and deletions that were interrupted, have left; return the names of it.

        Published versions are never touched: which of them count is the catalogue's to say (a service holds
        `saving` and deletes those that it knows as not finished). A save that is alive, in any process, is not
        touched either. Costs what there is to sweep, not what there is in the store.
        """

    @abstractmethod
    def ping(self) -> None:
        """Raise StoreUnavailable, with the reason and the remedy, unless the store can be read and written."""

    def inexact_tables(self) -> list[int]:
        """Return the numbers of the tables that other programs read with fewer digits than they hold."""
        return []

    def make_exact(self, table: int) -> str | None:
        """Convert such a table, proven by its SHA-256; return why it was left as it is, None if it is exact now.

        A process that dies meanwhile leaves a table that is read as before, and can be converted again.
        """
        return f"There is no table with the number {table} to convert."

    def hold(self, holder: Holder) -> None:  # noqa: B027 - where the catalogue is in the store's database, it is held there
        """Hold the store for a home, until `close`, against every other home; raises OtherDashboard, naming that."""

    def answer_pages(self) -> None:  # noqa: B027 - a disk has no time limits of ours
        """Wait briefly from now on, as a page may: for a server, its answers, and locks that others hold."""

    def close(self) -> None:  # noqa: B027 - most stores hold nothing open
        """Let go of connections that wait to be used again; the store can still be used."""


def require_inside(key: TensorKey, rows: range, columns: range) -> None:
    """Raise NotFound unless the window `rows` × `columns` is inside the tensor's table."""
    for window, length, what in ((rows, key.rows, "rows"), (columns, key.columns, "columns")):
        if window.step != 1 or window.start < 0 or window.stop > length or window.start > window.stop:
            raise NotFound(f"The table of {key.tensor} has {length:,} {what}, counted from 0.", what)


def require_described(key: TensorKey, array: np.ndarray[Any, Any]) -> None:
    """Raise Conflict unless the array has the key's shape and type."""
    if array.shape != key.shape or array.dtype != numpy_dtype(key.dtype):
        raise Conflict(f"{key.tensor} is {array.dtype} {array.shape}, but its key says {key.dtype} {key.shape}.")


def require_content(array: np.ndarray[Any, Any], key: TensorKey, name: str) -> None:
    """Raise TensorDamaged, naming the table, unless the array's SHA-256 is the key's."""
    if tensor_sha256(array) != key.sha256:
        raise TensorDamaged(f"{name} is not what was saved: its SHA-256 is another.")
