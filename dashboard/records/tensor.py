"""Tensors: what a store needs to find a table, and what the catalogue knows of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BINS, FEWEST_BINS, MOST_BINS = 60, 2, 1000
"""Of a distribution: how many there are where nobody says, and at least and at most."""


def cell_name(shape: Sequence[int], row: int, column: int) -> str:
    """Name a cell of a tensor's table by its place in the tensor itself: [5] in a vector, [5, 0] in a matrix."""
    if len(shape) < 2:
        return f"[{row}]" if shape else "[]"
    indices = []
    for length in reversed(shape[1:]):
        column, index = divmod(column, max(length, 1))
        indices.append(index)
    return str([row, *reversed(indices)])


class Shaped:
    """What has a `shape` is stored as a table of rows and columns."""

    shape: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Rows of the table: the first axis (1 for a scalar)."""
        return self.shape[0] if self.shape else 1

    @property
    def columns(self) -> int:
        """Columns of the table: the other axes flattened (1 for a vector)."""
        return math.prod(self.shape[1:])


@dataclass(frozen=True)
class TensorKey(Shaped):
    """All that a store needs to find a tensor's table: its version and its content.

    `network` is the slug that we made ([a-z0-9_], at most 24 characters), never the user's name. `sha256` is
    the hexadecimal SHA-256 of the array's bytes (C order, little-endian).
    """

    network: str
    version: int
    tensor: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str


@dataclass(frozen=True)
class TableInfo:
    """A table in a store: its name, shape, size, and the versions (network slug, number) that use it."""

    name: str
    rows: int
    columns: int
    bytes: int
    versions: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class TensorInfo(Shaped):
    """One tensor of a version: its table, and its statistics at the time of the save.

    `units_axis` says along which axis its units are, as far as that is known: 1 where the columns are units, as ours
    and those of Keras, 0 where the rows are, as those of PyTorch.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    sha256: str
    bytes: int
    table_name: str
    statistics: dict[str, Any]
    units_axis: int | None = None

    @property
    def content(self) -> str:
        """What tensors share that are one table in a store: SHA-256, type and shape."""
        return f"{self.sha256}-{self.dtype}-{'x'.join(str(length) for length in self.shape) or 'scalar'}"

    @property
    def cells(self) -> int:
        """How many weights it has."""
        return math.prod(self.shape)

    def key(self, network_slug: str, version: int) -> TensorKey:
        """Return the key under which the store knows this tensor."""
        return TensorKey(network_slug, version, self.name, self.dtype, self.shape, self.sha256)
