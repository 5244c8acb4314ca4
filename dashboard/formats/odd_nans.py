"""NaN that are not the one of the text `nan`: text has no place for their bits, so they are stated next to a table.

They are runs of equal bits along the table's cells, [first cell, how many, bits], which is little for what a training
leaves behind.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.errors import UnreadableFile
from dashboard.formats.sink import shown
from dashboard.formats.types import Array, plain

Run = tuple[int, int, int]


def odd_nans(array: Array) -> list[Run]:
    """Return the runs of NaN of an array that differ from that of the text `nan` in their bits."""
    if array.dtype.kind not in "fV" or not array.size:
        return []
    cells, bits = plain(array).reshape(-1), _bits(array)
    places = np.flatnonzero(_is_nan(cells) & (bits != _bits(np.array([np.nan], array.dtype))[0]))
    if not places.size:
        return []
    values = bits[places].astype(np.uint64)
    begins = np.flatnonzero(np.r_[True, (np.diff(places) != 1) | (values[1:] != values[:-1])])
    counts = np.diff(np.r_[begins, len(places)])
    return list(zip(places[begins].tolist(), counts.tolist(), values[begins].tolist(), strict=True))


def with_odd_nans(array: Array, runs: Sequence[Any], name: str) -> Array:
    """Return an array with the bits of its NaN as they are stated; raises UnreadableFile for runs that cannot be."""
    if not runs:
        return array
    whole = plain(array).copy()
    bits, cells = _bits(whole), whole.reshape(-1)
    for run in runs:
        if not _is_run(run, cells.size, bits.dtype.itemsize) or not _is_nan(cells[run[0] : run[0] + run[1]]).all():
            raise UnreadableFile(f"version.json states bits of NaN for {shown(name)} that its table does not have.")
        bits[run[0] : run[0] + run[1]] = run[2]
    if not _is_nan(cells).sum() == _is_nan(array).sum():
        raise UnreadableFile(f"version.json states bits for {shown(name)} that are no NaN.")
    return whole


def _is_run(run: object, size: int, width: int) -> bool:
    if not isinstance(run, list) or len(run) != 3 or not all(type(one) is int and one >= 0 for one in run):
        return False
    return bool(run[0] + run[1] <= size and run[2].bit_length() <= 8 * width)


def _is_nan(cells: Array) -> Array:
    """Return which cells are NaN, without a warning that some processors give for a signalling one."""
    with np.errstate(invalid="ignore"):
        return np.isnan(cells)


def _bits(array: Array) -> Array:
    return plain(array).reshape(-1).view(f"<u{array.dtype.itemsize}")
