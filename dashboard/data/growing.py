"""A matrix on disk that grows by blocks of rows, in the narrowest dtype that holds every number exactly.

It begins as uint8, as pixels are; at the first number that does not fit, what has been written is rewritten in a
wider dtype. Only one block is ever in memory.
"""

from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

DTYPES = (np.dtype(np.uint8), np.dtype(np.int16), np.dtype(np.float64))
"""What inputs are stored as; integers of more than 16 bits would lose digits in a network's float32."""

COPY_BYTES = 1 << 23


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
        shape = (self.rows, self.columns)
        description = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self.file, description)

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
