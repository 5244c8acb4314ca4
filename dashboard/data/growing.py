"""Arrays on disk that grow by blocks of rows: only one block is ever in memory.

A matrix is in the narrowest dtype that holds every number exactly. It begins as uint8, as pixels are; at the first
number that does not fit, what has been written is rewritten in a wider dtype.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

DTYPES = (np.dtype(np.uint8), np.dtype(np.int16), np.dtype(np.float64))
"""What inputs are stored as; integers of more than 16 bits would lose digits in a network's float32."""

COPY_BYTES = 1 << 23
PIECE_ROWS = 1 << 20


def narrowest(block: NDArray[np.float64]) -> "np.dtype[Any]":
    """Return the first of uint8, int16 and float64 that holds all the block's numbers exactly (NaN: float64)."""
    if not block.size:
        return DTYPES[0]
    low, high = block.min(), block.max()
    # NaN fails every comparison; a −0.0 would lose its sign.
    is_whole = bool((block == np.floor(block)).all()) and not bool((np.signbit(block) & (block == 0)).any())
    for dtype in DTYPES[:-1]:
        limits = np.iinfo(dtype)
        if is_whole and limits.min <= low and high <= limits.max:
            return dtype
    return DTYPES[-1]


class GrowingMatrix:
    """A ``.npy`` file of shape (rows, `columns`) in the making; to be used in a `with`.

    numpy's header has space for a larger number of rows, so that it can be rewritten in place at the end.
    """

    def __init__(self, path: Path, columns: int) -> None:
        self.path, self.columns = path, columns
        self.rows = 0
        self.dtype = DTYPES[0]
        self.file: IO[bytes] = path.open("w+b")
        self._write_header()

    def append(self, block: NDArray[np.float64]) -> None:
        """Write rows, a block of shape (rows, columns), at the end."""
        if self.dtype != DTYPES[-1]:
            needed = narrowest(block)
            if DTYPES.index(needed) > DTYPES.index(self.dtype):
                self._widen(needed)
        self.file.write(np.ascontiguousarray(block, dtype=self.dtype).data)
        self.rows += len(block)

    def __enter__(self) -> Self:
        """Return the matrix; leaving makes the file whole and closes it."""
        return self

    def __exit__(self, *error: object) -> None:
        """Write the header with the final shape and close the file."""
        self.file.seek(0)
        self._write_header()
        self.file.close()

    def _write_header(self) -> None:
        _write_header(self.file, self.dtype, (self.rows, self.columns))

    def _widen(self, dtype: "np.dtype[Any]") -> None:
        """Rewrite what is there, piece by piece, in a wider dtype."""
        narrow, old = self.file, self.dtype
        narrow.seek(0)
        self._write_header()
        self.path.unlink()  # the open file stays readable until it is closed
        self.dtype, self.file = dtype, self.path.open("w+b")
        self._write_header()
        while piece := narrow.read(COPY_BYTES):
            self.file.write(np.frombuffer(piece, old).astype(dtype).data)
        narrow.close()


class GrowingColumn:
    """Values of one dtype, a value a row, in a file of a folder that is gone once it is closed."""

    def __init__(self, folder: Path, dtype: "np.dtype[Any]") -> None:
        self.dtype = dtype
        self.file: IO[bytes] = TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`

    def append(self, values: NDArray[Any]) -> None:
        """Write the values of further rows at the end."""
        self.file.write(np.ascontiguousarray(values, dtype=self.dtype).data)

    def pieces(self) -> Iterator[NDArray[Any]]:
        """Yield all values, PIECE_ROWS of them at a time."""
        self.file.seek(0)
        while piece := self.file.read(PIECE_ROWS * self.dtype.itemsize):
            yield np.frombuffer(piece, self.dtype)

    def close(self) -> None:
        """Give the file up."""
        self.file.close()


def write_array(path: Path, dtype: "np.dtype[Any]", shape: tuple[int, ...], pieces: Iterable[NDArray[Any]]) -> None:
    """Write a ``.npy`` file of a shape (rows, ...) from pieces of its rows."""
    with path.open("wb") as file:
        _write_header(file, dtype, shape)
        for piece in pieces:
            file.write(np.ascontiguousarray(piece, dtype=dtype).data)


def _write_header(file: IO[bytes], dtype: "np.dtype[Any]", shape: tuple[int, ...]) -> None:
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, description)
