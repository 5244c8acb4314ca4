"""Verification of one tensor: read from the store itself, and compared bit for bit with the saved array.

The SHA-256 says whether all is identical; the sums stored with the table say which cell differs, and its old value.
"""

from dataclasses import dataclass

import numpy as np

from dashboard.errors import TensorDamaged, TensorMissing
from dashboard.records.tensor import TensorKey
from dashboard.weights.cell_sums import Repair, find_changes
from dashboard.weights.checksums import tensor_sha256
from dashboard.weights.dtypes import FLOATS, Array, bits_dtype, bits_of, from_bits, is_nan_bits
from dashboard.weights.table_reading import DamagedCell
from dashboard.weights.table_store import TableStore


@dataclass(frozen=True)
class Difference:
    """The first cell that is not what was saved, counted from 0; texts of numbers read back exactly.

    `column` is None when only the row is known, `expected` when the old value could not be restored.
    """

    row: int
    column: int | None
    expected: str | None
    found: str | None


@dataclass(frozen=True)
class TensorProof:
    """What reading a tensor back has shown. `problem` is a sentence for people, None if all is identical."""

    name: str
    identical: bool
    sha256_stored: str | None
    first_difference: Difference | None = None
    problem: str | None = None


def verify(store: TableStore, key: TensorKey) -> TensorProof:
    """Read a tensor's table and prove it, or say where it differs; raises StoreUnavailable, never for bad content."""
    try:
        array = store.read(key)
    except DamagedCell as error:
        return TensorProof(
            key.tensor, False, None, Difference(error.row, error.column, None, error.content), str(error)
        )
    except (TensorDamaged, TensorMissing) as error:
        return TensorProof(key.tensor, False, None, None, str(error))
    sha256 = tensor_sha256(array)
    if sha256 == key.sha256:
        return TensorProof(key.tensor, True, sha256)
    difference = first_difference(array, key, store.cell_sums(key))
    return TensorProof(key.tensor, False, sha256, difference, _sentence(key, difference))


def first_difference(array: Array, key: TensorKey, sums: Array | None) -> Difference | None:
    """Return the first cell in which `array` differs from the tensor of this key; None if the sums do not locate it."""
    bits = bits_of(array)
    changes = find_changes(bits, sums) if sums is not None else Repair({}, False, ())
    if changes.cells and changes.complete and _restores(bits, changes, key):
        cell, expected = next(iter(changes.cells.items()))
        return Difference(*divmod(cell, key.columns), number_text(expected, key.dtype), _text_at(bits, cell, key.dtype))
    return _first_suspect(bits, changes, key)


def _restores(bits: Array, changes: Repair, key: TensorKey) -> bool:
    repaired = bits.copy()
    repaired[list(changes.cells)] = list(changes.cells.values())
    return tensor_sha256(repaired) == key.sha256


def _first_suspect(bits: Array, changes: Repair, key: TensorKey) -> Difference | None:
    """Return the row that all suspects share, or the first suspect's, without claiming more than is known."""
    if not changes.suspects:
        return None
    row, column = divmod(changes.suspects[0], key.columns)
    if len(changes.suspects) == 1:
        return Difference(row, column, None, _text_at(bits, changes.suspects[0], key.dtype))
    return Difference(row, None, None, None)


def _text_at(bits: Array, cell: int, dtype: str) -> str:
    return number_text(int(bits[cell]), dtype)


def number_text(bits: int, dtype: str) -> str:
    """Return the number that these bits stand for as exact text; of a NaN the bits, too."""
    array = np.array([bits], bits_dtype(dtype))
    if dtype in FLOATS and is_nan_bits(array, dtype)[0]:
        return f"nan (bits {bits:#x})"
    value = from_bits(array, dtype, (1,))[0]
    return repr(float(value)) if dtype in FLOATS else str(int(value))


def _sentence(key: TensorKey, difference: Difference | None) -> str:
    if difference is None:
        return f"{key.tensor} is not what was saved; the cells that differ cannot be located."
    if difference.column is None:
        return f"{key.tensor} is not what was saved: many cells differ, the first in row {difference.row} or near."
    place = f"row {difference.row}, column {difference.column}"
    if difference.expected is None:
        return f"{key.tensor} is not what was saved: {place} is one of the cells that differ."
    return f"{key.tensor}: {place} holds {difference.found}, but {difference.expected} was saved."
